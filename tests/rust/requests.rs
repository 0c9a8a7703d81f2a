//! Certificate requests: read as OpenSSL and Windows write them, damaged, made, and read by OpenSSL.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;

use cmgateway::ErrorKind;
use cmgateway::cert::{
    CertificateRequest, CertificateTemplate, DevelopmentPki, DevelopmentPkiOptions, DistinguishedName,
    InfOptions, KeyKind, PrivateKey, RequestOptions, SubjectAlternativeName, certreq_inf, load_csr,
    load_csr_file,
};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::skip::skipped;
use rcgen::{
    Attribute, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose,
};
use time::macros::datetime;

const ENROLMENT: &[u64] = &[1, 3, 6, 1, 4, 1, 311];

fn oid(last: &[u64]) -> &'static [u64] {
    Vec::leak([ENROLMENT, last].concat())
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(u8::try_from(short).unwrap()),
        long => out.extend([&[0x82][..], &u16::try_from(long).unwrap().to_be_bytes()].concat()),
    }
    [out, content].concat()
}

fn bmp(text: &str) -> Vec<u8> {
    element(0x1e, &[&text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()])
}

fn set(values: &[&[u8]]) -> Vec<u8> {
    element(0x31, values)
}

/// The attributes that `certreq -new` of Windows Server 2019 adds, with its types and tags ([MS-WCCE] 2.2.2.7).
fn windows_attributes() -> Vec<Attribute> {
    let client = element(
        0x30,
        &[
            &[2, 1, 9],
            &element(0x0c, &[b"cm1.contoso.com"]),
            &element(0x0c, &[b"CONTOSO\\admin"]),
            &element(0x0c, &[b"certreq.exe"]),
        ],
    );
    let provider = element(
        0x30,
        &[&[2, 1, 1], &bmp("Microsoft RSA SChannel Cryptographic Provider"), &element(3, &[&[0; 1]])],
    );
    let pair = |name, value| element(0x30, &[&bmp(name), &bmp(value)]);
    vec![
        Attribute { oid: oid(&[13, 2, 3]), values: set(&[&element(0x16, &[b"10.0.17763.2"])]) },
        Attribute { oid: oid(&[21, 20]), values: set(&[&client]) },
        Attribute { oid: oid(&[13, 2, 2]), values: set(&[&provider]) },
        Attribute { oid: oid(&[13, 2, 1]), values: set(&[&pair("ValidityPeriod", "Years")]) },
        Attribute { oid: oid(&[13, 2, 1]), values: set(&[&pair("certificatetemplate", "OldWebServer")]) },
    ]
}

fn windows_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["gw.contoso.com".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Contoso, Ltd.");
    params.distinguished_name.push(DnType::CommonName, "gw.contoso.com");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// A request as Windows shapes it, made and signed by rcgen.
fn windows_request(extensions: Vec<(&[u64], Vec<u8>)>) -> Vec<u8> {
    let mut params = windows_params();
    params.custom_extensions = extensions
        .into_iter()
        .map(|(oid, content)| CustomExtension::from_oid_content(oid, content))
        .collect();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    params.serialize_request_with_attributes(&key, windows_attributes()).unwrap().der().to_vec()
}

fn template_information() -> Vec<u8> {
    // 1.3.6.1.4.1.311.21.8.1.2, 100.4
    element(0x30, &[&element(6, &[&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 8, 1, 2]]), &[2, 1, 100], &[2, 1, 4]])
}

