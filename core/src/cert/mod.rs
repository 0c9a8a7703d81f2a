//! Certificates as values: read, named, issued for rehearsal.
//!
//! | file | what |
//! | --- | --- |
//! | `thumbprint` | [`Thumbprint`]: the name by which a site knows a sub-CA |
//! | `certificate` | [`Certificate`]: one certificate and what it says |
//! | `load` | [`load_cer`], [`load_cer_file`]: files of any usual form |
//! | `issue` | [`DevelopmentPki`]: a root, issuing authorities, a server and a client for rehearsals |
//!
//! Below them lie `layout` (the one pass that checks a certificate), `der`, `pem`, `name`, `alternative_name`,
//! `key_usage` and `algorithm`. No network, no clock: whoever asks about time says which. Only the functions with a path
//! in their arguments touch the disk.

mod algorithm;
mod alternative_name;
mod certificate;
mod der;
mod issue;
mod key_usage;
mod layout;
mod load;
mod name;
mod pem;
mod thumbprint;

pub use alternative_name::{AlternativeNameKind, SubjectAlternativeName};
pub use certificate::Certificate;
pub use issue::{DevelopmentPki, DevelopmentPkiOptions, IssuedCertificate, KeyKind};
pub use key_usage::ExtendedKeyUsage;
pub use load::{load_cer, load_cer_file};
pub use thumbprint::Thumbprint;
