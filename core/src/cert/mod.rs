//! Certificates: values that are read, made, checked and written, without network and clock.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `certificate` | [`Certificate`]: one certificate and what it says |
//! | `thumbprint` | [`Thumbprint`]: its name in Windows and in the site |
//! | `load` | [`load_cer`]: every certificate of a CER file |
//! | `windows_store` | the certificate stores of Windows, where a path of one is given for a file |
//! | `issue/` | [`Authority`]: issues certificates, signs requests, revokes; [`DevelopmentPki`]: a whole PKI for rehearsals |
//! | `request/` | [`CertificateRequest`]: what is asked of an authority (PKCS #10), read and made |
//! | `key_file/` | [`PrivateKey`], [`Pfx`], P7B: files with keys and the containers they come in, read and written |
//! | `validation/` | [`build_chain`], [`Crl`], [`Verifier`]: the trust decision after RFC 5280 section 6 |
//!
//! [`DistinguishedName`], [`CertificateTemplate`] and [`CertificateExtension`] are parts of several of them; `certificate_fields`
//! is what a certificate says beyond its core. Below lie `layout` (the one pass that checks a certificate), `der`,
//! `der_writing`, `pem`, `oid`, `name`, `windows_name`, `alternative_name`, `key_usage`,
//! `extension_writing` and `algorithm`. Whoever asks about time says which. Only the functions with a path in their arguments
//! touch the disk.

mod algorithm;
mod alternative_name;
mod certificate;
mod certificate_extension;
mod certificate_fields;
mod certificate_template;
mod der;
mod der_writing;
mod distinguished_name;
mod extension_writing;
mod issue;
mod key_file;
mod key_usage;
mod layout;
mod load;
mod name;
mod oid;
mod pem;
mod request;
mod thumbprint;
mod validation;
mod windows_name;
mod windows_store;

pub use alternative_name::{AlternativeNameKind, SubjectAlternativeName};
pub use certificate::Certificate;
pub use certificate_extension::CertificateExtension;
pub use certificate_fields::NameConstraints;
pub use certificate_template::CertificateTemplate;
pub use distinguished_name::DistinguishedName;
pub use issue::{
    Authority, AuthorityOptions, CrlOptions, DevelopmentPki, DevelopmentPkiOptions, IssueOptions,
    IssuedCertificate, PublishedPlaces, SignOptions, UnknownExtensions,
};
pub use key_file::{
    KeyKind, PasswordForm, Pfx, PfxCertificate, PfxKey, PfxKeyPair, PfxMac, PfxProfile, PrivateKey,
    PrivateKeyKind, load_p7b, load_p7b_file, load_pfx, load_pfx_file, load_private_key,
    load_private_key_file, write_p7b, write_p7b_pem, write_pfx,
};
pub use key_usage::ExtendedKeyUsage;
pub use load::{load_cer, load_cer_file};
pub use request::{
    CertificateRequest, InfOptions, RequestOptions, RequestOrigin, certreq_inf, load_csr, load_csr_file,
};
pub use thumbprint::Thumbprint;
pub use validation::{
    AnchorChecks, Chain, Crl, MissingIssuer, Profile, Purpose, Refusal, RefusalReason, Revocation,
    RevocationMode, RevocationReason, VerifiedChain, Verifier, VerifierOptions, build_chain, load_crl,
    load_crl_file,
};
pub(crate) use windows_store::StorePath;
#[cfg(windows)]
pub(crate) use windows_store::this_computer as windows_store_contexts;
