//! The gateway's row in the site: what of a spec goes into it, and its state.

use serde_json::{Map, Value};

use super::comparison::differences;
use super::plan::{GatewayPlan, GatewayStep, GatewayStepAction};
use super::waiting::planning_failed;
use crate::azure::AzureEnvironment;
use crate::cert::{Certificate, load_cer};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::spec::{CheckedSpec, display_region};
use crate::gateway::{Gateway, GatewayState};
use crate::site::{PutMode, Site};
use crate::wmi::{self, Instance};

/// Where a gateway lies, as its row tells it.
pub(super) struct RowPlace {
    pub(super) fqdn: String,
    /// `AffinityGroup`: the resource group.
    pub(super) group: String,
    /// `DeploymentModel`, where its value is known.
    pub(super) model: Option<u32>,
    /// The management certificate of a classic deployment.
    pub(super) management: Option<Certificate>,
}

impl RowPlace {
    pub(super) fn resource_manager(spec: &CheckedSpec) -> Self {
        RowPlace { fqdn: spec.regional_name(), group: spec.group(), model: Some(1), management: None }
    }
}

/// Creates or changes the gateway's row and gives its `AzureServiceID`.
pub(super) async fn record(
    site: &Site,
    spec: &CheckedSpec,
    place: &RowPlace,
    state: GatewayState,
) -> Result<i128> {
    let mut instance = match Gateway::find(site, &spec.service_name).await {
        Ok(gateway) => gateway.instance().await?,
        Err(error) if error.kind() == ErrorKind::NotFound => site.new_instance("SMS_AzureService").await?,
        Err(error) => return Err(error),
    };
    fill(&mut instance, spec, place)?;
    instance.set("SiteCode", site.code().await?.as_str())?;
    instance.set("State", state.code())?;
    site.put(&mut instance, PutMode::CreateOrUpdate).await?;
    let gateway = Gateway::find(site, &spec.service_name).await?;
    let id = gateway.instance().await?.get("AzureServiceID").and_then(|id| id.as_integer());
    id.ok_or_else(|| {
        Error::new(ErrorKind::Protocol, "record the gateway", "the site gave it no AzureServiceID")
    })
}

pub(super) fn fill(instance: &mut Instance, checked: &CheckedSpec, place: &RowPlace) -> Result<()> {
    let spec = &checked.spec;
    instance.set("ServiceType", "CloudProxyService")?;
    instance.set("ServiceCName", checked.service_name.as_str())?;
    instance.set("Name", checked.prefix.as_str())?;
    instance.set("Description", spec.description.as_str())?;
    instance.set("DeploymentSlot", "Production")?;
    instance.set("Region", display_region(&spec.region))?;
    instance.set("Fqdn", place.fqdn.as_str())?;
    instance.set("SubscriptionID", spec.subscription_id.as_str())?;
    instance.set("AffinityGroup", place.group.as_str())?;
    instance.set("NumberOfInstances", spec.vm_instance_count)?;
    if let Some(model) = place.model {
        instance.set("DeploymentModel", model)?;
    }
    if let Some(management) = &place.management {
        instance.set("ManagementCertificate", management.to_pem())?;
        // PUBLICONLY: the key stays with whoever made it.
        instance.set("ManagementCertificateType", 1_u32)?;
        instance.set("ManagementThumbprint", management.thumbprint().to_string())?;
    }
    if spec.environment_setting == AzureEnvironment::PublicCloud {
        // The value for the government's cloud is not known.
        instance.set("AzureEnvironmentId", 1_u32)?;
    }
    instance.set("ServiceThumbprint", checked.server.certificate.thumbprint().to_string())?;
    instance.set("ServiceThumbprintAlgorithm", "SHA1")?;
    instance.set("ServiceCertificate", checked.server.certificate.to_pem())?;
    instance.set("RootCertificate", pem(&checked.roots))?;
    instance.set("SubCACertificate", pem(&checked.sub_cas))?;
    let thumbprints: Vec<_> = checked.sub_cas.iter().map(|one| one.thumbprint().to_string()).collect();
    instance.set("SubCACertThumbprint", thumbprints.join(";"))?;
    instance.set("ClientCertRevocationEnabled", spec.check_client_cert_revocation)?;
    // SecurityProtocolType.Tls12 of .NET.
    instance.set("ProxySecurityProtocol", if spec.enforce_protocol { 3072_u32 } else { 0 })?;
    instance.set(
        "StorageServiceName",
        if spec.enable_cloud_dp_function { checked.prefix.as_str() } else { "" },
    )?;
    instance.set("TrafficOutInGB", if spec.enable_traffic_out { spec.traffic_out_gb } else { 0 })?;
    instance.set("TrafficWarningThreshold", spec.traffic_warning_pct)?;
    instance.set("TrafficCriticalThreshold", spec.traffic_critical_pct)?;
    instance.set("TrafficOutStopService", spec.traffic_out_stop_service)?;
    instance.set("StorageQuotaInGB", if spec.enable_storage_quota { spec.storage_quota_gb } else { 0 })?;
    instance.set("StorageWarningThreshold", spec.storage_warning_pct)?;
    instance.set("StorageCriticalThreshold", spec.storage_critical_pct)
}

