//! PKCS #12 files (.pfx, .p12) as values, and their reading.

use std::path::Path;

use zeroize::Zeroizing;

use super::file_refusal::Refusal;
use super::load::{plain_text, read_limited};
use super::password::{Password, PasswordForm};
use super::pfx_bags::Bags;
use super::pfx_mac::PfxMac;
use super::{Certificate, PrivateKey, der, pem, pfx_structure};
use crate::error::Result;
use crate::limits::KEY_FILE_BYTES_MAX;

const OPERATION: &str = "load PFX";

/// A certificate with its private key, as a PFX holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PfxKeyPair {
    /// The certificate; its public key belongs to the private key.
    pub certificate: Certificate,
    /// The private key.
    pub private_key: PrivateKey,
    /// The name that a user sees for it, of the key or else of the certificate.
    pub friendly_name: Option<String>,
}

impl PfxKeyPair {
    /// Puts the two together, without a friendly name.
    pub fn new(certificate: Certificate, private_key: PrivateKey) -> Self {
        PfxKeyPair { certificate, private_key, friendly_name: None }
    }
}

/// A certificate of a PFX that has no private key there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PfxCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// The name that a user sees for it.
    pub friendly_name: Option<String>,
}

/// A private key of a PFX that has no certificate there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PfxKey {
    /// The private key.
    pub private_key: PrivateKey,
    /// The name that a user sees for it.
    pub friendly_name: Option<String>,
}

/// What a PFX holds, after its password was found right.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Pfx {
    /// Keys with their certificates, in the order of the keys.
    pub key_pairs: Vec<PfxKeyPair>,
    /// The other certificates, such as the chain, in the order of the file.
    pub certificates: Vec<PfxCertificate>,
    /// Keys without a certificate.
    pub keys: Vec<PfxKey>,
    /// What else is in it and was not read, by its name, such as `CRL`.
    pub skipped: Vec<String>,
    /// How its integrity is protected; `None` where it is not, and then nothing vouches for parts without encryption.
    pub mac: Option<PfxMac>,
    /// The form of the password that was right; `None` where nothing in the file asked for one.
    pub password_form: Option<PasswordForm>,
}

/// Reads a PKCS #12 file (RFC 7292) as Windows, OpenSSL, Java, Firefox, macOS and .NET write it.
///
/// DER, BER and base64 alone are taken; RC2, RC4, triple DES and PBES2 encryption; MACs of the old kind and PBMAC1
/// (RFC 9579). Three things look like no password: the empty text, none at all, and a file without a MAC. `None` and the
/// empty text open the first two alike, since nobody can know which one a file was closed with, and
/// [`password_form`](Pfx::password_form) and [`mac`](Pfx::mac) tell what was found. A key is put together with the
/// certificate of its public key; the local key id only chooses among several.
///
/// # Errors
/// `auth` with the context `reason` = `wrong_password`, or `password_needed` where none was given; `certificate` with
/// `damaged`, `unsupported_algorithm` or `over_limit`. Where the password opens the contents but the MAC does not fit, the
/// file is damaged. A changed file whose contents do not open looks like one with another password: no one can tell.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_pfx};
/// let error = load_pfx(b"no PFX", Some("secret")).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Certificate);
/// assert_eq!(error.context(), [("reason", "damaged".to_owned())]);
/// ```
pub fn load_pfx(source: &[u8], password: Option<&str>) -> Result<Pfx> {
    read(source, password).map_err(|refusal| refusal.into_error(OPERATION))
}

/// Reads a PKCS #12 file, as [`load_pfx`] does.
///
/// # Errors
/// `not_found` where there is no such file, `auth` where it may not be read, `unavailable` where the disk fails, and as
/// [`load_pfx`] says; the text names the file.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_pfx_file};
/// let error = load_pfx_file("no-such-file.pfx", None).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn load_pfx_file(path: impl AsRef<Path>, password: Option<&str>) -> Result<Pfx> {
    let path = path.as_ref();
    read_limited(path)
        .map(Zeroizing::new)
        .and_then(|bytes| load_pfx(&bytes, password))
        .map_err(|error| error.during(format!("{OPERATION} from {}", path.display())))
}

fn read(source: &[u8], password: Option<&str>) -> Result<Pfx, Refusal> {
    if source.len() > KEY_FILE_BYTES_MAX {
        return Err(Refusal::TooMuch(format!("it has more than {KEY_FILE_BYTES_MAX} bytes")));
    }
    let mut password = Password::new(password)?;
    let (bags, mac, form) = if source.first() == Some(&der::SEQUENCE) {
        pfx_structure::read(source, &mut password)?
    } else {
        // As a cloud's key vault hands it out.
        let text = plain_text(source).map_err(|error| Refusal::damaged(error.cause()))?;
        match pem::decode_bare(&text) {
            Some(Ok(der)) => pfx_structure::read(&Zeroizing::new(der), &mut password)?,
            Some(Err(cause)) => return Err(Refusal::damaged(cause)),
            None => return Err(Refusal::damaged("it is no PFX file")),
        }
    };
    let mut pfx = together(bags);
    (pfx.mac, pfx.password_form) = (mac, form);
    Ok(pfx)
}

/// Puts each key together with its certificate.
fn together(bags: Bags) -> Pfx {
    let mut certificates: Vec<_> = bags.certificates.into_iter().map(Some).collect();
    let mut pfx = Pfx { skipped: bags.skipped, ..Pfx::default() };
    for key in bags.keys {
        let same_id = |id: &Option<Vec<u8>>| id.is_some() && *id == key.names.local_key_id;
        let place = certificates
            .iter()
            .enumerate()
            .filter_map(|(place, bag)| bag.as_ref().map(|bag| (place, bag)))
            .filter(|(_, bag)| match key.value.has_public_half() {
                true => key.value.matches(&bag.value),
                false => same_id(&bag.names.local_key_id),
            })
            // The first with the same id, or else the first of all: after a renewal one key has two certificates.
            .min_by_key(|(place, bag)| (!same_id(&bag.names.local_key_id), *place))
            .map(|(place, _)| place);
        match place.and_then(|place| certificates.get_mut(place)).and_then(Option::take) {
            Some(found) => pfx.key_pairs.push(PfxKeyPair {
                certificate: found.value,
                private_key: key.value,
                friendly_name: key.names.friendly_name.or(found.names.friendly_name),
            }),
            None => pfx.keys.push(PfxKey { private_key: key.value, friendly_name: key.names.friendly_name }),
        }
    }
    let others = certificates.into_iter().flatten();
    pfx.certificates = others
        .map(|bag| PfxCertificate { certificate: bag.value, friendly_name: bag.names.friendly_name })
        .collect();
    pfx
}
