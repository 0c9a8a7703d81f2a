//! The part of OData v4 that an AdminService speaks, as pure text: no sockets, no clock.
//!
//! The client and the server of this library share it, so that what one writes the other reads.

pub(crate) mod datetime_text;
pub(crate) mod edm_type;
pub(crate) mod filter;
pub(crate) mod filter_text;
mod filter_token;
pub(crate) mod json;
pub(crate) mod key;
pub(crate) mod metadata;
pub(crate) mod percent;
pub(crate) mod query;
