//! Certificates for requests that others made, Windows among them.

use time::OffsetDateTime;

use super::authority::{Authority, refused};
use super::certificate_writing::Validity;
use super::issuing::{owner_extensions, usage_of};
use crate::cert::certificate_extension::{self, Extension};
use crate::cert::certificate_template::{TEMPLATE_INFORMATION, TEMPLATE_NAME};
use crate::cert::der::Oid;
use crate::cert::extension_writing::{self as write, extension};
use crate::cert::{
    Certificate, CertificateRequest, DistinguishedName, ExtendedKeyUsage, PrivateKeyKind,
    SubjectAlternativeName,
};
use crate::error::Result;

// 1.2.840.113549.1.9.15: which ciphers a mail program reads. Windows asks for it unless told not to.
const SMIME_CAPABILITIES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15];

type Cause<T> = std::result::Result<T, String>;

/// What happens to extensions of a request that the library does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum UnknownExtensions {
    /// The request is refused, with their object identifiers: some of them grant something, such as the SID of an account.
    #[default]
    Refuse,
    /// They stand in the certificate as they stand in the request; a critical one is refused all the same.
    Keep,
}

impl UnknownExtensions {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            UnknownExtensions::Refuse => "refuse",
            UnknownExtensions::Keep => "keep",
        }
    }
}

/// What an authority decides about a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignOptions {
    /// The first second of validity.
    pub not_before: OffsetDateTime,
    /// Days of validity.
    pub days: u32,
    /// The name of the owner, in place of that of the request.
    pub subject: Option<DistinguishedName>,
    /// Further names, in place of those of the request.
    pub names: Option<Vec<SubjectAlternativeName>>,
    /// The purposes, in place of those of the request; needed where the request has none.
    pub extended_key_usage: Option<Vec<ExtendedKeyUsage>>,
    /// What happens to extensions that the library does not know.
    pub unknown_extensions: UnknownExtensions,
    /// Signs a request for the certificate of an authority, which is refused otherwise.
    pub authority: bool,
    /// How many authorities may follow below that one.
    pub path_length: Option<u32>,
}

impl SignOptions {
    /// A year from `now` on, with the names and purposes of the request.
    pub fn new(now: OffsetDateTime) -> Self {
        SignOptions {
            not_before: now,
            days: 365,
            subject: None,
            names: None,
            extended_key_usage: None,
            unknown_extensions: UnknownExtensions::default(),
            authority: false,
            path_length: None,
        }
    }
}

impl Authority {
    /// Signs a request: checks that the requester has the key, and issues what it asks for where that is allowed.
    ///
    /// Names, key usage, purposes and the AD CS template come from the request; key identifiers, addresses and validity from
    /// the authority, always. Keys below RSA 2048 bits and kinds other than RSA, P-256, P-384, P-521 and Ed25519 are refused.
    ///
    /// # Errors
    /// `certificate` where the request's own signature is wrong. `config` where it asks for what is not allowed (the text names
    /// the extension), has no purpose and the options neither, has a weak key, or the authority's chain does not allow it.
    pub fn sign(&self, request: &CertificateRequest, options: &SignOptions) -> Result<Certificate> {
        request.verify_signature()?;
        self.sign_checked(request, options).map_err(refused("sign certificate request"))
    }

    fn sign_checked(&self, request: &CertificateRequest, options: &SignOptions) -> Cause<Certificate> {
        check_key(request)?;
        let subject = match &options.subject {
            Some(subject) => subject.clone(),
            None => request.subject_name(),
        };
        let names = options.names.as_ref().map_or(request.subject_alternative_names().len(), Vec::len);
        if subject.is_empty() && names == 0 {
            return Err("it names nobody".into());
        }
        let validity = Validity::of_days(options.not_before, options.days)?;
        let extensions = if request.is_ca() || options.authority {
            authority_extensions(self, options)?
        } else {
            leaf_extensions(request, options, &subject)?
        };
        let mut extensions = [extensions, carried_names(request, options, &subject)?].concat();
        for asked in certificate_extension::all(request.extension_list()) {
            if carried(asked, options)? {
                extensions.extend(extension(asked.kind, asked.critical, asked.value));
            }
        }
        let info = crate::cert::der_writing::sequence(&[request.public_key_info()]);
        self.issue(subject.content(), validity, &info, extensions)
    }
}

