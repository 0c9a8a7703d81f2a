//! Where the parts of a certificate lie: the one pass that checks everything and allocates nothing.

use std::fmt;

use time::OffsetDateTime;

use super::der::{self, Fault, Reader};
use super::{algorithm, alternative_name, key_usage, name};
use crate::limits::CERTIFICATE_EXTENSIONS_MAX;

/// A part of the certificate's bytes.
#[derive(Clone, Copy)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// The place of `part`, which must have been taken from `whole`.
    pub(super) fn of(part: &[u8], whole: &[u8]) -> Result<Self, Fault> {
        const LONG: Fault = "it is too long";
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let span = Span {
            start: u32::try_from(start).map_err(|_| LONG)?,
            length: u32::try_from(part.len()).map_err(|_| LONG)?,
        };
        Ok(span)
    }

    pub(super) fn of_bytes(self, whole: &[u8]) -> &[u8] {
        let tail = whole.get(self.start as usize..).unwrap_or_default();
        tail.get(..self.length as usize).unwrap_or_default()
    }
}

/// A part of a certificate and what is wrong with it.
#[derive(Debug)]
pub(super) struct Malformed {
    part: &'static str,
    fault: Fault,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its {} cannot be read: {}", self.part, self.fault)
    }
}

pub(super) fn part(part: &'static str) -> impl Fn(Fault) -> Malformed {
    move |fault| Malformed { part, fault }
}

/// Spans hold contents, without tag and length.
#[derive(Clone)]
pub(super) struct Layout {
    /// 0 for version 1, 2 for version 3.
    pub(super) version: u8,
    /// What is signed, with its tag and length.
    pub(super) signed: Span,
    pub(super) signature: Span,
    pub(super) inner_algorithm: Span,
    /// Every extension, those that the library does not know included.
    pub(super) extension_list: Option<Span>,
    pub(super) serial: Span,
    pub(super) signature_algorithm: Span,
    pub(super) issuer: Span,
    pub(super) subject: Span,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    pub(super) key: Span,
    pub(super) key_bits: Option<u32>,
    pub(super) extensions: Extensions,
}

/// The extensions that the library looks into.
#[derive(Clone, Default)]
pub(super) struct Extensions {
    pub(super) is_ca: Option<bool>,
    pub(super) path_length: Option<u32>,
    pub(super) key_usage: Option<u16>,
    pub(super) extended_key_usage: Option<Span>,
    pub(super) alternative_names: Option<Span>,
    pub(super) subject_key_id: Option<Span>,
    pub(super) authority_key_id: Option<Span>,
}

impl Layout {
    /// Checks one certificate (RFC 5280, 4.1) that must fill the bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let span = |content: &[u8], name| Span::of(content, bytes).map_err(part(name));
        let mut file = Reader::new(bytes);
        let mut outer = file.enter(der::SEQUENCE).map_err(part("outermost part"))?;
        file.end().map_err(part("end"))?;
        let signed = outer.expect(der::SEQUENCE).map_err(part("signed part"))?;
        let mut body = Reader::new(signed.content);
        let algorithm = outer.expect(der::SEQUENCE).map_err(part("signature algorithm"))?.content;
        algorithm::check(algorithm).map_err(part("signature algorithm"))?;
        let signature = outer
            .expect(der::BIT_STRING)
            .and_then(|bits| der::whole_bytes(bits.content))
            .map_err(part("signature"))?;
        outer.end().map_err(part("end"))?;

        let version = read_version(&mut body).map_err(part("version"))?;
        let serial = body.expect(der::INTEGER).map_err(part("serial number"))?.content;
        der::check_integer(serial).map_err(part("serial number"))?;
        let inner = body.expect(der::SEQUENCE).map_err(part("inner signature algorithm"))?.content;
        algorithm::check(inner).map_err(part("inner signature algorithm"))?;
        let issuer = body.expect(der::SEQUENCE).map_err(part("issuer"))?.content;
        name::check(issuer).map_err(part("issuer"))?;
        let mut validity = body.enter(der::SEQUENCE).map_err(part("validity"))?;
        let not_before = validity.any().and_then(der::time).map_err(part("start of validity"))?;
        let not_after = validity.any().and_then(der::time).map_err(part("end of validity"))?;
        validity.end().map_err(part("validity"))?;
        let subject = body.expect(der::SEQUENCE).map_err(part("subject"))?.content;
        name::check(subject).map_err(part("subject"))?;
        let key = body.expect(der::SEQUENCE).map_err(part("public key"))?.content;
        let key_bits = algorithm::check_key(key).map_err(part("public key"))?;
        body.optional(0x81).map_err(part("issuer unique id"))?;
        body.optional(0x82).map_err(part("subject unique id"))?;
        let list = body.optional(0xa3).map_err(part("extensions"))?;
        let extensions = match list {
            Some(_) if version != 2 => {
                return Err(part("extensions")("only version 3 certificates may have them"));
            }
            Some(element) => Extensions::read(element.content, bytes)?,
            None => Extensions::default(),
        };
        body.end().map_err(part("signed part"))?;
        Ok(Layout {
            version,
            signed: span(signed.whole, "signed part")?,
            signature: span(signature, "signature")?,
            inner_algorithm: span(inner, "inner signature algorithm")?,
            extension_list: list.map(|list| span(list.content, "extensions")).transpose()?,
            serial: span(serial, "serial number")?,
            signature_algorithm: span(algorithm, "signature algorithm")?,
            issuer: span(issuer, "issuer")?,
            subject: span(subject, "subject")?,
            not_before,
            not_after,
            key: span(key, "public key")?,
            key_bits,
            extensions,
        })
    }
}

