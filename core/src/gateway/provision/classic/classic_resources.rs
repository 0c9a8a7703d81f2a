//! The resources that a gateway is made of in the classic API, in the order in which they are made; pure.

use serde_json::{Map, Value, json};

use super::package::ClassicPackage;
use crate::azure::asm::{Deployment, ManagementCertificate, ServiceConfiguration};
use crate::cert::Thumbprint;
use crate::error::Result;
use crate::gateway::provision::resource::{How, Resource};
use crate::gateway::spec::{CheckedSpec, display_region};

/// The extended property of a deployment that tells its package.
pub(super) const PACKAGE_PROPERTY: &str = "CMGatewayPackage";

/// Every resource, in order.
pub(super) fn resources(
    spec: &CheckedSpec,
    package: &ClassicPackage,
    management: Option<&ManagementCertificate>,
) -> Result<Vec<Resource>> {
    spec.check_for_azure(false)?;
    let resource = |key: &str, kind, name: String, how, body| Resource {
        key: key.to_owned(),
        kind,
        name,
        how,
        path: spec.prefix.clone(),
        api_version: "",
        body,
    };
    let mut all = Vec::new();
    if let Some(management) = management {
        let (name, how) = (common_name(management.certificate()), How::ManagementCertificate);
        let thumbprint = management.certificate().thumbprint().to_string();
        let body = json!({ "thumbprint": thumbprint, "is_let_in": true });
        all.push(resource("management", "management certificate", name, how, body));
    }
    let body = json!({
        "label": spec.service_name, "description": spec.spec.description,
        "location": display_region(&spec.spec.region),
    });
    all.push(resource("service", "cloud service", spec.prefix.clone(), How::CloudService, body));
    let certificates = std::iter::once(("server certificate", &spec.server.certificate));
    let certificates = certificates.chain(spec.sub_cas.iter().map(|one| ("sub-CA certificate", one)));
    for (number, (kind, certificate)) in certificates.enumerate() {
        let (key, name) = (format!("certificate-{number}"), common_name(certificate));
        let body = json!({ "thumbprint": certificate.thumbprint().to_string() });
        all.push(resource(&key, kind, name, How::ServiceCertificate, body));
    }
    let (count, thumbprint) = (spec.spec.vm_instance_count, spec.server.certificate.thumbprint());
    let configuration = package.configured(&spec.prefix, count, thumbprint, None)?;
    // Without a configuration of the package's, only what is ours is asked for.
    let (key, asked) = match package.configuration {
        Some(_) => ("configuration", shown(&configuration)),
        None => ("ours", shown_ours(&configuration)),
    };
    let body = json!({ "package": package.identity(), key: asked });
    all.push(resource("deployment", "deployment", spec.prefix.clone(), How::Deployment, body));
    // Of the role that serves: what else is deployed is not ours to count.
    let ours = configuration.roles.iter().filter(|role| role.name == package.role);
    let count: u64 = ours.map(|role| u64::from(role.instances)).sum();
    let (name, body) = (format!("{count} ReadyRole"), json!({ "ready": count }));
    all.push(resource("instances", "role instances", name, How::Instances, body));
    Ok(all)
}

fn common_name(certificate: &crate::cert::Certificate) -> String {
    certificate.common_name().unwrap_or_else(|| certificate.subject().to_string())
}

/// A deployment as a plan compares it; without its configuration while it deploys.
pub(super) fn shown_deployment(deployment: &Deployment) -> Value {
    let package = deployment.extended_properties.iter().find(|(name, _)| name == PACKAGE_PROPERTY);
    let read = deployment.service_configuration().ok();
    json!({
        "package": package.map(|(_, value)| value),
        "configuration": read.as_ref().map(shown), "ours": read.as_ref().map(shown_ours),
    })
}

/// Instances and certificates by their names.
fn shown_ours(configuration: &ServiceConfiguration) -> Value {
    let roles = configuration.roles.iter().map(|role| {
        let certificates = role.certificates.iter();
        let certificates: Map<_, _> =
            certificates.map(|(name, one)| (name.clone(), one.to_string().into())).collect();
        (role.name.clone(), json!({ "instances": role.instances, "certificates": certificates }))
    });
    Value::Object(roles.collect())
}

/// The whole; settings and what nobody here knows as digests, since some of them are secrets.
fn shown(configuration: &ServiceConfiguration) -> Value {
    let rest = Thumbprint::of_der(configuration.rest().as_bytes()).to_string();
    json!({ "roles": shown_roles(configuration), "rest": rest })
}

fn shown_roles(configuration: &ServiceConfiguration) -> Value {
    let roles = configuration.roles.iter().map(|role| {
        let mut settings = role.settings.clone();
        settings.sort();
        let text: String = settings.iter().map(|(name, value)| format!("{name}\n{value}\n")).collect();
        let certificates: Vec<_> = role
            .certificates
            .iter()
            .map(|(name, thumbprint)| json!({ "name": name, "thumbprint": thumbprint.to_string() }))
            .collect();
        json!({
            "name": role.name, "instances": role.instances, "settings": Thumbprint::of_der(text.as_bytes()).to_string(),
            "certificates": certificates,
        })
    });
    roles.collect()
}

/// How many instances of a role are ready, by a deployment that runs.
pub(super) fn ready(deployment: Option<&Deployment>, role: &str) -> usize {
    let running = deployment.filter(|deployment| deployment.status == "Running");
    let all = running.into_iter().flat_map(|deployment| &deployment.instances);
    all.filter(|instance| instance.role == role && instance.status.is_ready()).count()
}
