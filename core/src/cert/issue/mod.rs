//! Issuing: authorities, what they issue, and their revocation lists.
//!
//! `authority` is one authority and how it comes to be; `issuing` has it issue for new keys, `request_signing` for requests.
//! `revocation` is what it has revoked, and the lists it publishes. Below lies `certificate_writing`. `development_pki` puts
//! a whole PKI together for rehearsals, `pki_files` writes it to the disk.

mod authority;
mod certificate_writing;
mod development_pki;
mod issued_certificate;
mod issuing;
mod pki_files;
mod request_signing;
mod revocation;
mod revocation_writing;

pub use authority::{Authority, AuthorityOptions, PublishedPlaces};
pub use development_pki::{DevelopmentPki, DevelopmentPkiOptions};
pub use issued_certificate::IssuedCertificate;
pub use issuing::IssueOptions;
pub use request_signing::{SignOptions, UnknownExtensions};
pub use revocation_writing::CrlOptions;
