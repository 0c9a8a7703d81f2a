//! PFX, P7B and private keys: written and read by OpenSSL, Java and `cryptography`, damaged, and from public samples.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use cmgateway::cert::{
    Certificate, DevelopmentPki, DevelopmentPkiOptions, KeyKind, PasswordForm, Pfx, PfxKeyPair, PfxProfile,
    PrivateKey, PrivateKeyKind, load_p7b, load_pfx, load_private_key, load_private_key_file, write_p7b,
    write_p7b_pem, write_pfx,
};
use cmgateway::{Error, ErrorKind};
use cmgateway_tests::skip::skipped;
use time::macros::datetime;

#[path = "pfx_and_p7b/samples.rs"]
mod samples;
use samples::{KEY_SAMPLES, PFX_SAMPLES, REFUSED_KEYS};

/// Replaces the MAC of a PFX by PBMAC1, with Python's own PBKDF2 and HMAC.
const PBMAC1: &str = include_str!("pfx_and_p7b/pbmac1.py");

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cmgateway-pfx-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).output().ok()
}

fn has(program: &str, arguments: &[&str]) -> bool {
    let found = run(program, arguments).is_some_and(|output| output.status.success());
    if !found {
        skipped(&format!("{program} is not installed"));
    }
    found
}

fn has_openssl() -> bool {
    has("openssl", &["version"])
}

/// Runs the program, which must succeed.
fn must(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}{errors}");
    text
}

struct Identity {
    chain: Vec<Certificate>,
    key: PrivateKey,
    certificate_pem: String,
    key_pem: String,
    above_pem: String,
}

fn identity(kind: KeyKind) -> Identity {
    let mut options = DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC));
    options.key = kind;
    options.days = 3650;
    let pki = DevelopmentPki::new(&options).unwrap();
    let server = pki.server();
    let key_pem = server.private_key_pem().expose().to_owned();
    Identity {
        chain: server.chain().to_vec(),
        key: load_private_key(key_pem.as_bytes(), None).unwrap(),
        certificate_pem: server.certificate_pem(),
        above_pem: server.chain()[1..].iter().map(Certificate::to_pem).collect(),
        key_pem,
    }
}

fn pair(identity: &Identity) -> PfxKeyPair {
    let mut pair = PfxKeyPair::new(identity.chain[0].clone(), identity.key.clone());
    pair.friendly_name = Some("Gateway Köln".into());
    pair
}

fn reason(error: &Error) -> &str {
    error.context().iter().find(|(name, _)| *name == "reason").map_or("", |(_, value)| value)
}

/// Lets OpenSSL write a PFX with these arguments; nothing where it does not know them.
fn openssl_pfx(identity: &Identity, folder: &Folder, arguments: &[&str]) -> Option<Vec<u8>> {
    let certificate = folder.write("leaf.pem", &identity.certificate_pem);
    let key = folder.write("leaf.key", &identity.key_pem);
    let above = folder.write("above.pem", &identity.above_pem);
    let out = folder.path("out.p12");
    let _ = std::fs::remove_file(&out);
    let mut all = vec!["pkcs12", "-export", "-in", &certificate, "-out", &out, "-name", "Gateway"];
    if !arguments.contains(&"-nokeys") {
        all.extend(["-inkey", &key, "-certfile", &above]);
    }
    all.extend(arguments);
    let output = run("openssl", &all)?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        println!("skipped: this OpenSSL has no {arguments:?}: {}", errors.lines().next().unwrap_or(""));
        return None;
    }
    std::fs::read(out).ok()
}

fn check_whole(pfx: &Pfx, identity: &Identity, about: &str) {
    assert_eq!(pfx.key_pairs.len(), 1, "{about}");
    assert_eq!(pfx.key_pairs[0].certificate, identity.chain[0], "{about}");
    assert_eq!(pfx.key_pairs[0].private_key, identity.key, "{about}");
    assert_eq!(pfx.key_pairs[0].friendly_name.as_deref(), Some("Gateway"), "{about}");
    let others: Vec<_> = pfx.certificates.iter().map(|other| other.certificate.clone()).collect();
    assert_eq!(others.len(), 2, "{about}");
    assert!(identity.chain[1..].iter().all(|above| others.contains(above)), "{about}");
    assert!(pfx.keys.is_empty() && pfx.skipped.is_empty(), "{about}");
}

