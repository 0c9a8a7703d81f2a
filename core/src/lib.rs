//! skeleton
pub mod cert;
mod error;
pub mod limits;
pub mod net;
pub mod site;
mod secret;
pub mod wmi;

pub use error::{Error, ErrorKind, Fault, Result, Retry};
pub use secret::Secret;
