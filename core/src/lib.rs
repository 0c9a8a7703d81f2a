//! skeleton
pub mod cert;
mod error;
pub mod limits;
pub mod net;
mod secret;
pub mod site;
pub mod wmi;

pub use error::{Error, ErrorKind, Fault, Result, Retry};
pub use secret::Secret;