#[test]
fn pfx_written_by_openssl_is_read() {
    if !has_openssl() {
        return;
    }
    let (folder, mut opened) = (Folder::new("openssl"), 0);
    for kind in [KeyKind::EcP256, KeyKind::Rsa2048] {
        let identity = identity(kind);
        for arguments in [
            &[][..],
            &["-legacy"],
            &["-descert", "-legacy"],
            &["-macalg", "sha1"],
            &["-macalg", "sha224"],
            &["-macalg", "sha384"],
            &["-macalg", "sha512"],
            &["-macalg", "md5"],
            &["-macalg", "sha512-256"],
            &["-macalg", "sha512-224"],
            &["-macalg", "sha3-224"],
            &["-macalg", "sha3-256"],
            &["-macalg", "sha3-512"],
            &["-keypbe", "PBE-MD5-DES", "-certpbe", "PBE-MD5-RC2-64", "-legacy"],
            &["-nomac"],
            &["-nomaciter", "-noiter"],
            &["-keypbe", "NONE", "-certpbe", "NONE"],
            &["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC"],
            &["-keypbe", "DES-EDE3-CBC", "-certpbe", "AES-256-CBC"],
            &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-2DES", "-legacy"],
            &["-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-40", "-legacy"],
            &["-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC4-40", "-legacy"],
            &["-keypbe", "PBE-SHA1-DES", "-certpbe", "PBE-SHA1-RC2-64", "-legacy"],
            &["-keypbe", "RC2-CBC", "-certpbe", "DES-CBC", "-legacy"],
            &["-keypbe", "CAMELLIA-128-CBC", "-certpbe", "CAMELLIA-192-CBC"],
            &["-keypbe", "CAMELLIA-256-CBC", "-certpbe", "ARIA-128-CBC"],
            &["-keypbe", "ARIA-192-CBC", "-certpbe", "ARIA-256-CBC"],
            &["-keypbe", "BF-CBC", "-certpbe", "CAST5-CBC", "-legacy"],
            &["-keypbe", "SEED-CBC", "-certpbe", "SEED-CBC", "-legacy"],
            &["-keypbe", "IDEA-CBC", "-certpbe", "IDEA-CBC", "-legacy"],
            &["-iter", "20000"],
            &["-pbmac1_pbkdf2"],
            &["-pbmac1_pbkdf2", "-pbmac1_pbkdf2_md", "sha512", "-macalg", "sha384"],
        ] {
            for password in ["pass:correct horse", "pass:ünï→𝄞", "pass:"] {
                let about = format!("{kind:?} {arguments:?} {password}");
                let mut all = arguments.to_vec();
                all.extend(["-passout", password]);
                let Some(bytes) = openssl_pfx(&identity, &folder, &all) else { break };
                let text = password.trim_start_matches("pass:");
                let pfx = load_pfx(&bytes, Some(text)).unwrap_or_else(|error| panic!("{about}: {error}"));
                check_whole(&pfx, &identity, &about);
                assert_eq!(pfx.mac.is_none(), arguments.contains(&"-nomac"), "{about}");
                opened += 1;

                let is_plain = arguments.contains(&"NONE");
                let wrong = load_pfx(&bytes, Some("another")).unwrap_err();
                assert_eq!(wrong.kind(), ErrorKind::Auth, "{about}: {wrong}");
                assert_eq!(reason(&wrong), "wrong_password", "{about}");
                let none = load_pfx(&bytes, None);
                match text {
                    "" => check_whole(&none.unwrap(), &identity, &about),
                    _ => assert_eq!(reason(&none.unwrap_err()), "password_needed", "{about}"),
                }
                if text.is_empty() && !is_plain && pfx.mac.is_some() {
                    assert_eq!(pfx.password_form, Some(PasswordForm::Empty), "{about}");
                }
            }
        }
    }
    println!("{opened} files of OpenSSL opened");
    assert!(opened > 60);
}

