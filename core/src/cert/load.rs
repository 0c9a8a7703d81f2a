//! Certificates from files of any usual form.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::der::Reader;
use super::{Certificate, StorePath, pem};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CERTIFICATE_FILE_BYTES_MAX, CERTIFICATES_PER_FILE_MAX};

const OPERATION: &str = "load certificates";

/// Reads every certificate of a CER file: DER or PEM, one or many.
///
/// DER may follow DER, PEM may have anything around it, and base64 may stand alone: a caller need not know how the file was exported. Text may have a byte order mark or be UTF-16, as Notepad saves it.
/// PEM blocks of other things, such as private keys, are skipped; of a `TRUSTED CERTIFICATE` the trust settings are.
///
/// # Errors
/// `certificate` where there is no certificate or one of them is broken (the text says which, and in which line), or where
/// there are more than [`CERTIFICATES_PER_FILE_MAX`] or more bytes than [`CERTIFICATE_FILE_BYTES_MAX`].
///
/// ```
/// use cmgateway::cert::load_cer;
/// let error = load_cer(b"-----BEGIN CERTIFICATE-----\nMIIB").unwrap_err();
/// assert_eq!(error.to_string(), "could not load certificates: certificate 1 (line 1): its END line is missing");
/// ```
pub fn load_cer(source: &[u8]) -> Result<Vec<Certificate>> {
    if source.len() > CERTIFICATE_FILE_BYTES_MAX {
        return Err(too_large(source.len() as u64, CERTIFICATE_FILE_BYTES_MAX));
    }
    if let [0x30, 0x80..=0xff, ..] = source {
        return from_concatenated(source);
    }
    let text = plain_text(source)?;
    if text.trim_ascii().is_empty() {
        return Err(refuse("it is empty"));
    }
    if pem::is_armoured(&text) {
        return from_pem(&text);
    }
    match pem::decode_bare(&text) {
        Some(Ok(der)) => from_concatenated(&der),
        Some(Err(cause)) => Err(refuse(cause)),
        None => Err(refuse("it holds no certificate: it is neither DER nor PEM")),
    }
}

/// Reads every certificate of a file, as [`load_cer`] does.
///
/// On Windows a path of a certificate store, as PowerShell writes it, stands for a file: `Cert:\LocalMachine\CA` for all
/// that is in the store, `Cert:\CurrentUser\My\THUMBPRINT` for one certificate. So it is wherever the library takes the name
/// of a file with certificates.
///
/// # Errors
/// `not_found` where there is no such file, `auth` where it may not be read, `unavailable` where the disk fails, and
/// `certificate` as [`load_cer`] says; `config` where a path of a store is not whole; `unsupported` for one on other systems
/// than Windows. The text names the file.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_cer_file};
/// let error = load_cer_file("no-such-file.cer").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn load_cer_file(path: impl AsRef<Path>) -> Result<Vec<Certificate>> {
    let path = path.as_ref();
    if let Some(store) = StorePath::of(path) {
        return store?.certificates();
    }
    read_limited(path)
        .and_then(|bytes| load_cer(&bytes))
        .map_err(|error| error.during(format!("{OPERATION} from {}", path.display())))
}

pub(super) fn read_limited(path: &Path) -> Result<Vec<u8>> {
    read_at_most(path, CERTIFICATE_FILE_BYTES_MAX)
}

pub(super) fn read_at_most(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let about = |error: io::Error| {
        let (kind, cause) = match error.kind() {
            io::ErrorKind::NotFound => (ErrorKind::NotFound, "the file does not exist".to_owned()),
            io::ErrorKind::PermissionDenied => (ErrorKind::Auth, "the file may not be read".to_owned()),
            _ => (ErrorKind::Unavailable, error.to_string()),
        };
        Error::new(kind, OPERATION, cause).with_source(error)
    };
    let metadata = std::fs::metadata(path).map_err(about)?;
    if metadata.is_dir() {
        return Err(refuse("it is a folder"));
    }
    // Opening a pipe would wait for its other end.
    if !metadata.is_file() {
        return Err(refuse("it is not a file with content: a pipe, a socket or a device"));
    }
    if metadata.len() > limit as u64 {
        return Err(too_large(metadata.len(), limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The file may grow meanwhile: one byte too many is enough to refuse it.
    let most = (limit as u64).saturating_add(1);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(about)?;
    Ok(bytes)
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Certificate, OPERATION, cause)
}

fn too_large(bytes: u64, limit: usize) -> Error {
    refuse(format!("it has {bytes} bytes or more, {limit} are allowed"))
}

fn add(out: &mut Vec<Certificate>, der: &[u8], place: &str) -> Result<()> {
    let number = out.len().saturating_add(1);
    if number > CERTIFICATES_PER_FILE_MAX {
        return Err(refuse(format!("it has more than {CERTIFICATES_PER_FILE_MAX} certificates")));
    }
    let certificate = Certificate::from_der(der)
        .map_err(|error| refuse(format!("certificate {number} ({place}): {}", error.cause())))?;
    out.push(certificate);
    Ok(())
}

fn from_concatenated(der: &[u8]) -> Result<Vec<Certificate>> {
    let (mut reader, mut out, mut offset) = (Reader::new(der), Vec::new(), 0_usize);
    while !reader.is_empty() {
        // What is no element at all is refused with the reason by the certificate reader.
        let whole =
            reader.any().map_or_else(|_| der.get(offset..).unwrap_or_default(), |element| element.whole);
        add(&mut out, whole, &format!("byte {}", offset.saturating_add(1)))?;
        offset = offset.saturating_add(whole.len());
    }
    Ok(out)
}

fn is_certificate(label: &[u8]) -> bool {
    matches!(label, b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE")
}

fn from_pem(text: &[u8]) -> Result<Vec<Certificate>> {
    let mut out = Vec::new();
    for block in pem::blocks(text, is_certificate) {
        let place = format!("line {}", block.line);
        let bytes = block.bytes.map_err(|cause| {
            refuse(format!("certificate {} ({place}): {cause}", out.len().saturating_add(1)))
        })?;
        let der = match block.label {
            b"TRUSTED CERTIFICATE" => Reader::new(&bytes).any().map_or(&bytes[..], |element| element.whole),
            _ => &bytes,
        };
        add(&mut out, der, &place)?;
    }
    if out.is_empty() {
        return Err(refuse("it holds PEM, but no certificate"));
    }
    Ok(out)
}

/// The text in an encoding whose ASCII is ASCII.
pub(super) fn plain_text(source: &[u8]) -> Result<Cow<'_, [u8]>> {
    let decode = |body: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = body.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(refuse("it is UTF-16 text with half a character at its end"));
        }
        let text = char::decode_utf16(units.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>();
        let text = text.map_err(|_| refuse("it is UTF-16 text with a broken character"))?;
        Ok(Cow::Owned(text.into_bytes()))
    };
    match source {
        [0xff, 0xfe, body @ ..] => decode(body, u16::from_le_bytes),
        [0xfe, 0xff, body @ ..] => decode(body, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, body @ ..] => Ok(Cow::Borrowed(body)),
        _ => Ok(Cow::Borrowed(source)),
    }
}
