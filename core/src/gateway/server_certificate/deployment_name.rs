//! What the gateway is called in Azure.

use std::fmt;

use super::service_name::ServiceName;
use crate::error::{Error, ErrorKind, Result};

const OPERATION: &str = "make deployment name";
const CLASSIC: &str = "cloudapp.net";
const SCALE_SET: &str = "cloudapp.azure.com";
const GOVERNMENT: &str = "usgovcloudapp.net";

/// Which Azure the gateway runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AzureCloud {
    /// The public cloud.
    #[default]
    Public,
    /// The cloud of the US government.
    Government,
}

impl AzureCloud {
    /// Every cloud.
    pub const ALL: [AzureCloud; 2] = [AzureCloud::Public, AzureCloud::Government];

    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            AzureCloud::Public => "public",
            AzureCloud::Government => "government",
        }
    }

    /// The cloud whose domain a name lies in.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let below = |domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        if below(GOVERNMENT) {
            Some(AzureCloud::Government)
        } else if below(CLASSIC) || below(SCALE_SET) {
            Some(AzureCloud::Public)
        } else {
            None
        }
    }
}

/// How the gateway is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DeploymentModel {
    /// A cloud service (classic): what versions 1610 to 2107 made; Azure has switched it off.
    Classic,
    /// A virtual machine scale set: what is made today.
    #[default]
    ScaleSet,
}

impl DeploymentModel {
    /// Every model.
    pub const ALL: [DeploymentModel; 2] = [DeploymentModel::Classic, DeploymentModel::ScaleSet];

    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            DeploymentModel::Classic => "classic",
            DeploymentModel::ScaleSet => "scale_set",
        }
    }
}

/// The deployment name of a gateway: its name in a domain of Azure, where the service name's CNAME leads.
///
/// | cloud | classic | scale set |
/// | --- | --- | --- |
/// | public | `<prefix>.cloudapp.net` | `<prefix>.<region>.cloudapp.azure.com` |
/// | government | `<prefix>.usgovcloudapp.net` | `<prefix>.usgovcloudapp.net` |
///
/// The table of endpoints gives the government's scale sets no region, though Azure's own names there have one; whether a real
/// one has it could not be found out. Names are in lower case, as Azure makes them.
///
/// ```
/// use cmgateway::gateway::server_certificate::{AzureCloud, DeploymentModel, DeploymentName, ServiceName};
/// let service = ServiceName::parse("GraniteFalls.contoso.com")?;
/// let name = DeploymentName::new(&service, AzureCloud::Public, DeploymentModel::ScaleSet, Some("West US"))?;
/// assert_eq!(name.as_str(), "granitefalls.westus.cloudapp.azure.com");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeploymentName {
    text: String,
    cloud: AzureCloud,
}

impl DeploymentName {
    /// The deployment name of a service name in a cloud; the region is written as Azure shows it or names it.
    ///
    /// # Errors
    /// `config` where a public scale set has no region, another one has one, or the region is none.
    pub fn new(
        service: &ServiceName,
        cloud: AzureCloud,
        model: DeploymentModel,
        region: Option<&str>,
    ) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Config, OPERATION, cause);
        let prefix = service.prefix().to_ascii_lowercase();
        let region = region.map(|text| {
            let name: String = text.chars().filter(|c| *c != ' ').collect();
            let name = name.to_ascii_lowercase();
            match !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                true => Ok(name),
                false => Err(refuse(format!("{text:?} is no region such as westus"))),
            }
        });
        let text = match (cloud, model, region.transpose()?) {
            (AzureCloud::Public, DeploymentModel::ScaleSet, Some(region)) => {
                format!("{prefix}.{region}.{SCALE_SET}")
            }
            (AzureCloud::Public, DeploymentModel::ScaleSet, None) => {
                return Err(refuse("the name of a scale set in the public cloud has its region".into()));
            }
            (AzureCloud::Public, DeploymentModel::Classic, None) => format!("{prefix}.{CLASSIC}"),
            (AzureCloud::Government, _, None) => format!("{prefix}.{GOVERNMENT}"),
            (_, _, Some(region)) => {
                return Err(refuse(format!("names of this kind have no region, and {region} was given")));
            }
        };
        Ok(DeploymentName { text, cloud })
    }

    /// Reads a deployment name, such as the target of a CNAME.
    ///
    /// # Errors
    /// `config` where it is not in a domain of Azure that gateways have, or of another form.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse =
            |cause: &str| Error::new(ErrorKind::Config, "read deployment name", format!("{text:?} {cause}"));
        let name = ServiceName::parse(text.trim_end_matches('.'))
            .map_err(|_| refuse("is not a host name"))?
            .as_str()
            .to_ascii_lowercase();
        let cloud = AzureCloud::of_name(&name).ok_or_else(|| refuse("is not in a domain of Azure"))?;
        let labels = if name.ends_with(SCALE_SET) { 5 } else { 3 };
        if name.split('.').count() != labels {
            let form = if labels == 5 { "<prefix>.<region>.cloudapp.azure.com" } else { "<prefix>.<domain>" };
            return Err(refuse(&format!("is not of the form {form}")));
        }
        Ok(DeploymentName { text: name, cloud })
    }

    /// The name as text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first label.
    pub fn prefix(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// The region, where the name has one.
    pub fn region(&self) -> Option<&str> {
        self.text.strip_suffix(SCALE_SET)?.trim_end_matches('.').split('.').nth(1)
    }

    /// The cloud in whose domain it is.
    pub fn cloud(&self) -> AzureCloud {
        self.cloud
    }

    /// How it is deployed; `None` in the government cloud, where both have the same names.
    pub fn model(&self) -> Option<DeploymentModel> {
        match self.cloud {
            AzureCloud::Government => None,
            AzureCloud::Public if self.text.ends_with(SCALE_SET) => Some(DeploymentModel::ScaleSet),
            AzureCloud::Public => Some(DeploymentModel::Classic),
        }
    }
}

impl fmt::Display for DeploymentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
