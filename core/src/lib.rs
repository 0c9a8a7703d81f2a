//! The Configuration Manager cloud management gateway (CMG) as a library.
//!
//! A script that administers Configuration Manager talks to a *site* ([`site::Site`]): a copy kept in one SQLite
//! file, or a real one through the AdminService. It reads and writes WMI objects ([`wmi`]), or uses the verbs of
//! the trade, such as [`gateway::Gateway::sub_ca`]. [`cert`] reads the certificates this is about. [`proxy`] is the gateway
//! that clients and management points meet at.
//!
//! Layers, lowest first; a module uses only what stands before it: [`Error`], [`Secret`], [`limits`],
//! [`background`] → [`cert`], [`wmi`] → [`net`] → [`site`], [`azure`], [`proxy`] → [`gateway`] → [`blocking`], which both bindings
//! call.

pub mod azure;
pub mod background;
pub mod blocking;
pub mod cert;
mod error;
pub mod gateway;
mod guid;
pub mod guide;
pub mod limits;
pub mod net;
pub mod proxy;
mod secret;
pub mod site;
mod text_file;
pub mod wmi;

pub use error::{Error, ErrorKind, Fault, Result, Retry};
pub use secret::{Secret, SecretBytes};
