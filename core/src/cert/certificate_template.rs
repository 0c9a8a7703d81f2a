//! The certificate template of Active Directory Certificate Services (AD CS).

use std::fmt;

use super::certificate_extension::{self, Extension};
use super::der::{self, Fault, Oid, Reader};
use super::der_writing::{element, integer, oid as object_identifier, sequence};
use super::{name, oid};
use crate::error::{Error, ErrorKind, Result};

// 1.3.6.1.4.1.311.20.2 (szOID_ENROLL_CERTTYPE_EXTENSION) and 1.3.6.1.4.1.311.21.7 (szOID_CERTIFICATE_TEMPLATE).
pub(super) const TEMPLATE_NAME: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2];
pub(super) const TEMPLATE_INFORMATION: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 7];

/// An AD CS certificate template, by its name (version 1 templates) or its object identifier (version 2 and later).
///
/// A request names one so that the enterprise CA knows what to issue; a certificate tells which one it came from.
///
/// ```
/// use cmgateway::cert::CertificateTemplate;
/// assert_eq!(CertificateTemplate::named("WebServer").to_string(), "WebServer");
/// let copy = CertificateTemplate::with_oid("1.3.6.1.4.1.311.21.8.1.2.3", Some(100), Some(4))?;
/// assert_eq!(copy.to_string(), "1.3.6.1.4.1.311.21.8.1.2.3 100.4");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CertificateTemplate {
    /// The name of the template, without blanks as AD CS keeps it, such as `WebServer`.
    pub name: Option<String>,
    /// The object identifier of the template.
    pub oid: Option<String>,
    /// The major version.
    pub major_version: Option<u32>,
    /// The minor version.
    pub minor_version: Option<u32>,
}

impl CertificateTemplate {
    /// A template from the text that it prints: a name, or an object identifier with its versions behind it.
    ///
    /// # Errors
    /// `config` where the text is empty, or its versions are not of the form `100.4`.
    ///
    /// ```
    /// use cmgateway::cert::CertificateTemplate;
    /// assert_eq!(CertificateTemplate::parse("WebServer")?, CertificateTemplate::named("WebServer"));
    /// assert_eq!(CertificateTemplate::parse("1.3.6.1.4.1.311.21.8.1 100.4")?.minor_version, Some(4));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let (first, versions) = text.split_once(' ').unwrap_or((text, ""));
        if oid::encode(first).is_none() {
            return match text {
                "" => Err(refuse("it has no name")),
                _ => Ok(CertificateTemplate::named(text)),
            };
        }
        let number = |digits: &str| -> Result<Option<u32>> {
            let wrong = || refuse(format!("{versions:?} are not versions such as 100.4"));
            if digits.is_empty() { Ok(None) } else { digits.parse().map(Some).map_err(|_| wrong()) }
        };
        let (major, minor) = versions.split_once('.').unwrap_or((versions, ""));
        CertificateTemplate::with_oid(first, number(major)?, number(minor)?)
    }

    /// A template by its name, as version 1 templates are asked for.
    pub fn named(name: impl Into<String>) -> Self {
        CertificateTemplate { name: Some(name.into()), ..CertificateTemplate::default() }
    }

    /// A template by its object identifier, as templates of version 2 and later are asked for.
    ///
    /// # Errors
    /// `config` where the text is no object identifier, or there is a minor version without a major one.
    pub fn with_oid(oid: &str, major_version: Option<u32>, minor_version: Option<u32>) -> Result<Self> {
        if oid::encode(oid).is_none() {
            return Err(refuse(format!("{oid:?} is not an object identifier")));
        }
        if minor_version.is_some() && major_version.is_none() {
            return Err(refuse("a minor version needs a major version"));
        }
        Ok(CertificateTemplate { name: None, oid: Some(oid.into()), major_version, minor_version })
    }

    /// Checks one extension; true where it is about a template.
    pub(super) fn check(extension: Extension<'_>) -> Result<bool, Fault> {
        CertificateTemplate::default().take(extension)
    }

    /// What a list of extensions says, with its tag.
    pub(super) fn of_extensions(list: &[u8]) -> Option<Self> {
        let mut out = CertificateTemplate::default();
        for extension in certificate_extension::all(list) {
            // A certificate with a broken template extension still has a template by the other one.
            let _ = out.take(extension);
        }
        (out.name.is_some() || out.oid.is_some()).then_some(out)
    }

    fn take(&mut self, extension: Extension<'_>) -> Result<bool, Fault> {
        let mut reader = Reader::new(extension.value);
        match extension.kind {
            TEMPLATE_NAME => {
                let text = reader.any()?;
                reader.end()?;
                self.name = Some(name::decode(text).ok_or("it is no text")?.into_owned());
            }
            TEMPLATE_INFORMATION => {
                let mut fields = reader.enter(der::SEQUENCE)?;
                reader.end()?;
                let id = fields.expect(der::OBJECT_IDENTIFIER)?.content;
                der::check_oid(id)?;
                let mut version = || -> Result<Option<u32>, Fault> {
                    fields.optional(der::INTEGER)?.map(|number| small(number.content)).transpose()
                };
                (self.major_version, self.minor_version) = (version()?, version()?);
                fields.end()?;
                self.oid = Some(Oid(id).to_string());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Its extensions: object identifier (content) and value.
    pub(super) fn to_extensions(&self) -> Vec<(&'static [u8], Vec<u8>)> {
        let mut out = Vec::new();
        if let Some(name) = &self.name {
            let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
            out.push((TEMPLATE_NAME, element(0x1e, &[&units])));
        }
        if let Some(id) = self.oid.as_deref().and_then(oid::encode) {
            let number = |version: Option<u32>| version.map(integer).unwrap_or_default();
            let versions = (number(self.major_version), number(self.minor_version));
            out.push((TEMPLATE_INFORMATION, sequence(&[&object_identifier(&id), &versions.0, &versions.1])));
        }
        out
    }
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read certificate template", cause)
}

/// An INTEGER of at most 32 bits that is not negative.
pub(super) fn small(content: &[u8]) -> Result<u32, Fault> {
    der::check_integer(content)?;
    match content {
        [first, ..] if first & 0x80 != 0 => Err("a negative number"),
        [0, digits @ ..] | digits if digits.len() <= 4 => {
            Ok(digits.iter().fold(0, |sum, &digit| sum << 8 | u32::from(digit)))
        }
        _ => Err("a number of more than 32 bits"),
    }
}

impl fmt::Display for CertificateTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.oid) {
            (Some(name), Some(oid)) => write!(f, "{name} ({oid}")?,
            (Some(text), None) | (None, Some(text)) => f.write_str(text)?,
            (None, None) => {}
        }
        if let Some(major) = self.major_version {
            write!(f, " {major}")?;
        }
        if let Some(minor) = self.minor_version {
            write!(f, ".{minor}")?;
        }
        if self.name.is_some() && self.oid.is_some() { f.write_str(")") } else { Ok(()) }
    }
}
