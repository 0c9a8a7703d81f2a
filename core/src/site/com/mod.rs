//! WMI over COM: this machine's, and other machines' by DCOM. On Windows only; addresses are read everywhere.
//!
//! COM speaks on one thread of its own (`apartment`), in the multithreaded apartment; what COM gives stays there, and
//! values of this library go in and out.
//!
//! What Wine's WMI can do was run under Wine (`cargo check-windows`): connecting, queries, gets, classes, methods with
//! arrays both ways, errors, and every type through `VARIANT` and `SAFEARRAY`. Nothing has met a live SMS Provider: puts
//! and deletes, the created path, context values, embedded objects, extended status, and users of other machines.

mod address;
#[cfg(windows)]
mod apartment;
#[cfg(windows)]
mod class_reader;
#[cfg(windows)]
mod client;
#[cfg(windows)]
mod failure;
#[cfg(windows)]
mod object;
#[cfg(windows)]
mod session;
#[cfg(windows)]
mod variant;

pub(super) use address::ComAddress;

use crate::error::{Error, ErrorKind, Result};
use crate::site::{ConnectOptions, Site};

/// Connects to a namespace; COM itself is asked with the first call.
pub(super) fn connect(address: ComAddress, options: &ConnectOptions) -> Result<Site> {
    let operation = format!("connect to {}", address.shown);
    let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, operation.as_str(), cause));
    let has_files =
        options.keytab_file.is_some() || options.certificate_file.is_some() || options.key_file.is_some();
    if has_files || options.token.is_some() || options.ca_file.is_some() || options.kdc.is_some() {
        return refuse("COM takes a user and a password, no token, keytab, certificate or KDC");
    }
    if options.user.is_some() != options.password.is_some() {
        return refuse("a user needs a password, and a password a user");
    }
    if options.user.is_some() && address.is_local() {
        return refuse("a user cannot be given for this machine");
    }
    #[cfg(windows)]
    return Ok(Site::over(client::Com::new(address, options)?));
    #[cfg(not(windows))]
    Err(Error::new(
        ErrorKind::Unsupported,
        operation,
        "COM is there on Windows only; use winrm: or an AdminService",
    ))
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn elsewhere_it_is_refused_by_name() {
        let address = ComAddress::parse("com://cm1/root/sms").unwrap();
        let error = connect(address, &ConnectOptions::new("com://cm1/root/sms")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("Windows only"), "{error}");
    }
}
