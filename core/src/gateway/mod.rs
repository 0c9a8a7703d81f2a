//! The gateway as the site knows it, and the verbs of the trade.
//!
//! Where the eight steps of Microsoft's set-up page are: 1 server certificate, [`server_certificate`] and [`check_cname`];
//! 2 root of client certificates, [`crate::cert`]; 3 sub-CAs, [`sub_ca`]; 4 gateway, [`spec`] and [`provision`]; 5 site,
//! [`site_switches`]; 6 connection point, [`connection_point_role`]; 7 roles, [`site_roles`]; 8 clients,
//! [`client_location`]. Steps 5 to 7 make plans of one shape, [`site_control::SitePlan`].

pub mod analyzer;
pub mod client_location;
mod cname;
pub mod connection_point_role;
mod fields;
mod html_text;
pub mod monitor;
pub mod provision;
pub mod required_ports;
pub mod server_certificate;
pub mod service;
pub mod site_control;
pub mod site_roles;
pub mod site_switches;
pub mod spec;
mod state;
pub mod sub_ca;

pub use cname::{CnameOptions, check_cname};
pub use state::GatewayState;

use std::fmt;

use self::sub_ca::SubCa;
use crate::error::{Error, ErrorKind, Result};
use crate::site::Site;
use crate::wmi::wql::Parameters;
use crate::wmi::{Instance, ObjectPath};

/// The `ServiceType` of a cloud management gateway. The SDK page lacks it; scripts and sites use it.
const SERVICE_TYPE: &str = "CloudProxyService";

/// A cloud management gateway, found in its site by its service name.
///
/// The service name is the common name of the server certificate (`SMS_AzureService.ServiceCName`), not the name
/// of the deployment in Azure.
#[derive(Clone)]
pub struct Gateway {
    site: Site,
    service_name: String,
    path: ObjectPath,
}

impl Gateway {
    /// Finds the gateway of this service name; case does not matter.
    ///
    /// # Errors
    /// `not_found` where the site has none, with the names it has; `conflict` where it has two (the old script
    /// silently took the last); `config` for a name that is empty or has control characters.
    pub async fn find(site: &Site, service_name: &str) -> Result<Self> {
        let instance = read(site, service_name).await?;
        let path = path_of(site, &instance, service_name)?;
        let service_name = instance.text("ServiceCName").unwrap_or(service_name).to_owned();
        Ok(Gateway { site: site.clone(), service_name, path })
    }

    /// All gateways of the site, in the order of their service names.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn list(site: &Site) -> Result<Vec<Self>> {
        let wql = "SELECT * FROM SMS_AzureService WHERE ServiceType = ?";
        let rows = site.query(wql, &Parameters::Positional(vec![SERVICE_TYPE.into()])).await?.all().await?;
        let mut gateways = Vec::with_capacity(rows.len());
        for instance in rows {
            let service_name = instance.text("ServiceCName").unwrap_or_default().to_owned();
            let path = path_of(site, &instance, &service_name)?;
            gateways.push(Gateway { site: site.clone(), service_name, path });
        }
        gateways.sort_by_key(|gateway| gateway.service_name.to_lowercase());
        Ok(gateways)
    }

    /// The service name, in the site's spelling.
    pub fn service_name(&self) -> &str {
        &self.service_name
    }

    /// The path of its `SMS_AzureService` instance.
    pub fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// The site it belongs to.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Its `SMS_AzureService` instance as it is now.
    ///
    /// # Errors
    /// Those of [`Gateway::find`].
    pub async fn instance(&self) -> Result<Instance> {
        read(&self.site, &self.service_name).await
    }

    /// Looks for what is wrong with this gateway, as its site knows it.
    ///
    /// The service name and the site of the options are replaced by the gateway's own.
    ///
    /// # Errors
    /// Those of [`analyze`](analyzer::analyze).
    pub async fn analyze(&self, mut options: analyzer::AnalyzeOptions) -> Result<analyzer::AnalysisReport> {
        options.service_name.clone_from(&self.service_name);
        options.site = Some(self.site.clone());
        analyzer::analyze(options).await
    }

    /// What watches over its traffic and its alerts.
    pub fn monitor(&self) -> monitor::Monitor {
        monitor::Monitor::new(self.clone())
    }

    /// Its state, as the site tells it now; None where the site tells none.
    ///
    /// # Errors
    /// Those of [`Gateway::find`].
    pub async fn state(&self) -> Result<Option<GatewayState>> {
        Ok(state_of(&self.instance().await?))
    }

    /// The list of its sub-CA thumbprints.
    pub fn sub_ca(&self) -> SubCa {
        SubCa::new(self.clone())
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("service_name", &self.service_name)
            .field("path", &self.path.to_string())
            .field("site", &self.site.address())
            .finish()
    }
}

/// The one instance of this service name.
async fn read(site: &Site, service_name: &str) -> Result<Instance> {
    let operation = format!("find gateway {service_name:?}");
    if service_name.trim().is_empty() {
        return Err(Error::new(ErrorKind::Config, operation, "the service name is empty"));
    }
    if service_name.contains(char::is_control) {
        return Err(Error::new(ErrorKind::Config, operation, "the service name has a control character"));
    }
    let wql = "SELECT * FROM SMS_AzureService WHERE ServiceType = ? AND ServiceCName = ?";
    let parameters = Parameters::Positional(vec![SERVICE_TYPE.into(), service_name.into()]);
    let mut rows = site.query(wql, &parameters).await?.all().await?;
    match (rows.pop(), rows.len()) {
        (Some(instance), 0) => {
            // A provider that reads the text of a query in its own way must not make us change another gateway.
            let returned = instance.text("ServiceCName").unwrap_or_default();
            if returned.to_lowercase() != service_name.to_lowercase() {
                let cause = format!("the site answered with gateway {returned:?}; nothing was changed");
                return Err(Error::new(ErrorKind::Protocol, operation, cause));
            }
            Ok(instance)
        }
        (Some(_), others) => {
            let cause = format!("the site has {} gateways of this service name", others + 1);
            Err(Error::new(ErrorKind::Conflict, operation, cause))
        }
        (None, _) => Err(none_found(site, operation).await),
    }
}

fn state_of(row: &Instance) -> Option<GatewayState> {
    let code = row.get("State")?.as_integer()?;
    u32::try_from(code).ok().map(GatewayState::of)
}

async fn none_found(site: &Site, operation: String) -> Error {
    let cause = match Gateway::list(site).await {
        Ok(gateways) if gateways.is_empty() => "the site has no gateway".to_owned(),
        Ok(gateways) => {
            let names: Vec<_> = gateways.iter().take(10).map(|gateway| gateway.service_name()).collect();
            format!("the site has no gateway of this service name; it has {}", names.join(", "))
        }
        Err(_) => "the site has no gateway of this service name".to_owned(),
    };
    Error::new(ErrorKind::NotFound, operation, cause)
}

fn path_of(site: &Site, instance: &Instance, service_name: &str) -> Result<ObjectPath> {
    instance.path().cloned().ok_or_else(|| {
        let why = site.why_without_keys();
        let cause = format!("the site answered without the key AzureServiceID{why}");
        Error::new(ErrorKind::Protocol, format!("find gateway {service_name:?}"), cause)
    })
}
