//! Instances and connection points as services: started from a file, fed from the site, reloaded while they run.
//!
//! `proxy` knows no site and `site` knows no proxy; here they meet.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `instance_file`, `connection_point_file`, `monitor_file` | the settings, each error with its line |
//! | `instance_service`, `connection_point_service` | what runs, and what it follows: `site_watch`, `key_set` |
//! | `health` | all that is known of a gateway at a moment; pure |
//! | `health_watch` | looks again and again: writes, stops, tells |
//! | `dashboard` | the same as a page |

mod connection_point_file;
mod connection_point_service;
mod dashboard;
mod file;
mod health;
mod health_watch;
mod instance_file;
mod instance_service;
mod key_set;
mod monitor_file;
mod site_watch;

pub use connection_point_file::read_connection_point_file;
pub use connection_point_service::ConnectionPointService;
pub use health::{DayOfTraffic, GatewayHealth};
pub use instance_file::read_instance_file;
pub use instance_service::InstanceService;