#[test]
fn pfx_without_keys_and_without_any_protection() {
    if !has_openssl() {
        return;
    }
    let (folder, identity) = (Folder::new("bare"), identity(KeyKind::EcP256));
    let bytes = openssl_pfx(&identity, &folder, &["-nokeys", "-passout", "pass:x"]).unwrap();
    let pfx = load_pfx(&bytes, Some("x")).unwrap();
    assert!(pfx.key_pairs.is_empty() && pfx.keys.is_empty());
    assert_eq!(pfx.certificates.len(), 1);

    let bare = ["-nomac", "-keypbe", "NONE", "-certpbe", "NONE", "-passout", "pass:"];
    let bytes = openssl_pfx(&identity, &folder, &bare).unwrap();
    for password in [None, Some(""), Some("anything")] {
        let pfx = load_pfx(&bytes, password).unwrap();
        check_whole(&pfx, &identity, "bare");
        assert_eq!((pfx.mac, pfx.password_form), (None, None));
    }
}

#[test]
fn openssl_reads_what_we_write() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new("written");
    for kind in [KeyKind::EcP256, KeyKind::Rsa2048] {
        let identity = identity(kind);
        for profile in [PfxProfile::Windows2016, PfxProfile::Modern] {
            for password in ["correct horse", "pässwörd→𝄞"] {
                let bytes = write_pfx(&[pair(&identity)], &identity.chain[1..], password, profile).unwrap();
                let file = folder.write("ours.p12", &bytes);
                let passin = format!("pass:{password}");
                for legacy in [&["-legacy"][..], &[]] {
                    let mut arguments = vec!["pkcs12", "-in", &file, "-passin", &passin, "-nodes"];
                    arguments.extend(legacy);
                    let text = must("openssl", &arguments);
                    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3);
                    assert!(text.contains("localKeyID"));
                    let key = load_private_key(text.as_bytes(), None).unwrap();
                    assert_eq!(key.to_pkcs8_der().expose().len(), identity.key.to_pkcs8_der().expose().len());
                    assert!(key.matches(&identity.chain[0]));
                }
                let info = run("openssl", &["pkcs12", "-in", &file, "-passin", &passin, "-info", "-noout"]);
                let info = String::from_utf8_lossy(&info.unwrap().stderr).into_owned();
                let wanted = match profile {
                    PfxProfile::Windows2016 => ["MAC: sha1", "pbeWithSHA1And3-KeyTripleDES-CBC"],
                    _ => ["MAC: sha256", "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256"],
                };
                assert!(wanted.iter().all(|wanted| info.contains(wanted)), "{info}");

                let pfx = load_pfx(&bytes, Some(password)).unwrap();
                assert_eq!(pfx.key_pairs, [pair(&identity)]);
                assert_eq!(pfx.password_form, Some(PasswordForm::Text));
                // As a cloud's key vault hands it out.
                let text = must("openssl", &["base64", "-in", &file]);
                assert_eq!(load_pfx(text.as_bytes(), Some(password)).unwrap().key_pairs, pfx.key_pairs);
            }
        }
    }
}

