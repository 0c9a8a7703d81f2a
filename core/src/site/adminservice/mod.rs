//! The AdminService of a site server, reached over HTTPS: the client.
//!
//! What Microsoft documents of it is reading and POST over the WMI route. Not documented, and so not certain before
//! it has met a live site server: PATCH and PUT on the WMI route, the shape of the answer to `Class(key)`, composite
//! keys, `contains()` and `$orderby`. The client takes every shape that public clients have seen.

mod address;
mod answer;
mod client;
mod method;
mod read;
mod schema;
mod write;

pub(crate) use client::{AdminService, AdminServiceOptions};