#[test]
fn a_request_of_windows_tells_everything() {
    let request = load_csr(&windows_request(vec![
        (oid(&[20, 2]), bmp("WebServer")),
        (oid(&[21, 7]), template_information()),
        (oid(&[21, 10]), element(0x30, &[])),
    ]))
    .unwrap();
    assert_eq!(request.subject(), "CN=gw.contoso.com,O=Contoso\\, Ltd.");
    assert_eq!(request.windows_subject(), "CN=gw.contoso.com, O=\"Contoso, Ltd.\"");
    assert_eq!(request.common_name().as_deref(), Some("gw.contoso.com"));
    assert_eq!((request.key_algorithm().as_str(), request.key_size_bits()), ("RSA", Some(2048)));
    assert_eq!(request.signature_algorithm(), "sha256WithRSAEncryption");
    assert_eq!(request.subject_alternative_names()[0].to_string(), "dns:gw.contoso.com");
    assert_eq!(request.key_usage().unwrap(), ["digitalSignature", "keyEncipherment"]);
    assert_eq!(request.extended_key_usage()[0].to_string(), "serverAuth");
    assert!(!request.is_ca());
    let template = request.template().unwrap();
    assert_eq!(template.to_string(), "WebServer (1.3.6.1.4.1.311.21.8.1.2 100.4)");
    let origin = request.origin();
    assert_eq!(origin.os_version.as_deref(), Some("10.0.17763.2"));
    assert_eq!(origin.machine.as_deref(), Some("cm1.contoso.com"));
    assert_eq!(origin.user.as_deref(), Some("CONTOSO\\admin"));
    assert_eq!(origin.process.as_deref(), Some("certreq.exe"));
    assert_eq!(origin.provider.as_deref(), Some("Microsoft RSA SChannel Cryptographic Provider"));
    let unknown = request.extensions().into_iter().find(|each| each.oid == "1.3.6.1.4.1.311.21.10").unwrap();
    assert_eq!((unknown.critical, unknown.value), (false, vec![0x30, 0]));
    assert!(request.attributes().contains(&"1.3.6.1.4.1.311.13.2.1".to_owned()));
    request.verify_signature().unwrap();
}

#[test]
fn the_template_may_be_a_pair_of_certreq() {
    let request = load_csr(&windows_request(Vec::new())).unwrap();
    assert_eq!(request.template(), Some(CertificateTemplate::named("OldWebServer")));
}

#[test]
fn what_windows_would_not_write_is_refused_by_part() {
    let wrong = |extensions| load_csr(&windows_request(extensions)).unwrap_err().cause().to_owned();
    assert_eq!(
        wrong(vec![(oid(&[20, 2]), vec![2, 1, 0])]),
        "its certificate template cannot be read: it is no text"
    );
    assert_eq!(
        wrong(vec![(oid(&[21, 7]), vec![0x30, 0])]),
        "its certificate template cannot be read: an element is missing"
    );
    assert_eq!(
        wrong(vec![(oid(&[20, 2]), bmp("A")), (oid(&[20, 2]), bmp("B"))]),
        "its extensions cannot be read: one of them is there twice"
    );
}

#[test]
fn no_changed_byte_is_taken_for_the_request() {
    let der = windows_request(vec![(oid(&[20, 2]), bmp("WebServer"))]);
    let (mut read, mut refused) = (0, 0);
    for at in 0..der.len() {
        for bit in [0x01, 0x80] {
            let mut changed = der.clone();
            changed[at] ^= bit;
            match load_csr(&changed) {
                Ok(request) => {
                    read += 1;
                    touch(&request);
                    assert!(request.verify_signature().is_err(), "byte {at}");
                }
                Err(error) => {
                    refused += 1;
                    assert_eq!(error.kind(), ErrorKind::Certificate);
                }
            }
        }
        assert!(load_csr(&der[..at]).is_err(), "{at} bytes");
    }
    assert!(read > 500 && refused > 100, "{read} were read, {refused} refused");
}

/// Asks for everything: no accessor panics.
fn touch(request: &CertificateRequest) {
    let _ = (request.subject(), request.windows_subject(), request.common_name(), request.template());
    let _ = (request.subject_alternative_names(), request.key_usage(), request.extended_key_usage());
    let _ = (request.extensions(), request.attributes(), request.origin(), request.to_pem());
    let _ = (request.key_algorithm(), request.signature_algorithm(), format!("{request:?}"));
}

