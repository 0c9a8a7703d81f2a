//! Certificates: loaded from files of every form, compared with OpenSSL field by field, and issued for rehearsal.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use cmgateway::ErrorKind;
use cmgateway::cert::{
    AlternativeNameKind, Certificate, DevelopmentPki, DevelopmentPkiOptions, KeyKind, Thumbprint, load_cer,
    load_cer_file,
};
use cmgateway_tests::skip::skipped;
use time::OffsetDateTime;
use time::macros::{datetime, format_description};

const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cmgateway-certificates-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pki() -> DevelopmentPki {
    DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC))).unwrap()
}

fn bundle() -> Option<Vec<Certificate>> {
    if !Path::new(BUNDLE).exists() {
        skipped(&format!("{BUNDLE} does not exist"));
        return None;
    }
    Some(load_cer_file(BUNDLE).unwrap())
}

fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        skipped("no foreign referee, install openssl");
    }
    found
}

fn openssl(arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // OpenSSL may refuse before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn cause(source: &[u8]) -> String {
    let error = load_cer(source).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
    error.cause().to_owned()
}

fn openssl_time(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    at.format(format).unwrap()
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name:?} in {text}"))
}

#[test]
fn every_public_root_reads_as_openssl_reads_it() {
    let (Some(certificates), true) = (bundle(), has_openssl()) else { return };
    assert!(certificates.len() > 50, "a bundle has more than {} certificates", certificates.len());
    for certificate in &certificates {
        compare_with_openssl(certificate);
    }
    println!("{} certificates compared", certificates.len());
}

fn compare_with_openssl(certificate: &Certificate) {
    let names = "-nameopt=RFC2253,utf8,-esc_msb";
    let sha1 =
        ["x509", "-inform=DER", "-noout", "-serial", "-subject", "-issuer", "-dates", "-dateopt=iso_8601"];
    let text = openssl(&[&sha1[..], &[names, "-fingerprint", "-sha1", "-text"]].concat(), certificate.der());
    let sha256 = openssl(&["x509", "-inform=DER", "-noout", "-fingerprint", "-sha256"], certificate.der());
    let subject = certificate.subject();
    assert_eq!(certificate.serial_number(), field(&text, "serial="), "{subject}");
    assert_eq!(subject, field(&text, "subject="));
    assert_eq!(certificate.issuer(), field(&text, "issuer="));
    assert_eq!(openssl_time(certificate.not_before()), field(&text, "notBefore="), "{subject}");
    assert_eq!(openssl_time(certificate.not_after()), field(&text, "notAfter="), "{subject}");
    let thumbprint = field(&text, "sha1 Fingerprint=");
    assert_eq!(certificate.thumbprint(), Thumbprint::from_hex(thumbprint).unwrap());
    assert_eq!(certificate.sha256_thumbprint(), field(&sha256, "sha256 Fingerprint=").replace(':', ""));
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let bits = lines.iter().find_map(|line| line.strip_prefix("Public-Key: ("));
    assert_eq!(
        certificate.key_size_bits(),
        bits.unwrap().strip_suffix(" bit)").unwrap().parse().ok(),
        "{subject}"
    );
    assert_eq!(certificate.is_ca(), lines.iter().any(|line| line.starts_with("CA:TRUE")), "{subject}");
    assert!(
        lines.contains(&&*format!("Signature Algorithm: {}", certificate.signature_algorithm())),
        "{subject}"
    );
    let after = |name: &str| {
        let at = lines.iter().position(|line| line.starts_with(name))?;
        lines.get(at + 1).map(|line| line.replace(':', ""))
    };
    assert_eq!(certificate.subject_key_id(), after("X509v3 Subject Key Identifier"), "{subject}");
    let key_usage = certificate.key_usage().map(|names| names.len());
    let expected = after("X509v3 Key Usage").map(|names| names.split(", ").count());
    assert_eq!(key_usage, expected, "{subject}");
}

