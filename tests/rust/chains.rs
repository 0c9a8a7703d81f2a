//! The trust decision: with OpenSSL as referee, in tables, and against chains that were made to take for ever.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cmgateway::ErrorKind;
use cmgateway::cert::{
    Certificate, Crl, DevelopmentPki, DevelopmentPkiOptions, KeyKind, Profile, Purpose, Refusal,
    RefusalReason, RevocationMode, VerifiedChain, Verifier, VerifierOptions, build_chain, load_cer,
};
use cmgateway_tests::authority::{AFTER, Authority, DURING, START, authority_params, owner_params};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::skip::skipped;
use rcgen::{
    CidrSubnet, CustomExtension, DistinguishedName, DnType, GeneralSubtree, KeyPair, NameConstraints,
};

/// Far more than a refusal takes without optimisation on a busy machine; an exponential search takes years.
const PATIENCE: Duration = Duration::from_secs(3);

fn options(roots: &[&Authority], intermediates: &[&Certificate]) -> VerifierOptions {
    let mut options =
        VerifierOptions::new(roots.iter().map(|root| root.certificate.clone()).collect(), DURING);
    options.intermediates = intermediates.iter().map(|each| (*each).clone()).collect();
    options
}

fn verify(
    options: VerifierOptions,
    leaf: &Certificate,
    name: Option<&str>,
) -> Result<VerifiedChain, RefusalReason> {
    Verifier::new(options).unwrap().verify(leaf, name).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::Certificate, "{error}");
        let refusal = Refusal::of(&error).unwrap();
        assert!(refusal.certificate().is_some(), "{error}");
        assert!(error.context().contains(&("reason", refusal.reason.as_str().to_owned())));
        refusal.reason
    })
}

fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        skipped("no foreign referee, install openssl");
    }
    found
}

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl").args(arguments).current_dir(folder).output().unwrap().status.success()
}

fn serial(certificate: &Certificate) -> Vec<u8> {
    let text = certificate.serial_number();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn openssl_and_we_give_the_same_verdicts() {
    if !has_openssl() {
        return;
    }
    let root = Authority::root(authority_params("Root"));
    let issuing = root.authority(authority_params("Issuing"));
    let server = issuing.leaf(&owner_params("gw", &["gw.contoso.com", "10.0.0.1"]));
    let mut params = owner_params("client", &[]);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let client = issuing.leaf(&params);
    let revoked = issuing.leaf(&owner_params("gone", &["gone.contoso.com"]));
    let lists = [issuing.revocation_list(&[serial(&revoked)]), root.revocation_list(&[])];
    let folder = TestFolder::new();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("root.pem", root.certificate.to_pem());
    write("issuing.pem", issuing.certificate.to_pem());
    for (at, der) in lists.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at}.crl")), der).unwrap();
        let (from, to) = (format!("{at}.crl"), format!("{at}.pem"));
        assert!(openssl(folder.path(), &["crl", "-inform", "DER", "-in", &from, "-out", &to]));
    }
    let during = DURING.unix_timestamp().to_string();
    let after = AFTER.unix_timestamp().to_string();
    use RefusalReason as R;
    for (what, leaf, extra, expected) in [
        ("good", &server, &["-purpose", "sslserver"][..], None),
        ("host", &server, &["-verify_hostname", "gw.contoso.com"], None),
        ("address", &server, &["-verify_ip", "10.0.0.1"], None),
        ("other host", &server, &["-verify_hostname", "contoso.com"], Some(R::NameMismatch)),
        ("expired", &server, &["-attime", &after], Some(R::Expired)),
        ("wrong purpose", &client, &["-purpose", "sslserver"], Some(R::WrongPurpose)),
        ("missing intermediate", &server, &["no intermediate"], Some(R::UnknownIssuer)),
        ("not revoked", &server, &["-crl_check_all", "-CRLfile", "0.pem", "-CRLfile", "1.pem"], None),
        (
            "revoked",
            &revoked,
            &["-crl_check_all", "-CRLfile", "0.pem", "-CRLfile", "1.pem"],
            Some(R::Revoked),
        ),
        ("no list", &server, &["-crl_check_all", "-CRLfile", "1.pem"], Some(R::CrlMissing)),
    ] {
        write("leaf.pem", leaf.to_pem());
        let mut arguments = vec!["verify", "-CAfile", "root.pem"];
        let mut ours = options(&[&root], &[]);
        let mut name = None;
        if extra == ["no intermediate"] {
            arguments.extend(["-attime", &during]);
        } else {
            arguments.extend(["-untrusted", "issuing.pem"]);
            arguments.extend(extra);
            ours.intermediates.push(issuing.certificate.clone());
        }
        match extra[0] {
            "-attime" => ours.at = AFTER,
            "-verify_hostname" | "-verify_ip" => name = Some(extra[1]),
            "-crl_check_all" => {
                ours.revocation = RevocationMode::Chain;
                for list in extra.iter().filter_map(|word| word.strip_suffix(".pem")) {
                    let at: usize = list.parse().unwrap();
                    ours.crls.push(Crl::from_der(&lists[at]).unwrap());
                }
            }
            _ => {}
        }
        if !arguments.contains(&"-attime") {
            arguments.extend(["-attime", &during]);
        }
        arguments.push("leaf.pem");
        assert_eq!(openssl(folder.path(), &arguments), expected.is_none(), "OpenSSL: {what}");
        assert_eq!(verify(ours, leaf, name).err(), expected, "{what}");
    }
}

