//! What a certificate's key may be used for.

use std::fmt;

use super::der::{self, Fault, Oid, Reader};
use super::oid;
use crate::error::{Error, ErrorKind, Result};

/// The names of RFC 5280 section 4.2.1.3, in the order of their bits.
const NAMES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

const PURPOSES: [(&str, &str); 10] = [
    ("2.5.29.37.0", "anyExtendedKeyUsage"),
    ("1.3.6.1.5.5.7.3.1", "serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"),
    ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"),
    ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
    ("1.3.6.1.4.1.311.10.3.4", "encryptingFileSystem"),
    ("1.3.6.1.4.1.311.20.2.2", "smartcardLogon"),
    ("1.3.6.1.5.2.3.5", "kdcAuthentication"),
];

/// One purpose of the extended key usage extension; prints its name, or its object identifier where it has none.
///
/// ConfigMgr asks for `clientAuth` in client certificates and `serverAuth` in the gateway's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedKeyUsage {
    oid: String,
}

impl ExtendedKeyUsage {
    pub(super) fn new(oid: String) -> Self {
        ExtendedKeyUsage { oid }
    }

    /// A purpose by its name, such as `serverAuth`, or by its object identifier.
    ///
    /// # Errors
    /// `config` where the text is neither.
    ///
    /// ```
    /// use cmgateway::cert::ExtendedKeyUsage;
    /// assert_eq!(ExtendedKeyUsage::parse("serverAuth")?.oid(), "1.3.6.1.5.5.7.3.1");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let known = PURPOSES.iter().find(|(_, name)| *name == text).map(|(oid, _)| *oid);
        let oid = known.unwrap_or(text);
        match oid::encode(oid) {
            Some(_) => Ok(ExtendedKeyUsage { oid: oid.into() }),
            None => {
                let cause = format!("{text:?} is neither a purpose that is known nor an object identifier");
                Err(Error::new(ErrorKind::Config, "read extended key usage", cause))
            }
        }
    }

    /// The content of the object identifier.
    pub(super) fn content(&self) -> Vec<u8> {
        oid::encode(&self.oid).unwrap_or_default()
    }

    /// The object identifier, such as `1.3.6.1.5.5.7.3.2`.
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// The name, such as `clientAuth`, where the purpose is a known one.
    pub fn name(&self) -> Option<&'static str> {
        PURPOSES.iter().find(|(oid, _)| *oid == self.oid).map(|(_, name)| *name)
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or(&self.oid))
    }
}

/// The bits of a key usage extension, first bit highest.
pub(super) fn read(content: &[u8]) -> std::result::Result<u16, Fault> {
    let bytes = der::bit_string(content)?;
    let byte = |at| bytes.get(at).copied().unwrap_or(0);
    Ok(u16::from_be_bytes([byte(0), byte(1)]))
}

/// The bit of a usage by its name in RFC 5280; also `contentCommitment`, the newer name of `nonRepudiation`.
pub(super) fn bit(name: &str) -> Option<u16> {
    let name = if name == "contentCommitment" { "nonRepudiation" } else { name };
    NAMES.iter().position(|each| *each == name).map(|at| 0x8000 >> at)
}

pub(super) fn names(bits: u16) -> Vec<&'static str> {
    NAMES.iter().enumerate().filter(|(at, _)| bits & (0x8000 >> at) != 0).map(|(_, name)| *name).collect()
}

/// Checks the content of an extended key usage extension, so that [`purposes`] can always read it.
pub(super) fn check_extended(content: &[u8]) -> std::result::Result<(), Fault> {
    let mut purposes = Reader::new(content);
    while !purposes.is_empty() {
        der::check_oid(purposes.expect(der::OBJECT_IDENTIFIER)?.content)?;
    }
    Ok(())
}

pub(super) fn purposes(content: &[u8]) -> Vec<ExtendedKeyUsage> {
    let (mut purposes, mut out) = (Reader::new(content), Vec::new());
    while let Ok(purpose) = purposes.expect(der::OBJECT_IDENTIFIER) {
        out.push(ExtendedKeyUsage { oid: Oid(purpose.content).to_string() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_the_names_of_the_standard() {
        assert_eq!(names(read(&[1, 0x06]).unwrap()), ["keyCertSign", "cRLSign"]);
        assert_eq!(names(read(&[7, 0x80, 0x80]).unwrap()), ["digitalSignature", "decipherOnly"]);
        assert!(names(read(&[0]).unwrap()).is_empty());
        assert!(read(&[]).is_err());
        assert!(read(&[8, 1]).is_err());
    }
}