#[test]
fn keytool_reads_what_we_write_and_we_read_what_it_writes() {
    if !has("keytool", &["-help"]) {
        return;
    }
    let folder = Folder::new("keytool");
    let identity = identity(KeyKind::Rsa2048);
    for profile in [PfxProfile::Windows2016, PfxProfile::Modern] {
        let bytes = write_pfx(&[pair(&identity)], &identity.chain[1..], "correct horse", profile).unwrap();
        let file = folder.write("ours.p12", &bytes);
        let store = ["-keystore", &file, "-storetype", "PKCS12", "-storepass", "correct horse"];
        let list = must("keytool", &[&["-list", "-v"][..], &store].concat());
        assert!(list.contains("PrivateKeyEntry"), "{list}");
        assert!(list.contains("Certificate chain length: 3"), "{list}");
        let request = must("keytool", &[&["-certreq", "-alias", "gateway köln"][..], &store].concat());
        assert!(request.contains("CERTIFICATE REQUEST"), "{request}");
    }
    for (number, settings) in [
        &["-keyalg", "RSA", "-keysize", "2048"][..],
        &["-keyalg", "EC", "-groupname", "secp256r1"],
        &["-keyalg", "Ed25519"],
        &["-keyalg", "RSA", "-J-Dkeystore.pkcs12.legacy"],
        &["-keyalg", "EC", "-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512"],
    ]
    .iter()
    .enumerate()
    {
        let file = folder.path(&format!("java{number}.p12"));
        let store = ["-keystore", &file, "-storetype", "PKCS12", "-storepass", "correct horse"];
        for alias in ["one", "two"] {
            let name = ["-genkeypair", "-alias", alias, "-dname", "CN=Java"];
            must("keytool", &[&name[..], settings, &store].concat());
        }
        let pfx = load_pfx(&std::fs::read(&file).unwrap(), Some("correct horse")).unwrap();
        let names: Vec<_> = pfx.key_pairs.iter().map(|pair| pair.friendly_name.as_deref()).collect();
        assert_eq!(names, [Some("one"), Some("two")], "{settings:?}");
        assert!(pfx.key_pairs.iter().all(|pair| pair.private_key.matches(&pair.certificate)));
    }
}

#[test]
fn cryptography_reads_what_we_write() {
    let Some(python) = venv_python() else { return };
    let (folder, identity) = (Folder::new("cryptography"), identity(KeyKind::EcP256));
    for profile in [PfxProfile::Windows2016, PfxProfile::Modern] {
        let bytes = write_pfx(&[pair(&identity)], &identity.chain[1..], "pässword", profile).unwrap();
        let file = folder.write("ours.p12", &bytes);
        let p7b = folder.write("ours.p7b", write_p7b(&identity.chain).unwrap());
        let script = "import sys\n\
            from cryptography.hazmat.primitives.serialization import pkcs12, pkcs7\n\
            p = pkcs12.load_pkcs12(open(sys.argv[1], 'rb').read(), 'pässword'.encode())\n\
            assert p.key.public_key() == p.cert.certificate.public_key()\n\
            assert p.cert.friendly_name == 'Gateway Köln'.encode(), p.cert.friendly_name\n\
            assert len(p.additional_certs) == 2\n\
            assert len(pkcs7.load_der_pkcs7_certificates(open(sys.argv[2], 'rb').read())) == 3\n";
        must(&python, &["-X", "utf8", "-c", script, &file, &p7b]);
    }
}

#[test]
fn damage_never_gives_another_key() {
    let identity = identity(KeyKind::EcP256);
    let mut pfx = Vec::new();
    for profile in [PfxProfile::Windows2016, PfxProfile::Modern] {
        pfx.push(write_pfx(&[pair(&identity)], &[], "correct horse", profile).unwrap());
    }
    if has_openssl() {
        let folder = Folder::new("damage");
        let quick = ["-passout", "pass:correct horse", "-noiter", "-nomaciter"];
        pfx.extend(openssl_pfx(&identity, &folder, &quick));
        pfx.extend(openssl_pfx(&identity, &folder, &[&quick[..], &["-nomac"]].concat()));
        let plain = ["-nomac", "-keypbe", "NONE", "-certpbe", "NONE"];
        pfx.extend(openssl_pfx(&identity, &folder, &[&quick[..], &plain].concat()));
    }
    for (number, bytes) in pfx.iter().enumerate() {
        // Every byte of the quick ones; of the others the derivation takes its time.
        let step = if number < 2 { 29 } else { 1 };
        for length in (0..bytes.len()).step_by(step) {
            assert!(load_pfx(&bytes[..length], Some("correct horse")).is_err(), "{number}: {length} bytes");
        }
        let mut changed = bytes.clone();
        for place in (0..bytes.len()).step_by(step) {
            for flip in [1, 0x80] {
                changed[place] ^= flip;
                if let Ok(pfx) = load_pfx(&changed, Some("correct horse")) {
                    let keys = pfx.key_pairs.iter().map(|pair| &pair.private_key);
                    let mut keys = keys.chain(pfx.keys.iter().map(|key| &key.private_key));
                    // A key of another kind or on another curve says so itself, and is put with no certificate.
                    let is_known = |key: &PrivateKey| key.size_bits() == Some(256);
                    assert!(
                        keys.all(|key| !is_known(key) || same_key(key, &identity)),
                        "{number}: byte {place}"
                    );
                }
                changed[place] ^= flip;
            }
        }
        for junk in [&[0][..], b"\r\n", bytes] {
            let error = load_pfx(&[bytes, junk].concat(), Some("correct horse")).unwrap_err();
            assert_eq!(reason(&error), "damaged");
        }
    }
}