#[test]
fn weak_algorithms_need_their_opt_in_and_modern_ones_do_not() {
    if !has_openssl() {
        return;
    }
    let folder = TestFolder::new();
    let config = "[ca]\nbasicConstraints=critical,CA:true\n[leaf]\nsubjectAltName=DNS:gw\n";
    std::fs::write(folder.path().join("ext"), config).unwrap();
    let make = |key: &[&str], sign: &[&str]| {
        let run = |arguments: &[&[&str]]| {
            let arguments = arguments.concat();
            assert!(openssl(folder.path(), &arguments), "{arguments:?}");
        };
        run(&[&["genpkey", "-out", "ca.key"], key]);
        run(&[&["genpkey", "-out", "leaf.key"], key]);
        run(&[&["req", "-new", "-key", "ca.key", "-subj", "/CN=Root", "-out", "ca.csr"]]);
        run(&[&["req", "-new", "-key", "leaf.key", "-subj", "/CN=gw", "-out", "leaf.csr"]]);
        let x509 = ["x509", "-req", "-days", "30", "-extfile", "ext"];
        run(&[&x509, &["-in", "ca.csr", "-signkey", "ca.key", "-extensions", "ca", "-out", "ca.pem"], sign]);
        let by = [
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extensions",
            "leaf",
        ];
        run(&[&x509, &by, &["-out", "leaf.pem"], sign]);
        let read =
            |name: &str| load_cer(&std::fs::read(folder.path().join(name)).unwrap()).unwrap().remove(0);
        (read("ca.pem"), read("leaf.pem"))
    };
    let rsa = |bits: &'static str| vec!["-algorithm", "RSA", "-pkeyopt", bits];
    let ec = |curve: &'static str| vec!["-algorithm", "EC", "-pkeyopt", curve];
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt"];
    use RefusalReason as R;
    for (key, sign, expected) in [
        (rsa("rsa_keygen_bits:2048"), vec!["-sha256"], None),
        (rsa("rsa_keygen_bits:2048"), vec!["-sha384"], None),
        (rsa("rsa_keygen_bits:2048"), vec!["-sha512"], None),
        (rsa("rsa_keygen_bits:2048"), [&["-sha256"], &pss[..], &["rsa_pss_saltlen:-1"]].concat(), None),
        (rsa("rsa_keygen_bits:2048"), [&["-sha512"], &pss[..], &["rsa_pss_saltlen:20"]].concat(), None),
        (ec("ec_paramgen_curve:P-256"), vec!["-sha256"], None),
        (ec("ec_paramgen_curve:P-384"), vec!["-sha384"], None),
        (ec("ec_paramgen_curve:P-521"), vec!["-sha512"], None),
        (vec!["-algorithm", "ED25519"], vec![], None),
        (rsa("rsa_keygen_bits:2048"), vec!["-sha1"], Some(R::WeakDigest)),
        (ec("ec_paramgen_curve:P-256"), vec!["-sha1"], Some(R::WeakDigest)),
        (rsa("rsa_keygen_bits:1024"), vec!["-sha256"], Some(R::WeakKey)),
        (ec("ec_paramgen_curve:secp256k1"), vec!["-sha256"], Some(R::UnsupportedAlgorithm)),
    ] {
        let (root, leaf) = make(&key, &sign);
        let at = leaf.not_before();
        let verdict = |options| verify(options, &leaf, Some("gw")).err();
        assert_eq!(verdict(VerifierOptions::new(vec![root.clone()], at)), expected, "{key:?} {sign:?}");
        let mut opted = VerifierOptions::new(vec![root.clone()], at);
        (opted.danger_allow_sha1, opted.danger_allow_small_rsa) = (true, true);
        let still = expected.filter(|reason| *reason == R::UnsupportedAlgorithm);
        assert_eq!(verdict(opted), still, "{key:?} {sign:?} with opt-in");
        // A changed signature is never taken for a good one.
        let mut der = leaf.der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        if let Ok(forged) = Certificate::from_der(&der) {
            assert!(verify(VerifierOptions::new(vec![root], at), &forged, None).is_err());
        }
    }
}

