//! What a gateway shall be: the fields of the wizard and of `New-CMCloudManagementGateway`, checked all at once.

mod certificate_rules;
mod region;
mod table;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use time::OffsetDateTime;

use self::certificate_rules::{checked, name_rules};
pub use self::region::display_region;
use crate::azure::AzureEnvironment;
use crate::background;
use crate::cert::{Certificate, PfxKeyPair, StorePath};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::fields::Fields;
use crate::limits::{GATEWAY_INSTANCES_MAX, SPEC_FILE_BYTES_MAX};
use crate::secret::Secret;
use crate::text_file;

/// A field of a spec that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The field, as in the file.
    pub field: String,
    /// The rule, as a sentence about the field.
    pub rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.rule)
    }
}

/// What a gateway shall be, with the names of `New-CMCloudManagementGateway` as `snake_case`.
///
/// ```
/// use cmgateway::gateway::spec::GatewaySpec;
/// let error = GatewaySpec::from_toml("region = 'WestUS2'\nvm_instance_count = 17\ntraffic_out_gb = -1").unwrap_err();
/// // Every mistake is told at once.
/// assert!(error.cause().contains("vm_instance_count must be from 1 to 16"));
/// assert!(error.cause().contains("traffic_out_gb must be from 0 to"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewaySpec {
    /// The PFX with the server certificate and its key.
    pub service_cert_path: PathBuf,
    /// Its password.
    pub service_cert_password: Option<Secret>,
    /// The service name; proposed from the certificate where it is missing. A wildcard certificate needs it.
    pub service_name: Option<String>,
    /// Words about the gateway.
    pub description: String,
    /// Which of Azure's clouds.
    pub environment_setting: AzureEnvironment,
    /// The subscription, a GUID; Azure's clouds need it.
    pub subscription_id: String,
    /// The tenant, a GUID or a domain.
    pub tenant_id: Option<String>,
    /// The application that ConfigMgr signs in as; a GUID.
    pub server_app_client_id: Option<String>,
    /// The region, such as `WestUS2`; Azure's clouds need it.
    pub region: String,
    /// The resource group; its name is made from the service name where it is missing.
    pub group_name: Option<String>,
    /// Whether the group must be there already; it is then not deleted with the gateway.
    pub is_using_existing_group: bool,
    /// How many virtual machines, 1 to 16.
    pub vm_instance_count: u32,
    /// Their size: `B2s`, `A2_v2` or `A4_v2`.
    pub vmss_vm_size: String,
    /// Files with the roots that client certificates chain to.
    pub ca_root_cert: Vec<PathBuf>,
    /// Files with the sub-CAs between them.
    pub sub_ca_cert: Vec<PathBuf>,
    /// Files with the certificates of the connection points: an instance lets in no other tunnel.
    pub connection_point_cert: Vec<PathBuf>,
    /// Whether the gateway checks client certificates for revocation.
    pub check_client_cert_revocation: bool,
    /// Whether TLS 1.2 is enforced.
    pub enforce_protocol: bool,
    /// Whether it serves content from storage.
    pub enable_cloud_dp_function: bool,
    /// Whether there is an alert on outbound traffic.
    pub enable_traffic_out: bool,
    /// The threshold of 14 days, in GB.
    pub traffic_out_gb: u32,
    /// Percent of it for a warning.
    pub traffic_warning_pct: u32,
    /// Percent of it for a critical alert.
    pub traffic_critical_pct: u32,
    /// Whether the critical alert stops the service.
    pub traffic_out_stop_service: bool,
    /// Whether there is an alert on storage.
    pub enable_storage_quota: bool,
    /// Its threshold, in GB.
    pub storage_quota_gb: u32,
    /// Percent of it for a warning.
    pub storage_warning_pct: u32,
    /// Percent of it for a critical alert.
    pub storage_critical_pct: u32,
    /// Where new machines fetch the program `cmgateway` from; `https:`.
    pub instance_program_url: Option<String>,
    /// The SHA-256 of that program, 64 hex digits; a machine that fetches another one does not start it.
    pub instance_program_sha256: Option<String>,
    /// The public SSH key for the machines' administrator; without one nobody can sign in.
    pub ssh_public_key: Option<String>,
}

