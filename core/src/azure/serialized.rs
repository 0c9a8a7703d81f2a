//! How certificates and thumbprints look in JSON: PEM text or base64, and hex digits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serializer;

use crate::cert::{Certificate, Thumbprint};

pub(in crate::azure) fn pem<S: Serializer>(
    certificate: &Option<Certificate>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match certificate {
        Some(certificate) => to.serialize_str(&certificate.to_pem()),
        None => to.serialize_none(),
    }
}

pub(in crate::azure) fn hex<S: Serializer>(
    thumbprint: &Option<Thumbprint>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match thumbprint {
        Some(thumbprint) => to.collect_str(thumbprint),
        None => to.serialize_none(),
    }
}

pub(in crate::azure) fn base64<S: Serializer>(der: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(der))
}
