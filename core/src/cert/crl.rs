//! Certificate revocation lists (RFC 5280 section 5), complete and delta, direct and indirect.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use super::certificate::Certificate;
use super::der::{self, Fault, Hex, Reader};
use super::extension::{self, DistributionPointName};
use super::layout::{Span, read_authority_key};
use super::{algorithm, alternative_name, name, name_comparison, pem};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{REVOCATION_ENTRIES_MAX, REVOCATION_LIST_BYTES_MAX, REVOCATION_LISTS_PER_FILE_MAX};

const OPERATION: &str = "load revocation lists";

/// Why a certificate was revoked: RFC 5280, 5.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// The list gives no reason.
    Unspecified,
    /// Somebody else may know the private key.
    KeyCompromise,
    /// Somebody else may know the private key of the authority.
    CaCompromise,
    /// The owner has left, or something else in the certificate is no longer right.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// It is revoked for now.
    CertificateHold,
    /// Only in delta lists: it is not revoked any longer.
    RemoveFromCrl,
    /// The owner may no longer do what it says.
    PrivilegeWithdrawn,
    /// The key of an attribute authority may be known.
    AaCompromise,
}

impl RevocationReason {
    /// The word that RFC 5280 has for it, such as `keyCompromise`.
    pub fn as_str(self) -> &'static str {
        match self {
            RevocationReason::Unspecified => "unspecified",
            RevocationReason::KeyCompromise => "keyCompromise",
            RevocationReason::CaCompromise => "cACompromise",
            RevocationReason::AffiliationChanged => "affiliationChanged",
            RevocationReason::Superseded => "superseded",
            RevocationReason::CessationOfOperation => "cessationOfOperation",
            RevocationReason::CertificateHold => "certificateHold",
            RevocationReason::RemoveFromCrl => "removeFromCRL",
            RevocationReason::PrivilegeWithdrawn => "privilegeWithdrawn",
            RevocationReason::AaCompromise => "aACompromise",
        }
    }

    fn from_code(code: &[u8]) -> Option<Self> {
        Some(match code {
            [0] => RevocationReason::Unspecified,
            [1] => RevocationReason::KeyCompromise,
            [2] => RevocationReason::CaCompromise,
            [3] => RevocationReason::AffiliationChanged,
            [4] => RevocationReason::Superseded,
            [5] => RevocationReason::CessationOfOperation,
            [6] => RevocationReason::CertificateHold,
            [8] => RevocationReason::RemoveFromCrl,
            [9] => RevocationReason::PrivilegeWithdrawn,
            [10] => RevocationReason::AaCompromise,
            _ => return None,
        })
    }
}

/// What a revocation list says about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// Why it was revoked.
    pub reason: RevocationReason,
    /// When the authority revoked it.
    pub date: OffsetDateTime,
}

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

struct Content {
    der: Vec<u8>,
    parts: Parts,
    issuer_name: Vec<u8>,
    /// Canonical names of the authorities whose certificates are listed; the first one is the list's own issuer.
    issuers: Vec<Vec<u8>>,
    /// In the order of issuer and serial number.
    entries: Vec<Entry>,
}

struct Entry {
    issuer: u32,
    serial: Span,
    revocation: Revocation,
}

/// Spans hold contents.
struct Parts {
    signed: Span,
    inner_algorithm: Span,
    algorithm: Span,
    signature: Span,
    issuer: Span,
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
    extensions: Extensions,
}

#[derive(Default)]
struct Extensions {
    number: Option<Span>,
    base_number: Option<Span>,
    authority_key_id: Option<Span>,
    /// The whole value of the issuing distribution point.
    scope: Option<Span>,
    unknown_critical: bool,
    number_critical: bool,
}

/// What part of an authority's certificates a list speaks about: RFC 5280, 5.2.5.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope<'a> {
    pub(super) name: Option<DistributionPointName<'a>>,
    pub(super) only_user: bool,
    pub(super) only_ca: bool,
    pub(super) only_attribute: bool,
    pub(super) reasons: Option<u16>,
    pub(super) indirect: bool,
}

impl Crl {
    /// Reads one list as DER.
    ///
    /// # Errors
    /// `certificate` where the bytes are not exactly one well-formed list (RFC 5280, 5.1), or it is larger than
    /// [`REVOCATION_LIST_BYTES_MAX`] or has more entries than [`REVOCATION_ENTRIES_MAX`].
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
    pub(super) fn issuer_name(&self) -> &[u8] {
        &self.content.issuer_name
    }