/// What the row shall hold, as JSON.
pub(super) fn wanted(spec: &CheckedSpec, place: &RowPlace) -> Result<Map<String, Value>> {
    let mut made = Instance::new("SMS_AzureService")?;
    fill(&mut made, spec, place)?;
    let properties = made.properties().iter().map(|one| (one.name.as_str().to_owned(), json_of(&one.value)));
    Ok(properties.collect())
}

/// The properties of a row that are asked for, as JSON.
pub(super) fn shown(row: &Instance, wanted: &Value) -> Value {
    let names = wanted.as_object().into_iter().flatten().map(|(name, _)| name);
    Value::Object(names.map(|name| (name.clone(), row.get(name).map_or(Value::Null, json_of))).collect())
}

fn json_of(value: &wmi::Value) -> Value {
    match value {
        wmi::Value::String(text) => text.as_str().into(),
        wmi::Value::Boolean(flag) => (*flag).into(),
        wmi::Value::Integer(number) => i64::try_from(*number).map_or(Value::Null, Value::from),
        _ => Value::Null,
    }
}

/// The plan with what would change in the gateway's row.
pub(super) async fn with_row(mut plan: GatewayPlan, site: &Site, place: &RowPlace) -> Result<GatewayPlan> {
    let row = match Gateway::find(site, &plan.service_name).await {
        Ok(gateway) => Some(gateway.instance().await.map_err(planning_failed)?),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(planning_failed(error)),
    };
    let wanted = Value::Object(wanted(&plan.spec, place)?);
    let changes = row.map(|row| differences(&readable(&wanted), &readable(&shown(&row, &wanted))));
    let (action, changes) = match changes {
        None => (GatewayStepAction::Create, Vec::new()),
        Some(changes) if changes.is_empty() => (GatewayStepAction::Keep, changes),
        Some(changes) => (GatewayStepAction::Change, changes),
    };
    let (kind, name) = ("row in the site".to_owned(), plan.service_name.clone());
    plan.steps.push(GatewayStep { action, kind, name, changes });
    Ok(plan)
}

/// Certificates by their thumbprints.
fn readable(row: &Value) -> Value {
    let shown = |value: &Value| {
        let pem = value.as_str().filter(|text| text.starts_with("-----BEGIN"))?;
        let all = load_cer(pem.as_bytes()).ok()?;
        Some(Value::from(all.iter().map(|one| one.thumbprint().to_string()).collect::<Vec<_>>().join(";")))
    };
    let all = row.as_object().into_iter().flatten();
    Value::Object(
        all.map(|(name, value)| (name.clone(), shown(value).unwrap_or_else(|| value.clone()))).collect(),
    )
}

fn pem(certificates: &[Certificate]) -> String {
    certificates.iter().map(|one| one.to_pem()).collect()
}

pub(super) async fn set_state(site: &Site, instance: &mut Instance, state: GatewayState) -> Result<()> {
    instance.set("State", state.code())?;
    site.put(instance, PutMode::CreateOrUpdate).await.map(drop)
}
