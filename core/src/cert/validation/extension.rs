//! Extensions as a list, and the forms of names that several of them share.

use super::name_comparison;
use crate::cert::alternative_name;
use crate::cert::der::{self, Element, Fault, Reader};
use crate::cert::name;

/// The directoryName choice of a GeneralName.
pub(super) const DIRECTORY_NAME: u8 = 0xa4;

pub(super) use crate::cert::certificate_extension::next;

/// Where revocation lists are found, and which part of the truth they hold: RFC 5280, 4.2.1.13.
#[derive(Clone, Copy, Default)]
pub(super) struct DistributionPoint<'a> {
    pub(super) name: Option<DistributionPointName<'a>>,
    pub(super) reasons: Option<u16>,
    /// GeneralNames, content.
    pub(super) crl_issuer: Option<&'a [u8]>,
}

#[derive(Clone, Copy)]
pub(super) enum DistributionPointName<'a> {
    /// GeneralNames, content.
    Full(&'a [u8]),
    /// A relative name below the issuer of the revocation list.
    Relative(&'a [u8]),
}

impl<'a> DistributionPoint<'a> {
    pub(super) fn read(mut fields: Reader<'a>) -> Result<Self, Fault> {
        let name =
            fields.optional(0xa0)?.map(|name| DistributionPointName::read(name.content)).transpose()?;
        let reasons = fields.optional(0x81)?.map(|bits| reasons(bits.content)).transpose()?;
        let crl_issuer = fields.optional(0xa2)?.map(|names| names.content);
        if let Some(names) = crl_issuer {
            alternative_name::check(names)?;
        }
        fields.end()?;
        if name.is_none() && crl_issuer.is_none() {
            return Err("a distribution point without a name");
        }
        Ok(DistributionPoint { name, reasons, crl_issuer })
    }
}

impl<'a> DistributionPointName<'a> {
    pub(super) fn read(content: &'a [u8]) -> Result<Self, Fault> {
        let mut choice = Reader::new(content);
        let name = choice.any()?;
        choice.end()?;
        match name.tag {
            0xa0 => {
                alternative_name::check(name.content)?;
                Ok(DistributionPointName::Full(name.content))
            }
            0xa1 => {
                // As a Name of one part, so that the check for names covers it.
                let mut attributes = Reader::new(name.content);
                while !attributes.is_empty() {
                    let mut attribute = attributes.enter(der::SEQUENCE)?;
                    der::check_oid(attribute.expect(der::OBJECT_IDENTIFIER)?.content)?;
                    attribute.any()?;
                    attribute.end()?;
                }
                Ok(DistributionPointName::Relative(name.content))
            }
            _ => Err("a distribution point name of an unknown kind"),
        }
    }

    /// Every name in a form that can be compared; `issuer` is the canonical name of the list's issuer.
    pub(super) fn canonical(&self, issuer: &[u8]) -> Vec<Vec<u8>> {
        match self {
            DistributionPointName::Full(names) => canonical_names(names),
            DistributionPointName::Relative(content) => {
                let mut out = vec![DIRECTORY_NAME];
                out.extend(issuer);
                name_comparison::push_part(&mut out, &name::attributes(Reader::new(content)));
                vec![out]
            }
        }
    }
}

/// The bits of ReasonFlags, first bit highest.
pub(super) fn reasons(content: &[u8]) -> Result<u16, Fault> {
    let bytes = der::bit_string(content)?;
    let byte = |at| bytes.get(at).copied().unwrap_or(0);
    Ok(u16::from_be_bytes([byte(0), byte(1)]))
}

/// GeneralNames in a form that can be compared byte for byte.
pub(super) fn canonical_names(content: &[u8]) -> Vec<Vec<u8>> {
    let (mut names, mut out) = (Reader::new(content), Vec::new());
    while let Ok(name) = names.any() {
        out.push(canonical_name(name));
    }
    out
}

fn canonical_name(name: Element<'_>) -> Vec<u8> {
    let mut out = vec![name.tag];
    match name.tag {
        DIRECTORY_NAME => {
            out.extend(name_comparison::canonical(
                der::only(name.content, der::SEQUENCE).unwrap_or_default(),
            ));
        }
        _ => out.extend(name.content),
    }
    out
}

/// The directory names among GeneralNames, canonical and without their tag.
pub(super) fn directory_names(content: &[u8]) -> Vec<Vec<u8>> {
    let (mut names, mut out) = (Reader::new(content), Vec::new());
    while let Ok(name) = names.any() {
        if name.tag == DIRECTORY_NAME {
            out.push(name_comparison::canonical(der::only(name.content, der::SEQUENCE).unwrap_or_default()));
        }
    }
    out
}
