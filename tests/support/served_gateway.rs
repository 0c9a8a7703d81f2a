//! What stands around a gateway that a cloud makes: a connection point that opens the tunnel, a server inside, a client.

use std::path::Path;
use std::time::Duration;

use cmgateway::cert::{
    Certificate, DevelopmentPki, DevelopmentPkiOptions, IssuedCertificate, KeyKind, PfxKeyPair, PfxProfile,
    load_private_key, write_pfx,
};
use cmgateway::gateway::provision::CloudInstance;
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::net::TrustedRoots;
use cmgateway::proxy::{
    Configuration, ConnectionPoint, ConnectionPointOptions, InstanceAddress, MANAGEMENT_POINT_ENDPOINTS,
    Mapping, Pin,
};
use time::OffsetDateTime;

use crate::gateway_client::GatewayClient;
use crate::gateway_files::{SERVICE_NAME, SUBSCRIPTION};
use crate::gateway_parts::{GatewayPki, Owner, ROLE};
use crate::inside_server::InsideServer;

/// The certificates and the server inside, before there is a gateway.
#[derive(Debug)]
pub struct Surroundings {
    /// What the gateway shall be.
    pub spec: GatewaySpec,
    outside: DevelopmentPki,
    /// The tunnel's and the inside's.
    inside_pki: GatewayPki,
    inside: InsideServer,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Surroundings {
    /// Makes the certificates, writes those of the spec into the folder, starts the server inside.
    ///
    /// # Panics
    /// Where that fails; a test cannot go on then.
    pub async fn start(folder: &Path, instances: u32) -> Self {
        let mut options = DevelopmentPkiOptions::new(OffsetDateTime::now_utc());
        options.key = KeyKind::Rsa2048;
        options.server_names = vec![SERVICE_NAME.to_owned(), "localhost".to_owned()];
        let outside = DevelopmentPki::new(&options).expect("a PKI");
        let key = key_of(outside.server());
        let pair = PfxKeyPair::new(outside.server().certificate().clone(), key);
        // A client knows the root alone.
        let issuers: Vec<Certificate> =
            outside.sub_cas().iter().map(|issuer| issuer.certificate().clone()).collect();
        let pfx = write_pfx(&[pair], &issuers, "correct horse", PfxProfile::Modern).expect("a PFX");
        let inside_pki = GatewayPki::new();
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.join(name), bytes).expect("a file");
            folder.join(name)
        };
        let sub_ca = outside.sub_cas().first().expect("a sub-CA").certificate();
        let spec = serde_json::json!({
            "service_cert_path": write("server.pfx", &pfx), "service_cert_password": "correct horse",
            "subscription_id": SUBSCRIPTION, "region": "WestUS2", "vm_instance_count": instances,
            "ca_root_cert": [write("root.cer", outside.root().certificate().der())],
            "sub_ca_cert": [write("subca.cer", sub_ca.der())],
            "connection_point_cert": [write("point.cer", inside_pki.connection_point.certificate.der())],
        });
        let inside = InsideServer::start(&inside_pki).await;
        Surroundings { spec: GatewaySpec::from_json(spec).expect("a spec"), outside, inside_pki, inside }
    }

    /// Starts a connection point to these instances and waits until every tunnel is open.
    ///
    /// # Panics
    /// Where it does not become ready.
    pub async fn connect(&self, instances: &[CloudInstance]) -> ConnectionPoint {
        let address = |one: &CloudInstance| InstanceAddress { candidates: vec![one.tunnel_address.clone()] };
        let certificates = |all: &[IssuedCertificate]| {
            all.iter().map(|one| one.certificate().clone()).collect::<Vec<Certificate>>()
        };
        let mut configuration = Configuration::new(1);
        configuration.service_name = SERVICE_NAME.to_owned();
        configuration.roots = vec![self.outside.root().certificate().clone()];
        configuration.sub_cas = certificates(self.outside.sub_cas());
        let url = self.inside.url();
        let mut options = ConnectionPointOptions::new(
            "CP1",
            instances.iter().map(address).collect(),
            self.inside_pki.connection_point.identity(),
            vec![Pin::of(self.outside.server().certificate())],
            vec![Mapping::new(ROLE, &MANAGEMENT_POINT_ENDPOINTS, &[url.as_str()]).expect("a mapping")],
            configuration,
        );
        options.inside_roots = TrustedRoots::File(self.inside_pki.root_file.clone());
        options.inside_identity = Some(self.inside_pki.inside_client.identity());
        let point = ConnectionPoint::start(options).await.expect("a connection point");
        point.ready(Duration::from_secs(30)).await.expect("ready");
        point
    }

    /// A client on the Internet of this instance.
    ///
    /// # Panics
    /// Where the instance tells no address.
    pub fn client(&self, instance: &CloudInstance) -> GatewayClient {
        let issued = self.outside.client();
        let owner = Owner {
            certificate: issued.certificate().clone(),
            chain_pem: issued.certificate().to_pem(),
            key_pem: key_of(issued).to_pkcs8_pem().expose().to_owned(),
            ..self.inside_pki.client.clone()
        };
        let address = instance.address.parse().expect("an address");
        GatewayClient::trusting(self.outside.root().certificate(), &owner, address)
    }
}

/// A path that ends at the server inside.
pub fn inside_path(rest: &str) -> String {
    format!("/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP/{rest}")
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn key_of(issued: &IssuedCertificate) -> cmgateway::cert::PrivateKey {
    load_private_key(issued.private_key_pem().expose().as_bytes(), None).expect("a key")
}