#[test]
fn every_form_of_file_is_read() {
    let der = windows_request(Vec::new());
    let request = load_csr(&der).unwrap();
    let pem = request.to_pem();
    let new = pem.replace(" CERTIFICATE REQUEST", " NEW CERTIFICATE REQUEST");
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(new.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for source in [pem.as_bytes(), new.replace('\n', "\r\n").as_bytes(), bare.as_bytes(), &utf16] {
        assert_eq!(load_csr(source).unwrap(), request);
    }
    let cause = |source: &[u8]| load_csr(source).unwrap_err().cause().to_owned();
    assert_eq!(cause(format!("{pem}{pem}").as_bytes()), "it holds more than one certificate request");
    assert_eq!(cause(b"-----BEGIN CERTIFICATE-----"), "it holds PEM, but no certificate request");
    assert_eq!(cause(&[0x30; 5 << 20]), "it has more than 4194304 bytes");
    let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC))).unwrap();
    assert_eq!(cause(pki.root().certificate().der()), "it is a certificate, not a request for one");
    // A PKCS #7 message begins with the object identifier of its content.
    let cmc = element(
        0x30,
        &[&element(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]]), &element(0xa0, &[&[0; 400]])],
    );
    assert!(cause(&cmc).contains("RequestType = PKCS10"));

    let folder = TestFolder::new();
    let path = folder.path().join("gw.req");
    std::fs::write(&path, pem).unwrap();
    assert_eq!(load_csr_file(&path).unwrap(), request);
    let error = load_csr_file(folder.path().join("none.req")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("none.req"));
}

fn options() -> RequestOptions {
    let subject = DistinguishedName::parse("CN=gw.contoso.com,OU=IT,O=\"Contoso, Ltd.\",C=US").unwrap();
    let mut options = RequestOptions::server(subject);
    options.names =
        ["gw.contoso.com", "10.0.0.1", "fe80::1", "email:a@contoso.com", "uri:https://contoso.com/"]
            .iter()
            .chain(&["user_principal_name:gw@contoso.com", "directory_name:CN=gw"])
            .map(|name| SubjectAlternativeName::parse(name).unwrap())
            .collect();
    options.template =
        Some(CertificateTemplate::with_oid("1.3.6.1.4.1.311.21.8.1.2", Some(100), Some(4)).unwrap());
    options
}

fn openssl(arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments).output() else {
        skipped("openssl is not installed");
        return None;
    };
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "openssl {arguments:?}: {text}");
    Some(text)
}