    pub(super) fn key_id(&self) -> Option<&[u8]> {
        self.parts().extensions.authority_key_id.map(|span| self.part(span))
    }

    /// The numbers as big-endian bytes: of the list, of its base.
    pub(super) fn numbers(&self) -> (Option<&[u8]>, Option<&[u8]>) {
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

    /// What is signed, the algorithm inside and outside, and the signature.
    pub(super) fn signed_parts(&self) -> (&[u8], &[u8], &[u8], &[u8]) {
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

impl Content {
    fn read(der: &[u8]) -> Result<Self, Fault> {
        let mut outer = Reader::new(der::only(der, der::SEQUENCE)?);
        let signed = outer.expect(der::SEQUENCE)?;
        let algorithm = outer.expect(der::SEQUENCE)?.content;
        algorithm::check(algorithm)?;
        let signature = der::bit_string(outer.expect(der::BIT_STRING)?.content)?;
        outer.end()?;
        let mut body = Reader::new(signed.content);
        let version = body.optional(der::INTEGER)?.map(|version| version.content);
        if !matches!(version, None | Some([1])) {
            return Err("its version is neither 1 nor 2");
        }
        let inner = body.expect(der::SEQUENCE)?.content;
        algorithm::check(inner)?;
        let issuer = body.expect(der::SEQUENCE)?.content;
        name::check(issuer)?;
        let this_update = der::time(body.any()?)?;
        let next_update = match body.peek() {
            Some(0x17 | 0x18) => Some(der::time(body.any()?)?),
            _ => None,
        };
        let list = body.optional(der::SEQUENCE)?;
        let extensions = body.optional(0xa0)?;
        body.end()?;
        if version.is_none() && extensions.is_some() {
            return Err("only version 2 lists may have extensions");
        }
        let mut extensions = match extensions {
            Some(element) => Extensions::read(der::only(element.content, der::SEQUENCE)?, der)?,
            None => Extensions::default(),
        };
        let issuer_name = name_comparison::canonical(issuer);
        let mut entries = Entries::new(der, issuer_name.clone());
        if let Some(list) = list {
            entries.read(list.content)?;
        }
        extensions.unknown_critical |= entries.unknown_critical;
        let parts = Parts {
            signed: Span::of(signed.whole, der)?,
            inner_algorithm: Span::of(inner, der)?,
            algorithm: Span::of(algorithm, der)?,
            signature: Span::of(signature, der)?,
            issuer: Span::of(issuer, der)?,
            this_update,
            next_update,
            extensions,
        };
        let (issuers, entries) = entries.sorted();
        Ok(Content { der: der.to_vec(), parts, issuer_name, issuers, entries })
    }
}

impl Extensions {
    fn read(content: &[u8], whole: &[u8]) -> Result<Self, Fault> {
        let (mut list, mut out, mut seen) = (Reader::new(content), Extensions::default(), Vec::new());
        while !list.is_empty() {
            let extension = extension::next(&mut list)?;
            if seen.contains(&extension.kind) {
                return Err("an extension is there twice");
            }
            seen.push(extension.kind);
            if seen.len() > crate::limits::CERTIFICATE_EXTENSIONS_MAX {
                return Err("there are too many extensions");
            }
            let number = || -> Result<Option<Span>, Fault> {
                let content = der::only(extension.value, der::INTEGER)?;
                der::check_integer(content)?;
                match content {
                    [first, ..] if first & 0x80 != 0 => Err("a negative number"),
                    _ => Span::of(content, whole).map(Some),
                }
            };
            match extension.number() {
                Some(20) => (out.number, out.number_critical) = (number()?, extension.critical),
                Some(27) => out.base_number = number()?,
                Some(28) => {
                    Scope::read(extension.value)?;
                    out.scope = Some(Span::of(extension.value, whole)?);
                }
                Some(35) => {
                    out.authority_key_id =
                        read_authority_key(der::only(extension.value, der::SEQUENCE)?, whole)?;
                }
                // Issuer alternative names and the place of deltas say nothing that counts here.
                Some(18 | 46) => {}
                _ => out.unknown_critical |= extension.critical,
            }
        }
        Ok(out)
    }
}

impl<'a> Scope<'a> {
    fn read(value: &'a [u8]) -> Result<Self, Fault> {
        let mut fields = Reader::new(der::only(value, der::SEQUENCE)?);
        let name =
            fields.optional(0xa0)?.map(|name| DistributionPointName::read(name.content)).transpose()?;
        let flag = |tag, fields: &mut Reader<'a>| -> Result<bool, Fault> {
            fields.optional(tag)?.map_or(Ok(false), |value| der::boolean(value.content))
        };
        let only_user = flag(0x81, &mut fields)?;
        let only_ca = flag(0x82, &mut fields)?;
        let reasons = fields.optional(0x83)?.map(|bits| extension::reasons(bits.content)).transpose()?;
        let indirect = flag(0x84, &mut fields)?;
        let only_attribute = flag(0x85, &mut fields)?;
        fields.end()?;
        if u8::from(only_user) + u8::from(only_ca) + u8::from(only_attribute) > 1 {
            return Err("its scope contradicts itself");
        }
        Ok(Scope { name, only_user, only_ca, only_attribute, reasons, indirect })
    }
}

/// The list of revoked certificates while it is read.
struct Entries<'a> {
    der: &'a [u8],
    issuers: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, u32>,
    entries: Vec<Entry>,
    unknown_critical: bool,
}

impl<'a> Entries<'a> {
    fn new(der: &'a [u8], issuer: Vec<u8>) -> Self {
        let numbers = HashMap::from([(issuer.clone(), 0)]);
        Entries { der, issuers: vec![issuer], numbers, entries: Vec::new(), unknown_critical: false }
    }