#[test]
fn openssl_accepts_the_development_pki() {
    if !has_openssl() {
        return;
    }
    for key in [KeyKind::EcP256, KeyKind::Rsa2048] {
        let folder = Folder::new(&format!("pki-{key:?}"));
        let mut options = DevelopmentPkiOptions::new(OffsetDateTime::now_utc() - time::Duration::HOUR);
        options.key = key;
        options.server_names = vec!["gw.contoso.com".into(), "10.0.0.1".into(), "fe80::1".into()];
        let pki = DevelopmentPki::new(&options).unwrap();
        let files = pki.write_to(&folder.0).unwrap();
        assert_eq!(files.len(), 7);
        let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
        let root = path("root.pem");
        std::fs::write(&root, pki.root().certificate_pem()).unwrap();
        for (owner, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
            let chain = path(&format!("{owner}.pem"));
            let check = |purpose| {
                let arguments = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", &root];
                openssl(&[&arguments[..], &["-untrusted", &chain, &chain]].concat(), b"")
            };
            assert!(check(purpose).ends_with(": OK\n"));
            let public = openssl(&["x509", "-in", &chain, "-noout", "-pubkey"], b"");
            assert_eq!(public, openssl(&["pkey", "-in", &path(&format!("{owner}.key")), "-pubout"], b""));
        }
        let text = openssl(
            &["x509", "-in", &path("server.pem"), "-noout", "-text", "-checkhost", "gw.contoso.com"],
            b"",
        );
        assert!(text.contains("does match certificate"));
        for issued in [pki.root(), &pki.sub_cas()[0], &pki.sub_cas()[1], pki.server(), pki.client()] {
            if key == KeyKind::EcP256 {
                compare_with_openssl(issued.certificate());
            }
        }
    }
}

#[test]
fn the_development_pki_says_what_it_is() {
    let pki = pki();
    let (root, sub_ca, server) =
        (pki.root().certificate(), pki.sub_cas()[0].certificate(), pki.server().certificate());
    assert!(root.is_ca() && root.is_self_issued() && root.path_length().is_none());
    assert!(sub_ca.is_ca() && !sub_ca.is_self_issued());
    assert_eq!(sub_ca.path_length(), Some(0));
    assert_eq!(sub_ca.key_usage().unwrap(), ["keyCertSign", "cRLSign"]);
    assert_eq!(sub_ca.authority_key_id(), root.subject_key_id());
    assert_eq!(server.authority_key_id(), sub_ca.subject_key_id());
    assert_eq!(server.issuer(), "CN=Contoso Issuing CA 1,O=Contoso");
    assert_eq!(server.common_name().as_deref(), Some("localhost"));
    assert_eq!((server.key_algorithm().as_str(), server.key_size_bits()), ("EC P-256", Some(256)));
    assert_eq!(server.signature_algorithm(), "ecdsa-with-SHA256");
    assert_eq!(server.extended_key_usage()[0].name(), Some("serverAuth"));
    assert_eq!(pki.client().certificate().extended_key_usage()[0].to_string(), "clientAuth");
    let names: Vec<_> = server.subject_alternative_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["dns:localhost", "ip:127.0.0.1", "ip:::1"]);
    assert_eq!(server.subject_alternative_names()[0].kind, AlternativeNameKind::Dns);
    assert_eq!(server.not_before(), datetime!(2026-01-01 00:00 UTC));
    assert!(
        server.is_valid_at(datetime!(2027-01-01 00:00 UTC))
            && server.is_expired(datetime!(2027-01-01 00:00:01 UTC))
    );
    assert!(
        !server.is_expired(datetime!(2025-12-31 00:00 UTC))
            && !server.is_valid_at(datetime!(2025-12-31 00:00 UTC))
    );
    assert_eq!(pki.server().chain(), [server.clone(), sub_ca.clone(), root.clone()]);
    assert_eq!(load_cer(pki.server().chain_pem().as_bytes()).unwrap(), [server.clone(), sub_ca.clone()]);
    assert!(!format!("{pki:?}").contains("PRIVATE KEY"));
}

#[test]
fn the_development_pki_overwrites_nothing() {
    let folder = Folder::new("overwrite");
    let pki = pki();
    std::fs::write(folder.0.join("client.key"), "mine").unwrap();
    let error = pki.write_to(&folder.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.cause(), "it exists already");
    let left: Vec<_> =
        std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["client.key"]);
    assert_eq!(std::fs::read(folder.0.join("client.key")).unwrap(), b"mine");
    std::fs::remove_file(folder.0.join("client.key")).unwrap();
    let files = pki.write_to(&folder.0).unwrap();
    assert_eq!(load_cer_file(folder.0.join("subca2.cer")).unwrap(), [pki.sub_cas()[1].certificate().clone()]);
    #[cfg(unix)]
    for file in files.iter().filter(|file| file.extension().unwrap() == "key") {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file).unwrap());
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    assert!(files.len() == 7);
}

