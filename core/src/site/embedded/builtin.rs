//! The classes and instances a new site file starts with.
//!
//! Names and types are those of the SDK's class pages; `SMS_AzureService` has, beside them, properties that only
//! scripts show (`SubCACertThumbprint` and those after it; their types are unconfirmed but for that one).

use rusqlite::{Connection, TransactionBehavior};

use super::catalog::{self, Catalog};
use super::sqlite_error::sqlite_error;
use super::write;
use crate::error::Result;
use crate::site::SiteCode;
use crate::site::transport::PutMode;
use crate::wmi::{CimType, Class, Identifier, Instance, PropertyDefinition};

/// Class name, then per line a type and its property names; a `*` marks a key.
const CLASSES: &[(&str, &[(CimType, &str)])] = &[
    (
        "SMS_ProviderLocation",
        &[(CimType::String, "Machine NamespacePath SiteCode*"), (CimType::Boolean, "ProviderForLocalSite")],
    ),
    (
        "SMS_Site",
        &[
            (CimType::String, "SiteCode* SiteName ServerName InstallDir ReportingSiteCode Version"),
            (CimType::Uint32, "Type Status Mode BuildNumber"),
        ],
    ),
    (
        "SMS_AzureService",
        &[
            (CimType::Uint32, "AzureServiceID*"),
            (
                CimType::String,
                "Name ServiceCName ServiceType SiteCode Description Region DeploymentSlot Fqdn",
            ),
            (CimType::String, "SubscriptionID ManagementCertificate ManagementThumbprint ServiceCertificate"),
            (CimType::String, "ServiceThumbprint ServiceThumbprintAlgorithm StorageServiceName NALPath"),
            (CimType::Uint32, "Flags ManagementCertificateType NumberOfInstances State StatusDetails"),
            (
                CimType::Uint32,
                "StorageCriticalThreshold StorageWarningThreshold StorageQuotaInGB StorageUsage",
            ),
            (
                CimType::Uint32,
                "TrafficCriticalThreshold TrafficWarningThreshold TrafficOutInGB TrafficOutUsage",
            ),
            (CimType::Boolean, "StorageQuotaGrow TrafficOutStopService"),
            (CimType::String, "SubCACertThumbprint RootCertificate SubCACertificate"),
            (CimType::Boolean, "ClientCertRevocationEnabled"),
            (CimType::Uint32, "ProxySecurityProtocol DeploymentModel AzureEnvironmentId"),
        ],
    ),
    (
        "SMS_AzureServicesTask",
        &[
            (CimType::Uint32, "TaskID* AzureServiceId TaskStateId TaskTypeId Type"),
            (CimType::String, "SiteCode TaskKeyValue"),
            (CimType::DateTime, "TaskCreationTime TaskEndTime"),
        ],
    ),
];

/// Fills a new site file, whole or not at all.
pub(super) fn fill(connection: &mut Connection, catalog: &Catalog, code: &SiteCode) -> Result<()> {
    let failed = |error| sqlite_error("fill a new site", error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    for (name, lines) in CLASSES {
        catalog::define(&transaction, &class(name, lines)?)?;
    }
    for instance in instances(code)? {
        write::put_in(&transaction, catalog, &instance, PutMode::CreateOnly)?;
    }
    transaction.commit().map_err(failed)
}

fn class(name: &str, lines: &[(CimType, &str)]) -> Result<Class> {
    let mut properties = Vec::new();
    for (cim_type, names) in lines {
        for name in names.split(' ') {
            let (name, is_key) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
            let name = Identifier::new(name)?;
            properties.push(PropertyDefinition { name, cim_type: *cim_type, is_array: false, is_key });
        }
    }
    Ok(Class { name: Identifier::new(name)?, properties })
}

/// The instances that say which site this is.
fn instances(code: &SiteCode) -> Result<Vec<Instance>> {
    let mut location = Instance::new("SMS_ProviderLocation")?;
    location.set("Machine", "localhost")?;
    location.set("NamespacePath", format!("\\\\localhost\\root\\sms\\site_{code}"))?;
    location.set("ProviderForLocalSite", true)?;
    location.set("SiteCode", code.as_str())?;
    let mut site = Instance::new("SMS_Site")?;
    site.set("SiteCode", code.as_str())?;
    site.set("SiteName", format!("Embedded site {code}"))?;
    site.set("ServerName", "localhost")?;
    site.set("Type", 2)?;
    site.set("ReportingSiteCode", "")?;
    Ok(vec![location, site])
}
