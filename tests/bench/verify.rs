//! Verifying a chain of three certificates: `cargo bench --package cmgateway-tests --bench verify`.
//!
//! rustls-webpki, which ignores key usage, policies and most name constraints, is measured in turns with us on the same
//! bytes, both over aws-lc-rs. One line a measure, medians; a signature check alone is shown too, as what neither can avoid.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panic")]

use std::time::{Duration, Instant};

use aws_lc_rs::signature::UnparsedPublicKey;
use cmgateway::cert::{
    Authority, AuthorityOptions, Certificate, DistinguishedName, IssueOptions, KeyKind,
    SubjectAlternativeName, Verifier, VerifierOptions,
};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

const NAME: &str = "gw.contoso.com";
const TURNS: usize = 400;

struct Chain {
    root: Vec<u8>,
    issuing: Vec<u8>,
    server: Vec<u8>,
    at: OffsetDateTime,
}

fn main() {
    for key in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let chain = chain(key);
        let anchor = CertificateDer::from(chain.root.clone());
        let anchors = [anchor_from_trusted_cert(&anchor).unwrap()];
        let verifier = Verifier::new(VerifierOptions::new(vec![read(&chain.root)], chain.at)).unwrap();
        report(
            &format!("{key:?}: verifier kept, leaf and intermediate parsed"),
            || {
                let others = [read(&chain.issuing)];
                verifier.verify_with(&read(&chain.server), &others, Some(NAME), chain.at).unwrap();
            },
            || webpki(&chain, &anchors),
        );
        report(
            &format!("{key:?}: everything from bytes"),
            || {
                let mut options = VerifierOptions::new(vec![read(&chain.root)], chain.at);
                options.intermediates = vec![read(&chain.issuing)];
                Verifier::new(options).unwrap().verify(&read(&chain.server), Some(NAME)).unwrap();
            },
            || {
                let anchor = CertificateDer::from(chain.root.as_slice());
                webpki(&chain, &[anchor_from_trusted_cert(&anchor).unwrap()]);
            },
        );
        signature(key);
    }
}

fn read(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn webpki(chain: &Chain, anchors: &[TrustAnchor<'_>]) {
    let (server, issuing) =
        (CertificateDer::from(chain.server.as_slice()), CertificateDer::from(chain.issuing.as_slice()));
    let leaf = EndEntityCert::try_from(&server).unwrap();
    let seconds = u64::try_from(chain.at.unix_timestamp()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, KeyUsage::server_auth());
    leaf.verify_for_usage(algorithms, anchors, &[issuing], at, usage, None, None).unwrap();
    leaf.verify_is_valid_for_subject_name(&ServerName::try_from(NAME).unwrap()).unwrap();
}

fn chain(key: KeyKind) -> Chain {
    let at = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let authority = |name: &str| {
        let mut options = AuthorityOptions::new(DistinguishedName::parse(name).unwrap(), at);
        options.key = key;
        options
    };
    let root = Authority::root(&authority("CN=Bench Root,O=Contoso")).unwrap();
    let issuing = root.sub_ca(&authority("CN=Bench Issuing CA,O=Contoso")).unwrap();
    let mut options = IssueOptions::new(&[SubjectAlternativeName::parse(NAME).unwrap()], at);
    options.key = key;
    let server = issuing.issue_server(&options).unwrap();
    let der = |certificate: &Certificate| certificate.der().to_vec();
    Chain {
        root: der(root.certificate()),
        issuing: der(issuing.certificate()),
        server: der(server.certificate()),
        at,
    }
}

/// What one signature costs without anything around it.
fn signature(key: KeyKind) {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{self as aws, EcdsaKeyPair, KeyPair, RsaKeyPair};
    let (message, random) = ([7; 800], SystemRandom::new());
    let (public, bytes, algorithm): (Vec<u8>, Vec<u8>, &dyn aws::VerificationAlgorithm) = match key {
        KeyKind::EcP256 => {
            let pair = EcdsaKeyPair::generate(&aws::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
            let signed = pair.sign(&random, &message).unwrap();
            (pair.public_key().as_ref().to_vec(), signed.as_ref().to_vec(), &aws::ECDSA_P256_SHA256_ASN1)
        }
        _ => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let mut signed = vec![0; pair.public_modulus_len()];
            pair.sign(&aws::RSA_PKCS1_SHA256, &random, &message, &mut signed).unwrap();
            (pair.public_key().as_ref().to_vec(), signed, &aws::RSA_PKCS1_2048_8192_SHA256)
        }
    };
    let mut times: Vec<Duration> = (0..TURNS)
        .map(|_| {
            let start = Instant::now();
            UnparsedPublicKey::new(algorithm, &public).verify(&message, &bytes).unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{key:?}: one signature alone {:.2} µs", micros(&times));
}

/// Both in turns, a few calls at a time.
fn report(what: &str, ours: impl Fn(), theirs: impl Fn()) {
    const CALLS: u32 = 10;
    let measure = |work: &dyn Fn()| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| work());
        start.elapsed() / CALLS
    };
    let (mut mine, mut other) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        mine.push(measure(&ours));
        other.push(measure(&theirs));
    }
    mine.sort();
    other.sort();
    println!("{what}: cmgateway {:.2} µs, rustls-webpki {:.2} µs", micros(&mine), micros(&other));
}

fn micros(sorted: &[Duration]) -> f64 {
    sorted.get(sorted.len() / 2).map_or(0.0, |middle| middle.as_secs_f64() * 1e6)
}
