//! The doors to the outside: TLS settings, who is trusted in them, the HTTP client, the clock.
//!
//! Only `tls` builds TLS settings, so that no part of the library can weaken them unseen.

mod clock;
pub(crate) mod http;
mod http_error;
mod tls;
mod tls_verifier;

pub use clock::{Clock, SystemClock};
pub(crate) use tls::server_config;
pub use tls::{PemSource, TrustedRoots};
pub use tls_verifier::{
    ClientCertificates, ClientVerifier, PeerRefusal, PeerVerifierOptions, ServerVerifier,
};
