//! What a certificate says beyond its core: places, policies, constraints, its template, its names as Windows has them.
//!
//! The verifier reads these parts strictly. Here a part that is broken gives what could be read before the fault.

use std::net::Ipv4Addr;

use time::OffsetDateTime;

use super::certificate::Certificate;
use super::certificate_extension::{self, CertificateExtension};
use super::certificate_template::CertificateTemplate;
use super::der::{self, Element, Oid, Reader};
use super::extension_writing::{AUTHORITY_INFORMATION, CA_ISSUERS, OCSP};
use super::{alternative_name, windows_name};

const URI: u8 = 0x86;

/// The names that an authority may and may not certify (RFC 5280, 4.2.1.10), each as `dns:contoso.com`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameConstraints {
    /// Of a kind that is here, only names below one of these are allowed.
    pub permitted: Vec<String>,
    /// No name below one of these is allowed.
    pub excluded: Vec<String>,
}

impl Certificate {
    /// The subject as Windows prints it, such as `CN=gw.contoso.com, O="Contoso, Ltd."`.
    ///
    /// The order is that of .NET and of PowerShell's `$cert.Subject`, most specific part first.
    pub fn windows_subject(&self) -> String {
        windows_name::text(self.part(self.layout().subject))
    }

    /// The issuer, written as [`windows_subject`](Self::windows_subject) is.
    pub fn windows_issuer(&self) -> String {
        windows_name::text(self.part(self.layout().issuer))
    }

    /// Whole days from a moment until it expires; negative after it has.
    pub fn days_left(&self, at: OffsetDateTime) -> i64 {
        (self.not_after() - at).whole_seconds().div_euclid(86_400)
    }

    /// Every extension as it is encoded, in the order of the certificate.
    pub fn extensions(&self) -> Vec<CertificateExtension> {
        CertificateExtension::all(self.extension_list())
    }

    /// Where it says that the certificate of its issuer can be fetched (AIA); nothing is fetched by reading it.
    pub fn ca_issuer_urls(&self) -> Vec<String> {
        access_urls(self.extension_list(), CA_ISSUERS)
    }

    /// Where it says that its status can be asked for (OCSP).
    pub fn ocsp_urls(&self) -> Vec<String> {
        access_urls(self.extension_list(), OCSP)
    }

    /// Where it says that the revocation lists of its issuer are (CDP).
    pub fn crl_urls(&self) -> Vec<String> {
        distribution_urls(certificate_extension::value_of(self.extension_list(), 31))
    }

    /// Where it says that the delta revocation lists of its issuer are.
    pub fn delta_crl_urls(&self) -> Vec<String> {
        distribution_urls(certificate_extension::value_of(self.extension_list(), 46))
    }

    /// The object identifiers of the policies that it was issued under.
    pub fn policies(&self) -> Vec<String> {
        let list = certificate_extension::value_of(self.extension_list(), 32).unwrap_or_default();
        let mut list = Reader::new(der::only(list, der::SEQUENCE).unwrap_or_default());
        let mut out = Vec::new();
        while let Ok(id) =
            list.enter(der::SEQUENCE).and_then(|mut policy| policy.expect(der::OBJECT_IDENTIFIER))
        {
            if der::check_oid(id.content).is_ok() {
                out.push(Oid(id.content).to_string());
            }
        }
        out
    }

    /// The names that this authority may and may not certify, where it is constrained.
    pub fn name_constraints(&self) -> Option<NameConstraints> {
        let value = certificate_extension::value_of(self.extension_list(), 30)?;
        let mut fields = Reader::new(der::only(value, der::SEQUENCE).ok()?);
        let mut subtrees = |tag| {
            let list = fields.optional(tag).ok().flatten().map_or(&[][..], |list| list.content);
            read_subtrees(Reader::new(list))
        };
        Some(NameConstraints { permitted: subtrees(0xa0), excluded: subtrees(0xa1) })
    }

    /// The AD CS template that it was issued from, where it says.
    pub fn template(&self) -> Option<CertificateTemplate> {
        CertificateTemplate::of_extensions(self.extension_list())
    }

    /// The SEQUENCE of extensions with its tag; empty where there is none.
    pub(super) fn extension_list(&self) -> &[u8] {
        self.optional_part(self.layout().extension_list)
    }
}

fn access_urls(list: &[u8], wanted: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    for extension in certificate_extension::all(list) {
        if extension.kind != AUTHORITY_INFORMATION {
            continue;
        }
        let mut access = Reader::new(der::only(extension.value, der::SEQUENCE).unwrap_or_default());
        while let Ok(mut description) = access.enter(der::SEQUENCE) {
            let method = description.expect(der::OBJECT_IDENTIFIER).map_or(&[][..], |method| method.content);
            if let (true, Ok(place)) = (method == wanted, description.expect(URI)) {
                out.push(String::from_utf8_lossy(place.content).into_owned());
            }
        }
    }
    out
}

/// The URIs of the full names of distribution points: RFC 5280, 4.2.1.13.
fn distribution_urls(value: Option<&[u8]>) -> Vec<String> {
    let mut points = Reader::new(der::only(value.unwrap_or_default(), der::SEQUENCE).unwrap_or_default());
    let mut out = Vec::new();
    while let Ok(mut point) = points.enter(der::SEQUENCE) {
        let Ok(Some(name)) = point.optional(0xa0) else { continue };
        let Ok(mut names) = Reader::new(name.content).enter(0xa0) else { continue };
        while let Ok(each) = names.any() {
            if each.tag == URI {
                out.push(String::from_utf8_lossy(each.content).into_owned());
            }
        }
    }
    out
}

fn read_subtrees(mut list: Reader<'_>) -> Vec<String> {
    let mut out = Vec::new();
    while let Ok(base) = list.enter(der::SEQUENCE).and_then(|mut subtree| subtree.any()) {
        out.push(constraint(base));
    }
    out
}

fn constraint(base: Element<'_>) -> String {
    if let (0x87, [a, b, c, d, mask @ ..]) = (base.tag, base.content)
        && let Ok(mask) = <[u8; 4]>::try_from(mask)
    {
        let (address, mask) = (Ipv4Addr::new(*a, *b, *c, *d), u32::from_be_bytes(mask));
        // A mask with holes has no length.
        return match mask.leading_ones() + mask.trailing_zeros() == 32 {
            true => format!("ip:{address}/{}", mask.leading_ones()),
            false => format!("ip:{address}/{}", Ipv4Addr::from(mask)),
        };
    }
    if let (0x87, Some((address, mask))) = (base.tag, base.content.split_at_checked(16))
        && let (Ok(address), Ok(mask)) = (<[u8; 16]>::try_from(address), <[u8; 16]>::try_from(mask))
    {
        let (address, mask) = (std::net::Ipv6Addr::from(address), u128::from_be_bytes(mask));
        if mask.leading_ones() + mask.trailing_zeros() == 128 {
            return format!("ip:{address}/{}", mask.leading_ones());
        }
    }
    alternative_name::all(base.whole).first().map(ToString::to_string).unwrap_or_default()
}