#[test]
fn the_development_pki_refuses_wrong_options() {
    let with = |change: fn(&mut DevelopmentPkiOptions)| {
        let mut options = DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC));
        change(&mut options);
        let error = DevelopmentPki::new(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.cause().to_owned()
    };
    assert_eq!(with(|o| o.sub_cas = 0), "there must be 1 to 100 sub-CAs, not 0");
    assert_eq!(with(|o| o.server_names.clear()), "the server has no name");
    assert_eq!(
        with(|o| o.server_names = vec!["a b".into()]),
        "\"a b\" is neither a DNS name nor an IP address"
    );
    assert_eq!(with(|o| o.days = 0), "0 days of validity are not possible");
    assert_eq!(with(|o| o.days = u32::MAX), "4294967295 days of validity are not possible");
    assert!(with(|o| o.client_name = "a".repeat(65)).contains("65 characters"));
}

#[test]
fn files_of_every_form_give_the_same_certificates() {
    let pki = pki();
    let both = [pki.root().certificate().clone(), pki.sub_cas()[0].certificate().clone()];
    let pem: String = both.iter().map(Certificate::to_pem).collect();
    let key = pki.server().private_key_pem().expose();
    let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{FEFF}".chars().chain(pem.chars()).map(|c| c as u16).flat_map(unit).collect()
    };
    let bare: String =
        both[0].to_pem().lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\r\n");
    assert_eq!(load_cer(bare.as_bytes()).unwrap(), both[..1]);
    assert_eq!(load_cer(both[0].der()).unwrap(), both[..1]);
    let with_settings = [both[0].der(), b"\x30\x00"].concat();
    let trusted = encode_base64_lines("TRUSTED CERTIFICATE", &with_settings);
    if let Some(trusted) = trusted {
        assert_eq!(load_cer(trusted.as_bytes()).unwrap(), both[..1]);
    }
    for source in [
        [both[0].der(), both[1].der()].concat(),
        pem.clone().into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        format!("\u{FEFF}{pem}").into_bytes(),
        format!(" 0 s:CN = Größe\n{key}{pem}end").into_bytes(),
        [b"Gr\xf6\xdfe\n".as_slice(), pem.as_bytes()].concat(),
        pem.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes(),
        pem.trim_end().as_bytes().to_vec(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
    ] {
        assert_eq!(load_cer(&source).unwrap(), both, "{}", String::from_utf8_lossy(&source));
    }
}

/// PEM by OpenSSL, so that it is not our own writer that our reader is tested with.
fn encode_base64_lines(label: &str, bytes: &[u8]) -> Option<String> {
    has_openssl()
        .then(|| format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", openssl(&["base64"], bytes)))
}

#[test]
fn broken_files_say_which_certificate_and_where() {
    let pki = pki();
    let (der, pem) = (pki.root().certificate().der(), pki.root().certificate_pem());
    let lines = pem.lines().count();
    let second = lines + 1;
    assert_eq!(cause(b""), "it is empty");
    assert_eq!(cause(b"\xef\xbb\xbf \r\n"), "it is empty");
    assert_eq!(cause(b"hello, world"), "it holds no certificate: it is neither DER nor PEM");
    assert_eq!(cause(&[0xff, 0xfe, 0x2d]), "it is UTF-16 text with half a character at its end");
    assert_eq!(cause(pki.server().private_key_pem().expose().as_bytes()), "it holds PEM, but no certificate");
    let unfinished = format!("{pem}{}", pem.replace("-----END CERTIFICATE-----\n", ""));
    assert_eq!(
        cause(unfinished.as_bytes()),
        format!("certificate 2 (line {second}): its END line is missing")
    );
    assert_eq!(
        cause(format!("{}{pem}", pem.replace("-----END CERTIFICATE-----\n", "")).as_bytes()),
        "certificate 1 (line 1): its END line is missing"
    );
    let wrong = format!("{pem}{}", pem.replacen("\nMII", "\nM!I", 1));
    let expected = format!("certificate 2 (line {second}): '!' in line {} is not base64", second + 1);
    assert_eq!(cause(wrong.as_bytes()), expected);
    let short = pem.replacen("\nMII", "\nMI", 1);
    assert!(cause(short.as_bytes()).starts_with("certificate 1 (line 1): its base64 is cut off"));
    let other = pem.replace("END CERTIFICATE", "END PRIVATE KEY");
    assert_eq!(
        cause(other.as_bytes()),
        format!("certificate 1 (line 1): its END in line {lines} has another label")
    );
    let trailing = cause(&[der, b"\0"].concat());
    assert!(trailing.starts_with(&format!("certificate 2 (byte {}): ", der.len() + 1)), "{trailing}");
    let error = Certificate::from_der(&[der, b"\0"].concat()).unwrap_err();
    assert_eq!(error.cause(), "its end cannot be read: more data than expected");
}

#[test]
fn every_truncation_is_refused() {
    for der in [pki().server().certificate().der(), pki().root().certificate().der()] {
        for length in 0..der.len() {
            assert!(Certificate::from_der(&der[..length]).is_err(), "{length} bytes");
            assert_eq!(load_cer(&der[..length]).unwrap_err().kind(), ErrorKind::Certificate);
        }
    }
}

/// A small generator with a fixed seed, so that a failure comes again.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize
    }
}

