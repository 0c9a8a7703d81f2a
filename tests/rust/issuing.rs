//! Authorities: what they issue, sign and revoke is taken by OpenSSL and by rustls, and what must not be is refused.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use cmgateway::ErrorKind;
use cmgateway::cert::{
    Authority, AuthorityOptions, Certificate, CertificateRequest, CertificateTemplate, Crl, CrlOptions,
    DistinguishedName, ExtendedKeyUsage, IssueOptions, IssuedCertificate, KeyKind, NameConstraints,
    PfxProfile, PrivateKey, PublishedPlaces, RequestOptions, RevocationReason, SignOptions,
    SubjectAlternativeName, UnknownExtensions, load_csr, load_pfx,
};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::skip::skipped;
use rcgen::{CertificateParams, CustomExtension, DnType};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);
const LATER: OffsetDateTime = datetime!(2026-01-02 00:00 UTC);

fn dn(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).unwrap()
}

fn names(texts: &[&str]) -> Vec<SubjectAlternativeName> {
    texts.iter().map(|text| SubjectAlternativeName::parse(text).unwrap()).collect()
}

fn options(name: &str, key: KeyKind) -> AuthorityOptions {
    let mut options = AuthorityOptions::new(dn(name), NOW);
    options.key = key;
    options
}

fn places() -> PublishedPlaces {
    let mut places = PublishedPlaces::default();
    places.crl_urls = vec!["http://pki.contoso.com/issuing.crl".into(), "ldap:///CN=Issuing".into()];
    places.delta_crl_urls = vec!["http://pki.contoso.com/issuing+.crl".into()];
    places.ca_issuer_urls = vec!["http://pki.contoso.com/issuing.cer".into()];
    places.ocsp_urls = vec!["http://ocsp.contoso.com/".into()];
    places
}

/// A root and an issuing authority that may have none below it.
fn authorities(key: KeyKind) -> (Authority, Authority) {
    let root = Authority::root(&options("CN=Contoso Root CA,O=Contoso,C=US", key)).unwrap();
    let mut below = options("CN=Contoso Issuing CA,O=Contoso,C=US", key);
    (below.path_length, below.places) = (Some(0), places());
    let issuing = root.sub_ca(&below).unwrap();
    (root, issuing)
}

fn server(authority: &Authority, key: KeyKind) -> IssuedCertificate {
    let mut options = IssueOptions::new(&names(&["gw.contoso.com", "10.0.0.1"]), NOW);
    options.key = key;
    authority.issue_server(&options).unwrap()
}

/// OpenSSL's verdict over a certificate, with files in a folder of its own; nothing where it is not installed.
struct Referee {
    folder: TestFolder,
    arguments: Vec<String>,
}

