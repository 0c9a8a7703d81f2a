//! The doors to the outside: TLS settings, who is trusted in them, the HTTP clients, who they are let in as, the clock.
//!
//! Only `tls` builds TLS settings, so that no part of the library can weaken them unseen.

pub(crate) mod authenticated_http;
mod clock;
mod connection;
mod credentials;
pub(crate) mod gateway_tls;
pub(crate) mod http;
mod http_error;
mod negotiate;
mod tls;
mod tls_verifier;

pub use clock::{Clock, SystemClock};
pub use credentials::{AuthMethod, Credentials};
pub(crate) use negotiate::offered;
pub(crate) use tls::{ClientIdentity, client_config, server_config};
pub use tls::{PemSource, TrustedRoots};
pub use tls_verifier::{
    ClientCertificates, ClientVerifier, PeerRefusal, PeerVerifierOptions, ServerVerifier,
};
