//! The bodies of requests to the classic API; the order of their elements is the service's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::element::Element;
use crate::cert::Certificate;
use crate::secret::Secret;

const NAMESPACE: &str = "http://schemas.microsoft.com/windowsazure";

/// What a new deployment, or an upgrade of one, is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentRequest {
    /// The deployment's name; not used by an upgrade.
    pub name: String,
    /// The package: a blob of the same subscription, or with a shared access signature.
    pub package_url: String,
    /// For people, at most 100 characters.
    pub label: String,
    /// The text of the service configuration.
    pub configuration: String,
    /// Whether it starts at once; one that does not is `Suspended`.
    pub start: bool,
    /// Names and values to give it.
    pub extended_properties: Vec<(String, String)>,
}

/// Whether a deployment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// It runs.
    Running,
    /// It stands, and costs the same.
    Suspended,
}

/// How an upgrade walks through the upgrade domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeMode {
    /// One domain after the other.
    Auto,
    /// One domain at a time, each by a call.
    Manual,
    /// All at once.
    Simultaneous,
}

impl DeploymentStatus {
    /// Every status.
    pub const ALL: [DeploymentStatus; 2] = [DeploymentStatus::Running, DeploymentStatus::Suspended];

    /// The word of the service.
    pub fn as_str(self) -> &'static str {
        match self {
            DeploymentStatus::Running => "Running",
            DeploymentStatus::Suspended => "Suspended",
        }
    }
}

impl UpgradeMode {
    /// Every mode.
    pub const ALL: [UpgradeMode; 3] = [UpgradeMode::Auto, UpgradeMode::Manual, UpgradeMode::Simultaneous];

    /// The word of the service.
    pub fn as_str(self) -> &'static str {
        match self {
            UpgradeMode::Auto => "Auto",
            UpgradeMode::Manual => "Manual",
            UpgradeMode::Simultaneous => "Simultaneous",
        }
    }
}

fn root(name: &str) -> Element {
    Element::new(name).with_attribute("xmlns", NAMESPACE)
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn with_properties(element: Element, pairs: &[(String, String)]) -> Element {
    if pairs.is_empty() {
        return element;
    }
    let mut list = Element::new("ExtendedProperties");
    for (name, value) in pairs {
        list = list.with_child(Element::new("ExtendedProperty").with("Name", name).with("Value", value));
    }
    element.with_child(list)
}

pub(super) fn subscription_certificate(certificate: &Certificate) -> Element {
    root("SubscriptionCertificate")
        .with("SubscriptionCertificatePublicKey", &STANDARD.encode(certificate.public_key_bits()))
        .with("SubscriptionCertificateThumbprint", &certificate.thumbprint().to_string())
        .with("SubscriptionCertificateData", &STANDARD.encode(certificate.der()))
}

pub(super) fn create_hosted_service(
    name: &str,
    label: &str,
    description: Option<&str>,
    location: &str,
    extended_properties: &[(String, String)],
) -> Element {
    let element = root("CreateHostedService")
        .with("ServiceName", name)
        .with("Label", &base64(label))
        .with_some("Description", description)
        .with("Location", location);
    with_properties(element, extended_properties)
}

pub(super) fn update_hosted_service(
    label: &str,
    description: Option<&str>,
    extended_properties: &[(String, String)],
) -> Element {
    let element =
        root("UpdateHostedService").with("Label", &base64(label)).with_some("Description", description);
    with_properties(element, extended_properties)
}

pub(super) fn certificate_file(data: &[u8], format: &str, password: Option<&Secret>) -> Element {
    root("CertificateFile")
        .with("Data", &STANDARD.encode(data))
        .with("CertificateFormat", format)
        .with_some("Password", password.map(Secret::expose))
}

pub(super) fn create_deployment(request: &DeploymentRequest) -> Element {
    let element = root("CreateDeployment")
        .with("Name", &request.name)
        .with("PackageUrl", &request.package_url)
        .with("Label", &base64(&request.label))
        .with("Configuration", &base64(&request.configuration))
        .with("StartDeployment", flag(request.start))
        .with("TreatWarningsAsError", "false");
    with_properties(element, &request.extended_properties)
}

pub(super) fn change_configuration(configuration: &str, extended_properties: &[(String, String)]) -> Element {
    let element = root("ChangeConfiguration")
        .with("Configuration", &base64(configuration))
        .with("TreatWarningsAsError", "false")
        .with("Mode", "Auto");
    with_properties(element, extended_properties)
}

pub(super) fn update_deployment_status(status: DeploymentStatus) -> Element {
    root("UpdateDeploymentStatus").with("Status", status.as_str())
}

pub(super) fn upgrade_deployment(request: &DeploymentRequest, mode: UpgradeMode, force: bool) -> Element {
    let element = root("UpgradeDeployment")
        .with("Mode", mode.as_str())
        .with("PackageUrl", &request.package_url)
        .with("Configuration", &base64(&request.configuration))
        .with("Label", &base64(&request.label))
        .with("Force", flag(force));
    with_properties(element, &request.extended_properties)
}

pub(super) fn role_instances(names: &[String]) -> Element {
    names.iter().fold(root("RoleInstances"), |element, name| element.with("Name", name))
}
