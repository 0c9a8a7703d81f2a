//! Certificates in PKCS #7 (.p7b): a SignedData without content and signatures.

use std::path::Path;

use super::ber;
use super::refusal::{Refusal, part};
use crate::cert::der::{self, Reader};
use crate::cert::der_writing;
use crate::cert::load::{plain_text, read_limited};
use crate::cert::{Certificate, pem};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CERTIFICATE_FILE_BYTES_MAX, CERTIFICATES_PER_FILE_MAX};

const OPERATION: &str = "load P7B";
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
pub(super) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];

/// Reads every certificate of a PKCS #7 message (RFC 2315, RFC 5652), in the order of the file.
///
/// DER, BER, PEM and base64 alone are taken; the PEM label may be `PKCS7`, `CMS`, `PKCS #7 SIGNED DATA` and, as in
/// `certnew.p7b` of AD CS, `CERTIFICATE`. The certificates are a set that nobody has signed: signatures in the message are
/// not checked, and what is there may be out of order. CRLs and old kinds of certificates are skipped.
///
/// # Errors
/// `certificate` where it is no such message (context `reason`: `damaged`), holds no certificate, or one that cannot be
/// read, or is larger than [`CERTIFICATE_FILE_BYTES_MAX`] or [`CERTIFICATES_PER_FILE_MAX`] allow (`over_limit`).
///
/// ```
/// use cmgateway::cert::load_p7b;
/// let error = load_p7b(b"").unwrap_err();
/// assert_eq!(error.to_string(), "could not load P7B: it is empty");
/// ```
pub fn load_p7b(source: &[u8]) -> Result<Vec<Certificate>> {
    read(source).map_err(|refusal| refusal.into_error(OPERATION))
}

/// Reads every certificate of a PKCS #7 file, as [`load_p7b`] does.
///
/// # Errors
/// `not_found` where there is no such file, `auth` where it may not be read, `unavailable` where the disk fails, and
/// `certificate` as [`load_p7b`] says; the text names the file.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_p7b_file};
/// let error = load_p7b_file("no-such-file.p7b").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn load_p7b_file(path: impl AsRef<Path>) -> Result<Vec<Certificate>> {
    let path = path.as_ref();
    read_limited(path)
        .and_then(|bytes| load_p7b(&bytes))
        .map_err(|error| error.during(format!("{OPERATION} from {}", path.display())))
}

/// Writes certificates as PKCS #7 (.p7b), DER, in the order given.
///
/// A set in DER is sorted (X.690, 11.6), but readers show the order of the file, and so does every program that writes one.
///
/// # Errors
/// `config` where there is no certificate or more than [`CERTIFICATES_PER_FILE_MAX`].
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions, load_p7b, write_p7b};
/// use time::macros::datetime;
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC)))?;
/// assert_eq!(load_p7b(&write_p7b(pki.server().chain())?)?, pki.server().chain());
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn write_p7b(certificates: &[Certificate]) -> Result<Vec<u8>> {
    use der_writing::{element, integer, oid, sequence};
    if !(1..=CERTIFICATES_PER_FILE_MAX).contains(&certificates.len()) {
        let cause = format!(
            "there must be 1 to {CERTIFICATES_PER_FILE_MAX} certificates, not {}",
            certificates.len()
        );
        return Err(Error::new(ErrorKind::Config, "write P7B", cause));
    }
    let all: Vec<&[u8]> = certificates.iter().map(Certificate::der).collect();
    let none = element(der::SET, &[]);
    let content = sequence(&[&oid(DATA)]);
    let signed = sequence(&[&integer(1), &none, &content, &element(0xa0, &all), &none]);
    Ok(sequence(&[&oid(SIGNED_DATA), &element(0xa0, &[&signed])]))
}

/// Writes certificates as [`write_p7b`] does, in PEM with the label `PKCS7`.
///
/// # Errors
/// As [`write_p7b`].
///
/// ```
/// assert!(cmgateway::cert::write_p7b_pem(&[]).is_err());
/// ```
pub fn write_p7b_pem(certificates: &[Certificate]) -> Result<String> {
    write_p7b(certificates).map(|der| pem::encode("PKCS7", &der))
}

