//! The gateway's own rules about its server certificate and its names, on paper: nothing here asks the network.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `service_name` | [`ServiceName`]: what clients call, from the certificate |
//! | `deployment_name` | [`DeploymentName`]: what the gateway is called in Azure |
//! | `name_rule` | what a name may look like, with the contradictions of Microsoft's pages |
//! | `finding` | [`Finding`]: one thing that is wrong or doubtful |
//! | `check` | [`check_server_certificate`], [`check_server_pfx`]: every finding at once |
//! | `renewal` | [`check_renewal`]: whether a new certificate may take the place of the old one |

mod check;
mod deployment_name;
mod finding;
mod name_rule;
mod renewal;
mod service_name;

pub use check::{
    ServerCertificateOptions, ServerCertificateReport, check_server_certificate, check_server_pfx,
};
pub use deployment_name::{AzureCloud, DeploymentModel, DeploymentName};
pub use finding::{Finding, Severity};
pub use name_rule::check_name_prefix;
pub use renewal::check_renewal;
pub use service_name::ServiceName;
