//! The bags of a PFX (RFC 7292, 4.2) and the names on them.

use super::der::{self, Oid, Reader};
use super::file_refusal::{Refusal, part};
use super::password::{Password, PasswordForm};
use super::private_key_reading::from_encrypted;
use super::{Certificate, PrivateKey};
use crate::limits::{PFX_BAG_DEPTH_MAX, PFX_BAGS_MAX};

// The object identifiers of PKCS #9 and PKCS #12, up to what follows.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1];
pub(super) const SHROUDED_KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2];
pub(super) const CERTIFICATE_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3];
pub(super) const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1];
pub(super) const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 20];
pub(super) const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21];
pub(super) const BMP_STRING: u8 = 0x1e;

/// The names on a bag.
#[derive(Default)]
pub(super) struct Names {
    pub(super) friendly_name: Option<String>,
    pub(super) local_key_id: Option<Vec<u8>>,
}

/// A bag's value with its names.
pub(super) struct Named<T> {
    pub(super) value: T,
    pub(super) names: Names,
}

/// Everything in a file, before keys and certificates are put together.
#[derive(Default)]
pub(super) struct Bags {
    pub(super) keys: Vec<Named<PrivateKey>>,
    pub(super) certificates: Vec<Named<Certificate>>,
    pub(super) skipped: Vec<String>,
    count: usize,
}

impl Bags {
    /// Adds the bags of a SafeContents, DER in structure.
    pub(super) fn read(
        &mut self,
        contents: &[u8],
        depth: usize,
        password: &mut Password,
        used: &mut Option<PasswordForm>,
    ) -> Result<(), Refusal> {
        if depth > PFX_BAG_DEPTH_MAX {
            return Err(Refusal::TooMuch(format!("its bags are nested deeper than {PFX_BAG_DEPTH_MAX}")));
        }
        let wrong = part("list of bags");
        let mut list = Reader::new(der::only(contents, der::SEQUENCE).map_err(&wrong)?);
        while !list.is_empty() {
            self.count = self.count.saturating_add(1);
            if self.count > PFX_BAGS_MAX {
                return Err(Refusal::TooMuch(format!("it has more than {PFX_BAGS_MAX} bags")));
            }
            let mut bag = list.enter(der::SEQUENCE).map_err(&wrong)?;
            let kind = bag.expect(der::OBJECT_IDENTIFIER).map_err(&wrong)?.content;
            let value = bag.expect(0xa0).map_err(&wrong)?.content;
            let names = match bag.optional(der::SET).map_err(&wrong)? {
                Some(attributes) => Names::read(attributes.content)?,
                None => Names::default(),
            };
            bag.end().map_err(&wrong)?;
            match kind.strip_prefix(BAG) {
                Some([1]) => self.keys.push(Named { value: PrivateKey::from_pkcs8(value)?, names }),
                Some([2]) => {
                    let (value, form) = from_encrypted(value, password)?;
                    used.get_or_insert(form);
                    self.keys.push(Named { value, names });
                }
                Some([3]) => self.add_certificate(value, names)?,
                Some([4]) => self.skipped.push("CRL".into()),
                Some([5]) => self.skipped.push("secret".into()),
                Some([6]) => self.read(value, depth.saturating_add(1), password, used)?,
                _ => {
                    der::check_oid(kind).map_err(&wrong)?;
                    self.skipped.push(Oid(kind).to_string());
                }
            }
        }
        Ok(())
    }

    fn add_certificate(&mut self, value: &[u8], names: Names) -> Result<(), Refusal> {
        let wrong = part("certificate bag");
        let mut bag = Reader::new(der::only(value, der::SEQUENCE).map_err(&wrong)?);
        let kind = bag.expect(der::OBJECT_IDENTIFIER).map_err(&wrong)?.content;
        let content = bag.expect(0xa0).map_err(&wrong)?.content;
        bag.end().map_err(&wrong)?;
        if kind != X509 {
            self.skipped.push("SDSI certificate".into());
            return Ok(());
        }
        let content = der::only(content, der::OCTET_STRING).map_err(&wrong)?;
        let number = self.certificates.len().saturating_add(1);
        let value = Certificate::from_der(content)
            .map_err(|error| Refusal::damaged(format!("certificate {number}: {}", error.cause())))?;
        self.certificates.push(Named { value, names });
        Ok(())
    }
}

impl Names {
    fn read(attributes: &[u8]) -> Result<Self, Refusal> {
        let wrong = part("bag attributes");
        let (mut names, mut list) = (Names::default(), Reader::new(attributes));
        while !list.is_empty() {
            let mut attribute = list.enter(der::SEQUENCE).map_err(&wrong)?;
            let kind = attribute.expect(der::OBJECT_IDENTIFIER).map_err(&wrong)?.content;
            let mut values = attribute.enter(der::SET).map_err(&wrong)?;
            attribute.end().map_err(&wrong)?;
            match kind {
                // Some writers leave an empty set.
                FRIENDLY_NAME if !values.is_empty() => {
                    let content = values.expect(BMP_STRING).map_err(&wrong)?.content;
                    names.friendly_name = Some(from_bmp(content)?);
                }
                LOCAL_KEY_ID if !values.is_empty() => {
                    let content = values.expect(der::OCTET_STRING).map_err(&wrong)?.content;
                    names.local_key_id = Some(content.to_vec());
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

/// UTF-16, big end first; a broken character does not make a name unreadable.
fn from_bmp(content: &[u8]) -> Result<String, Refusal> {
    let (units, rest) = content.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Refusal::damaged("a friendly name has half a character at its end"));
    }
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    Ok(String::from_utf16_lossy(&units))
}
