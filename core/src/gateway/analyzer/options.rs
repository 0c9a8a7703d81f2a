//! What the analyzer is told about the gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;

use crate::cert::{Certificate, Crl, RevocationMode};
use crate::error::Result;
use crate::gateway::server_certificate::DeploymentName;
use crate::gateway::service::read_connection_point_file;
use crate::limits::ANALYZER_STEP_TIMEOUT;
use crate::net::{PemSource, TrustedRoots};
use crate::proxy::{ConnectionPointOptions, InstanceAddress, Mapping, Pin, TokenRules};
use crate::secret::Secret;
use crate::site::Site;

/// What the analyzer is told about a gateway; the more it is told, the more it checks.
///
/// ```
/// use cmgateway::gateway::analyzer::AnalyzeOptions;
/// let mut options = AnalyzeOptions::new("gw.contoso.com");
/// options.admin_addresses = vec!["10.0.0.4:9090".into()];
/// assert_eq!(options.timeout.as_secs(), 5);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnalyzeOptions {
    /// The name that clients know the gateway by.
    pub service_name: String,
    /// Where clients connect, `host:port`, one for each instance; empty asks DNS for the service name, port 443.
    pub addresses: Vec<String>,
    /// The name in Azure that the service name must lead to.
    pub deployment_name: Option<DeploymentName>,
    /// The name server to ask; those of this machine where it is `None`.
    pub name_server: Option<SocketAddr>,
    /// Who certifies the gateway's server certificate, as clients see it.
    pub trusted_roots: TrustedRoots,
    /// The server certificate that the gateway is meant to show.
    pub server_certificate: Option<Certificate>,
    /// Where the connection point dials the instances.
    pub instances: Vec<InstanceAddress>,
    /// The certificates that instances may show to the connection point.
    pub instance_pins: Vec<Pin>,
    /// The connection point's certificate and key towards the instances, PEM.
    pub point_identity: Option<(PemSource, PemSource)>,
    /// Where instances tell metrics and health over HTTP, `host:port`.
    pub admin_addresses: Vec<String>,
    /// The trusted roots that were given to the gateway.
    pub roots: Vec<Certificate>,
    /// The sub-CAs that were uploaded.
    pub sub_cas: Vec<Certificate>,
    /// The revocation lists that the gateway goes by.
    pub crls: Vec<Crl>,
    /// Whose revocation the gateway checks.
    pub revocation: RevocationMode,
    /// A client's certificate, with its key, PEM.
    pub client_identity: Option<(PemSource, PemSource)>,
    /// A client's bearer token.
    pub token: Option<Secret>,
    /// Which tokens the gateway accepts.
    pub token_rules: Option<TokenRules>,
    /// The roles that must be published, by their numbers.
    pub roles: Vec<u64>,
    /// The roles that must be published, with the servers inside.
    pub mappings: Vec<Mapping>,
    /// Whether the servers inside are asked from here, as from the connection point's machine.
    pub asks_inside: bool,
    /// The connection point dials through a proxy: the way to the instances cannot be tried without it.
    pub dials_through_proxy: bool,
    /// Who certifies the servers inside.
    pub inside_roots: TrustedRoots,
    /// The connection point's certificate and key towards the servers inside, PEM.
    pub inside_identity: Option<(PemSource, PemSource)>,
    /// The site that the gateway belongs to.
    pub site: Option<Site>,
    /// The longest wait of one step of a check.
    pub timeout: Duration,
    /// What this machine's clock says; the system is asked where it is `None`.
    pub at: Option<OffsetDateTime>,
    /// Certificates with fewer days left are warned about; revocation lists, which live for days, on their last one.
    pub warn_days: i64,
}

impl AnalyzeOptions {
    /// A gateway of which only the service name is known.
    pub fn new(service_name: impl Into<String>) -> Self {
        AnalyzeOptions {
            service_name: service_name.into(),
            dials_through_proxy: false,
            addresses: Vec::new(),
            deployment_name: None,
            name_server: None,
            trusted_roots: TrustedRoots::System,
            server_certificate: None,
            instances: Vec::new(),
            instance_pins: Vec::new(),
            point_identity: None,
            admin_addresses: Vec::new(),
            roots: Vec::new(),
            sub_cas: Vec::new(),
            crls: Vec::new(),
            revocation: RevocationMode::Off,
            client_identity: None,
            token: None,
            token_rules: None,
            roles: Vec::new(),
            mappings: Vec::new(),
            asks_inside: false,
            inside_roots: TrustedRoots::System,
            inside_identity: None,
            site: None,
            timeout: ANALYZER_STEP_TIMEOUT,
            at: None,
            warn_days: 30,
        }
    }

    /// Takes over what a connection point goes by: instances, pins, trust, tokens, mappings, the way inside.
    ///
    /// Only on the connection point's machine do servers inside answer as they do to it; say so with
    /// [`asks_inside`](Self::asks_inside).
    pub fn take_connection_point(&mut self, point: &ConnectionPointOptions) {
        self.instances.clone_from(&point.instances);
        self.instance_pins.clone_from(&point.instance_pins);
        self.dials_through_proxy = point.proxy.is_some();
        self.point_identity = Some((point.certificate_chain_pem.clone(), point.key_pem.clone()));
        self.mappings.clone_from(&point.mappings);
        self.inside_roots = point.inside_roots.clone();
        self.inside_identity.clone_from(&point.inside_identity);
        self.roots.clone_from(&point.configuration.roots);
        self.sub_cas.clone_from(&point.configuration.sub_cas);
        self.crls.clone_from(&point.configuration.crls);
        self.revocation = point.configuration.revocation;
        self.token_rules.clone_from(&point.configuration.tokens);
    }

    /// As [`take_connection_point`](Self::take_connection_point), from its settings file, TOML.
    ///
    /// # Errors
    /// Those of [`read_connection_point_file`].
    pub fn take_connection_point_file(&mut self, file: impl AsRef<Path>) -> Result<()> {
        self.take_connection_point(&read_connection_point_file(file)?);
        Ok(())
    }

    /// The numbers of all roles that must be published, each once.
    pub(super) fn all_roles(&self) -> Vec<u64> {
        let mapped = self.mappings.iter().map(|mapping| mapping.published.id);
        let mut roles: Vec<u64> = self.roles.iter().copied().chain(mapped).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}