impl GatewaySpec {
    /// Reads a spec from JSON or what became of TOML, a dict or a table; every mistake is told at once.
    ///
    /// # Errors
    /// `config` with every field that is unknown, missing, of another type, or breaks a rule.
    pub fn from_json(value: Value) -> Result<Self> {
        let Value::Object(map) = value else {
            return Err(refusal(&[Violation { field: "the spec".into(), rule: "must be a table".into() }]));
        };
        let (spec, violations) = read(map);
        if violations.is_empty() { Ok(spec) } else { Err(refusal(&violations)) }
    }

    /// Reads a spec from TOML text.
    ///
    /// # Errors
    /// Those of [`GatewaySpec::from_json`]; `config` where it is no TOML, with line and column.
    pub fn from_toml(text: &str) -> Result<Self> {
        let value: Value = toml::from_str(text).map_err(|error| {
            // Its own text shows the line, which may hold the password.
            let at =
                error.span().map_or(0, |span| text.get(..span.start).unwrap_or_default().lines().count());
            let cause = format!("line {}: {}", at.max(1), error.message());
            Error::new(ErrorKind::Config, "read the gateway's spec", cause)
        })?;
        Self::from_json(value)
    }

    /// Reads a spec from a file, TOML or JSON by its ending; files that it names lie beside it.
    ///
    /// # Errors
    /// Those of [`GatewaySpec::from_json`]; `not_found`, `auth`, `unavailable` where the file cannot be read.
    pub async fn load(file: impl AsRef<Path>) -> Result<Self> {
        let file = file.as_ref().to_path_buf();
        background::run("read the gateway's spec", move || {
            let operation = format!("read the gateway's spec {}", file.display());
            let text = text_file::read(&file, SPEC_FILE_BYTES_MAX, &operation)?;
            let is_json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
            let read = match is_json {
                true => serde_json::from_str(&text)
                    .map_err(|error| {
                        let cause =
                            format!("line {}, column {}: it is no JSON", error.line(), error.column());
                        Error::new(ErrorKind::Config, operation.as_str(), cause)
                    })
                    .and_then(Self::from_json),
                false => Self::from_toml(&text),
            };
            let mut spec = read.map_err(|error| error.during(operation))?;
            let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
            let files = std::iter::once(&mut spec.service_cert_path);
            let authorities = spec.ca_root_cert.iter_mut().chain(&mut spec.sub_ca_cert);
            for path in files.chain(authorities).chain(&mut spec.connection_point_cert) {
                *path = StorePath::beside(&folder, path);
            }
            Ok(spec)
        })
        .await
    }

    /// Reads the certificates that the spec names and checks what can only be said with them.
    ///
    /// # Errors
    /// `config` with every rule that is broken: files that cannot be read, names, expiry, key size, purpose.
    pub async fn check(&self, now: OffsetDateTime) -> Result<CheckedSpec> {
        let spec = self.clone();
        background::run("check the gateway's spec", move || checked(spec, now)).await
    }
}

/// A spec with its certificates, every rule of which holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedSpec {
    /// The spec.
    pub spec: GatewaySpec,
    /// The server certificate with its key.
    pub server: PfxKeyPair,
    /// What else the PFX holds: the chain.
    pub chain: Vec<Certificate>,
    /// The roots of client certificates.
    pub roots: Vec<Certificate>,
    /// The sub-CAs of client certificates.
    pub sub_cas: Vec<Certificate>,
    /// The certificates of the connection points.
    pub connection_points: Vec<Certificate>,
    /// What clients and the connection point talk to, such as `GraniteFalls.contoso.com`.
    pub service_name: String,
    /// Its first label in lower case: the name of everything in Azure.
    pub prefix: String,
}

