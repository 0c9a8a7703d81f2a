//! Extensions as a list: of a certificate, a request, a revocation list or one of its entries.

use super::der::{self, Fault, Oid, Reader};

/// One extension as it is encoded.
#[derive(Clone, Copy)]
pub(super) struct Extension<'a> {
    pub(super) kind: &'a [u8],
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

impl Extension<'_> {
    /// The last number of an extension below 2.5.29, where RFC 5280 has its own.
    pub(super) fn number(&self) -> Option<u8> {
        match self.kind {
            [0x55, 0x1d, number] => Some(*number),
            _ => None,
        }
    }
}

/// Takes one extension off a list.
pub(super) fn next<'a>(list: &mut Reader<'a>) -> Result<Extension<'a>, Fault> {
    let mut fields = list.enter(der::SEQUENCE)?;
    let kind = fields.expect(der::OBJECT_IDENTIFIER)?.content;
    der::check_oid(kind)?;
    let critical = match fields.optional(der::BOOLEAN)? {
        Some(value) => der::boolean(value.content)?,
        None => false,
    };
    let value = fields.expect(der::OCTET_STRING)?.content;
    fields.end()?;
    Ok(Extension { kind, critical, value })
}

/// Every extension of a checked list, given as the SEQUENCE with its tag.
pub(super) fn all(list: &[u8]) -> Vec<Extension<'_>> {
    let (mut list, mut out) = (Reader::new(der::only(list, der::SEQUENCE).unwrap_or_default()), Vec::new());
    while let Ok(extension) = next(&mut list) {
        out.push(extension);
    }
    out
}

/// The value of the extension with this number below 2.5.29, in a checked list.
pub(super) fn value_of(list: &[u8], number: u8) -> Option<&[u8]> {
    all(list).into_iter().find(|each| each.number() == Some(number)).map(|each| each.value)
}

/// An extension of a certificate or a request as it is encoded, for what has no accessor of its own.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions};
/// use time::macros::datetime;
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC)))?;
/// let extensions = pki.root().certificate().extensions();
/// let constraints = extensions.iter().find(|each| each.oid == "2.5.29.19").unwrap();
/// assert_eq!((constraints.critical, &constraints.value[..]), (true, &[0x30, 3, 1, 1, 0xff][..]));
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CertificateExtension {
    /// The object identifier, such as `2.5.29.19`.
    pub oid: String,
    /// True where who does not know it must refuse the certificate.
    pub critical: bool,
    /// The value, DER.
    pub value: Vec<u8>,
}

impl CertificateExtension {
    /// Each of a checked list, in its order.
    pub(super) fn all(list: &[u8]) -> Vec<Self> {
        let owned = |each: Extension<'_>| CertificateExtension {
            oid: Oid(each.kind).to_string(),
            critical: each.critical,
            value: each.value.to_vec(),
        };
        all(list).into_iter().map(owned).collect()
    }
}
