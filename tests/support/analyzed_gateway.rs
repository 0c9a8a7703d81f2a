//! A whole gateway with its site, made to be broken in one place and looked at by the analyzer.

use std::sync::Arc;
use std::time::Duration;

use cmgateway::cert::{Certificate, Crl, KeyKind, PrivateKey, RevocationMode};
use cmgateway::gateway::analyzer::{AnalysisReport, AnalyzeOptions, analyze};
use cmgateway::net::TrustedRoots;
use cmgateway::proxy::{
    ConnectionPoint, ConnectionPointOptions, Instance, InstanceAddress, InstanceOptions,
    MANAGEMENT_POINT_ENDPOINTS, Mapping, Pin,
};
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::Instance as WmiInstance;
use cmgateway::{Secret, proxy};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use time::OffsetDateTime;

use crate::authority::{Authority, authority_params, owner_params};
use crate::folder::TestFolder;
use crate::gateway_parts::{GatewayPki, Owner, ROLE, client_params, now_valid};
use crate::inside_server::InsideServer;
use crate::token_issuer::{IssuerKey, claims, rules};

/// What clients call the gateway.
pub const SERVICE_NAME: &str = "gw.contoso.test";

/// A site that is set up as it should be: Enhanced HTTP with PKI, one management point and two connection points.
const SITE_CONTROL: &str = r#"
instance of SMS_SCI_Component { FileType = 2; ItemType = "Component"; SiteCode = "GF1"; Flag = 6;
    ItemName = "SMS_SITE_COMPONENT_MANAGER|CM1"; ComponentName = "SMS_SITE_COMPONENT_MANAGER"; Name = "CM1";
    Props = { instance of SMS_EmbeddedProperty { PropertyName = "IISSSLState"; Value = 1472; Value1 = ""; Value2 = ""; } }; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP1";
    NetworkOSPath = "\\\\MP1.contoso.test"; RoleName = "SMS Management Point"; SslState = 1;
    Props = {
        instance of SMS_EmbeddedProperty { PropertyName = "AllowProxyTraffic"; Value = 1; Value1 = ""; Value2 = ""; },
        instance of SMS_EmbeddedProperty { PropertyName = "MPInternetFacing"; Value = 1; Value1 = ""; Value2 = ""; } }; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "CP1";
    NetworkOSPath = "\\\\CP1.contoso.test"; RoleName = "SMS Cloud Proxy Connector"; };
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "CP2";
    NetworkOSPath = "\\\\CP2.contoso.test"; RoleName = "SMS Cloud Proxy Connector"; };
"#;

/// Certificates and keys that all gateways here share: keys take their time.
#[derive(Debug)]
pub struct Shared {
    /// Authorities, clients, the server inside, the connection point.
    pub pki: GatewayPki,
    /// The authority of the gateway's own certificate.
    pub server_ca: Authority,
    /// An authority that nobody here trusts.
    pub stranger: Authority,
    /// The gateway's own certificate.
    pub server: Owner,
    /// Who signs tokens.
    pub issuer: IssuerKey,
    key: KeyPair,
}

/// What is started, and what the analyzer is told; a test changes some of it first.
#[derive(Debug)]
pub struct Plan {
    /// Certificates and keys.
    pub shared: Arc<Shared>,
    /// Each instance, with the certificate that it shows.
    pub instances: Vec<InstanceOptions>,
    /// The connection point; its instances are filled in when they have their ports.
    pub point: ConnectionPointOptions,
    /// The row of the gateway in the site.
    pub row: WmiInstance,
    /// Switches and roles of the site, as MOF text.
    pub site_control: String,
    /// What the analyzer is told, besides what the connection point's settings say.
    pub told: AnalyzeOptions,
    /// Whether the connection point is started.
    pub starts_point: bool,
    /// Whether the mapping leads to a part of the server inside that refuses everybody.
    pub refusing: bool,
}