fn same_key(key: &PrivateKey, identity: &Identity) -> bool {
    key.matches(&identity.chain[0])
}

#[test]
fn damage_and_wrong_password_are_told_apart() {
    let identity = identity(KeyKind::EcP256);
    let bytes = write_pfx(&[pair(&identity)], &[], "right", PfxProfile::Windows2016).unwrap();
    let wrong = load_pfx(&bytes, Some("wrong")).unwrap_err();
    assert_eq!((wrong.kind(), reason(&wrong)), (ErrorKind::Auth, "wrong_password"));
    assert_eq!(wrong.to_string(), "could not load PFX: the password is wrong");
    // The value of the MAC lies before its salt (16 bytes) and rounds at the end of the file.
    let mut changed = bytes.clone();
    let place = changed.len() - 16 - 2 - 4 - 10;
    changed[place] ^= 1;
    let damaged = load_pfx(&changed, Some("right")).unwrap_err();
    assert_eq!((damaged.kind(), reason(&damaged)), (ErrorKind::Certificate, "damaged"));
    assert!(damaged.cause().contains("MAC does not fit"), "{damaged}");
    assert_eq!(reason(&load_pfx(&changed, Some("wrong")).unwrap_err()), "wrong_password");
    assert_eq!(reason(&load_pfx(&bytes, None).unwrap_err()), "password_needed");
    for error in [wrong, damaged] {
        assert!(!format!("{error} {error:?}").contains("right"));
    }
    let shown = format!("{:?}", load_pfx(&bytes, Some("right")).unwrap());
    assert!(shown.contains("EC P-256") && !shown.contains("PRIVATE"), "{shown}");
}

