//! WS-Management, which Windows calls WinRM: a site's namespace over SOAP (DMTF DSP0226 and DSP0227, MS-WSMV).
//!
//! Over `http` (port 5985) bodies are sealed by Kerberos or NTLM, over `https` (port 5986) TLS does it. What only a live
//! site server could tell was not tried: whether `transfer/Create` takes `SMS_` classes, in which form rows of several
//! classes come, and whether class definitions are told for them.

mod address;
mod cim_xml;
mod client;
mod datetime;
mod endpoint_reference;
mod envelope;
mod fault;
mod names;
mod operation;
mod read_value;
mod rows;
mod schema;
mod write_value;
mod xml;

pub(super) use address::Endpoint;
pub(crate) use client::{WinRm, WinRmOptions};