impl Referee {
    fn new(root: &Certificate, untrusted: &[&Certificate], lists: &[&Crl]) -> Self {
        let mut referee = Referee { folder: TestFolder::new(), arguments: Vec::new() };
        let root = referee.file("root.pem", &root.to_pem());
        let above: String = untrusted.iter().map(|each| each.to_pem()).collect();
        let above = referee.file("above.pem", &above);
        referee.arguments =
            ["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &above].map(Into::into).into();
        for (at, list) in lists.iter().enumerate() {
            let path = referee.folder.file(&format!("{at}.crl"));
            std::fs::write(&path, list.der()).unwrap();
            let pem = referee.folder.file(&format!("{at}.crl.pem"));
            let (path, pem) = (path.to_str().unwrap(), pem.to_str().unwrap());
            if openssl(&["crl", "-inform", "DER", "-in", path, "-out", pem]).is_some() {
                referee.arguments.extend(["-CRLfile".to_owned(), pem.to_owned()]);
            }
        }
        referee
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.file(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What `openssl verify` says at a moment.
    fn says(&self, certificate: &Certificate, more: &[&str]) -> Option<String> {
        let leaf = self.file("leaf.pem", &certificate.to_pem());
        let at = LATER.unix_timestamp().to_string();
        let mut arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        arguments.extend(["-attime", &at]);
        arguments.extend(more);
        arguments.push(&leaf);
        openssl(&arguments).map(|(_, text)| text)
    }

    #[track_caller]
    fn accepts(&self, certificate: &Certificate, more: &[&str]) {
        if let Some(text) = self.says(certificate, more) {
            assert!(text.trim_end().ends_with(": OK"), "{text}");
        }
    }

    #[track_caller]
    fn refuses(&self, certificate: &Certificate, more: &[&str], with: &str) {
        if let Some(text) = self.says(certificate, more) {
            assert!(text.contains(with), "{text}");
        }
    }
}

fn openssl(arguments: &[&str]) -> Option<(bool, String)> {
    let Ok(output) = Command::new("openssl").args(arguments).output() else {
        skipped("openssl is not installed");
        return None;
    };
    let text =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    Some((output.status.success(), text))
}

/// The verdict of rustls (webpki) over a server's certificate.
fn rustls_says(root: &Certificate, chain: &[Certificate], lists: &[&Crl], name: &str) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.der().to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let lists = lists.iter().map(|list| CertificateRevocationListDer::from(list.der().to_vec()));
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(lists)
        .build()
        .map_err(|error| error.to_string())?;
    let chain: Vec<_> = chain.iter().map(|each| CertificateDer::from(each.der().to_vec())).collect();
    let at =
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(LATER.unix_timestamp().unsigned_abs()));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let verdict = verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], at);
    verdict.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn openssl_and_rustls_take_what_is_issued_for_every_kind_of_key() {
    for key in KeyKind::ALL {
        let (mut root, mut issuing) = authorities(key);
        let issued = server(&issuing, key);
        let leaf = issued.certificate();
        let (one, other) =
            (root.crl(&CrlOptions::new(NOW)).unwrap(), issuing.crl(&CrlOptions::new(NOW)).unwrap());
        let referee = Referee::new(root.certificate(), &[issuing.certificate()], &[&one, &other]);
        let checks = ["-crl_check_all", "-purpose", "sslserver", "-verify_hostname", "gw.contoso.com"];
        referee.accepts(leaf, &checks);
        referee.refuses(leaf, &["-verify_hostname", "gw.fabrikam.com"], "hostname mismatch");
        let above = &issued.chain()[..2];
        assert_eq!(
            rustls_says(root.certificate(), above, &[&one, &other], "gw.contoso.com"),
            Ok(()),
            "{key:?}"
        );
        assert!(rustls_says(root.certificate(), above, &[], "gw.fabrikam.com").is_err());
        assert!(issued.private_key().matches(leaf));
        assert_eq!(leaf.subject(), "CN=gw.contoso.com");
        assert_eq!(leaf.extended_key_usage()[0].to_string(), "serverAuth");
        assert_eq!(leaf.authority_key_id(), issuing.certificate().subject_key_id());
        let usage = leaf.key_usage().unwrap();
        assert_eq!(usage.contains(&"keyEncipherment"), leaf.key_algorithm() == "RSA");
    }
}

