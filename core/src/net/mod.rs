//! The doors to the outside: TLS settings, who is trusted in them, the HTTP clients, who they are let in as, DNS, the
//! download of issuers' certificates, clock and timer.
//!
//! Only `tls`, `gateway_tls` and `tls_probe` build TLS settings, so that no part of the library can weaken them unseen.

pub(crate) mod authenticated_http;
mod clock;
mod connect_proxy;
mod connection;
mod credentials;
mod dns;
pub(crate) mod download;
pub(crate) mod gateway_tls;
pub(crate) mod http;
mod http_error;
mod issuer_download;
mod negotiate;
pub(crate) mod short_copies;
pub(crate) mod smtp;
mod store_key;
mod timer;
mod tls;
pub(crate) mod tls_probe;
pub(crate) mod tls_stream;
mod tls_verifier;
pub(crate) mod weak_tls;

pub use clock::{Clock, SystemClock};
pub(crate) use connect_proxy::ConnectProxy;
pub use credentials::{AuthMethod, Credentials};
pub(crate) use dns::{CnameAnswer, DnsClient};
pub use issuer_download::{FetchedChain, IssuerDownload, fetch_issuers};
pub(crate) use negotiate::offered;
pub use timer::{ManualTimer, Sleep, SystemTimer, Timer};
pub(crate) use tls::{ClientIdentity, client_config, root_certificates, server_config, system_trusts};
pub use tls::{PemSource, TrustedRoots};
pub use tls_verifier::{
    ClientCertificates, ClientVerifier, PeerRefusal, PeerVerifierOptions, ServerVerifier,
};
