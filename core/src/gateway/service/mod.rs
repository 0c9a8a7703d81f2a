//! Instances and connection points as services: started from a file, fed from the site, reloaded while they run.
//!
//! `proxy` knows no site and `site` knows no proxy; here they meet.

mod connection_point_file;
mod connection_point_service;
mod file;
mod instance_file;
mod instance_service;
mod key_set;
mod site_watch;

pub use connection_point_file::read_connection_point_file;
pub use connection_point_service::ConnectionPointService;
pub use instance_file::read_instance_file;
pub use instance_service::InstanceService;