impl CheckedSpec {
    /// Refuses a spec for another cloud or another subscription than those that are asked.
    pub(super) fn check_place(&self, environment: AzureEnvironment, subscription_id: &str) -> Result<()> {
        let cause = if self.spec.environment_setting != environment {
            format!("the spec is for {}, this is {environment}", self.spec.environment_setting)
        } else if !self.spec.subscription_id.eq_ignore_ascii_case(subscription_id) {
            format!("the spec is for subscription {}, this is {subscription_id}", self.spec.subscription_id)
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Config, "plan the gateway", cause))
    }

    /// Refuses a spec that lacks what a cloud of Azure needs, with everything that it lacks.
    pub(crate) fn check_for_azure(&self, needs_machines: bool) -> Result<()> {
        let spec = &self.spec;
        let mut fields = Fields::new("a spec", Map::new());
        fields.must(!spec.subscription_id.is_empty(), "subscription_id", "is missing");
        fields.must(!spec.region.is_empty(), "region", "is missing");
        if needs_machines {
            let rule = "is missing; Azure makes no Linux machine without one (no port for it is opened)";
            fields.must(spec.ssh_public_key.is_some(), "ssh_public_key", rule);
            let rule = "is missing; the instances let in no connection point without it";
            fields.must(!self.connection_points.is_empty(), "connection_point_cert", rule);
        }
        let violations = fields.end();
        if violations.is_empty() { Ok(()) } else { Err(refusal(&violations)) }
    }

    /// The region as Azure writes it: `westus2`.
    pub fn region(&self) -> String {
        self.spec.region.replace(' ', "").to_ascii_lowercase()
    }

    /// The server certificate and its chain, PEM, the root left out.
    pub fn server_chain_pem(&self) -> String {
        let chain = self.chain.iter().filter(|one| !one.is_self_issued());
        std::iter::once(&self.server.certificate).chain(chain).map(Certificate::to_pem).collect()
    }

    /// The resource group.
    pub fn group(&self) -> String {
        self.spec.group_name.clone().unwrap_or_else(|| format!("cmg-{}", self.prefix))
    }

    /// The name under which the scale set answers: `granitefalls.westus2.cloudapp.azure.com`.
    pub fn regional_name(&self) -> String {
        format!("{}.{}.{}", self.prefix, self.region(), self.spec.environment_setting.regional_suffix())
    }
}

/// One error with every violation.
fn refusal(violations: &[Violation]) -> Error {
    let all: Vec<_> = violations.iter().map(Violation::to_string).collect();
    let mut error = Error::new(ErrorKind::Config, "read the gateway's spec", all.join("; "));
    for violation in violations {
        error = error.with_context("field", violation.field.as_str());
    }
    error
}