    fn read(&mut self, content: &[u8]) -> Result<(), Fault> {
        let (mut list, mut issuer) = (Reader::new(content), 0);
        while !list.is_empty() {
            if self.entries.len() >= REVOCATION_ENTRIES_MAX {
                return Err("it has too many entries");
            }
            let mut fields = list.enter(der::SEQUENCE)?;
            let serial = fields.expect(der::INTEGER)?.content;
            der::check_integer(serial)?;
            let date = der::time(fields.any()?)?;
            let mut reason = RevocationReason::Unspecified;
            if let Some(extensions) = fields.optional(der::SEQUENCE)? {
                self.read_extensions(extensions.content, &mut reason, &mut issuer)?;
            }
            fields.end()?;
            let serial = Span::of(serial, self.der)?;
            self.entries.push(Entry { issuer, serial, revocation: Revocation { reason, date } });
        }
        Ok(())
    }

    fn read_extensions(
        &mut self,
        content: &[u8],
        reason: &mut RevocationReason,
        issuer: &mut u32,
    ) -> Result<(), Fault> {
        let mut list = Reader::new(content);
        while !list.is_empty() {
            let extension = extension::next(&mut list)?;
            match extension.number() {
                Some(21) => {
                    let code = der::only(extension.value, 0x0a)?;
                    *reason =
                        RevocationReason::from_code(code).ok_or("an unknown reason for a revocation")?;
                }
                // Holds for the following entries too: RFC 5280, 5.3.3.
                Some(29) => {
                    let names = der::only(extension.value, der::SEQUENCE)?;
                    alternative_name::check(names)?;
                    let name = extension::directory_names(names).into_iter().next();
                    *issuer = self.number_of(name.ok_or("a certificate issuer without a directory name")?)?;
                }
                // What to do on hold, and since when the key may be known.
                Some(23 | 24) => {}
                _ => self.unknown_critical |= extension.critical,
            }
        }
        Ok(())
    }

    fn number_of(&mut self, name: Vec<u8>) -> Result<u32, Fault> {
        if let Some(number) = self.numbers.get(&name) {
            return Ok(*number);
        }
        let number = u32::try_from(self.issuers.len()).map_err(|_| "it has too many issuers")?;
        self.numbers.insert(name.clone(), number);
        self.issuers.push(name);
        Ok(number)
    }

    fn sorted(mut self) -> (Vec<Vec<u8>>, Vec<Entry>) {
        let der = self.der;
        self.entries.sort_by(|one, other| {
            (one.issuer, one.serial.of_bytes(der)).cmp(&(other.issuer, other.serial.of_bytes(der)))
        });
        (self.issuers, self.entries)
    }
}

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