/// Calls everything; what is accepted must answer.
fn ask_everything(certificate: &Certificate) {
    let text = format!("{certificate:?} {} {:?}", certificate.issuer(), certificate.common_name());
    assert!(!text.is_empty());
    assert!(!certificate.serial_number().is_empty());
    assert!(!certificate.key_algorithm().is_empty());
    assert!(!certificate.signature_algorithm().is_empty());
    let _ =
        (certificate.key_usage(), certificate.extended_key_usage(), certificate.subject_alternative_names());
    let _ = (certificate.subject_key_id(), certificate.authority_key_id(), certificate.is_ca());
}

#[test]
fn damaged_bytes_are_refused_or_still_answer() {
    let (mut noise, pki) = (Noise(0x5eed_1234_5678_9abc), pki());
    let (mut accepted, mut refused) = (0, 0);
    for issued in [pki.server(), &pki.sub_cas()[0]] {
        for _ in 0..20_000 {
            let mut der = issued.certificate().der().to_vec();
            for _ in 0..=noise.next() % 3 {
                let at = noise.next() % der.len();
                der[at] = noise.next() as u8;
            }
            match Certificate::from_der(&der) {
                Ok(certificate) => {
                    ask_everything(&certificate);
                    accepted += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} accepted, {refused} refused");
    for length in 0..2_000 {
        let random: Vec<u8> = (0..length % 300).map(|_| noise.next() as u8).collect();
        assert!(load_cer(&random).is_err());
    }
}

#[test]
fn files_that_cannot_be_certificates_are_not_read() {
    let folder = Folder::new("large");
    let large = folder.0.join("large.cer");
    std::fs::File::create(&large).unwrap().set_len(50_000_000).unwrap();
    let started = Instant::now();
    let error = load_cer_file(&large).unwrap_err();
    assert!(started.elapsed().as_millis() < 100);
    assert_eq!(error.kind(), ErrorKind::Certificate);
    assert!(error.to_string().starts_with("could not load certificates from "));
    assert!(error.cause().contains("50000000 bytes or more, 16777216 are allowed"), "{error}");
    assert_eq!(load_cer_file(&folder.0).unwrap_err().cause(), "it is a folder");
    assert_eq!(load_cer_file(folder.0.join("none")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_serial_number_of_a_thousand_bytes_is_read() {
    let serial = vec![0x7f; 1000];
    let mut params = rcgen::CertificateParams::new(["huge.contoso.com".to_owned()]).unwrap();
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&serial));
    let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let certificate = Certificate::from_der(made.der()).unwrap();
    assert_eq!(certificate.serial_number(), "7F".repeat(1000));
    ask_everything(&certificate);
}

#[test]
fn loading_is_fast() {
    let Some(certificates) = bundle() else { return };
    const ROUNDS: u32 = 50;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        for certificate in &certificates {
            let loaded = Certificate::from_der(certificate.der()).unwrap();
            assert_ne!(loaded.thumbprint().as_bytes(), &[0; 20]);
        }
    }
    let each = started.elapsed() / ROUNDS / u32::try_from(certificates.len()).unwrap();
    println!("{} ns for one load with its thumbprint", each.as_nanos());
    // Two hundred times what an optimised build takes: only a change of the order of growth reaches it.
    assert!(each.as_micros() < 500, "{each:?}");
}
