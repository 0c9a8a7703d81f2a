//! Clouds of Azure as the simulator has them, and the site and the spec of a gateway that is made there.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use cmgateway::azure::asm::ManagementCertificate;
use cmgateway::azure::{AzureOptions, Credential};
use cmgateway::cert::{PfxKeyPair, load_cer, load_private_key};
use cmgateway::gateway::provision::{
    ClassicCloud, ClassicPackage, Cloud, GatewayPlan, GatewayStepAction, Go, Progress, ResourceManagerCloud,
};
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::site::{EmbeddedSite, Site, SiteCode};
use cmgateway::{Result, Secret};
use time::macros::datetime;

use crate::azure_simulator::{AzureSimulator, TOKEN};
use crate::folder::TestFolder;
use crate::gateway_files::{self, NOW, SUBSCRIPTION};

/// Options that lead every service to this address.
#[expect(clippy::field_reassign_with_default, reason = "the options grow")]
pub fn options(url: &str, ca: TrustedRoots, timer: &Arc<ManualTimer>) -> AzureOptions {
    let mut options = AzureOptions::default();
    options.resource_manager_url = Some(url.to_owned());
    options.key_vault_url = Some(url.to_owned());
    options.service_management_url = Some(url.to_owned());
    options.trusted_roots = ca;
    options.timer = Arc::clone(timer) as Arc<_>;
    options
}

/// A token that every simulated service takes.
pub fn token() -> Credential {
    Credential::Token(Secret::new(TOKEN))
}

/// The Resource Manager.
///
/// # Errors
/// Those of [`ResourceManagerCloud::new`].
pub fn resource_manager(options: AzureOptions) -> Result<ResourceManagerCloud> {
    ResourceManagerCloud::new(options, SUBSCRIPTION, token())
}

/// The classic API, with the management certificate of the folder, which the token uploads.
///
/// # Errors
/// Those of [`ClassicCloud::new`].
pub fn classic(options: &AzureOptions, folder: &Path) -> Result<ClassicCloud> {
    ClassicCloud::new(options, SUBSCRIPTION, Some(management(folder)), Some(token()), package())
}

/// A package that nobody fetches.
pub fn package() -> ClassicPackage {
    let mut package = ClassicPackage::new("https://gfstore.blob.core.windows.net/p/cmg.cspkg?sig=SECRET");
    package.certificate_name = Some("ServerCertificate".to_owned());
    package
}

/// The management certificate of a folder; made where there is none.
///
/// # Panics
/// Where that fails; a test cannot go on then.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn management(folder: &Path) -> ManagementCertificate {
    let (pem, key) = (folder.join("management.pem"), folder.join("management.key"));
    if !pem.exists() {
        // RSA keys take long: one for all tests of a process.
        static MADE: OnceLock<ManagementCertificate> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let (name, now) = ("CMG management", datetime!(2026-01-01 00:00 UTC));
            ManagementCertificate::make(name, now, 3650).expect("a certificate")
        });
        std::fs::write(&key, made.private_key().to_pkcs8_pem().expose()).expect("a file");
        std::fs::write(&pem, made.certificate().to_pem()).expect("a file");
    }
    let certificate = load_cer(&std::fs::read(pem).expect("a file")).expect("a certificate").remove(0);
    let key = load_private_key(&std::fs::read(key).expect("a file"), None).expect("a key");
    ManagementCertificate::new(PfxKeyPair::new(certificate, key))
}

/// A simulated subscription with a site and a spec.
#[derive(Debug)]
pub struct SimulatedWorld {
    /// The subscription.
    pub simulator: AzureSimulator,
    /// Who counts the time that is waited.
    pub timer: Arc<ManualTimer>,
    /// An empty site.
    pub site: Site,
    /// What the gateway shall be.
    pub spec: GatewaySpec,
    /// Where the files lie.
    pub folder: TestFolder,
}

impl SimulatedWorld {
    /// Starts an empty one.
    ///
    /// # Panics
    /// Where that fails; a test cannot go on then.
    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    pub async fn start() -> Self {
        let folder = TestFolder::new();
        gateway_files::write_to(folder.path());
        management(folder.path());
        let simulator = AzureSimulator::start().await;
        std::fs::write(folder.file("ca.pem"), &simulator.ca_pem).expect("a file");
        let timer = Arc::new(ManualTimer::new(NOW));
        let site = new_site(&folder, "site.db").await;
        let spec = GatewaySpec::load(folder.file("gateway.toml")).await.expect("a spec");
        SimulatedWorld { simulator, timer, site, spec, folder }
    }

    /// Options that lead to it.
    pub fn options(&self) -> AzureOptions {
        let ca = TrustedRoots::Pem(self.simulator.ca_pem.clone().into_bytes());
        options(&self.simulator.url(), ca, &self.timer)
    }

    /// Its Resource Manager.
    ///
    /// # Panics
    /// Where the options are wrong.
    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    pub fn resource_manager(&self) -> ResourceManagerCloud {
        resource_manager(self.options()).expect("a cloud")
    }

    /// Its classic API.
    ///
    /// # Panics
    /// Where the options are wrong.
    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    pub fn classic(&self) -> ClassicCloud {
        classic(&self.options(), self.folder.path()).expect("a cloud")
    }
}

/// A new site in the folder.
///
/// # Panics
/// Where that fails; a test cannot go on then.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub async fn new_site(folder: &TestFolder, name: &str) -> Site {
    let code = SiteCode::new("ABC").expect("a code");
    EmbeddedSite::create(folder.file(name), &code).await.expect("a site").into()
}

/// Goes on, whatever it is told.
pub fn quiet(_: &Progress) -> Go {
    Go::On
}

/// Plans and applies.
///
/// # Errors
/// Those of the cloud.
pub async fn attempt(cloud: &dyn Cloud, site: &Site, spec: &GatewaySpec) -> Result<()> {
    let plan = cloud.plan(spec).await?;
    cloud.apply(site, &plan, &quiet).await.map(drop)
}

/// The kinds of resources that a plan does this to.
pub fn kinds(plan: &GatewayPlan, action: GatewayStepAction) -> Vec<&str> {
    plan.steps.iter().filter(|step| step.action == action).map(|step| step.kind.as_str()).collect()
}