fn is_message(label: &[u8]) -> bool {
    matches!(label, b"PKCS7" | b"CMS" | b"PKCS #7 SIGNED DATA" | b"CERTIFICATE")
}

fn read(source: &[u8]) -> Result<Vec<Certificate>, Refusal> {
    if source.len() > CERTIFICATE_FILE_BYTES_MAX {
        return Err(Refusal::TooMuch(format!("it has more than {CERTIFICATE_FILE_BYTES_MAX} bytes")));
    }
    if source.first() == Some(&der::SEQUENCE) && source.get(1).is_some_and(|length| *length >= 0x80) {
        return from_message(source);
    }
    let text = plain_text(source).map_err(|error| Refusal::damaged(error.cause()))?;
    if text.trim_ascii().is_empty() {
        return Err(Refusal::damaged("it is empty"));
    }
    if !pem::is_armoured(&text) {
        return match pem::decode_bare(&text) {
            Some(Ok(der)) => from_message(&der),
            Some(Err(cause)) => Err(Refusal::damaged(cause)),
            None => Err(Refusal::damaged("it is neither DER nor PEM")),
        };
    }
    let mut blocks = pem::blocks(&text, is_message).into_iter();
    let block = blocks.next().ok_or_else(|| Refusal::damaged("it holds PEM, but no PKCS #7 message"))?;
    if blocks.next().is_some() {
        return Err(Refusal::damaged("it holds more than one PEM block"));
    }
    let bytes = block.bytes.map_err(|cause| Refusal::damaged(format!("line {}: {cause}", block.line)))?;
    from_message(&bytes)
}

fn from_message(bytes: &[u8]) -> Result<Vec<Certificate>, Refusal> {
    let message = ber::to_der(bytes)?;
    let mut outer = Reader::new(der::only(&message, der::SEQUENCE).map_err(part("outermost part"))?);
    if matches!(outer.peek(), Some(der::SEQUENCE)) {
        return Err(Refusal::damaged("it is a certificate, not a PKCS #7 message"));
    }
    let kind = outer.expect(der::OBJECT_IDENTIFIER).map_err(part("content type"))?.content;
    if kind != SIGNED_DATA {
        return Err(Refusal::unknown("content type", kind));
    }
    let content = outer.expect(0xa0).map_err(part("content"))?.content;
    outer.end().map_err(part("content"))?;
    let wrong = part("signed data");
    let mut signed = Reader::new(der::only(content, der::SEQUENCE).map_err(&wrong)?);
    signed.expect(der::INTEGER).map_err(&wrong)?;
    signed.expect(der::SET).map_err(&wrong)?;
    signed.expect(der::SEQUENCE).map_err(&wrong)?;
    let certificates = signed.optional(0xa0).map_err(&wrong)?;
    signed.optional(0xa1).map_err(&wrong)?;
    signed.expect(der::SET).map_err(&wrong)?;
    signed.end().map_err(&wrong)?;

    let (mut out, mut list) = (Vec::new(), Reader::new(certificates.map_or(&[], |list| list.content)));
    while !list.is_empty() {
        let element = list.any().map_err(part("list of certificates"))?;
        // RFC 5652, 10.2.2: others are attribute certificates and forms that nobody uses.
        if element.tag != der::SEQUENCE {
            continue;
        }
        if out.len() >= CERTIFICATES_PER_FILE_MAX {
            return Err(Refusal::TooMuch(format!(
                "it has more than {CERTIFICATES_PER_FILE_MAX} certificates"
            )));
        }
        let number = out.len().saturating_add(1);
        let certificate = Certificate::from_der(element.whole)
            .map_err(|error| Refusal::damaged(format!("certificate {number}: {}", error.cause())))?;
        out.push(certificate);
    }
    if out.is_empty() {
        return Err(Refusal::damaged("it holds no certificate"));
    }
    Ok(out)
}