#[test]
fn name_constraints_hold_for_every_kind_of_name() {
    let dns = |text: &str| GeneralSubtree::DnsName(text.into());
    let email = |text: &str| GeneralSubtree::Rfc822Name(text.into());
    let net = GeneralSubtree::IpAddress(CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0]));
    let directory = |name: &str| {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        GeneralSubtree::DirectoryName(subject)
    };
    let root = Authority::root(authority_params("Root"));
    for (permitted, excluded, hosts, good) in [
        (vec![dns("contoso.com")], vec![], vec!["gw.contoso.com"], true),
        (vec![dns("contoso.com")], vec![], vec!["gw.contoso.com", "gw.fabrikam.com"], false),
        (vec![dns("contoso.com")], vec![], vec!["10.0.0.1"], true),
        (vec![], vec![dns("bad.contoso.com")], vec!["*.contoso.com"], false),
        (vec![], vec![dns("contoso.com")], vec!["fabrikam.com"], true),
        (vec![net.clone()], vec![], vec!["10.1.1.1"], true),
        (vec![net.clone()], vec![], vec!["11.1.1.1"], false),
        (vec![], vec![net], vec!["10.1.1.1"], false),
        (vec![email("contoso.com")], vec![], vec!["gw.fabrikam.com"], true),
        (vec![directory("LEAF")], vec![], vec!["a.org"], true),
        (vec![directory("other")], vec![], vec!["a.org"], false),
        (vec![], vec![directory("leaf")], vec!["a.org"], false),
    ] {
        let mut params = authority_params("Constrained");
        let what = format!("{permitted:?} {excluded:?} {hosts:?}");
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded });
        let issuing = root.authority(params);
        let leaf = issuing.leaf(&owner_params("leaf", &hosts));
        let verdict = verify(options(&[&root], &[&issuing.certificate]), &leaf, None).err();
        assert_eq!(verdict, (!good).then_some(RefusalReason::NameConstraintViolation), "{what}");
    }
}