fn check_key(request: &CertificateRequest) -> Cause<()> {
    let (kind, bits) = (request.key_algorithm(), request.key_size_bits().unwrap_or(0));
    match kind.as_str() {
        "RSA" | "RSA-PSS" if bits < 2_048 => Err(format!("its RSA key has {bits} bits, 2048 are the least")),
        "RSA" | "RSA-PSS" | "EC P-256" | "EC P-384" | "EC P-521" | "Ed25519" => Ok(()),
        _ => Err(format!("its key is of the kind {kind}, for which nothing is issued here")),
    }
}

fn authority_extensions(authority: &Authority, options: &SignOptions) -> Cause<Vec<u8>> {
    if !options.authority {
        return Err("it asks for the certificate of an authority (2.5.29.19); `authority` allows that".into());
    }
    if authority.certificate().path_length() == Some(0) {
        let name = authority.certificate().subject();
        return Err(format!("{name} may have no authority below it (path length 0)"));
    }
    let value = write::basic_constraints(true, options.path_length);
    let mut out = extension(write::BASIC_CONSTRAINTS, true, &value);
    let usage = ["keyCertSign", "cRLSign"].map(str::to_owned);
    out.extend(extension(write::KEY_USAGE, true, &write::key_usage(&usage)?));
    if let Some(purposes) = options.extended_key_usage.as_ref().filter(|purposes| !purposes.is_empty()) {
        out.extend(extension(write::EXTENDED_KEY_USAGE, false, &write::extended_key_usage(purposes)));
    }
    Ok(out)
}

fn leaf_extensions(
    request: &CertificateRequest,
    options: &SignOptions,
    subject: &DistinguishedName,
) -> Cause<Vec<u8>> {
    let purposes = options.extended_key_usage.clone().unwrap_or_else(|| request.extended_key_usage());
    if purposes.is_empty() {
        let cause = "it asks for no purpose, and a certificate without one is good for any; \
                     give one as `extended_key_usage`";
        return Err(cause.into());
    }
    let usage = match request.key_usage() {
        Some(asked) if asked.contains(&"keyCertSign") || asked.contains(&"cRLSign") => {
            return Err("it asks for the key usage of an authority (2.5.29.15)".into());
        }
        Some(asked) => asked.into_iter().map(str::to_owned).collect(),
        None if request.key_algorithm().starts_with("RSA") => usage_of(PrivateKeyKind::Rsa),
        None => usage_of(PrivateKeyKind::Ec),
    };
    owner_extensions(&usage, &purposes, &[], subject)
}

/// The alternative names, as the options say or as the request has them.
fn carried_names(
    request: &CertificateRequest,
    options: &SignOptions,
    subject: &DistinguishedName,
) -> Cause<Vec<u8>> {
    let value = match &options.names {
        Some(names) if names.is_empty() => return Ok(Vec::new()),
        Some(names) => write::alternative_names(names)?,
        None => match certificate_extension::value_of(request.extension_list(), 17) {
            Some(value) => value.to_vec(),
            None => return Ok(Vec::new()),
        },
    };
    Ok(extension(write::ALTERNATIVE_NAMES, subject.is_empty(), &value))
}

/// True where an extension goes from the request into the certificate as it is.
fn carried(asked: Extension<'_>, options: &SignOptions) -> Cause<bool> {
    let name = Oid(asked.kind);
    match (asked.kind, asked.number()) {
        // Read and written anew above.
        (_, Some(14 | 15 | 17 | 19 | 37)) => Ok(false),
        (_, Some(_)) | (write::AUTHORITY_INFORMATION, _) => {
            Err(format!("it asks for the extension {name}, which is the authority's to decide"))
        }
        (TEMPLATE_NAME | TEMPLATE_INFORMATION | SMIME_CAPABILITIES, _) if !asked.critical => Ok(true),
        _ if asked.critical => {
            Err(format!("it asks for the critical extension {name}, which is not known here"))
        }
        _ if options.unknown_extensions == UnknownExtensions::Keep => Ok(true),
        _ => Err(format!(
            "it asks for the extension {name}, which is not known here; `unknown_extensions` keeps it"
        )),
    }
}
