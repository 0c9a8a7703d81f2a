//! Where the parts of a revocation list lie: the one pass that checks everything and sorts the entries.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::extension::{self, DistributionPointName};
use super::name_comparison;
use super::revocation_reason::{Revocation, RevocationReason};
use crate::cert::der::{self, Fault, Reader};
use crate::cert::layout::{Span, read_authority_key};
use crate::cert::{algorithm, alternative_name, name};
use crate::limits::{CERTIFICATE_EXTENSIONS_MAX, REVOCATION_ENTRIES_MAX};

pub(super) struct Content {
    pub(super) der: Vec<u8>,
    pub(super) parts: Parts,
    pub(super) issuer_name: Vec<u8>,
    /// Canonical names of the authorities whose certificates are listed; the first one is the list's own issuer.
    pub(super) issuers: Vec<Vec<u8>>,
    /// In the order of issuer and serial number.
    pub(super) entries: Vec<Entry>,
    /// True where a certificate is listed twice.
    pub(super) has_duplicates: bool,
    /// True where the entries are there and are none: RFC 5280, 5.1.2.6, has them left out then.
    pub(super) has_empty_entries: bool,
}

pub(super) struct Entry {
    pub(super) issuer: u32,
    pub(super) serial: Span,
    pub(super) revocation: Revocation,
}

/// Spans hold contents.
pub(super) struct Parts {
    pub(super) signed: Span,
    pub(super) inner_algorithm: Span,
    pub(super) algorithm: Span,
    pub(super) signature: Span,
    pub(super) issuer: Span,
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: Option<OffsetDateTime>,
    pub(super) extensions: Extensions,
}

#[derive(Default)]
pub(super) struct Extensions {
    pub(super) number: Option<Span>,
    pub(super) base_number: Option<Span>,
    pub(super) authority_key_id: Option<Span>,
    /// The whole value of the issuing distribution point.
    pub(super) scope: Option<Span>,
    pub(super) unknown_critical: bool,
    pub(super) number_critical: bool,
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

impl Content {
    pub(super) fn read(der: &[u8]) -> Result<Self, Fault> {
        let mut outer = Reader::new(der::only(der, der::SEQUENCE)?);
        let signed = outer.expect(der::SEQUENCE)?;
        let algorithm = outer.expect(der::SEQUENCE)?.content;
        algorithm::check(algorithm)?;
        let signature = der::whole_bytes(outer.expect(der::BIT_STRING)?.content)?;
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
        let has_empty_entries = list.as_ref().is_some_and(|list| list.content.is_empty());
        if let Some(list) = list {
            entries.read(list.content)?;
        }
        if version.is_none() && entries.any_extension {
            return Err("only version 2 lists may have extensions");
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
        let place = |entry: &Entry| (entry.issuer, entry.serial.of_bytes(der));
        let has_duplicates =
            entries.windows(2).any(|pair| matches!(pair, [one, other] if place(one) == place(other)));
        Ok(Content {
            der: der.to_vec(),
            parts,
            issuer_name,
            issuers,
            entries,
            has_duplicates,
            has_empty_entries,
        })
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
            if seen.len() > CERTIFICATE_EXTENSIONS_MAX {
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
    pub(super) fn read(value: &'a [u8]) -> Result<Self, Fault> {
        let mut fields = Reader::new(der::only(value, der::SEQUENCE)?);
        if fields.is_empty() {
            return Err("an empty issuing distribution point");
        }
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
    any_extension: bool,
}

impl<'a> Entries<'a> {
    fn new(der: &'a [u8], issuer: Vec<u8>) -> Self {
        let numbers = HashMap::from([(issuer.clone(), 0)]);
        let (entries, unknown_critical, any_extension) = (Vec::new(), false, false);
        Entries { der, issuers: vec![issuer], numbers, entries, unknown_critical, any_extension }
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
                self.any_extension = true;
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
