//! Certificates as values: read, named, issued for rehearsal.
//!
//! | file | what |
//! | --- | --- |
//! | `thumbprint` | [`Thumbprint`]: the name by which a site knows a sub-CA |
//! | `certificate` | [`Certificate`]: one certificate and what it says |
//! | `load` | [`load_cer`], [`load_cer_file`]: files of any usual form |
//! | `crl` | [`Crl`], [`load_crl`]: revocation lists |
//! | `chain` | [`build_chain`]: what belongs together, and what is missing |
//! | `verifier` | [`Verifier`]: the trust decision after RFC 5280 section 6 |
//! | `refusal` | [`Refusal`]: why a chain is refused, which certificate, which chain |
//! | `private_key`, `private_key_reading` | [`PrivateKey`], [`load_private_key`]: keys of every usual form |
//! | `pfx`, `pfx_mac` | [`Pfx`], [`load_pfx`]: PKCS #12 as every program writes it |
//! | `pfx_writing` | [`write_pfx`]: PKCS #12 for Windows Server 2016, and modern |
//! | `p7b` | [`load_p7b`], [`write_p7b`]: certificates in PKCS #7 |
//! | `issue` | [`DevelopmentPki`]: a root, issuing authorities, a server and a client for rehearsals |
//!
//! Under the verifier: `path_search` finds paths through a `store`, `path_validation` checks one of them with
//! `certificate_rules`, `strict_profile`, `name_constraints` and `policy`, `revocation` asks the lists, `host_name`
//! compares the name and `signature` checks one signature.
//!
//! Below them lie `layout` (the one pass that checks a certificate), `der`, `pem`, `name`, `alternative_name`,
//! `key_usage` and `algorithm`. Keys and PFX stand on `ber` (BER made DER), `der_writing`, `password` (the forms of one
//! password), `password_encryption`, `pbkdf2`, `scrypt`, `pem_encryption`, `cipher`, `hash`, `public_half`,
//! `pfx_structure`, `pfx_bags` and `refusal` (why a file is not taken). No network, no clock: whoever asks about
//! time says which. Only the functions with a path in their arguments touch the disk.

mod algorithm;
mod alternative_name;
mod ber;
mod certificate;
mod certificate_rules;
mod chain;
mod cipher;
mod constraints;
mod crl;
mod der;
mod der_writing;
mod dsa;
mod extension;
mod file_refusal;
mod hash;
mod host_name;
mod issue;
mod key_usage;
mod layout;
mod load;
mod name;
mod name_comparison;
mod name_constraints;
mod oid;
mod p7b;
mod password;
mod password_encryption;
mod path_search;
mod path_validation;
mod pbkdf2;
mod pem;
mod pem_encryption;
mod pfx;
mod pfx_bags;
mod pfx_mac;
mod pfx_structure;
mod pfx_writing;
mod policy;
mod private_key;
mod private_key_reading;
mod public_half;
mod refusal;
mod revocation;
mod scrypt;
mod signature;
mod store;
mod strict_profile;
mod thumbprint;
mod verifier;

pub use alternative_name::{AlternativeNameKind, SubjectAlternativeName};
pub use certificate::Certificate;
pub use chain::{Chain, build_chain};
pub use crl::{Crl, Revocation, RevocationReason, load_crl};
pub use issue::{DevelopmentPki, DevelopmentPkiOptions, IssuedCertificate, KeyKind};
pub use key_usage::ExtendedKeyUsage;
pub use load::{load_cer, load_cer_file};
pub use p7b::{load_p7b, load_p7b_file, write_p7b, write_p7b_pem};
pub use password::PasswordForm;
pub use pfx::{Pfx, PfxCertificate, PfxKey, PfxKeyPair, load_pfx, load_pfx_file};
pub use pfx_mac::PfxMac;
pub use pfx_writing::{PfxProfile, write_pfx};
pub use private_key::{PrivateKey, PrivateKeyKind};
pub use private_key_reading::{load_private_key, load_private_key_file};
pub use refusal::{MissingIssuer, Refusal, RefusalReason};
pub use thumbprint::Thumbprint;
pub use verifier::{
    AnchorChecks, Profile, Purpose, RevocationMode, VerifiedChain, Verifier, VerifierOptions,
};