#[test]
fn host_names_are_compared_with_alternative_names_only() {
    let root = Authority::root(authority_params("Root"));
    let leaf = root
        .leaf(&owner_params("common.contoso.com", &["gw.contoso.com", "*.cloud.contoso.com", "10.0.0.1"]));
    let only_common = root.leaf(&owner_params("common.contoso.com", &[]));
    let verdict = |leaf: &Certificate, name| verify(options(&[&root], &[]), leaf, Some(name)).is_ok();
    for (name, good) in [
        ("GW.contoso.com.", true),
        ("a.cloud.contoso.com", true),
        ("a.b.cloud.contoso.com", false),
        ("cloud.contoso.com", false),
        ("10.0.0.1", true),
        ("10.0.0.2", false),
        ("common.contoso.com", false),
    ] {
        assert_eq!(verdict(&leaf, name), good, "{name}");
    }
    assert!(!verdict(&only_common, "common.contoso.com"));
    let mut opted = options(&[&root], &[]);
    opted.danger_common_name_fallback = true;
    assert!(verify(opted.clone(), &only_common, Some("common.contoso.com")).is_ok());
    assert!(verify(opted.clone(), &leaf, Some("common.contoso.com")).is_err());
    let error = Verifier::new(opted).unwrap().verify(&leaf, Some("a b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_refusal_says_what_is_missing() {
    let root = Authority::root(authority_params("Root"));
    let mut params = authority_params("Issuing");
    // authorityInfoAccess with caIssuers http://pki/r.cer.
    let url = b"http://pki/r.cer";
    let mut access = vec![0x30, 30, 0x30, 28, 6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2, 0x86, 16];
    access.extend(url);
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access)];
    let issuing = root.authority(params);
    let leaf = issuing.leaf(&owner_params("leaf", &["gw"]));
    let other = Authority::root(authority_params("Other"));
    let verifier = Verifier::new(options(&[&other], &[&issuing.certificate])).unwrap();
    let error = verifier.verify(&leaf, None).unwrap_err();
    let refusal = Refusal::of(&error).unwrap();
    assert_eq!(
        (refusal.reason, refusal.depth, refusal.chain.len()),
        (RefusalReason::UnknownIssuer, 1, 2),
        "{error}"
    );
    assert_eq!(refusal.missing[0].subject, "CN=Root");
    assert_eq!(refusal.missing[0].key_id, root.certificate.subject_key_id());
    assert_eq!(refusal.missing[0].urls, ["http://pki/r.cer"]);
    let chain = build_chain(&leaf, std::slice::from_ref(&issuing.certificate));
    assert_eq!((chain.certificates.len(), chain.missing.as_ref()), (2, Some(&refusal.missing[0])));
    let all = [root.certificate.clone(), other.certificate.clone(), issuing.certificate.clone()];
    let chain = build_chain(&leaf, &all);
    assert_eq!(chain.root(), Some(&root.certificate));
    assert_eq!(chain.intermediates(), std::slice::from_ref(&issuing.certificate));
    assert_eq!(
        load_cer(chain.authorities_pem().as_bytes()).unwrap(),
        [root.certificate, issuing.certificate]
    );
}

#[test]
fn a_sub_ca_is_an_anchor_only_by_option() {
    let root = Authority::root(authority_params("Root"));
    let issuing = root.authority(authority_params("Issuing"));
    let leaf = issuing.leaf(&owner_params("leaf", &["gw"]));
    assert_eq!(verify(options(&[&issuing], &[]), &leaf, None).err(), Some(RefusalReason::UnknownIssuer));
    let mut partial = options(&[&issuing], &[]);
    partial.partial_chain = Some(true);
    assert_eq!(verify(partial, &leaf, None).unwrap().certificates().len(), 2);
}

#[test]
fn the_development_pki_passes_both_profiles() {
    let mut made = DevelopmentPkiOptions::new(START);
    made.server_names = vec!["gw.contoso.com".into()];
    let pki = DevelopmentPki::new(&made).unwrap();
    for profile in [Profile::Enterprise, Profile::Strict] {
        let mut options = VerifierOptions::new(vec![pki.root().certificate().clone()], DURING);
        options.intermediates = pki.sub_cas().iter().map(|each| each.certificate().clone()).collect();
        options.profile = profile;
        options.anchor_checks.constraints = Some(true);
        let chain = verify(options.clone(), pki.server().certificate(), Some("gw.contoso.com")).unwrap();
        assert_eq!(chain.certificates(), pki.server().chain());
        options.purpose = Purpose::ClientAuth;
        assert!(verify(options.clone(), pki.client().certificate(), None).is_ok());
        let wrong = verify(options, pki.server().certificate(), None).err();
        assert_eq!(wrong, Some(RefusalReason::WrongPurpose));
    }
}

fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = work();
    println!("{what}: {:?}", start.elapsed());
    assert!(start.elapsed() < PATIENCE, "{what} took {:?}", start.elapsed());
    out
}

/// Ten layers of authorities, each certified by every one of the layer above.
fn mesh(root: &Authority) -> (Vec<Certificate>, Authority) {
    let mut certificates = Vec::new();
    let mut above: Vec<Authority> =
        (0..4).map(|at| root.authority(authority_params(&format!("0.{at}")))).collect();
    certificates.extend(above.iter().map(|each| each.certificate.clone()));
    for layer in 1..10 {
        let mut next = Vec::new();
        for at in 0..4 {
            let params = authority_params(&format!("{layer}.{at}"));
            let key = KeyPair::generate().unwrap();
            certificates.extend(above.iter().map(|issuer| issuer.sign(&params, &key)));
            let certificate = certificates.last().unwrap().clone();
            next.push(Authority { certificate, issuer: rcgen::Issuer::new(params, key) });
        }
        above = next;
    }
    (certificates, above.remove(0))
}

#[test]
fn an_exponential_mesh_ends_soon() {
    let root = Authority::root(authority_params("Root"));
    let (certificates, last) = mesh(&root);
    let leaf = last.leaf(&owner_params("leaf", &["gw"]));
    let all: Vec<&Certificate> = certificates.iter().collect();
    let other = Authority::root(authority_params("Other"));
    let verdict = in_time("mesh without a root", || verify(options(&[&other], &all), &leaf, None).err());
    assert_eq!(verdict, Some(RefusalReason::UnknownIssuer));
    let verdict = in_time("mesh with a path", || verify(options(&[&root], &all), &leaf, None));
    assert_eq!(verdict.unwrap().certificates().len(), 12);
    // A root of the right name with another key: every path ends in a wrong signature.
    let forged = Authority::root(authority_params("Root"));
    let verdict = in_time("mesh with a wrong root", || verify(options(&[&forged], &all), &leaf, None).err());
    assert!(matches!(verdict, Some(RefusalReason::TooMuchWork | RefusalReason::BadSignature)), "{verdict:?}");
    // A wrong policy makes every path complete and refused.
    let mut strict = options(&[&root], &all);
    strict.require_explicit_policy = true;
    let verdict = in_time("mesh without a policy", || verify(strict, &leaf, None).err());
    assert!(verdict.is_some());
    in_time("chain of a mesh", || assert!(!build_chain(&leaf, &certificates).is_complete()));
}

#[test]
fn two_hundred_cross_signed_certificates_end_soon() {
    let authorities: Vec<Authority> =
        (0..15).map(|at| Authority::root(authority_params(&format!("CA {at}")))).collect();
    let mut crossed = Vec::new();
    for (at, issuer) in authorities.iter().enumerate() {
        for (to, subject) in authorities.iter().enumerate().filter(|(to, _)| *to != at) {
            crossed.push(issuer.sign(&authority_params(&format!("CA {to}")), subject.issuer.key()));
        }
    }
    assert!(crossed.len() > 200);
    let leaf = authorities[0].leaf(&owner_params("leaf", &["gw"]));
    let all: Vec<&Certificate> = crossed.iter().collect();
    let stranger = Authority::root(authority_params("Stranger"));
    let verdict = in_time("cross-signed, no root", || verify(options(&[&stranger], &all), &leaf, None).err());
    assert_eq!(verdict, Some(RefusalReason::UnknownIssuer));
    let forged = Authority::root(authority_params("CA 9"));
    let verdict =
        in_time("cross-signed, wrong root", || verify(options(&[&forged], &all), &leaf, None).err());
    assert!(verdict.is_some());
    let verdict =
        in_time("cross-signed, right root", || verify(options(&[&authorities[9]], &all), &leaf, None));
    assert_eq!(verdict.unwrap().certificates().len(), 3);
}