/// A gateway that runs.
#[derive(Debug)]
pub struct AnalyzedGateway {
    /// Its instances.
    pub instances: Vec<Instance>,
    /// Its connection point, where it was started.
    pub point: Option<ConnectionPoint>,
    /// The server inside.
    pub inside: Option<InsideServer>,
    /// Its site.
    pub site: Site,
    /// Certificates and keys.
    pub shared: Arc<Shared>,
    /// What the analyzer is told.
    pub told: AnalyzeOptions,
    _folder: TestFolder,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Shared {
    /// Makes all of it.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[expect(clippy::new_without_default, reason = "making keys is not a default")]
    pub fn new() -> Self {
        let pki = GatewayPki::new();
        let server_ca = pki.root.authority(now_valid(authority_params("Gateway test servers")));
        let stranger = Authority::root(now_valid(authority_params("Somebody else's root")));
        let made = PrivateKey::generate(KeyKind::Rsa2048).expect("a key");
        let key = KeyPair::from_pem(made.to_pkcs8_pem().expose()).expect("a key");
        let server = with_key(&server_ca, &server_params(), &key);
        Shared { pki, server_ca, stranger, server, issuer: IssuerKey::new("one"), key }
    }

    /// Another certificate for the gateway: the usual one, changed.
    pub fn server_with(&self, authority: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Owner {
        let mut params = server_params();
        change(&mut params);
        with_key(authority, &params, &self.key)
    }

    /// The gateway's certificate for another key.
    pub fn server_with_key(&self, authority: &Authority, key: &KeyPair) -> Owner {
        with_key(authority, &server_params(), key)
    }

    /// Another certificate for a client: the usual one, changed.
    pub fn client_with(&self, authority: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Owner {
        let mut params = client_params("client");
        change(&mut params);
        with_key(authority, &params, &self.key)
    }
}

fn server_params() -> CertificateParams {
    let mut params = now_valid(owner_params(SERVICE_NAME, &[SERVICE_NAME]));
    params.key_usages.push(rcgen::KeyUsagePurpose::KeyEncipherment);
    params
}

/// An owner whose file has the certificate and that of its issuer.
fn with_key(authority: &Authority, params: &CertificateParams, key: &KeyPair) -> Owner {
    let certificate = authority.sign(params, key);
    Owner {
        chain_pem: format!("{}{}", certificate.to_pem(), authority.certificate.to_pem()),
        certificate,
        key_pem: key.serialize_pem(),
        chain_file: std::path::PathBuf::new(),
        key_file: std::path::PathBuf::new(),
    }
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Plan {
    /// A gateway of so many instances where all is well.
    ///
    /// # Panics
    /// Never.
    pub fn new(shared: &Arc<Shared>, instances: u16) -> Self {
        let pki = &shared.pki;
        let instance = |number: u16| {
            let pins = vec![Pin::of(&pki.connection_point.certificate)];
            let any = ([127, 0, 0, 1], 0).into();
            let mut options = InstanceOptions::new(any, shared.server.identity(), pins);
            (options.number, options.admin_listen) = (number, Some(any));
            options
        };
        let mut configuration = pki.configuration(1);
        configuration.service_name = SERVICE_NAME.into();
        configuration.sub_cas.push(pki.other_sub_ca.certificate.clone());
        configuration.tokens = Some(rules(&[&shared.issuer]));
        let list: Vec<String> =
            configuration.sub_cas.iter().map(|each| each.thumbprint().to_string()).collect();
        let mut point = ConnectionPointOptions::new(
            "CP1",
            Vec::new(),
            pki.connection_point.identity(),
            vec![Pin::of(&shared.server.certificate)],
            Vec::new(),
            configuration,
        );
        point.inside_roots = TrustedRoots::File(pki.root_file.clone());
        point.inside_identity = Some(pki.inside_client.identity());
        let mut told = AnalyzeOptions::new(SERVICE_NAME);
        told.trusted_roots = TrustedRoots::Pem(pki.root.certificate.to_pem().into_bytes());
        told.server_certificate = Some(shared.server.certificate.clone());
        told.client_identity = Some(pki.client.identity());
        told.token = Some(Secret::new(shared.issuer.sign("RS256", &claims(&[]))));
        (told.asks_inside, told.warn_days, told.timeout) = (true, 7, Duration::from_secs(2));
        Plan {
            instances: (0..instances).map(instance).collect(),
            point,
            row: row(&list.join(";"), &shared.server.certificate),
            site_control: SITE_CONTROL.to_owned(),
            told,
            starts_point: true,
            refusing: false,
            shared: Arc::clone(shared),
        }
    }

    /// Takes another certificate for the gateway, everywhere where it has to be.
    pub fn serve_with(&mut self, owner: &Owner) {
        for instance in &mut self.instances {
            (instance.certificate_chain_pem, instance.key_pem) = owner.identity();
        }
        self.point.instance_pins = vec![Pin::of(&owner.certificate)];
        self.told.server_certificate = Some(owner.certificate.clone());
        self.set("ServiceThumbprint", owner.certificate.thumbprint().to_string());
    }

    /// A property of the gateway's row in the site.
    ///
    /// # Panics
    /// Where there is no such property.
    pub fn set(&mut self, name: &str, value: impl Into<cmgateway::wmi::Value>) {
        self.row.set(name, value).expect("a property");
    }

    /// A token with other claims.
    pub fn token(&mut self, changes: &[(&str, Value)]) {
        self.told.token = Some(Secret::new(self.shared.issuer.sign("RS256", &claims(changes))));
    }

    /// Revocation is checked, with these lists.
    ///
    /// # Panics
    /// Where a list is none.
    pub fn check_revocation(&mut self, lists: &[Vec<u8>]) {
        let configuration = &mut self.point.configuration;
        configuration.revocation = RevocationMode::Leaf;
        configuration.crls = lists.iter().map(|der| Crl::from_der(der).expect("a list")).collect();
    }

    /// Starts what is planned and waits until it serves, if it ever will.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(mut self) -> AnalyzedGateway {
        let inside = InsideServer::start(&self.shared.pki).await;
        if self.point.mappings.is_empty() {
            let base = if self.refusing { "/refusing" } else { "" };
            self.point.mappings = vec![mapping_to(ROLE, &format!("{}{base}", inside.url()))];
        }
        let mut instances = Vec::new();
        for options in self.instances {
            instances.push(Instance::start(options).await.expect("an instance"));
        }
        let addresses: Vec<String> =
            instances.iter().flat_map(|each| each.addresses()).map(ToString::to_string).collect();
        self.point.instances =
            addresses.iter().map(|address| InstanceAddress { candidates: vec![address.clone()] }).collect();
        let admin = instances.iter().filter_map(Instance::admin_address).map(|each| each.to_string());
        self.told.admin_addresses = admin.collect();
        if self.told.addresses.is_empty() {
            self.told.addresses = addresses;
        }
        self.told.take_connection_point(&self.point);
        let folder = TestFolder::new();
        let code = SiteCode::new("GF1").expect("a site code");
        let site = EmbeddedSite::create(folder.file("site.db"), &code).await.expect("a site");
        site.compile_mof(self.site_control.as_str()).await.expect("MOF text");
        let site = Site::from(site);
        site.put(&mut self.row, PutMode::CreateOrUpdate).await.expect("a gateway");
        self.told.site = Some(site.clone());
        let point = match self.starts_point {
            true => {
                let point = ConnectionPoint::start(self.point).await.expect("a connection point");
                let _ = point.ready(Duration::from_millis(1500)).await;
                Some(point)
            }
            false => None,
        };
        let (shared, told) = (self.shared, self.told);
        AnalyzedGateway { instances, point, inside: Some(inside), site, shared, told, _folder: folder }
    }
}

/// The row that a gateway has in its site.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn row(list: &str, certificate: &Certificate) -> WmiInstance {
    let mut row = WmiInstance::new("SMS_AzureService").expect("a class name");
    let texts = [
        ("ServiceCName", SERVICE_NAME),
        ("ServiceType", "CloudProxyService"),
        ("Name", "gw"),
        ("SiteCode", "GF1"),
        ("SubCACertThumbprint", list),
    ];
    for (name, value) in texts {
        row.set(name, value).expect("a property");
    }
    row.set("ServiceThumbprint", certificate.thumbprint().to_string()).expect("a property");
    let numbers = [
        ("AzureServiceID", 1_u32),
        ("State", 0),
        ("TrafficOutInGB", 10_000),
        ("TrafficOutUsage", 1_200),
        ("TrafficWarningThreshold", 50),
        ("TrafficCriticalThreshold", 90),
    ];
    for (name, value) in numbers {
        row.set(name, value).expect("a property");
    }
    row.set("TrafficOutStopService", true).expect("a property");
    row
}

impl AnalyzedGateway {
    /// A client of an authority that the gateway does not know.
    pub fn stranger_client(&self) -> Owner {
        self.shared.client_with(&self.shared.stranger, |_| {})
    }

    /// Runs the analyzer.
    ///
    /// # Panics
    /// Where it does not run.
    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    pub async fn analyze(&self) -> AnalysisReport {
        analyze(self.told.clone()).await.expect("a report")
    }
}

/// When everything here is made.
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A management point's mapping that leads nowhere.
///
/// # Panics
/// Never.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn mapping_to(role: u64, address: &str) -> proxy::Mapping {
    Mapping::new(role, &MANAGEMENT_POINT_ENDPOINTS, &[address]).expect("a mapping")
}
