//! A connection point as the site knows it, and the gateway it belongs to.

use serde::Serialize;

use super::internet_proxy::InternetProxy;
use crate::error::Result;
use crate::gateway::Gateway;
use crate::gateway::site_control::{PropertyValue, text};
use crate::wmi::Instance;

/// The property that names the gateway, where an item has none that does; the text is its second one.
const GATEWAY: &str = "ServiceCName";
/// The names under which a gateway may stand there; which of them the console writes is not confirmed.
const KNOWN: [&str; 4] = [GATEWAY, "CloudManagementGatewayName", "ServiceName", "CloudServiceName"];

/// A server with the role of a connection point, as the site knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionPointRole {
    /// The server, by its full name where the site has it.
    pub server: String,
    /// The site.
    pub site_code: String,
    /// The service name of the gateway it belongs to; None where the item names none that the site has.
    ///
    /// Which property holds it is not confirmed: any of the known names counts, with the service name or the name of the
    /// gateway in either text. Where none is there, `ServiceCName` is written.
    pub gateway: Option<String>,
    /// The internet proxy of its server; None where it uses none.
    pub internet_proxy: Option<InternetProxy>,
    /// The path of its item.
    pub path: String,
}

/// The names by which a site knows a gateway.
pub(super) struct KnownGateway {
    pub(super) service_name: String,
    /// Its name in Azure.
    pub(super) name: String,
}

impl KnownGateway {
    /// All gateways of the site.
    pub(super) async fn all(site: &crate::site::Site) -> Result<Vec<Self>> {
        let mut known = Vec::new();
        for gateway in Gateway::list(site).await? {
            let name = gateway.instance().await?.text("Name").unwrap_or_default().to_owned();
            known.push(KnownGateway { service_name: gateway.service_name().to_owned(), name });
        }
        Ok(known)
    }

    fn is_called(&self, text: &str) -> bool {
        !text.is_empty()
            && (self.service_name.eq_ignore_ascii_case(text) || self.name.eq_ignore_ascii_case(text))
    }
}

/// Where an item names its gateway.
pub(super) struct Link {
    pub(super) property: &'static str,
    /// What stands there; None where the property is not there.
    pub(super) stored: Option<PropertyValue>,
    /// The gateway that it is, where the site has it.
    pub(super) service_name: Option<String>,
}

impl Link {
    pub(super) fn of(item: &Instance, gateways: &[KnownGateway]) -> Result<Self> {
        let mut first = None;
        for property in KNOWN {
            for (place, wrap) in [
                ("Value2", PropertyValue::Value2 as fn(String) -> PropertyValue),
                ("Value1", PropertyValue::Value1),
            ] {
                let Some(stored) = text(item, property, place)? else { continue };
                if stored.is_empty() {
                    continue;
                }
                let known = gateways.iter().find(|gateway| gateway.is_called(&stored));
                let service_name = known.map(|gateway| gateway.service_name.clone());
                let link = Link { property, stored: Some(wrap(stored)), service_name };
                if link.service_name.is_some() {
                    return Ok(link);
                }
                first.get_or_insert(link);
            }
        }
        let stored = text(item, GATEWAY, "Value2")?.map(PropertyValue::Value2);
        Ok(first.unwrap_or(Link { property: GATEWAY, stored, service_name: None }))
    }

    /// What it names: the gateway in the site's spelling, or a name that the site has no gateway for.
    pub(super) fn named(&self) -> Option<String> {
        let stored = || match self.stored.as_ref()? {
            PropertyValue::Value1(text) | PropertyValue::Value2(text) if !text.is_empty() => {
                Some(text.clone())
            }
            _ => None,
        };
        self.service_name.clone().or_else(stored)
    }

    /// The same place with another gateway.
    pub(super) fn wanted(&self, service_name: &str) -> PropertyValue {
        match self.stored {
            Some(PropertyValue::Value1(_)) => PropertyValue::Value1(service_name.to_owned()),
            _ => PropertyValue::Value2(service_name.to_owned()),
        }
    }

    /// The property of a new connection point.
    pub(super) fn of_new(service_name: &str) -> (&'static str, PropertyValue) {
        (GATEWAY, PropertyValue::Value2(service_name.to_owned()))
    }
}
