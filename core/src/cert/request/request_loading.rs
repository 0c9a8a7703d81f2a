//! Requests from files of any usual form.

use std::path::Path;

use super::CertificateRequest;
use crate::cert::der::{self, Reader};
use crate::cert::load::{plain_text, read_at_most};
use crate::cert::pem;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::REQUEST_FILE_BYTES_MAX;

const OPERATION: &str = "load certificate request";

/// Reads the one certificate request of a file: PKCS #10 as DER, PEM or base64 alone.
///
/// A caller need not know how it was made: `openssl req`, `certreq -new` and the MMC are all read, text in UTF-16 too.
/// Whether the requester has the key is checked by [`CertificateRequest::verify_signature`].
///
/// # Errors
/// `certificate` where there is no request or more than one, it is broken (the text says which part), it is a CMC message,
/// or there are more bytes than [`REQUEST_FILE_BYTES_MAX`].
///
/// ```
/// use cmgateway::cert::load_csr;
/// let error = load_csr(b"hello").unwrap_err();
/// assert_eq!(error.to_string(), "could not load certificate request: it is neither DER nor PEM");
/// ```
pub fn load_csr(source: &[u8]) -> Result<CertificateRequest> {
    if source.len() > REQUEST_FILE_BYTES_MAX {
        return Err(refuse(format!("it has more than {REQUEST_FILE_BYTES_MAX} bytes")));
    }
    if let [0x30, 0x80..=0xff, ..] = source {
        return from_der(source);
    }
    let text = plain_text(source).map_err(|error| refuse(error.cause()))?;
    if pem::is_armoured(&text) {
        return from_pem(&text);
    }
    match pem::decode_bare(&text) {
        Some(Ok(der)) => from_der(&der),
        Some(Err(cause)) => Err(refuse(cause)),
        None => Err(refuse("it is neither DER nor PEM")),
    }
}

/// Reads the one certificate request of a file, as [`load_csr`] does.
///
/// # Errors
/// `not_found` where there is no such file, `auth` where it may not be read, `unavailable` where the disk fails, and
/// `certificate` as [`load_csr`] says; the text names the file.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_csr_file};
/// let error = load_csr_file("no-such-file.req").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn load_csr_file(path: impl AsRef<Path>) -> Result<CertificateRequest> {
    let path = path.as_ref();
    read_at_most(path, REQUEST_FILE_BYTES_MAX)
        .and_then(|bytes| load_csr(&bytes))
        .map_err(|error| error.during(format!("{OPERATION} from {}", path.display())))
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Certificate, OPERATION, cause)
}

fn from_pem(text: &[u8]) -> Result<CertificateRequest> {
    // Windows writes NEW in front.
    let wanted = |label: &[u8]| matches!(label, b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST");
    let mut found = pem::blocks(text, wanted).into_iter();
    let block = found.next().ok_or_else(|| refuse("it holds PEM, but no certificate request"))?;
    if found.next().is_some() {
        return Err(refuse("it holds more than one certificate request"));
    }
    from_der(&block.bytes.map_err(|cause| refuse(format!("line {}: {cause}", block.line)))?)
}

fn from_der(der: &[u8]) -> Result<CertificateRequest> {
    CertificateRequest::from_der(der).map_err(|error| other_format(der).map_or(error, refuse))
}

/// Names the neighbours that people take for a request.
fn other_format(der: &[u8]) -> Option<&'static str> {
    let mut outer = Reader::new(der).enter(der::SEQUENCE).ok()?;
    match outer.peek()? {
        der::OBJECT_IDENTIFIER => Some(
            "it is a CMC or PKCS #7 request; with RequestType = PKCS10 in its INF, certreq writes one that is read here",
        ),
        der::INTEGER => Some("it is a private key or a PFX file, not a certificate request"),
        _ => {
            let mut body = outer.enter(der::SEQUENCE).ok()?;
            let is_certificate = body.peek()? == 0xa0
                || body.expect(der::INTEGER).is_ok()
                    && body.expect(der::SEQUENCE).is_ok()
                    && body.expect(der::SEQUENCE).is_ok()
                    && body.peek() == Some(der::SEQUENCE);
            is_certificate.then_some("it is a certificate, not a request for one")
        }
    }
}
