//! SPNEGO (RFC 4178) as HTTP uses it (RFC 4559): Kerberos and NTLM, by the `sspi` crate, in pure Rust.
//!
//! The crate's own network client does not build without a second TLS stack; [`kdc`] is ours, over TCP.
//! It cannot use the ticket cache of `kinit`: users come with a password or a keytab.

mod ap_options;
mod channel_binding;
mod context;
mod header;
mod kdc;
mod keytab;
mod sealed_body;

pub(super) use channel_binding::tls_server_end_point;
pub(super) use context::{ContextOptions, SecurityContext};
pub(crate) use header::offered;
pub(super) use header::{Challenge, challenge};
pub(super) use sealed_body::{SEALED_CONTENT_TYPE, is_sealed, sealed, unsealed};
