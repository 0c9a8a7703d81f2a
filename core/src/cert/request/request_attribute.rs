//! Attributes of a request: those of PKCS #9 (RFC 2985), and what Windows adds ([MS-WCCE] 2.2.2.7).

use std::borrow::Cow;

use crate::cert::certificate_template::small;
use crate::cert::der::{self, Element, Fault, Oid, Reader};
use crate::cert::name;

// 1.2.840.113549.1.9.14, and what Windows wrote before it: 1.3.6.1.4.1.311.2.1.14.
pub(super) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
const OLD_EXTENSIONS: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 14];
// Below 1.3.6.1.4.1.311: 13.2.1, 13.2.2, 13.2.3, 21.20.
pub(super) const NAME_VALUE: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 13, 2, 1];
const PROVIDER: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 13, 2, 2];
const OS_VERSION: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 13, 2, 3];
const CLIENT_INFORMATION: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 20];

/// Who made a request and with what, as Windows writes it into the request.
///
/// The requester says so and nobody has checked it: for a person who reads, never for a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestOrigin {
    /// The version of Windows, such as `10.0.17763.2`.
    pub os_version: Option<String>,
    /// The name of the machine.
    pub machine: Option<String>,
    /// The account, such as `CONTOSO\admin`.
    pub user: Option<String>,
    /// The program, such as `certreq.exe`.
    pub process: Option<String>,
    /// The provider that holds the key, such as `Microsoft RSA SChannel Cryptographic Provider`.
    pub provider: Option<String>,
}

impl RequestOrigin {
    /// What checked attributes say.
    pub(super) fn read(attributes: &[u8]) -> Self {
        let (mut out, mut list) = (RequestOrigin::default(), Reader::new(attributes));
        while let Ok(attribute) = Attribute::next(&mut list) {
            let Ok(value) = attribute.only_value() else { continue };
            let mut fields = Reader::new(value.content);
            match attribute.kind {
                OS_VERSION => out.os_version = name::decode(value).map(Cow::into_owned),
                CLIENT_INFORMATION if fields.expect(der::INTEGER).is_ok() => {
                    let mut next = || fields.any().ok().and_then(text);
                    (out.machine, out.user, out.process) = (next(), next(), next());
                }
                PROVIDER if fields.expect(der::INTEGER).is_ok() => {
                    out.provider = fields.any().ok().and_then(text);
                }
                _ => {}
            }
        }
        out
    }
}

fn text(value: Element<'_>) -> Option<String> {
    name::decode(value).map(Cow::into_owned).filter(|text| !text.is_empty())
}

/// The value that goes with a name in the pairs of `certreq -attrib`; case does not matter.
pub(super) fn value_of_pair(attributes: &[u8], wanted: &str) -> Option<String> {
    let mut list = Reader::new(attributes);
    while let Ok(attribute) = Attribute::next(&mut list) {
        if attribute.kind != NAME_VALUE {
            continue;
        }
        let mut values = Reader::new(attribute.values);
        while let Ok(mut pair) = values.enter(der::SEQUENCE) {
            let name = pair.any().ok().and_then(text);
            if name.is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
                return pair.any().ok().and_then(text);
            }
        }
    }
    None
}

/// One attribute: its kind, and the contents of the SET of its values.
pub(super) struct Attribute<'a> {
    pub(super) kind: &'a [u8],
    values: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// Takes one attribute off a list.
    pub(super) fn next(list: &mut Reader<'a>) -> Result<Self, Fault> {
        let mut fields = list.enter(der::SEQUENCE)?;
        let kind = fields.expect(der::OBJECT_IDENTIFIER)?.content;
        der::check_oid(kind)?;
        let values = fields.expect(der::SET)?.content;
        fields.end()?;
        let mut each = Reader::new(values);
        while !each.is_empty() {
            each.any()?;
        }
        Ok(Attribute { kind, values })
    }

    /// The object identifier as text.
    pub(super) fn oid(&self) -> String {
        Oid(self.kind).to_string()
    }

    pub(super) fn is_extensions(&self) -> bool {
        self.kind == EXTENSION_REQUEST || self.kind == OLD_EXTENSIONS
    }

    pub(super) fn only_value(&self) -> Result<Element<'a>, Fault> {
        let mut values = Reader::new(self.values);
        let value = values.any()?;
        values.end()?;
        Ok(value)
    }

    /// What an error calls it.
    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            EXTENSION_REQUEST | OLD_EXTENSIONS => "extensions",
            NAME_VALUE => "pair of name and value",
            PROVIDER => "key provider",
            OS_VERSION => "version of Windows",
            CLIENT_INFORMATION => "client information",
            _ => "attributes",
        }
    }

    /// Checks the value where the library looks into it.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let is_text = |value: Element<'_>| match name::decode(value) {
            Some(_) => Ok(()),
            None => Err("it is no text"),
        };
        match self.kind {
            EXTENSION_REQUEST | OLD_EXTENSIONS if self.only_value()?.tag != der::SEQUENCE => {
                Err("an element of another type than expected")
            }
            OS_VERSION => is_text(self.only_value()?),
            NAME_VALUE => {
                let mut values = Reader::new(self.values);
                while !values.is_empty() {
                    let mut pair = values.enter(der::SEQUENCE)?;
                    is_text(pair.any()?)?;
                    is_text(pair.any()?)?;
                    pair.end()?;
                }
                Ok(())
            }
            PROVIDER => {
                let mut fields = Reader::new(der::only(self.only_value()?.whole, der::SEQUENCE)?);
                small(fields.expect(der::INTEGER)?.content)?;
                is_text(fields.any()?)?;
                fields.expect(der::BIT_STRING)?;
                fields.end()
            }
            CLIENT_INFORMATION => {
                let mut fields = Reader::new(der::only(self.only_value()?.whole, der::SEQUENCE)?);
                small(fields.expect(der::INTEGER)?.content)?;
                while !fields.is_empty() {
                    is_text(fields.any()?)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