#[test]
fn absurd_derivations_are_refused_at_once() {
    let identity = identity(KeyKind::EcP256);
    let bytes = write_pfx(&[pair(&identity)], &[], "x", PfxProfile::Windows2016).unwrap();
    let rounds = [2, 2, 0x27, 0x10];
    let at = bytes.windows(4).rposition(|four| four == rounds).unwrap();
    let mut changed = bytes.clone();
    // The same length, but a negative number.
    changed[at + 2] = 0xa7;
    assert_eq!(reason(&load_pfx(&changed, Some("x")).unwrap_err()), "damaged");
    // An encrypted key (triple DES) whose number of rounds is 2^31 - 1.
    let algorithm = [6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3];
    let parameters = [0x30, 12, 4, 4, 1, 2, 3, 4, 2, 4, 0x7f, 0xff, 0xff, 0xff];
    let key = [&[0x30, 38, 0x30, 26][..], &algorithm, &parameters, &[4, 8, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
    let error = load_private_key(&key, Some("x")).unwrap_err();
    assert_eq!(reason(&error), "over_limit", "{error}");
}

#[test]
fn a_pfx_is_not_written_where_it_would_be_wrong() {
    let (one, other) = (identity(KeyKind::EcP256), identity(KeyKind::EcP256));
    let refused = |pairs: &[PfxKeyPair], password| {
        let error = write_pfx(pairs, &[], password, PfxProfile::Modern).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    let mixed = PfxKeyPair::new(one.chain[0].clone(), other.key.clone());
    assert!(refused(&[mixed], "x").ends_with("is not for its key"));
    assert!(refused(&[pair(&one)], "").contains("the password must have"));
    assert!(refused(&[], "x").contains("0 bags"));
}

#[test]
fn p7b_of_every_form() {
    let identity = identity(KeyKind::EcP256);
    let der = write_p7b(&identity.chain).unwrap();
    let pem = write_p7b_pem(&identity.chain).unwrap();
    let crlf = pem.replace('\n', "\r\n");
    let forms = [
        der.clone(),
        pem.clone().into_bytes(),
        crlf.into_bytes(),
        pem.replace("PKCS7", "CMS").into_bytes(),
        // AD CS's certnew.p7b.
        pem.replace("PKCS7", "CERTIFICATE").into_bytes(),
        pem.lines().filter(|line| !line.starts_with('-')).collect::<String>().into_bytes(),
        indefinite(&der),
    ];
    for (number, form) in forms.iter().enumerate() {
        let read = load_p7b(form).unwrap_or_else(|error| panic!("form {number}: {error}"));
        assert_eq!(read, identity.chain, "form {number}");
    }
    for length in 0..der.len() {
        assert!(load_p7b(&der[..length]).is_err());
    }
    assert!(load_p7b(&[&der[..], &[0]].concat()).is_err());
    assert!(load_p7b(identity.chain[0].der()).unwrap_err().to_string().contains("it is a certificate"));
    if has_openssl() {
        let folder = Folder::new("p7b");
        let file = folder.write("ours.p7b", &pem);
        let text = must("openssl", &["pkcs7", "-in", &file, "-print_certs"]);
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 3);
        let above = folder.write("above.pem", &identity.above_pem);
        let out = folder.path("theirs.p7b");
        for form in ["DER", "PEM"] {
            must("openssl", &["crl2pkcs7", "-nocrl", "-certfile", &above, "-outform", form, "-out", &out]);
            assert_eq!(load_p7b(&std::fs::read(&out).unwrap()).unwrap(), identity.chain[1..]);
        }
    }
}

/// The two outermost elements with an indefinite length.
fn indefinite(der: &[u8]) -> Vec<u8> {
    // SEQUENCE { OID (11 bytes), [0] { … } }, each with a length of two bytes.
    let inner = &der[4 + 11 + 4..];
    [&[0x30, 0x80][..], &der[4..15], &[0xa0, 0x80], inner, &[0; 4]].concat()
}

#[test]
fn private_keys_of_every_form() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new("keys");
    for kind in [KeyKind::EcP256, KeyKind::Rsa2048] {
        let identity = identity(kind);
        let key = folder.write("leaf.key", &identity.key_pem);
        let out = folder.path("out.key");
        for form in ["PEM", "DER"] {
            let family = if kind == KeyKind::EcP256 { &["ec"][..] } else { &["rsa", "-traditional"] };
            must("openssl", &[family, &["-in", &key, "-outform", form, "-out", &out]].concat());
            let read = load_private_key_file(&out, None).unwrap();
            assert!(read.matches(&identity.chain[0]), "{family:?} {form}");
            for settings in [
                &["-v2", "aes-128-cbc"][..],
                &["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA1"],
                &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224"],
                &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"],
                &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
                &["-v2", "des3"],
                &["-scrypt"],
                &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512-256"],
                &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512-224"],
                &["-v2", "camellia-256-cbc", "-v2prf", "hmacWithMD5"],
                &["-v1", "PBE-SHA1-3DES"],
                &["-v1", "PBE-SHA1-2DES"],
            ] {
                let fixed =
                    ["pkcs8", "-topk8", "-in", &key, "-outform", form, "-out", &out, "-passout", "pass:pw"];
                must("openssl", &[&fixed[..], settings].concat());
                let read = load_private_key_file(&out, Some("pw")).unwrap();
                assert_eq!(read, identity.key, "{settings:?}");
                let error = load_private_key_file(&out, Some("no")).unwrap_err();
                assert_eq!(reason(&error), "wrong_password", "{settings:?}");
                assert_eq!(reason(&load_private_key_file(&out, None).unwrap_err()), "password_needed");
            }
        }
        let again = load_private_key(identity.key.to_pkcs8_pem().expose().as_bytes(), None).unwrap();
        assert_eq!(again, identity.key);
    }
}

#[test]
fn a_damaged_key_is_refused_or_the_same() {
    let identity = identity(KeyKind::Rsa2048);
    let der = identity.key.to_pkcs8_der();
    let mut changed = der.expose().to_vec();
    let mut taken = 0;
    for place in 0..changed.len() {
        changed[place] ^= 4;
        if let Ok(key) = load_private_key(&changed, None)
            && key.kind() != PrivateKeyKind::Other
        {
            assert!(key.matches(&identity.chain[0]), "byte {place}");
            taken += 1;
        }
        changed[place] ^= 4;
    }
    assert!(taken < 4, "{taken} damaged keys were taken");
}

/// The same elements as BER can write them: indefinite lengths, strings in pieces.
fn to_ber(der: &[u8]) -> Vec<u8> {
    let (mut rest, mut out) = (der, Vec::new());
    while let [tag, first, ..] = *rest {
        let (mut start, mut length) = (2, usize::from(first));
        if first >= 0x80 {
            start += usize::from(first & 0x7f);
            length = rest[2..start].iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        }
        let content = &rest[start..start + length];
        match tag {
            // An OCTET STRING, and the implicit one of encrypted contents.
            4 | 0x80 => {
                out.extend([if tag == 4 { 0x24 } else { 0xa0 }, 0x80]);
                for piece in content.chunks(100) {
                    out.extend([4, 0x81, piece.len() as u8]);
                    out.extend(piece);
                }
                out.extend([0, 0]);
            }
            _ if tag & 0x20 != 0 => {
                out.extend([tag, 0x80]);
                out.extend(to_ber(content));
                out.extend([0, 0]);
            }
            _ => out.extend(&rest[..start + length]),
        }
        rest = &rest[start + length..];
    }
    out
}

#[test]
fn pfx_in_ber_is_read() {
    let identity = identity(KeyKind::EcP256);
    for profile in [PfxProfile::Windows2016, PfxProfile::Modern] {
        let der = write_pfx(&[pair(&identity)], &identity.chain[1..], "x", profile).unwrap();
        let ber = to_ber(&der);
        assert_ne!(ber, der);
        let pfx = load_pfx(&ber, Some("x")).unwrap();
        assert_eq!(pfx.key_pairs, [pair(&identity)]);
        assert_eq!(pfx.certificates.len(), 2);
        for length in 0..ber.len() {
            assert!(load_pfx(&ber[..length], Some("x")).is_err());
        }
    }
}

/// The folder of public samples, from the package `cryptography_vectors`; `check-all` says where it is.
fn sample_folder() -> Option<PathBuf> {
    let found = std::env::var_os("CRYPTOGRAPHY_VECTORS").map(PathBuf::from);
    if found.is_none() {
        skipped("no samples; CRYPTOGRAPHY_VECTORS must name the folder of the package cryptography_vectors");
    }
    found
}

/// A Python with the package `cryptography`; `check-all` says which.
fn venv_python() -> Option<String> {
    let python = std::env::var("CMGATEWAY_TEST_PYTHON").ok();
    if python.is_none() {
        skipped("no Python; CMGATEWAY_TEST_PYTHON must name one that has the package cryptography");
    }
    python
}

/// What a sample says: its parts, or the reason of its refusal.
fn verdict(bytes: &[u8], password: Option<&str>) -> String {
    match load_pfx(bytes, password) {
        Ok(pfx) => {
            let mut text = format!("{}+{}+{}", pfx.key_pairs.len(), pfx.certificates.len(), pfx.keys.len());
            if let Some(form) = pfx.password_form {
                let _ = write!(text, " {}", form.as_str());
            }
            text.push_str(if pfx.mac.is_some() { " mac" } else { " no mac" });
            text
        }
        Err(error) => format!("{}: {}", reason(&error), error.cause()),
    }
}

#[test]
fn public_samples_of_pfx() {
    let Some(folder) = sample_folder() else { return };
    for (name, password, wanted) in PFX_SAMPLES {
        let bytes = std::fs::read(folder.join("pkcs12").join(name)).unwrap();
        assert_eq!(verdict(&bytes, *password), *wanted, "{name}");
        let wrong = load_pfx(&bytes, Some("not the password")).unwrap_err();
        assert_eq!(reason(&wrong), "wrong_password", "{name}");
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(load_pfx(&bytes[..length], *password).is_err(), "{name}");
        }
    }
    let files = std::fs::read_dir(folder.join("pkcs12")).unwrap().flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "p12"));
    println!("{} of {} PFX samples opened", PFX_SAMPLES.len(), files.count());
}