#[test]
fn openssl_reads_and_verifies_our_requests() {
    let folder = TestFolder::new();
    for kind in KeyKind::ALL {
        let key = PrivateKey::generate(kind).unwrap();
        let request = CertificateRequest::new(&key, &options()).unwrap();
        request.verify_signature().unwrap();
        assert!(key.matches_request(&request));
        assert_eq!(request.template(), options().template);
        assert_eq!(request.subject_alternative_names(), options().names);
        let path = folder.path().join(format!("{}.req", kind.as_str()));
        std::fs::write(&path, request.to_pem()).unwrap();
        let path = path.to_str().unwrap();
        let Some(text) = openssl(&["req", "-in", path, "-verify", "-noout", "-text", "-nameopt", "RFC2253"])
        else {
            return;
        };
        for part in [
            "verify OK",
            "Subject: CN=gw.contoso.com,OU=IT,O=Contoso\\, Ltd.,C=US",
            "TLS Web Server Authentication",
            "Digital Signature, Key Encipherment",
            "DNS:gw.contoso.com, IP Address:10.0.0.1, IP Address:FE80:0:0:0:0:0:0:1, email:a@contoso.com",
            "URI:https://contoso.com/, othername: UPN::gw@contoso.com, DirName:",
            "1.3.6.1.4.1.311.21.7",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}

#[test]
fn requests_of_openssl_are_read() {
    let folder = TestFolder::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(
        path("req.cnf"),
        "[req]\nprompt = no\ndistinguished_name = dn\nreq_extensions = ext\nattributes = attributes\n\
         [dn]\nO = Contoso\nCN = gw.contoso.com\n[attributes]\nchallengePassword = hunter22\n\
         [ext]\nsubjectAltName = DNS:gw.contoso.com, IP:10.0.0.1\nextendedKeyUsage = serverAuth\n\
         1.3.6.1.4.1.311.20.2 = ASN1:BMPSTRING:WebServer\n",
    )
    .unwrap();
    for (key, algorithm) in
        [("rsa:2048", "RSA"), ("ec:secp384r1", "EC P-384"), ("ed25519", "Ed25519"), ("rsa-pss", "RSA-PSS")]
    {
        let (config, out, key_file) = (path("req.cnf"), path("out.req"), path("out.key"));
        let new = match key.split_once(':') {
            Some(("ec", curve)) => {
                vec!["ec".to_owned(), "-pkeyopt".into(), format!("ec_paramgen_curve:{curve}")]
            }
            _ => vec![key.to_owned()],
        };
        let mut arguments =
            vec!["req", "-new", "-config", &config, "-nodes", "-keyout", &key_file, "-out", &out];
        if key == "rsa-pss" {
            arguments.extend(["-sigopt", "rsa_pss_saltlen:digest", "-sha256"]);
        }
        arguments.push("-newkey");
        arguments.extend(new.iter().map(String::as_str));
        if openssl(&arguments).is_none() {
            return;
        }
        let request = load_csr_file(&out).unwrap();
        request.verify_signature().unwrap();
        assert_eq!(request.key_algorithm(), algorithm);
        assert_eq!(request.subject(), "CN=gw.contoso.com,O=Contoso");
        assert_eq!(request.template(), Some(CertificateTemplate::named("WebServer")));
        assert_eq!(request.attributes(), ["1.2.840.113549.1.9.7", "1.2.840.113549.1.9.14"]);
    }
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let key = PrivateKey::generate(KeyKind::EcP256).unwrap();
    let cause = |options: &RequestOptions| CertificateRequest::new(&key, options).unwrap_err().to_string();
    let mut empty = RequestOptions::server(DistinguishedName::default());
    let nobody = "could not make certificate request: it has neither a subject nor another name";
    assert_eq!(cause(&empty), nobody);
    empty.names = vec![SubjectAlternativeName::parse("gw.contoso.com").unwrap()];
    let request = CertificateRequest::new(&key, &empty).unwrap();
    let names = request.extensions().into_iter().find(|each| each.oid == "2.5.29.17").unwrap();
    assert!(names.critical, "RFC 5280, 4.2.1.6");
    empty.key_usage.push("everything".into());
    assert!(cause(&empty).ends_with("\"everything\" is no key usage"));
    for wrong in ["a b", "gw..com", "-a.com", "*.*.com", "email:nobody", "uri:nowhere", "ip:300.1.1.1", ""] {
        let error = SubjectAlternativeName::parse(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
    }
}

#[test]
fn an_inf_for_certreq_says_what_the_gateway_needs() {
    let mut asked = options();
    asked.names.truncate(2);
    asked.template = Some(CertificateTemplate::named("CMG 100%"));
    let text = certreq_inf(&asked, &InfOptions::new()).unwrap();
    let expected = "[Version]\nSignature = \"$Windows NT$\"\n\n[NewRequest]\n\
        Subject = \"CN=gw.contoso.com, OU=IT, O=\"\"Contoso, Ltd.\"\", C=US\"\n\
        Exportable = TRUE\nMachineKeySet = TRUE\nKeyLength = 2048\nKeySpec = 1\n\
        ProviderName = \"Microsoft RSA SChannel Cryptographic Provider\"\nProviderType = 12\nHashAlgorithm = SHA256\n\
        KeyUsage = 0xa0\nSMIME = FALSE\nRequestType = PKCS10\n\n\
        [EnhancedKeyUsageExtension]\nOID = 1.3.6.1.5.5.7.3.1\n\n\
        [Extensions]\n2.5.29.17 = \"{text}\"\n_continue_ = \"dns=gw.contoso.com&\"\n_continue_ = \"ipaddress=10.0.0.1&\"\n\n\
        [RequestAttributes]\nCertificateTemplate = \"CMG 100%%\"\n";
    assert_eq!(text, expected.replace('\n', "\r\n"));

    let mut ec = InfOptions::new();
    (ec.key, ec.exportable, ec.machine) = (KeyKind::EcP384, false, false);
    let text = certreq_inf(&asked, &ec).unwrap();
    assert!(text.contains("KeyAlgorithm = ECDSA_P384\r\nKeyLength = 384\r\n"));
    assert!(text.contains("Exportable = FALSE\r\nMachineKeySet = FALSE\r\n"));

    ec.friendly_name = Some("line\nExportable = TRUE".into());
    assert_eq!(certreq_inf(&asked, &ec).unwrap_err().kind(), ErrorKind::Config);
    asked.template.as_mut().unwrap().oid = Some("1.2.3".into());
    assert!(certreq_inf(&asked, &InfOptions::new()).unwrap_err().cause().contains("not both"));
}

/// Every sample that is read: what it says of itself in short, and whether its signature is right, on
/// which `openssl req -verify` is of the same mind.
const SAMPLES: &[(&str, &str)] = &[
    ("bad-version.pem", "refused: its version cannot be read: it is not 1"),
    (
        "basic_constraints.pem",
        "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; its signature was not made with its key",
    ),
    ("challenge-invalid.der", "RSA; C=US; its signature was not made with its key"),
    ("challenge-multi-valued.der", "RSA; C=US; its signature was not made with its key"),
    ("challenge-unstructured.pem", "RSA; CN=something; signed"),
    ("challenge.pem", "RSA; C=US; signed"),
    ("dsa_sha1.der", "DSA; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; signed"),
    ("dsa_sha1.pem", "DSA; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; signed"),
    ("ec_sha256.der", "EC P-384; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; signed"),
    ("ec_sha256.pem", "EC P-384; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; signed"),
    ("ec_sha256_old_header.pem", "EC P-384; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; signed"),
    ("freeipa-bad-critical.pem", "RSA; CN=replica1.ipa.test,O=IPA.TEST; signed"),
    ("invalid_signature.pem", "RSA; CN=test; its signature was not made with its key"),
    (
        "long-form-attribute.pem",
        "refused: its attributes cannot be read: a tag of several bytes, which no certificate has",
    ),
    (
        "rsa_md4.der",
        "RSA; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; its signature 1.2.840.113549.1.1.3 is not supported",
    ),
    (
        "rsa_md4.pem",
        "RSA; L=Austin,ST=Texas,C=US,O=PyCA,CN=cryptography.io; its signature 1.2.840.113549.1.1.3 is not supported",
    ),
    ("rsa_sha1.der", "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; signed"),
    ("rsa_sha1.pem", "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; signed"),
    ("rsa_sha256.der", "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; signed"),
    ("rsa_sha256.pem", "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; signed"),
    ("san_rsa_sha1.der", "RSA; CN=cryptography.io,O=PyCA,L=Chicago,ST=Illinois,C=US; signed"),
    ("san_rsa_sha1.pem", "RSA; CN=cryptography.io,O=PyCA,L=Chicago,ST=Illinois,C=US; signed"),
    ("two_basic_constraints.pem", "refused: its extensions cannot be read: one of them is there twice"),
    (
        "unsupported_extension.pem",
        "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; its signature was not made with its key",
    ),
    (
        "unsupported_extension_critical.pem",
        "RSA; CN=cryptography.io,O=PyCA,L=Austin,ST=Texas,C=US; its signature was not made with its key",
    ),
    ("zero-element-attribute.pem", "refused: its extensions cannot be read: the data ends too early"),
];

#[test]
fn public_samples_read_as_they_should() {
    let Some(folder) = std::env::var_os("CRYPTOGRAPHY_VECTORS").map(PathBuf::from) else {
        skipped("no samples; CRYPTOGRAPHY_VECTORS must name the folder of the package cryptography_vectors");
        return;
    };
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder.join("x509/requests")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let said = match load_csr_file(&path) {
            Err(error) => format!("refused: {}", error.cause()),
            Ok(request) => {
                touch(&request);
                let signed = match request.verify_signature() {
                    Ok(()) => "signed".to_owned(),
                    Err(error) => error.cause().to_owned(),
                };
                format!("{}; {}; {signed}", request.key_algorithm(), request.subject())
            }
        };
        found.push((name, said));
    }
    found.sort();
    let found: Vec<_> = found.iter().map(|(name, said)| (name.as_str(), said.as_str())).collect();
    assert_eq!(found, SAMPLES);
}