#[test]
fn a_flood_of_name_constraints_ends_soon() {
    let root = Authority::root(authority_params("Root"));
    let mut params = authority_params("Flood");
    let subtree = |at| GeneralSubtree::DnsName(format!("n{at}.contoso.com"));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![],
        excluded_subtrees: (0..3000).map(subtree).collect(),
    });
    let issuing = root.authority(params);
    let hosts: Vec<String> = (0..3000).map(|at| format!("h{at}.fabrikam.com")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let leaf = issuing.leaf(&owner_params("leaf", &hosts));
    let verdict =
        in_time("name constraints", || verify(options(&[&root], &[&issuing.certificate]), &leaf, None).err());
    assert_eq!(verdict, Some(RefusalReason::TooMuchWork));
}

#[test]
fn a_long_revocation_list_answers_at_once() {
    let root = Authority::root(authority_params("Root"));
    let leaf = root.leaf(&owner_params("leaf", &["gw"]));
    let mut serials: Vec<Vec<u8>> =
        (0..100_000_u32).map(|at| (at + (1 << 24)).to_be_bytes().to_vec()).collect();
    serials.reverse();
    serials.push(serial(&leaf));
    let der = root.revocation_list(&serials);
    let list = in_time("reading 100001 entries", || Crl::from_der(&der).unwrap());
    assert_eq!(list.len(), 100_001);
    assert!(list.revocation(&leaf).is_some());
    assert!(list.revocation(&root.certificate).is_none());
    let mut options = options(&[&root], &[]);
    options.revocation = RevocationMode::Leaf;
    options.crls = vec![list];
    let verifier = Verifier::new(options).unwrap();
    let error = in_time("looking up", || verifier.verify(&leaf, None).unwrap_err());
    assert_eq!(Refusal::of(&error).unwrap().reason, RefusalReason::Revoked);
}

/// Prints what a verification costs; figures count only with `--release`.
#[test]
fn a_verification_takes_microseconds() {
    for key in [KeyKind::EcP256, KeyKind::Rsa2048] {
        let mut made = DevelopmentPkiOptions::new(START);
        made.key = key;
        let pki = DevelopmentPki::new(&made).unwrap();
        let ders: Vec<Vec<u8>> = pki.server().chain().iter().map(|each| each.der().to_vec()).collect();
        let rounds = 500;
        let start = Instant::now();
        for _ in 0..rounds {
            let mut read = ders.iter().map(|der| Certificate::from_der(der).unwrap());
            let leaf = read.next().unwrap();
            let mut options = VerifierOptions::new(vec![], DURING);
            options.intermediates = vec![read.next().unwrap()];
            options.roots = vec![read.next().unwrap()];
            Verifier::new(options).unwrap().verify(&leaf, Some("localhost")).unwrap();
        }
        println!("{key:?}: {:?} for reading and verifying three certificates", start.elapsed() / rounds);
    }
}

#[test]
fn no_damaged_certificate_or_list_is_trusted() {
    let root = Authority::root(authority_params("Root"));
    let leaf = root.leaf(&owner_params("leaf", &["gw"]));
    let list = root.revocation_list(&[vec![1, 2, 3]]);
    let mut base = options(&[&root], &[]);
    base.revocation = RevocationMode::Leaf;
    base.crls = vec![Crl::from_der(&list).unwrap()];
    assert!(verify(base.clone(), &leaf, Some("gw")).is_ok());
    for at in 0..leaf.der().len() {
        let mut der = leaf.der().to_vec();
        der[at] ^= 1;
        if let Ok(damaged) = Certificate::from_der(&der) {
            assert!(verify(base.clone(), &damaged, Some("gw")).is_err(), "byte {at} of the certificate");
        }
    }
    for at in 0..list.len() {
        let mut der = list.clone();
        der[at] ^= 1;
        if let Ok(damaged) = Crl::from_der(&der) {
            base.crls = vec![damaged];
            assert!(verify(base.clone(), &leaf, Some("gw")).is_err(), "byte {at} of the list");
        }
    }
}
