//! A whole gateway on loopback: certificates, a server inside, instances and connection points.

use std::path::PathBuf;
use std::time::Duration;

use cmgateway::cert::Certificate;
use cmgateway::net::{PemSource, TrustedRoots};
use cmgateway::proxy::{
    Configuration, ConnectionPoint, ConnectionPointOptions, Instance, InstanceAddress, InstanceOptions,
    MANAGEMENT_POINT_ENDPOINTS, Mapping, Pin,
};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use time::OffsetDateTime;

use crate::authority::{Authority, authority_params, owner_params};
use crate::folder::TestFolder;

/// The role that every gateway here publishes; above 2^53, where floating-point numbers have gaps.
pub const ROLE: u64 = 72_057_594_037_937_981;

/// A certificate and its key, PEM, in memory and in files.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The certificate.
    pub certificate: Certificate,
    /// The certificate and whatever a server sends along, PEM.
    pub chain_pem: String,
    /// Its key, PEM.
    pub key_pem: String,
    /// Where the chain is.
    pub chain_file: PathBuf,
    /// Where the key is.
    pub key_file: PathBuf,
}

impl Owner {
    /// Chain and key as options take them.
    pub fn identity(&self) -> (PemSource, PemSource) {
        (PemSource::bytes(self.chain_pem.as_str()), PemSource::bytes(self.key_pem.as_str()))
    }
}

/// Authorities and owners, valid now.
#[derive(Debug)]
pub struct GatewayPki {
    /// The folder of all files.
    pub folder: TestFolder,
    /// The root of everybody.
    pub root: Authority,
    /// An issuing authority that gateways here trust from the start.
    pub sub_ca: Authority,
    /// An issuing authority that they do not know yet.
    pub other_sub_ca: Authority,
    /// The root in a file.
    pub root_file: PathBuf,
    /// Instances and servers inside, for localhost.
    pub server: Owner,
    /// The connection point, towards instances.
    pub connection_point: Owner,
    /// The connection point, towards servers inside.
    pub inside_client: Owner,
    /// A client.
    pub client: Owner,
    /// A client of the other authority.
    pub other_client: Owner,
}

pub(crate) fn now_valid(mut params: CertificateParams) -> CertificateParams {
    params.not_before = OffsetDateTime::now_utc() - time::Duration::DAY;
    params.not_after = OffsetDateTime::now_utc() + time::Duration::days(30);
    params
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl GatewayPki {
    /// Makes all of it.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[expect(clippy::new_without_default, reason = "making keys is not a default")]
    pub fn new() -> Self {
        let folder = TestFolder::new();
        let root = Authority::root(now_valid(authority_params("Gateway test root")));
        let sub_ca = root.authority(now_valid(authority_params("Gateway test issuing 1")));
        let other_sub_ca = root.authority(now_valid(authority_params("Gateway test issuing 2")));
        let root_file = folder.file("root.pem");
        std::fs::write(&root_file, root.certificate.to_pem()).expect("a file");
        let server = owner(&folder, &root, "server", &["localhost", "127.0.0.1"], true);
        let connection_point = owner(&folder, &root, "connection-point", &[], false);
        let inside_client = owner(&folder, &root, "inside-client", &[], false);
        let client = owner(&folder, &sub_ca, "client", &[], false);
        let other_client = owner(&folder, &other_sub_ca, "other-client", &[], false);
        GatewayPki {
            root_file,
            server,
            connection_point,
            inside_client,
            client,
            other_client,
            folder,
            root,
            sub_ca,
            other_sub_ca,
        }
    }

    /// A client of this authority with this name.
    pub fn client_of(&self, authority: &Authority, name: &str) -> Owner {
        owner(&self.folder, authority, name, &[], false)
    }

    /// A client of the first authority whose certificate ends then.
    pub fn client_until(&self, name: &str, end: OffsetDateTime) -> Owner {
        let mut params = client_params(name);
        params.not_after = end;
        signed(&self.folder, &self.sub_ca, name, &params)
    }

    /// What gateways here start with: the root, the first issuing authority, nothing about revocation.
    pub fn configuration(&self, version: u64) -> Configuration {
        let mut configuration = Configuration::new(version);
        configuration.service_name = "localhost".into();
        configuration.roots = vec![self.root.certificate.clone()];
        configuration.sub_cas = vec![self.sub_ca.certificate.clone()];
        configuration
    }

    /// An instance on a free port.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn instance(&self) -> Instance {
        Instance::start(self.instance_options()).await.expect("an instance")
    }

    /// What [`instance`](Self::instance) starts with.
    ///
    /// # Panics
    /// Never.
    pub fn instance_options(&self) -> InstanceOptions {
        let pins = vec![Pin::of(&self.connection_point.certificate)];
        InstanceOptions::new(([127, 0, 0, 1], 0).into(), self.server.identity(), pins)
    }

    /// A connection point that is connected to these instances.
    ///
    /// # Panics
    /// Where it does not become ready.
    pub async fn connection_point(
        &self,
        name: &str,
        instances: &[&Instance],
        inside: &str,
    ) -> ConnectionPoint {
        let point = ConnectionPoint::start(self.point_options(name, instances, inside))
            .await
            .expect("a connection point");
        point.ready(Duration::from_secs(20)).await.expect("ready");
        point
    }

    /// What [`connection_point`](Self::connection_point) starts with.
    ///
    /// # Panics
    /// Where `inside` is no address.
    pub fn point_options(&self, name: &str, instances: &[&Instance], inside: &str) -> ConnectionPointOptions {
        let address = |instance: &&Instance| InstanceAddress {
            candidates: instance
                .addresses()
                .iter()
                .map(|address| format!("localhost:{}", address.port()))
                .collect(),
        };
        let mapping = Mapping::new(ROLE, &MANAGEMENT_POINT_ENDPOINTS, &[inside]).expect("a mapping");
        let mut options = ConnectionPointOptions::new(
            name,
            instances.iter().map(address).collect(),
            self.connection_point.identity(),
            vec![Pin::of(&self.server.certificate)],
            vec![mapping],
            self.configuration(1),
        );
        // However many processors there are.
        options.connections = 2;
        options.inside_roots = TrustedRoots::File(self.root_file.clone());
        options.inside_identity = Some(self.inside_client.identity());
        options
    }
}

/// The external address of an endpoint of the published role.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn url(instance: &Instance, rest: &str) -> String {
    let port = instance.addresses().first().expect("an address").port();
    format!("https://localhost:{port}/CCM_Proxy_MutualAuth/{ROLE}/{rest}")
}

pub(crate) fn client_params(name: &str) -> CertificateParams {
    let mut params = now_valid(owner_params(name, &[]));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn owner(folder: &TestFolder, authority: &Authority, name: &str, hosts: &[&str], is_server: bool) -> Owner {
    let params = if is_server { now_valid(owner_params(name, hosts)) } else { client_params(name) };
    signed(folder, authority, name, &params)
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn signed(folder: &TestFolder, authority: &Authority, name: &str, params: &CertificateParams) -> Owner {
    let key = KeyPair::generate().expect("a key");
    let certificate = authority.sign(params, &key);
    let (chain_pem, key_pem) = (certificate.to_pem(), key.serialize_pem());
    let (chain_file, key_file) = (folder.file(&format!("{name}.pem")), folder.file(&format!("{name}.key")));
    std::fs::write(&chain_file, &chain_pem).expect("a file");
    std::fs::write(&key_file, &key_pem).expect("a file");
    Owner { certificate, chain_pem, key_pem, chain_file, key_file }
}
