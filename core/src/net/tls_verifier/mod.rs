//! The validator of `cert` as rustls asks for it: one trust decision for every TLS connection of the library.
//!
//! `client_verifier` checks clients, `server_verifier` servers. Both stand on `trust`, which can be replaced while
//! connections live, remembers in `verdicts` which chains it has accepted, and reports a `peer_refusal` to its owner.
//! `handshake_signature` checks what the peer signs during the handshake.

mod client_verifier;
mod handshake_signature;
mod peer_refusal;
mod server_verifier;
mod trust;
mod verdicts;

pub use client_verifier::{ClientCertificates, ClientVerifier};
pub use peer_refusal::PeerRefusal;
pub use server_verifier::ServerVerifier;
pub use trust::PeerVerifierOptions;