fn read(map: Map<String, Value>) -> (GatewaySpec, Vec<Violation>) {
    let mut fields = Fields::new("a spec", map);
    let percent = 1..=100;
    let spec = GatewaySpec {
        service_cert_path: fields.required_text("service_cert_path").into(),
        service_cert_password: fields.text("service_cert_password").map(Secret::new),
        service_name: fields.text("service_name"),
        description: fields.text("description").unwrap_or_default(),
        environment_setting: fields.parsed("environment_setting"),
        subscription_id: fields.text("subscription_id").unwrap_or_default(),
        tenant_id: fields.text("tenant_id"),
        server_app_client_id: fields.text("server_app_client_id"),
        region: fields.text("region").unwrap_or_default(),
        group_name: fields.text("group_name"),
        is_using_existing_group: fields.flag("is_using_existing_group", false),
        vm_instance_count: fields.number("vm_instance_count", 1, 1..=GATEWAY_INSTANCES_MAX),
        vmss_vm_size: fields.text("vmss_vm_size").unwrap_or_else(|| "A2_v2".to_owned()),
        ca_root_cert: fields.paths("ca_root_cert"),
        sub_ca_cert: fields.paths("sub_ca_cert"),
        connection_point_cert: fields.paths("connection_point_cert"),
        check_client_cert_revocation: fields.flag("check_client_cert_revocation", true),
        enforce_protocol: fields.flag("enforce_protocol", true),
        enable_cloud_dp_function: fields.flag("enable_cloud_dp_function", true),
        enable_traffic_out: fields.flag("enable_traffic_out", true),
        // The console's field; the pages say 10, 10000 and 2.
        traffic_out_gb: fields.number("traffic_out_gb", 10_000, 0..=1_000_000),
        traffic_warning_pct: fields.number("traffic_warning_pct", 50, percent.clone()),
        traffic_critical_pct: fields.number("traffic_critical_pct", 90, percent.clone()),
        traffic_out_stop_service: fields.flag("traffic_out_stop_service", false),
        enable_storage_quota: fields.flag("enable_storage_quota", false),
        storage_quota_gb: fields.number("storage_quota_gb", 2, 1..=1_000_000),
        storage_warning_pct: fields.number("storage_warning_pct", 50, percent.clone()),
        storage_critical_pct: fields.number("storage_critical_pct", 90, percent),
        instance_program_url: fields.text("instance_program_url"),
        instance_program_sha256: fields.text("instance_program_sha256"),
        ssh_public_key: fields.text("ssh_public_key"),
    };
    rules_without_certificates(&spec, &mut fields);
    let violations = fields.end();
    (spec, violations)
}

fn rules_without_certificates(spec: &GatewaySpec, fields: &mut Fields) {
    fields.guid("subscription_id", &spec.subscription_id);
    if let Some(id) = &spec.server_app_client_id {
        fields.guid("server_app_client_id", id);
    }
    fields.must(
        spec.region.is_empty() || region::is_region(&spec.region),
        "region",
        "must be letters and digits, such as WestUS2",
    );
    let sizes = ["B2s", "A2_v2", "A4_v2"];
    let is_size = sizes.iter().any(|size| size.eq_ignore_ascii_case(&spec.vmss_vm_size));
    fields.must(is_size, "vmss_vm_size", "must be B2s, A2_v2 or A4_v2");
    fields.must(spec.description.chars().count() <= 1024, "description", "must have at most 1024 characters");
    for (what, warning, critical) in [
        ("traffic_warning_pct", spec.traffic_warning_pct, spec.traffic_critical_pct),
        ("storage_warning_pct", spec.storage_warning_pct, spec.storage_critical_pct),
    ] {
        fields.must(warning < critical, what, "must be below the critical percentage");
    }
    let can_stop = spec.enable_traffic_out || !spec.traffic_out_stop_service;
    fields.must(can_stop, "traffic_out_stop_service", "needs enable_traffic_out");
    if let Some(name) = &spec.service_name {
        name_rules(name, fields);
    }
    if let Some(group) = &spec.group_name {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_().".contains(c);
        let fits = (1..=90).contains(&group.len()) && group.chars().all(is_name) && !group.ends_with('.');
        fields.must(fits, "group_name", "must have 1 to 90 letters, digits or -_(). and not end with a dot");
    }
    let has_group = spec.group_name.is_some() || !spec.is_using_existing_group;
    fields.must(has_group, "is_using_existing_group", "needs group_name");
    if let Some(url) = &spec.instance_program_url {
        // It becomes a part of a command.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/._~%?&=+-".contains(c);
        let fits = url.starts_with("https://") && url.chars().all(is_plain);
        fields.must(fits, "instance_program_url", "must begin with https:// and have no blanks and quotes");
        fields.must(
            spec.instance_program_sha256.is_some(),
            "instance_program_sha256",
            "is missing; a machine must know what it starts",
        );
    }
    if let Some(key) = &spec.ssh_public_key {
        fields.must(key.starts_with("ssh-rsa "), "ssh_public_key", "must be an RSA key: ssh-rsa …");
    }
    if let Some(hash) = &spec.instance_program_sha256 {
        let is_hash = hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit());
        fields.must(is_hash, "instance_program_sha256", "must have 64 hex digits");
    }
}