/// 0 for version 1, 2 for version 3.
fn read_version(body: &mut Reader<'_>) -> Result<u8, Fault> {
    let Some(element) = body.optional(0xa0)? else { return Ok(0) };
    match der::only(element.content, der::INTEGER)? {
        [version @ 0..=2] => Ok(*version),
        _ => Err("it is none of 1, 2 and 3"),
    }
}

impl Extensions {
    /// Checks a list of extensions, given with its tag.
    pub(super) fn read(content: &[u8], whole: &[u8]) -> Result<Self, Malformed> {
        let mut list = Reader::new(der::only(content, der::SEQUENCE).map_err(part("extensions"))?);
        let mut out = Extensions::default();
        let mut seen: [&[u8]; CERTIFICATE_EXTENSIONS_MAX] = [&[]; CERTIFICATE_EXTENSIONS_MAX];
        let mut count = 0_usize;
        while !list.is_empty() {
            let mut extension = list.enter(der::SEQUENCE).map_err(part("extensions"))?;
            let kind = extension.expect(der::OBJECT_IDENTIFIER).map_err(part("extensions"))?.content;
            der::check_oid(kind).map_err(part("extensions"))?;
            if let Some(critical) = extension.optional(der::BOOLEAN).map_err(part("extensions"))? {
                der::boolean(critical.content).map_err(part("extensions"))?;
            }
            let value = extension.expect(der::OCTET_STRING).map_err(part("extensions"))?.content;
            extension.end().map_err(part("extensions"))?;
            // RFC 5280, 4.2: never twice. Which one would count is what an attacker would choose.
            if seen.iter().take(count).any(|earlier| *earlier == kind) {
                return Err(part("extensions")("one of them is there twice"));
            }
            *seen.get_mut(count).ok_or_else(|| part("extensions")("there are too many of them"))? = kind;
            count = count.saturating_add(1);
            out.take(kind, value, whole)?;
        }
        Ok(out)
    }

    fn take(&mut self, kind: &[u8], value: &[u8], whole: &[u8]) -> Result<(), Malformed> {
        let [0x55, 0x1d, kind] = kind else { return Ok(()) };
        let only = |tag, name| der::only(value, tag).map_err(part(name));
        match kind {
            14 => {
                let content = only(der::OCTET_STRING, "subject key identifier")?;
                self.subject_key_id = Some(Span::of(content, whole).map_err(part("subject key identifier"))?);
            }
            15 => {
                let content = only(der::BIT_STRING, "key usage")?;
                self.key_usage = Some(key_usage::read(content).map_err(part("key usage"))?);
            }
            17 => {
                let content = only(der::SEQUENCE, "subject alternative names")?;
                alternative_name::check(content).map_err(part("subject alternative names"))?;
                self.alternative_names =
                    Some(Span::of(content, whole).map_err(part("subject alternative names"))?);
            }
            19 => {
                let content = only(der::SEQUENCE, "basic constraints")?;
                let (is_ca, length) = read_basic_constraints(content).map_err(part("basic constraints"))?;
                (self.is_ca, self.path_length) = (Some(is_ca), length);
            }
            35 => {
                let content = only(der::SEQUENCE, "authority key identifier")?;
                self.authority_key_id =
                    read_authority_key(content, whole).map_err(part("authority key identifier"))?;
            }
            37 => {
                let content = only(der::SEQUENCE, "extended key usage")?;
                key_usage::check_extended(content).map_err(part("extended key usage"))?;
                self.extended_key_usage = Some(Span::of(content, whole).map_err(part("extended key usage"))?);
            }
            _ => {}
        }
        Ok(())
    }
}

fn read_basic_constraints(content: &[u8]) -> Result<(bool, Option<u32>), Fault> {
    let mut reader = Reader::new(content);
    let is_ca = match reader.optional(der::BOOLEAN)? {
        Some(value) => der::boolean(value.content)?,
        None => false,
    };
    let length = match reader.optional(der::INTEGER)? {
        Some(value) => {
            der::check_integer(value.content)?;
            match value.content {
                [first, ..] if first & 0x80 != 0 => return Err("a negative path length"),
                // Longer than any path: as good as the largest number.
                digits if digits.len() > 4 => Some(u32::MAX),
                digits => Some(digits.iter().fold(0, |sum, &digit| sum << 8 | u32::from(digit))),
            }
        }
        None => None,
    };
    reader.end()?;
    Ok((is_ca, length))
}

pub(super) fn read_authority_key(content: &[u8], whole: &[u8]) -> Result<Option<Span>, Fault> {
    let mut reader = Reader::new(content);
    let id = reader.optional(0x80)?;
    while !reader.is_empty() {
        reader.any()?;
    }
    id.map(|id| Span::of(id.content, whole)).transpose()
}
