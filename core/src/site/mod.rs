//! A site, reached through one of several transports. (skeleton)

pub(crate) mod adminservice;
pub(crate) mod odata;
mod transport;

pub use transport::{PutMode, Rows};
