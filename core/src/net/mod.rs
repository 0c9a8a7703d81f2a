//! The doors to the outside: TLS settings and the HTTP client.
//!
//! Only `tls` builds TLS settings, so that no part of the library can weaken them unseen.

pub(crate) mod http;
mod http_error;
mod tls;

pub(crate) use tls::server_config;
pub use tls::{PemSource, TrustedRoots};