#[test]
fn addresses_stand_in_what_is_issued_and_not_in_the_root() {
    let (root, issuing) = authorities(KeyKind::EcP256);
    let issued = server(&issuing, KeyKind::EcP256);
    let leaf = issued.certificate();
    assert_eq!(leaf.crl_urls(), places().crl_urls);
    assert_eq!(leaf.delta_crl_urls(), places().delta_crl_urls);
    assert_eq!(leaf.ca_issuer_urls(), places().ca_issuer_urls);
    assert_eq!(leaf.ocsp_urls(), places().ocsp_urls);
    assert!(issuing.certificate().crl_urls().is_empty() && root.certificate().ca_issuer_urls().is_empty());
    let folder = TestFolder::new();
    let path = folder.file("leaf.pem");
    std::fs::write(&path, leaf.to_pem()).unwrap();
    if let Some((_, text)) = openssl(&["x509", "-in", path.to_str().unwrap(), "-noout", "-text"]) {
        for part in [
            "URI:http://pki.contoso.com/issuing.crl",
            "CA Issuers - URI:http://pki.contoso.com/issuing.cer",
            "OCSP - URI:http://ocsp.contoso.com/",
            "X509v3 Freshest CRL",
            "CA:FALSE",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    let mut wrong = options("CN=X", KeyKind::EcP256);
    wrong.places.crl_urls = vec!["not a place".into()];
    assert!(root.sub_ca(&wrong).unwrap_err().cause().contains("\"not a place\" is no URI"));
}

#[test]
fn an_authority_stays_within_its_constraints() {
    let root = Authority::root(&options("CN=Root", KeyKind::EcP256)).unwrap();
    let mut below = options("CN=Contoso only", KeyKind::EcP256);
    below.name_constraints = NameConstraints::default();
    below.name_constraints.permitted = vec!["contoso.com".into(), "ip:10.0.0.0/8".into()];
    below.name_constraints.excluded = vec![
        "dns:secret.contoso.com".into(),
        "ip:fd00::/8".into(),
        "email:evil.com".into(),
        "directory_name:O=Evil".into(),
    ];
    below.extended_key_usage = vec![ExtendedKeyUsage::parse("serverAuth").unwrap()];
    let below = root.sub_ca(&below).unwrap();
    let said = below.certificate().name_constraints().unwrap();
    assert_eq!(said.permitted, ["dns:contoso.com", "ip:10.0.0.0/8"]);
    assert_eq!(
        said.excluded,
        ["dns:secret.contoso.com", "ip:fd00::/8", "email:evil.com", "directory_name:O=Evil"]
    );

    let referee = Referee::new(root.certificate(), &[below.certificate()], &[]);
    referee.accepts(server(&below, KeyKind::EcP256).certificate(), &[]);
    for wrong in ["gw.fabrikam.com", "a.secret.contoso.com", "192.168.0.1", "fd00::1"] {
        let error = below.issue_server(&IssueOptions::new(&names(&[wrong]), NOW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.cause().starts_with("its own chain does not allow it: "), "{wrong}: {error}");
    }
    let mut wrong = options("CN=X", KeyKind::EcP256);
    for text in ["ip:10.0.0.0", "ip:10.0.0.0/33", "x:y", "a b", "directory_name:x"] {
        wrong.name_constraints.permitted = vec![text.into()];
        assert!(root.sub_ca(&wrong).unwrap_err().cause().contains(text), "{text}");
    }
}

#[test]
fn a_sub_ca_made_later_ends_with_its_root_unless_it_is_told_days() {
    let root = Authority::root(&options("CN=Root", KeyKind::EcP256)).unwrap();
    let mut later = options("CN=Issuing", KeyKind::EcP256);
    later.not_before = NOW + time::Duration::days(1);
    let issuing = root.sub_ca(&later).unwrap();
    assert_eq!(issuing.certificate().not_after(), root.certificate().not_after());
    later.days = Some(3_650);
    let error = root.sub_ca(&later).unwrap_err().to_string();
    assert!(error.contains("it would be valid from"), "{error}");
}

#[test]
fn what_an_authority_may_not_do_is_refused() {
    let (root, issuing) = authorities(KeyKind::EcP256);
    let error = issuing.sub_ca(&options("CN=Below", KeyKind::EcP256)).unwrap_err();
    assert!(error.to_string().contains("path length 0"), "{error}");
    let long = {
        let mut options = IssueOptions::new(&names(&["gw.contoso.com"]), NOW);
        options.days = 10_000;
        options
    };
    let error = issuing.issue_server(&long).unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not issue server certificate: it would be valid from 2026-01-01 to 2053-05-19, and \
         CN=Contoso Issuing CA,O=Contoso,C=US is from 2026-01-01 to 2035-12-30"
    );
    let nameless = IssueOptions::new(&[], NOW);
    assert!(issuing.issue_server(&nameless).unwrap_err().cause().contains("neither a DNS name nor"));
    assert!(issuing.issue_client(&nameless).unwrap_err().cause().contains("has no name"));
    assert!(root.sub_ca(&options("", KeyKind::EcP256)).unwrap_err().cause().contains("no name"));
    // A leaf is no authority, and a key of another certificate signs nothing.
    let issued = server(&issuing, KeyKind::EcP256);
    let load = |certificate: &Certificate, key: &PrivateKey| {
        Authority::load(certificate, key, &[], PublishedPlaces::default()).unwrap_err().to_string()
    };
    assert!(load(issued.certificate(), issued.private_key()).contains("not the certificate of an authority"));
    assert!(load(root.certificate(), issued.private_key()).contains("the key is not that of"));
}

#[test]
fn clients_have_a_name_of_any_kind() {
    let (root, issuing) = authorities(KeyKind::EcP256);
    let mut options = IssueOptions::new(&names(&["user_principal_name:client1@contoso.com"]), NOW);
    options.subject = Some(dn("CN=Client 1,O=Contoso"));
    options.template = Some(CertificateTemplate::named("ConfigMgrClient"));
    let client = issuing.issue_client(&options).unwrap();
    assert_eq!(client.certificate().template(), options.template);
    assert_eq!(client.certificate().subject_alternative_names(), options.names);
    let referee = Referee::new(root.certificate(), &[issuing.certificate()], &[]);
    referee.accepts(client.certificate(), &["-purpose", "sslclient"]);
    referee.refuses(client.certificate(), &["-purpose", "sslserver"], "unsuitable certificate purpose");
}

#[test]
fn revoked_certificates_are_refused_by_openssl_and_rustls() {
    let (mut root, mut issuing) = authorities(KeyKind::EcP256);
    let (good, bad) = (server(&issuing, KeyKind::EcP256), server(&issuing, KeyKind::EcP256));
    issuing.revoke(bad.certificate(), RevocationReason::KeyCompromise, NOW).unwrap();
    issuing.revoke(bad.certificate(), RevocationReason::KeyCompromise, LATER).unwrap();
    let above = root.crl(&CrlOptions::new(NOW)).unwrap();
    let mut options = CrlOptions::new(NOW);
    options.distribution_point = places().crl_urls;
    let list = issuing.crl(&options).unwrap();
    assert_eq!(list.number().as_deref(), Some("01"));
    assert_eq!((list.len(), list.next_update()), (1, Some(NOW + Duration::days(7))));
    let revocation = list.revocation(bad.certificate()).unwrap();
    assert_eq!((revocation.reason, revocation.date), (RevocationReason::KeyCompromise, NOW));

    let referee = Referee::new(root.certificate(), &[issuing.certificate()], &[&above, &list]);
    let checks = ["-crl_check_all", "-extended_crl"];
    referee.accepts(good.certificate(), &checks);
    referee.refuses(bad.certificate(), &checks, "certificate revoked");
    let says = |issued: &IssuedCertificate| {
        rustls_says(root.certificate(), &issued.chain()[..2], &[&above, &list], "gw.contoso.com")
    };
    assert_eq!(says(&good), Ok(()));
    assert!(says(&bad).unwrap_err().contains("evoked"));

    let error = issuing.revoke(bad.certificate(), RevocationReason::Superseded, NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(issuing.release(bad.certificate()).unwrap_err().kind(), ErrorKind::Conflict);
    let error = root.revoke(bad.certificate(), RevocationReason::Superseded, NOW).unwrap_err();
    assert!(error.to_string().contains("was not issued by CN=Contoso Root CA"), "{error}");
    let error = issuing.revoke(good.certificate(), RevocationReason::RemoveFromCrl, NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_delta_list_says_what_changed() {
    let (mut root, mut issuing) = authorities(KeyKind::EcP256);
    let [held, bad, good] = [(); 3].map(|()| server(&issuing, KeyKind::EcP256));
    let delta = |at| {
        let mut options = CrlOptions::new(at);
        options.delta = true;
        options
    };
    let early = issuing.crl(&delta(NOW)).unwrap_err();
    assert!(early.cause().contains("no complete list"), "{early}");
    issuing.revoke(held.certificate(), RevocationReason::CertificateHold, NOW).unwrap();
    let base = issuing.crl(&CrlOptions::new(NOW)).unwrap();
    issuing.release(held.certificate()).unwrap();
    issuing.release(held.certificate()).unwrap();
    issuing.revoke(bad.certificate(), RevocationReason::CaCompromise, LATER).unwrap();
    let changes = issuing.crl(&delta(LATER)).unwrap();
    assert!(changes.is_delta());
    assert_eq!((changes.number().as_deref(), changes.base_number().as_deref()), (Some("02"), Some("01")));
    assert_eq!(changes.len(), 2);
    let reason =
        |issued: &IssuedCertificate| changes.revocation(issued.certificate()).map(|found| found.reason);
    assert_eq!(reason(&held), Some(RevocationReason::RemoveFromCrl));
    assert_eq!(reason(&bad), Some(RevocationReason::CaCompromise));
    assert_eq!(reason(&good), None);

    let above = root.crl(&CrlOptions::new(NOW)).unwrap();
    let referee = Referee::new(root.certificate(), &[issuing.certificate()], &[&above, &base, &changes]);
    let checks = ["-crl_check", "-extended_crl", "-use_deltas"];
    for (issued, revoked) in [(&held, false), (&bad, true), (&good, false)] {
        match revoked {
            true => referee.refuses(issued.certificate(), &checks, "certificate revoked"),
            false => referee.accepts(issued.certificate(), &checks),
        }
    }
    // The next complete list holds everything again.
    let next = issuing.crl(&CrlOptions::new(LATER)).unwrap();
    assert_eq!((next.number().as_deref(), next.len(), next.is_delta()), (Some("03"), 1, false));
}

#[test]
fn an_authority_goes_on_from_a_pfx_and_its_last_list() {
    let (root, mut issuing) = authorities(KeyKind::Rsa2048);
    let (first, second) = (server(&issuing, KeyKind::EcP256), server(&issuing, KeyKind::EcP256));
    issuing.revoke(first.certificate(), RevocationReason::Superseded, NOW).unwrap();
    let list = issuing.crl(&CrlOptions::new(NOW)).unwrap();

    // The PFX is rewritten by OpenSSL on its way.
    let folder = TestFolder::new();
    let path = |name: &str| folder.file(name).to_str().unwrap().to_owned();
    std::fs::write(path("ca.pem"), issuing.certificate().to_pem()).unwrap();
    std::fs::write(path("root.pem"), root.certificate().to_pem()).unwrap();
    std::fs::write(path("ca.key"), issuing.private_key().to_pkcs8_pem().expose()).unwrap();
    let (key, ca, above, out) = (path("ca.key"), path("ca.pem"), path("root.pem"), path("ca.pfx"));
    let arguments = ["pkcs12", "-export", "-inkey", &key, "-in", &ca, "-certfile", &above];
    let Some((done, text)) =
        openssl(&[&arguments[..], &["-out", &out, "-passout", "pass:correct horse"]].concat())
    else {
        return;
    };
    assert!(done, "{text}");
    let pfx = load_pfx(&std::fs::read(&out).unwrap(), Some("correct horse")).unwrap();
    let others: Vec<_> = pfx.certificates.iter().map(|each| each.certificate.clone()).collect();
    let pair = &pfx.key_pairs[0];
    let mut again = Authority::load(&pair.certificate, &pair.private_key, &others, places()).unwrap();
    assert_eq!(again.chain(), issuing.chain());
    again.continue_from(&list).unwrap();
    again.revoke(second.certificate(), RevocationReason::Superseded, LATER).unwrap();
    let next = again.crl(&CrlOptions::new(LATER)).unwrap();
    assert_eq!((next.number().as_deref(), next.len()), (Some("02"), 2));

    let mut stranger =
        Authority::root(&options("CN=Contoso Issuing CA,O=Contoso,C=US", KeyKind::EcP256)).unwrap();
    assert_eq!(stranger.continue_from(&list).unwrap_err().kind(), ErrorKind::Certificate);
    let mut other = Authority::root(&options("CN=Other", KeyKind::EcP256)).unwrap();
    assert!(other.continue_from(&list).unwrap_err().cause().contains("another authority"));
}

#[test]
fn an_issued_certificate_is_a_pfx_in_one_call() {
    let (root, issuing) = authorities(KeyKind::EcP256);
    let issued = server(&issuing, KeyKind::Rsa2048);
    let pfx = issued.to_pfx("correct horse", PfxProfile::Windows2016).unwrap();
    let pfx = load_pfx(&pfx, Some("correct horse")).unwrap();
    assert_eq!(&pfx.key_pairs[0].certificate, issued.certificate());
    assert_eq!(&pfx.certificates[1].certificate, root.certificate());
    assert!(issued.chain_pem().matches("BEGIN CERTIFICATE").count() == 2);
}

fn oid(last: &[u64]) -> Vec<u64> {
    [&[1, 3, 6, 1, 4, 1, 311], last].concat()
}

/// A request with a Windows template and one more extension, made by rcgen.
fn request_with(extension: Vec<u64>, critical: bool) -> CertificateRequest {
    let mut params = CertificateParams::new(vec!["gw.contoso.com".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "gw.contoso.com");
    let name: Vec<u8> = "WebServer".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let template = [vec![0x1e, u8::try_from(name.len()).unwrap()], name].concat();
    let mut extra = CustomExtension::from_oid_content(&extension, vec![5, 0]);
    extra.set_criticality(critical);
    params.custom_extensions = vec![CustomExtension::from_oid_content(&oid(&[20, 2]), template), extra];
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    load_csr(params.serialize_request(&key).unwrap().der()).unwrap()
}

#[test]
fn extensions_of_a_windows_request_survive_or_are_refused_by_name() {
    let (root, issuing) = authorities(KeyKind::Rsa2048);
    let request = request_with(oid(&[21, 10]), false);
    let mut options = SignOptions::new(NOW);
    options.extended_key_usage = Some(vec![ExtendedKeyUsage::parse("serverAuth").unwrap()]);
    let error = issuing.sign(&request, &options).unwrap_err();
    assert!(error.to_string().contains("1.3.6.1.4.1.311.21.10, which is not known here"), "{error}");
    options.unknown_extensions = UnknownExtensions::Keep;
    let certificate = issuing.sign(&request, &options).unwrap();
    assert_eq!(certificate.template(), Some(CertificateTemplate::named("WebServer")));
    let kept = certificate.extensions().into_iter().find(|each| each.oid == "1.3.6.1.4.1.311.21.10").unwrap();
    assert_eq!((kept.critical, kept.value), (false, vec![5, 0]));
    assert_eq!(certificate.subject_alternative_names()[0].to_string(), "dns:gw.contoso.com");
    assert_eq!(certificate.key_usage().unwrap(), ["digitalSignature", "keyEncipherment"]);
    Referee::new(root.certificate(), &[issuing.certificate()], &[])
        .accepts(&certificate, &["-purpose", "sslserver"]);

    for (extension, critical, part) in [
        (oid(&[21, 10]), true, "critical extension 1.3.6.1.4.1.311.21.10"),
        (vec![2, 5, 29, 31], false, "2.5.29.31, which is the authority's to decide"),
        (vec![2, 5, 29, 30], true, "2.5.29.30, which is the authority's to decide"),
        (vec![1, 3, 6, 1, 5, 5, 7, 1, 1], false, "1.3.6.1.5.5.7.1.1, which is the authority's to decide"),
    ] {
        let error = issuing.sign(&request_with(extension, critical), &options).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn our_own_requests_are_signed_as_they_ask() {
    let (root, issuing) = authorities(KeyKind::EcP384);
    let referee = Referee::new(root.certificate(), &[issuing.certificate()], &[]);
    for kind in KeyKind::ALL {
        let key = PrivateKey::generate(kind).unwrap();
        let mut asked = RequestOptions::server(dn("CN=gw.contoso.com,O=Contoso"));
        asked.names = names(&["gw.contoso.com", "*.contoso.com"]);
        let request = CertificateRequest::new(&key, &asked).unwrap();
        let certificate = issuing.sign(&request, &SignOptions::new(NOW)).unwrap();
        assert!(key.matches(&certificate));
        assert_eq!(certificate.subject(), "CN=gw.contoso.com,O=Contoso");
        assert_eq!(certificate.subject_alternative_names(), asked.names);
        referee.accepts(&certificate, &["-purpose", "sslserver", "-verify_hostname", "x.contoso.com"]);
    }
    // The options go before the request.
    let key = PrivateKey::generate(KeyKind::EcP256).unwrap();
    let request = CertificateRequest::new(&key, &RequestOptions::client(dn("CN=a"))).unwrap();
    let mut options = SignOptions::new(NOW);
    (options.subject, options.names) = (Some(dn("CN=b")), Some(names(&["b.contoso.com"])));
    let certificate = issuing.sign(&request, &options).unwrap();
    assert_eq!((certificate.subject().as_str(), certificate.subject_alternative_names().len()), ("CN=b", 1));
    assert_eq!(certificate.extended_key_usage()[0].to_string(), "clientAuth");
}

#[test]
fn requests_that_must_not_be_signed_are_refused() {
    let (root, issuing) = authorities(KeyKind::EcP256);
    let key = PrivateKey::generate(KeyKind::EcP256).unwrap();
    let cause = |authority: &Authority, request: &CertificateRequest| {
        authority.sign(request, &SignOptions::new(NOW)).unwrap_err().to_string()
    };
    let mut asked = RequestOptions::server(dn("CN=gw.contoso.com"));
    asked.key_usage = vec!["keyCertSign".into()];
    let request = CertificateRequest::new(&key, &asked).unwrap();
    assert!(cause(&issuing, &request).contains("the key usage of an authority (2.5.29.15)"));
    (asked.key_usage, asked.extended_key_usage) = (Vec::new(), Vec::new());
    let request = CertificateRequest::new(&key, &asked).unwrap();
    assert!(cause(&issuing, &request).contains("asks for no purpose"));

    let mut changed = request.der().to_vec();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let error = issuing.sign(&load_csr(&changed).unwrap(), &SignOptions::new(NOW)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);

    // A sub-CA's request is signed where that is asked for, and only by who may.
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Sub CA");
    let is_ca = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 3, 1, 1, 0xff]);
    params.custom_extensions = vec![is_ca];
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let request = load_csr(params.serialize_request(&ca_key).unwrap().der()).unwrap();
    assert!(request.is_ca());
    assert!(cause(&root, &request).contains("`authority` allows that"));
    let mut options = SignOptions::new(NOW);
    (options.authority, options.path_length) = (true, Some(0));
    let certificate = root.sign(&request, &options).unwrap();
    assert_eq!((certificate.is_ca(), certificate.path_length()), (true, Some(0)));
    assert!(issuing.sign(&request, &options).unwrap_err().cause().contains("path length 0"));
}

#[test]
fn weak_keys_get_nothing() {
    let Some(folder) = std::env::var_os("CRYPTOGRAPHY_VECTORS").map(PathBuf::from) else {
        skipped("no samples; CRYPTOGRAPHY_VECTORS must name the folder of the package cryptography_vectors");
        return;
    };
    let (_, issuing) = authorities(KeyKind::EcP256);
    let mut options = SignOptions::new(NOW);
    options.extended_key_usage = Some(vec![ExtendedKeyUsage::parse("serverAuth").unwrap()]);
    let request = std::fs::read(folder.join("x509/requests/dsa_sha1.der")).unwrap();
    let error = issuing.sign(&load_csr(&request).unwrap(), &options).unwrap_err();
    assert!(error.to_string().contains("of the kind DSA"), "{error}");
}
