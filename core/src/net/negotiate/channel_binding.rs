//! The channel binding `tls-server-end-point` (RFC 5929, section 4): the hash of the server's certificate.
//!
//! It ties the authentication to this TLS connection; a server with extended protection refuses clients without it.

use aws_lc_rs::digest;

use crate::cert::Certificate;

/// A `SEC_CHANNEL_BINDINGS` structure with the binding of a server's certificate, DER.
///
/// The hash is that of the certificate's signature, SHA-256 in place of MD5 and SHA-1 and where a signature has none
/// of its own; RFC 5929 leaves those undefined, and Windows does so.
pub(in crate::net) fn tls_server_end_point(certificate: &[u8]) -> Vec<u8> {
    let signature = Certificate::from_der(certificate)
        .map(|certificate| certificate.signature_algorithm().to_ascii_lowercase())
        .unwrap_or_default();
    let algorithm = match signature.as_str() {
        name if name.contains("sha384") || name.contains("sha-384") => &digest::SHA384,
        name if name.contains("sha512") || name.contains("sha-512") => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(algorithm, certificate);
    let data = [b"tls-server-end-point:", hash.as_ref()].concat();
    // Three address types and their lengths and offsets are zero; the last pair is that of the data.
    let mut structure = vec![0; 24];
    structure.extend_from_slice(&(data.len() as u32).to_le_bytes());
    structure.extend_from_slice(&32_u32.to_le_bytes());
    structure.extend_from_slice(&data);
    structure
}
