//! The doors to the outside: TLS settings and the HTTP client.
//!
//! Only `tls` builds TLS settings, so that no part of the library can weaken them unseen.

pub(crate) mod http;
mod http_error;
mod tls;

pub use tls::{PemSource, TrustedRoots};
pub(crate) use tls::{client_config, server_config};
