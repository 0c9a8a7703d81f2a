//! Creating a gateway in a cloud: spec → plan → apply → read back, and its life afterwards.
//!
//! A plan is a list of resources, each compared with what is there (`plan`, pure). Applying it goes through the list, reads
//! each resource again before and after, and writes down in the site where it is, so that it can be taken up after a crash.

mod apply;
mod classic;
mod cloud;
mod cloud_init;
mod comparison;
mod instance_settings;
mod journal;
mod lifecycle;
mod local;
mod plan;
mod resource;
mod resource_manager_cloud;
mod row;
mod scale_set;
mod site_cloud;
mod steps;
mod waiting;
mod wanted;

pub use apply::{Go, Progress};
pub use classic::{ClassicCloud, ClassicPackage};
pub use cloud::{Cloud, CloudFuture, CloudInstance, ProgressFn};
pub use local::{LocalCloud, LocalCloudOptions, LocalPorts, supervise, supervise_detached};
pub use plan::{GatewayPlan, GatewayStep, GatewayStepAction};
pub use resource_manager_cloud::ResourceManagerCloud;
pub use site_cloud::{SiteCloud, SiteCloudOptions};
