//! Where the parts of a request lie: the one pass that checks everything.

use super::request_attribute::{self, Attribute};
use crate::cert::certificate_template::CertificateTemplate;
use crate::cert::der::{self, Reader};
use crate::cert::layout::{Extensions, Malformed, Span, part};
use crate::cert::{algorithm, certificate_extension, name};
use crate::limits::REQUEST_ATTRIBUTES_MAX;

/// Spans hold contents.
#[derive(Clone)]
pub(super) struct Layout {
    /// What is signed, with its tag and length.
    pub(super) signed: Span,
    pub(super) algorithm: Span,
    pub(super) signature: Span,
    pub(super) subject: Span,
    pub(super) key: Span,
    pub(super) key_bits: Option<u32>,
    /// The attributes, one after the other.
    pub(super) attributes: Option<Span>,
    /// The list of requested extensions, with its tag.
    pub(super) extension_list: Option<Span>,
    pub(super) extensions: Extensions,
}

impl Layout {
    /// Checks one request (RFC 2986, 4) that must fill the bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let span = |content: &[u8], name| Span::of(content, bytes).map_err(part(name));
        let mut file = Reader::new(bytes);
        let mut outer = file.enter(der::SEQUENCE).map_err(part("outermost part"))?;
        file.end().map_err(part("end"))?;
        let signed = outer.expect(der::SEQUENCE).map_err(part("signed part"))?;
        let algorithm = outer.expect(der::SEQUENCE).map_err(part("signature algorithm"))?.content;
        algorithm::check(algorithm).map_err(part("signature algorithm"))?;
        let signature = outer
            .expect(der::BIT_STRING)
            .and_then(|bits| der::whole_bytes(bits.content))
            .map_err(part("signature"))?;
        outer.end().map_err(part("end"))?;

        let mut body = Reader::new(signed.content);
        match body.expect(der::INTEGER).map_err(part("version"))?.content {
            [0] => {}
            _ => return Err(part("version")("it is not 1")),
        }
        let subject = body.expect(der::SEQUENCE).map_err(part("subject"))?.content;
        name::check(subject).map_err(part("subject"))?;
        let key = body.expect(der::SEQUENCE).map_err(part("public key"))?.content;
        let key_bits = algorithm::check_key(key).map_err(part("public key"))?;
        // Always there by the standard; some writers leave out what is empty.
        let attributes = body.optional(0xa0).map_err(part("attributes"))?.map(|list| list.content);
        body.end().map_err(part("signed part"))?;
        let extension_list = read_attributes(attributes.unwrap_or_default())?;
        let extensions = match extension_list {
            Some(list) => read_extensions(list, bytes)?,
            None => Extensions::default(),
        };
        Ok(Layout {
            signed: span(signed.whole, "signed part")?,
            algorithm: span(algorithm, "signature algorithm")?,
            signature: span(signature, "signature")?,
            subject: span(subject, "subject")?,
            key: span(key, "public key")?,
            key_bits,
            attributes: attributes.map(|list| span(list, "attributes")).transpose()?,
            extension_list: extension_list.map(|list| span(list, "extensions")).transpose()?,
            extensions,
        })
    }
}

/// Checks the attributes and gives the list of extensions.
fn read_attributes(content: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let (mut list, mut seen, mut extensions) = (Reader::new(content), Vec::new(), None);
    while !list.is_empty() {
        let attribute = Attribute::next(&mut list).map_err(part("attributes"))?;
        if seen.len() >= REQUEST_ATTRIBUTES_MAX {
            return Err(part("attributes")("there are too many of them"));
        }
        // Which one would count is what an attacker would choose. Windows has pairs of name and value more than once.
        if seen.contains(&attribute.kind) && attribute.kind != request_attribute::NAME_VALUE {
            return Err(part("attributes")("one of them is there twice"));
        }
        seen.push(attribute.kind);
        attribute.check().map_err(part(attribute.name()))?;
        if attribute.is_extensions() {
            if extensions.is_some() {
                return Err(part("extensions")("they are there twice"));
            }
            extensions = Some(attribute.only_value().map_err(part("extensions"))?.whole);
        }
    }
    Ok(extensions)
}

fn read_extensions(list: &[u8], bytes: &[u8]) -> Result<Extensions, Malformed> {
    let extensions = Extensions::read(list, bytes)?;
    for extension in certificate_extension::all(list) {
        CertificateTemplate::check(extension).map_err(part("certificate template"))?;
    }
    Ok(extensions)
}
