//! The clouds of Azure, and how to reach them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::retry::RetryPolicy;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::REQUEST_TIMEOUT;
use crate::net::{SystemTimer, Timer, TrustedRoots};

/// One of Azure's clouds, by the names of the parameter `EnvironmentSetting`.
///
/// ```
/// use cmgateway::azure::AzureEnvironment;
/// let cloud: AzureEnvironment = "AzureUSGovernmentCloud".parse()?;
/// assert_eq!(cloud.classic_suffix(), "usgovcloudapp.net");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AzureEnvironment {
    /// The public cloud.
    #[default]
    PublicCloud,
    /// The cloud of the government of the United States.
    UsGovernmentCloud,
}

impl AzureEnvironment {
    /// The name that Configuration Manager uses.
    pub fn as_str(self) -> &'static str {
        match self {
            AzureEnvironment::PublicCloud => "AzurePublicCloud",
            AzureEnvironment::UsGovernmentCloud => "AzureUSGovernmentCloud",
        }
    }

    /// The end of a classic deployment's name.
    pub fn classic_suffix(self) -> &'static str {
        self.pick("cloudapp.net", "usgovcloudapp.net")
    }

    /// The end of a public address's name; the region stands before it.
    pub fn regional_suffix(self) -> &'static str {
        self.pick("cloudapp.azure.com", "cloudapp.usgovcloudapi.net")
    }

    /// The end of a storage service's name; `blob.` stands before it.
    pub fn storage_suffix(self) -> &'static str {
        self.pick("core.windows.net", "core.usgovcloudapi.net")
    }

    /// The end of a vault's name.
    pub fn key_vault_suffix(self) -> &'static str {
        self.pick("vault.azure.net", "vault.usgovcloudapi.net")
    }

    /// The address of the classic Service Management API.
    pub fn service_management_url(self) -> &'static str {
        self.pick("https://management.core.windows.net", "https://management.core.usgovcloudapi.net")
    }

    /// The address of the Resource Manager.
    pub fn resource_manager_url(self) -> &'static str {
        self.pick("https://management.azure.com", "https://management.usgovcloudapi.net")
    }

    /// The address of Entra, which gives tokens.
    pub fn authority_url(self) -> &'static str {
        self.pick("https://login.microsoftonline.com", "https://login.microsoftonline.us")
    }

    fn pick(self, public: &'static str, government: &'static str) -> &'static str {
        match self {
            AzureEnvironment::PublicCloud => public,
            AzureEnvironment::UsGovernmentCloud => government,
        }
    }
}

impl FromStr for AzureEnvironment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = [AzureEnvironment::PublicCloud, AzureEnvironment::UsGovernmentCloud];
        known.into_iter().find(|cloud| cloud.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let cause = format!("{text:?} is not AzurePublicCloud or AzureUSGovernmentCloud");
            Error::new(ErrorKind::Config, "choose the Azure environment", cause)
        })
    }
}

impl fmt::Display for AzureEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the management services are reached: which cloud, or other addresses; whom to trust; how long to wait.
///
/// Another address must be `https:`, or `http:` on this machine. Poll addresses that a service gives are looked for at the
/// same other address; a token is never sent anywhere else.
///
/// ```
/// use cmgateway::azure::{AzureEnvironment, AzureOptions};
/// use cmgateway::net::TrustedRoots;
/// let mut options = AzureOptions::new(AzureEnvironment::PublicCloud);
/// options.resource_manager_url = Some("https://localhost:8443".into());
/// options.trusted_roots = TrustedRoots::File("test-root.pem".into());
/// ```
#[derive(Clone, Debug)]
pub struct AzureOptions {
    /// The cloud.
    pub environment: AzureEnvironment,
    /// In place of the cloud's Service Management API.
    pub service_management_url: Option<String>,
    /// In place of the cloud's Resource Manager.
    pub resource_manager_url: Option<String>,
    /// In place of the cloud's Entra.
    pub authority_url: Option<String>,
    /// In place of `https://<vault>.<suffix>`; `{vault}` in it becomes the vault's name.
    pub key_vault_url: Option<String>,
    /// In place of the metadata service of virtual machines, `http://169.254.169.254`.
    pub metadata_url: Option<String>,
    /// Which issuers the certificates of all of them may chain to.
    pub trusted_roots: TrustedRoots,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// How often and how long a refused request is tried again, and how operations are polled.
    pub retry: RetryPolicy,
    /// What tells the time and waits.
    pub timer: Arc<dyn Timer>,
}

impl AzureOptions {
    /// The usual addresses of a cloud, the system's roots, the system's timer.
    pub fn new(environment: AzureEnvironment) -> Self {
        AzureOptions {
            environment,
            service_management_url: None,
            resource_manager_url: None,
            authority_url: None,
            key_vault_url: None,
            metadata_url: None,
            trusted_roots: TrustedRoots::System,
            timeout: REQUEST_TIMEOUT,
            retry: RetryPolicy::default(),
            timer: Arc::new(SystemTimer::new()),
        }
    }
}

impl Default for AzureOptions {
    fn default() -> Self {
        AzureOptions::new(AzureEnvironment::PublicCloud)
    }
}