#[test]
fn public_samples_of_private_keys() {
    let Some(folder) = sample_folder() else { return };
    let read = |name: &str| std::fs::read(folder.join("asymmetric").join(name)).unwrap();
    for (name, password, kind) in KEY_SAMPLES {
        let key = load_private_key(&read(name), *password).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.algorithm(), *kind, "{name}");
        if password.is_some() {
            let wrong = load_private_key(&read(name), Some("not the password")).unwrap_err();
            assert_eq!(reason(&wrong), "wrong_password", "{name}");
        }
    }
    let mut differ = Vec::new();
    for (name, wanted, cause) in REFUSED_KEYS {
        let error = load_private_key(&read(name), Some("password")).unwrap_err();
        if (reason(&error), error.cause()) != (*wanted, *cause) {
            differ.push(format!("{name}: {} {}", reason(&error), error.cause()));
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    println!("{} key samples opened, {} refused by name", KEY_SAMPLES.len(), REFUSED_KEYS.len());
}

#[test]
fn public_samples_of_p7b() {
    let Some(folder) = sample_folder() else { return };
    let read = |name: &str| load_p7b(&std::fs::read(folder.join("pkcs7").join(name)).unwrap());
    for (name, count) in
        [("amazon-roots.der", 2), ("amazon-roots.p7b", 2), ("isrg.pem", 1), ("authenticode.der", 1)]
    {
        assert_eq!(read(name).unwrap().len(), count, "{name}");
    }
    for name in
        ["enveloped.pem", "enveloped-no-content.der", "enveloped-rsa-oaep.pem", "enveloped-triple-des.pem"]
    {
        // Encrypted mail: no certificates to be seen.
        assert_eq!(reason(&read(name).unwrap_err()), "unsupported_algorithm", "{name}");
    }
    for name in ["ascii-san.pem", "non-ascii-san.pem"] {
        assert!(read(name).unwrap_err().cause().contains("it is a certificate"), "{name}");
    }
}

#[test]
fn pbmac1_of_another_program_is_checked() {
    if !has("python3", &["--version"]) {
        return;
    }
    let (folder, identity) = (Folder::new("pbmac1"), identity(KeyKind::EcP256));
    let bytes = write_pfx(&[pair(&identity)], &[], "pässword", PfxProfile::Modern).unwrap();
    let (source, target) = (folder.write("old.p12", &bytes), folder.path("new.p12"));
    let make = |digest: &str, length: &str, stated: &str| {
        must("python3", &["-X", "utf8", "-c", PBMAC1, &source, &target, digest, length, stated]);
        std::fs::read(&target).unwrap()
    };
    for (digest, length, shown) in [
        ("sha1", "20", "PBMAC1 SHA-1"),
        ("sha256", "32", "PBMAC1 SHA-256"),
        ("sha384", "32", "PBMAC1 SHA-384"),
        ("sha512", "64", "PBMAC1 SHA-512"),
    ] {
        let bytes = make(digest, length, "yes");
        let pfx = load_pfx(&bytes, Some("pässword")).unwrap_or_else(|error| panic!("{digest}: {error}"));
        let mac = pfx.mac.unwrap();
        assert_eq!((mac.algorithm.as_str(), mac.iterations), (shown, 2048));
        assert_eq!(reason(&load_pfx(&bytes, Some("password")).unwrap_err()), "wrong_password");
    }
    // RFC 9579: the length of the key must be there, and must be enough.
    for (length, stated) in [("32", "no"), ("10", "yes")] {
        let error = load_pfx(&make("sha256", length, stated), Some("pässword")).unwrap_err();
        assert_eq!(reason(&error), "damaged");
    }
}
