//! Certificates as values: read, named, issued for rehearsal.
//!
//! | file | what |
//! | --- | --- |
//! | `thumbprint` | [`Thumbprint`]: the name by which a site knows a sub-CA |
//! | `certificate` | [`Certificate`]: one certificate and what it says |
//! | `load` | [`load_cer`], [`load_cer_file`]: files of any usual form |
//! | `private_key`, `private_key_reading` | [`PrivateKey`], [`load_private_key`]: keys of every usual form |
//! | `pfx`, `pfx_mac` | [`Pfx`], [`load_pfx`]: PKCS #12 as every program writes it |
//! | `pfx_writing` | [`write_pfx`]: PKCS #12 for Windows Server 2016, and modern |
//! | `p7b` | [`load_p7b`], [`write_p7b`]: certificates in PKCS #7 |
//! | `issue` | [`DevelopmentPki`]: a root, issuing authorities, a server and a client for rehearsals |
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
mod cipher;
mod der;
mod der_writing;
mod hash;
mod issue;
mod key_usage;
mod layout;
mod load;
mod name;
mod p7b;
mod password;
mod password_encryption;
mod pbkdf2;
mod pem;
mod pem_encryption;
mod pfx;
mod pfx_bags;
mod pfx_mac;
mod pfx_structure;
mod pfx_writing;
mod private_key;
mod private_key_reading;
mod public_half;
mod refusal;
mod scrypt;
mod thumbprint;

pub use alternative_name::{AlternativeNameKind, SubjectAlternativeName};
pub use certificate::Certificate;
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
pub use thumbprint::Thumbprint;
