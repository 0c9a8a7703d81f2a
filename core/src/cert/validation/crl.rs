//! Certificate revocation lists (RFC 5280 section 5), complete and delta, direct and indirect.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;

use super::crl_layout::{Content, Parts, Scope};
use super::name_comparison;
use super::revocation_reason::Revocation;
use crate::cert::certificate::Certificate;
use crate::cert::der::{Hex, Reader};
use crate::cert::layout::Span;
use crate::cert::load::read_at_most;
use crate::cert::{algorithm, name, pem};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{REVOCATION_LIST_BYTES_MAX, REVOCATION_LISTS_PER_FILE_MAX};

const OPERATION: &str = "load revocation lists";

/// A certificate revocation list, read and checked for its structure; its signature is checked by the verifier.
///
/// Looking up a certificate takes the same time in a list of ten and of a million entries, nearly. A clone shares the
/// bytes.
///
/// ```
/// use cmgateway::cert::Crl;
/// assert!(Crl::from_der(b"no list").is_err());
/// ```
#[derive(Clone)]
pub struct Crl {
    content: Arc<Content>,
}

impl Crl {
    /// Reads one list as DER.
    ///
    /// # Errors
    /// `certificate` where the bytes are not exactly one well-formed list (RFC 5280, 5.1), or it is larger than
    /// [`REVOCATION_LIST_BYTES_MAX`] or has more entries than [`REVOCATION_ENTRIES_MAX`](crate::limits::REVOCATION_ENTRIES_MAX).
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Certificate, "load revocation list", cause);
        if der.len() > REVOCATION_LIST_BYTES_MAX {
            let cause = format!("it has {} bytes, {REVOCATION_LIST_BYTES_MAX} are allowed", der.len());
            return Err(refuse(cause));
        }
        let content = Content::read(der).map_err(|fault| refuse(format!("it cannot be read: {fault}")))?;
        Ok(Crl { content: Arc::new(content) })
    }

    /// The bytes of the list.
    pub fn der(&self) -> &[u8] {
        &self.content.der
    }

    /// The name of the authority that signed the list, after RFC 4514.
    pub fn issuer(&self) -> String {
        name::text(self.part(self.parts().issuer))
    }

    /// The number of the list in upper-case hex, where it has one (RFC 5280, 5.2.3).
    pub fn number(&self) -> Option<String> {
        self.parts().extensions.number.map(|span| Hex(self.part(span)).to_string())
    }

    /// The number of the complete list that a delta list builds on, in upper-case hex.
    pub fn base_number(&self) -> Option<String> {
        self.parts().extensions.base_number.map(|span| Hex(self.part(span)).to_string())
    }

    /// True for a list that only holds what changed since a complete one (RFC 5280, 5.2.4).
    pub fn is_delta(&self) -> bool {
        self.parts().extensions.base_number.is_some()
    }

    /// True for a list that may hold certificates of other authorities.
    pub fn is_indirect(&self) -> bool {
        self.scope().indirect
    }

    /// When the list was made.
    pub fn this_update(&self) -> OffsetDateTime {
        self.parts().this_update
    }

    /// When the next one will be there at the latest; after that, this one no longer counts.
    pub fn next_update(&self) -> Option<OffsetDateTime> {
        self.parts().next_update
    }

    /// The identifier of the key that signed it, in upper-case hex.
    pub fn authority_key_id(&self) -> Option<String> {
        self.key_id().map(|id| Hex(id).to_string())
    }

    /// The algorithm of the signature, as [`Certificate::signature_algorithm`] names it.
    pub fn signature_algorithm(&self) -> String {
        algorithm::signature_name(self.part(self.parts().algorithm))
    }

    /// How many certificates are listed.
    pub fn len(&self) -> usize {
        self.content.entries.len()
    }

    /// True where no certificate is listed.
    pub fn is_empty(&self) -> bool {
        self.content.entries.is_empty()
    }

    /// What the list says about a certificate, by its issuer and serial number.
    ///
    /// Nothing means that it is not listed, which says something only of a list that speaks about the certificate,
    /// is current and is signed by the right authority: that is what [`Verifier`](super::Verifier) finds out.
    pub fn revocation(&self, certificate: &Certificate) -> Option<Revocation> {
        let layout = certificate.layout();
        let issuer = name_comparison::canonical(certificate.part(layout.issuer));
        self.lookup(&issuer, certificate.part(layout.serial))
    }

    /// Serial number (content) and revocation of each certificate of the list's own issuer.
    pub(in crate::cert) fn own_entries(&self) -> impl Iterator<Item = (&[u8], Revocation)> {
        let own = self.content.entries.iter().filter(|entry| entry.issuer == 0);
        own.map(|entry| (self.part(entry.serial), entry.revocation))
    }

    pub(super) fn lookup(&self, issuer: &[u8], serial: &[u8]) -> Option<Revocation> {
        let content = &*self.content;
        let issuer = content.issuers.iter().position(|each| each == issuer)?;
        let issuer = u32::try_from(issuer).ok()?;
        let found = content.entries.binary_search_by(|entry| {
            (entry.issuer, entry.serial.of_bytes(&content.der)).cmp(&(issuer, serial))
        });
        content.entries.get(found.ok()?).map(|entry| entry.revocation)
    }

    fn parts(&self) -> &Parts {
        &self.content.parts
    }

    fn part(&self, span: Span) -> &[u8] {
        span.of_bytes(&self.content.der)
    }

    /// The issuer in the form of `name_comparison`.
    pub(in crate::cert) fn issuer_name(&self) -> &[u8] {
        &self.content.issuer_name
    }

    pub(super) fn key_id(&self) -> Option<&[u8]> {
        self.parts().extensions.authority_key_id.map(|span| self.part(span))
    }

    /// The numbers as big-endian bytes: of the list, of its base.
    pub(in crate::cert) fn numbers(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        let extensions = &self.parts().extensions;
        (extensions.number.map(|span| self.part(span)), extensions.base_number.map(|span| self.part(span)))
    }

    /// The issuing distribution point as it is encoded: lists of one scope have the same bytes.
    pub(super) fn scope_bytes(&self) -> Option<&[u8]> {
        self.parts().extensions.scope.map(|span| self.part(span))
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        // Checked when the list was read.
        self.scope_bytes().and_then(|bytes| Scope::read(bytes).ok()).unwrap_or_default()
    }

    /// True where a critical extension, of the list or an entry, is not understood: RFC 5280, 5.2 and 5.3.
    pub(super) fn has_unknown_critical(&self) -> bool {
        self.parts().extensions.unknown_critical
    }

    /// True where RFC 5280 section 5.2.3 is kept: there is a number, and it is not critical.
    pub(super) fn has_proper_number(&self) -> bool {
        let extensions = &self.parts().extensions;
        extensions.number.is_some() && !extensions.number_critical
    }

    /// True where a certificate is listed twice.
    pub(super) fn has_duplicates(&self) -> bool {
        self.content.has_duplicates
    }

    /// True where the entries are there and are none.
    pub(super) fn has_empty_entries(&self) -> bool {
        self.content.has_empty_entries
    }

    /// What is signed, the algorithm inside and outside, and the signature.
    pub(in crate::cert) fn signed_parts(&self) -> (&[u8], &[u8], &[u8], &[u8]) {
        let parts = self.parts();
        let part = |span| self.part(span);
        (part(parts.signed), part(parts.inner_algorithm), part(parts.algorithm), part(parts.signature))
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl").field("issuer", &self.issuer()).field("entries", &self.len()).finish()
    }
}

impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.content.der == other.content.der
    }
}

impl Eq for Crl {}

/// Reads every revocation list of a file: DER or PEM, one or many.
///
/// # Errors
/// `certificate` where there is no list, one of them is broken (the text says which), or there are more than
/// [`REVOCATION_LISTS_PER_FILE_MAX`].
///
/// ```
/// use cmgateway::cert::load_crl;
/// assert_eq!(load_crl(b"hello").unwrap_err().cause(), "it holds no revocation list: it is neither DER nor PEM");
/// ```
pub fn load_crl(source: &[u8]) -> Result<Vec<Crl>> {
    let refuse = |cause: String| Error::new(ErrorKind::Certificate, OPERATION, cause);
    let mut blocks = Vec::new();
    if let [0x30, 0x80..=0xff, ..] = source {
        let mut reader = Reader::new(source);
        while !reader.is_empty() && blocks.len() <= REVOCATION_LISTS_PER_FILE_MAX {
            let element = reader.any().map_err(|fault| refuse(format!("it cannot be read: {fault}")))?;
            blocks.push((1, element.whole.to_vec()));
        }
    } else if pem::is_armoured(source) {
        for block in pem::blocks(source, |label| label == b"X509 CRL") {
            blocks.push((
                block.line,
                block.bytes.map_err(|cause| refuse(format!("line {}: {cause}", block.line)))?,
            ));
        }
        if blocks.is_empty() {
            return Err(refuse("it holds PEM, but no revocation list".into()));
        }
    } else {
        return Err(refuse("it holds no revocation list: it is neither DER nor PEM".into()));
    }
    if blocks.len() > REVOCATION_LISTS_PER_FILE_MAX {
        return Err(refuse(format!("it has more than {REVOCATION_LISTS_PER_FILE_MAX} lists")));
    }
    let read = |(at, (line, der)): (usize, &(usize, Vec<u8>))| {
        Crl::from_der(der).map_err(|error| {
            refuse(format!("list {} (line {line}): {}", at.saturating_add(1), error.cause()))
        })
    };
    blocks.iter().enumerate().map(read).collect()
}

/// Reads every revocation list of a file, as [`load_crl`] does; the file may have [`REVOCATION_LIST_BYTES_MAX`] bytes.
///
/// # Errors
/// `not_found` where there is no such file, `auth` where it may not be read, `unavailable` where the disk fails, and
/// `certificate` as [`load_crl`] says; the text names the file.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_crl_file};
/// let error = load_crl_file("no-such-file.crl").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn load_crl_file(path: impl AsRef<Path>) -> Result<Vec<Crl>> {
    let path = path.as_ref();
    read_at_most(path, REVOCATION_LIST_BYTES_MAX)
        .and_then(|bytes| load_crl(&bytes))
        .map_err(|error| error.during(format!("{OPERATION} from {}", path.display())))
}
