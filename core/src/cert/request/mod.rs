//! Certificate requests (PKCS #10, RFC 2986): read as OpenSSL and Windows write them, and made.
//!
//! `certificate_request` is what a caller sees, on `request_layout`, the one pass that checks a request, and
//! `request_attribute`, what Windows adds. `request_making` writes requests, `certreq_inf` has Windows write them.

mod certificate_request;
mod certreq_inf;
mod request_attribute;
mod request_layout;
mod request_loading;
mod request_making;

pub use certificate_request::CertificateRequest;
pub use certreq_inf::{InfOptions, certreq_inf};
pub use request_attribute::RequestOrigin;
pub use request_loading::{load_csr, load_csr_file};
pub use request_making::RequestOptions;
