//! The certificate stores of Windows as a source of certificates, and of keys for TLS.
#![cfg_attr(windows, expect(clippy::unwrap_used, reason = "a test fails by panic"))]

use cmgateway::ErrorKind;
use cmgateway::cert::load_cer_file;

#[cfg(not(windows))]
#[test]
fn other_systems_say_that_they_have_none() {
    let error = load_cer_file(r"Cert:\LocalMachine\CA").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        r"could not load certificates from Cert:\LocalMachine\CA: only Windows has certificate stores; export to a file there"
    );
    let error = load_cer_file(r"Cert:\CA").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[cfg(windows)]
mod windows {
    use cmgateway::cert::{Authority, AuthorityOptions, Certificate, DistinguishedName, Thumbprint};
    use schannel::cert_context::CertContext;
    use schannel::cert_store::{CertAdd, CertStore};

    use super::*;

    /// A certificate that is in the current user's store of intermediates until it is dropped.
    struct Stored(Certificate);

    impl Stored {
        fn new(name: &str) -> Self {
            let subject = DistinguishedName::of_common_name(name).unwrap();
            let options = AuthorityOptions::new(subject, time::OffsetDateTime::now_utc());
            let certificate = Authority::root(&options).unwrap().certificate().clone();
            let context = CertContext::new(certificate.der()).unwrap();
            CertStore::open_current_user("CA").unwrap().add_cert(&context, CertAdd::ReplaceExisting).unwrap();
            Stored(certificate)
        }

        fn path(&self) -> String {
            format!(r"Cert:\CurrentUser\CA\{}", self.0.thumbprint())
        }
    }

    impl Drop for Stored {
        fn drop(&mut self) {
            let store = CertStore::open_current_user("CA").unwrap();
            // Taking one out ends the walk over the store.
            let own = store.certs().find(|context| context.to_der() == self.0.der());
            own.unwrap().delete().unwrap();
        }
    }

    #[test]
    fn a_store_and_one_certificate_in_it_are_read() {
        let (first, second) = (Stored::new("Store test one"), Stored::new("Store test two"));
        let all = load_cer_file(r"Cert:\CurrentUser\CA").unwrap();
        for stored in [&first, &second] {
            assert!(all.iter().any(|found| found.der() == stored.0.der()));
            let one = load_cer_file(stored.path().to_lowercase()).unwrap();
            assert_eq!(one.iter().map(Certificate::der).collect::<Vec<_>>(), [stored.0.der()]);
        }
        // Wine keeps on disk what was taken out, so one that never was there has to do.
        let path = format!(r"Cert:\CurrentUser\CA\{}", Thumbprint::of_der(b"none"));
        let error = load_cer_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("no certificate of this thumbprint"), "{error}");
        assert_eq!(load_cer_file(r"Cert:\CurrentUser\NoSuchStore").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn the_systems_roots_are_there() {
        assert!(!load_cer_file(r"Cert:\LocalMachine\Root").unwrap().is_empty());
    }
}
