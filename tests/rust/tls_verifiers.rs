//! TLS peers checked by our validator: real handshakes, with rustls and with OpenSSL on the other end.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use cmgateway::cert::{Certificate, Crl, RefusalReason, RevocationMode, VerifierOptions};
use cmgateway::net::{ClientCertificates, ClientVerifier, PeerRefusal, PeerVerifierOptions, ServerVerifier};
use cmgateway_tests::authority::{AFTER, Authority, DURING, authority_params, owner_params};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::skip::skipped;
use cmgateway_tests::tls_peers::{ClientStream, EchoServer, Identity, client_config, connect, ping};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, PKCS_RSA_SHA256, SerialNumber, SignatureAlgorithm};
use rustls::SupportedProtocolVersion;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;
use time::macros::datetime;

const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A clock that a test sets.
#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        TestClock(Arc::new(AtomicI64::new(DURING.unix_timestamp())))
    }

    fn set(&self, at: OffsetDateTime) {
        self.0.store(at.unix_timestamp(), Ordering::SeqCst);
    }

    fn options(&self) -> PeerVerifierOptions {
        let clock = self.clone();
        PeerVerifierOptions::new()
            .clock(move || OffsetDateTime::from_unix_timestamp(clock.0.load(Ordering::SeqCst)).unwrap())
    }
}

/// A root, an issuing authority, and what they issued.
struct Pki {
    root: Authority,
    issuing: Authority,
}

impl Pki {
    fn new() -> Self {
        let root = Authority::root(authority_params("Root"));
        let issuing = root.authority(authority_params("Issuing"));
        Pki { root, issuing }
    }

    fn trust(&self) -> VerifierOptions {
        VerifierOptions::new(vec![self.root.certificate.clone()], DURING)
    }

    fn issue(&self, params: &rcgen::CertificateParams, kind: &'static SignatureAlgorithm) -> Identity {
        let key = KeyPair::generate_for(kind).unwrap();
        let leaf = self.issuing.sign(params, &key);
        Identity {
            chain: vec![leaf.der().to_vec().into(), self.issuing.certificate.der().to_vec().into()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }

    fn server(&self) -> Identity {
        self.issue(&owner_params("Server", &["localhost"]), &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    fn client(&self, serial: u64) -> Identity {
        self.issue(&client_params(serial), &rcgen::PKCS_ECDSA_P256_SHA256)
    }
}

fn client_params(serial: u64) -> rcgen::CertificateParams {
    let mut params = owner_params(&format!("Client {serial}"), &[]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

/// A gateway with its verifier, and what the verifier reported.
struct Gateway {
    server: EchoServer,
    clients: Arc<ClientVerifier>,
    refusals: Receiver<PeerRefusal>,
    servers: Arc<ServerVerifier>,
}

impl Gateway {
    fn start(pki: &Pki, trust: VerifierOptions, certificates: ClientCertificates, clock: &TestClock) -> Self {
        let (report, refusals) = sync_channel(16);
        let options = clock.options().on_refusal(move |peer| {
            let _ = report.try_send(peer);
        });
        let clients = Arc::new(ClientVerifier::new(trust, 1, certificates, options).unwrap());
        let server = EchoServer::start(pki.server(), clients.clone());
        // The server stays good when the clock moves on, so that only the clients are judged.
        let servers = PeerVerifierOptions::new().clock(|| DURING);
        let servers = Arc::new(ServerVerifier::new(pki.trust(), 1, servers).unwrap());
        Gateway { server, clients, refusals, servers }
    }

    fn connect(
        &self,
        identity: Option<Identity>,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<ClientStream> {
        let config = client_config(self.servers.clone(), identity, &[version]);
        connect(self.server.address, "localhost", config)
    }

    /// The alert that the client gets, and what the owner of the verifier was told.
    fn refusal(
        &self,
        identity: &Identity,
        version: &'static SupportedProtocolVersion,
    ) -> (String, PeerRefusal) {
        let error = self.connect(Some(identity.clone()), version).unwrap_err();
        (error.to_string(), self.refusals.recv_timeout(Duration::from_secs(10)).unwrap())
    }
}

#[test]
fn clients_of_a_trusted_chain_come_in_and_others_get_the_right_alert() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let stranger = Pki::new();
    let stranger = Pki { root: stranger.root, issuing: stranger.issuing };
    let gateway = Gateway::start(&pki, pki.trust(), ClientCertificates::Required, &clock);
    let wrong_purpose = pki.server();
    for version in BOTH {
        gateway.connect(Some(pki.client(1)), version).unwrap();
        for (identity, alert, reason) in [
            // Two roots of one name: the key does not fit, so no path of this trust is there.
            (&stranger.client(2), "DecryptError", "bad_signature"),
            (&wrong_purpose, "UnsupportedCertificate", "wrong_purpose"),
        ] {
            let (error, peer) = gateway.refusal(identity, version);
            assert!(error.contains(alert), "{error}");
            assert_eq!((peer.reason(), peer.version, peer.at), (reason, 1, DURING));
        }
    }
    let mut short = client_params(3);
    short.not_after = datetime!(2026-12-01 00:00 UTC);
    let client = pki.issue(&short, &rcgen::PKCS_ECDSA_P256_SHA256);
    clock.set(datetime!(2026-12-02 00:00 UTC));
    for version in BOTH {
        let (error, peer) = gateway.refusal(&client, version);
        assert!(error.contains("CertificateExpired"), "{error}");
        let leaf = Certificate::from_der(&client.chain[0]).unwrap();
        assert_eq!(peer.subject.as_deref(), Some("CN=Client 3"));
        assert_eq!(peer.thumbprint, leaf.thumbprint());
        assert_eq!(peer.refusal().unwrap().reason, RefusalReason::Expired);
        assert_eq!(peer.refusal().unwrap().chain.len(), 3);
    }
}

#[test]
fn unknown_authorities_and_garbage_are_told_apart() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let gateway = Gateway::start(&pki, pki.trust(), ClientCertificates::Required, &clock);
    let other = Authority::root(authority_params("Other root"));
    let key = KeyPair::generate().unwrap();
    let leaf = other.sign(&client_params(1), &key);
    let identity = |chain: Vec<u8>| Identity {
        chain: vec![chain.into()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    };
    let (error, peer) = gateway.refusal(&identity(leaf.der().to_vec()), &TLS13);
    assert!(error.contains("UnknownCA"), "{error}");
    assert_eq!(peer.refusal().unwrap().missing[0].subject, "CN=Other root");
}

#[test]
fn anonymous_clients_come_in_where_certificates_are_optional() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let optional = Gateway::start(&pki, pki.trust(), ClientCertificates::Optional, &clock);
    let required = Gateway::start(&pki, pki.trust(), ClientCertificates::Required, &clock);
    for version in BOTH {
        optional.connect(None, version).unwrap();
        let error = required.connect(None, version).unwrap_err().to_string();
        assert!(error.contains("CertificateRequired"), "{error}");
        // One that is presented must be right all the same.
        let (error, _) = optional.refusal(&pki.server(), version);
        assert!(error.contains("UnsupportedCertificate"), "{error}");
    }
}

#[test]
fn new_trust_counts_from_the_next_handshake_and_cuts_nobody_off() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let gateway = Gateway::start(&pki, pki.trust(), ClientCertificates::Required, &clock);
    let (client, other) = (pki.client(7), pki.client(8));
    let mut live = gateway.connect(Some(client.clone()), &TLS13).unwrap();

    let mut trust = pki.trust();
    let list = |serials: &[Vec<u8>]| Crl::from_der(&pki.issuing.revocation_list(serials)).unwrap();
    trust.crls = vec![list(&[vec![7]])];
    trust.revocation = RevocationMode::Leaf;
    gateway.clients.replace(trust.clone(), 2).unwrap();
    for version in BOTH {
        let (error, peer) = gateway.refusal(&client, version);
        assert!(error.contains("CertificateRevoked"), "{error}");
        assert_eq!((peer.reason(), peer.version), ("revoked", 2));
        gateway.connect(Some(other.clone()), version).unwrap();
    }
    ping(&mut live).unwrap();

    trust.crls = vec![list(&[])];
    gateway.clients.replace(trust, 3).unwrap();
    gateway.connect(Some(client), &TLS13).unwrap();
    ping(&mut live).unwrap();

    // What cannot be a trust leaves the old one in place.
    let mut broken = pki.trust();
    broken.policies = vec!["no policy".into()];
    assert!(gateway.clients.replace(broken, 4).is_err());
    assert_eq!(gateway.clients.version(), 3);
}

#[test]
fn a_chain_is_validated_once_for_as_long_as_the_verdict_holds() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let mut trust = pki.trust();
    trust.crls = vec![Crl::from_der(&pki.issuing.revocation_list(&[vec![9]])).unwrap()];
    trust.revocation = RevocationMode::Leaf;
    let gateway = Gateway::start(&pki, trust.clone(), ClientCertificates::Required, &clock);
    let client = pki.client(7);
    for _ in 0..3 {
        gateway.connect(Some(client.clone()), &TLS13).unwrap();
        gateway.connect(Some(client.clone()), &TLS12).unwrap();
    }
    assert_eq!(gateway.clients.validations(), 1);
    gateway.connect(Some(pki.client(8)), &TLS13).unwrap();
    assert_eq!(gateway.clients.validations(), 2);

    // Another trust, though equal, asks again.
    gateway.clients.replace(trust, 2).unwrap();
    gateway.connect(Some(client.clone()), &TLS13).unwrap();
    assert_eq!(gateway.clients.validations(), 3);

    // Certificate and list are good for the last time, and then no longer.
    clock.set(datetime!(2027-01-01 00:00 UTC));
    gateway.connect(Some(client.clone()), &TLS13).unwrap();
    assert_eq!(gateway.clients.validations(), 3);
    clock.set(datetime!(2027-01-01 00:00:01 UTC));
    let (error, _) = gateway.refusal(&client, &TLS13);
    assert!(error.contains("CertificateExpired"), "{error}");
    // A clock that was set back asks again too.
    clock.set(datetime!(2026-05-01 00:00 UTC));
    gateway.connect(Some(client), &TLS13).unwrap();
    assert_eq!(gateway.clients.validations(), 5);
}

#[test]
fn a_verdict_ends_with_the_list_it_stands_on() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let mut long = client_params(7);
    long.not_after = datetime!(2030-01-01 00:00 UTC);
    let client = pki.issue(&long, &rcgen::PKCS_ECDSA_P256_SHA256);
    let mut trust = pki.trust();
    // The list ends on 2027-01-01, before the client; the authority is trusted itself, without dates.
    trust.roots = vec![pki.issuing.certificate.clone()];
    trust.partial_chain = Some(true);
    trust.crls = vec![Crl::from_der(&pki.issuing.revocation_list(&[])).unwrap()];
    trust.revocation = RevocationMode::Leaf;
    let gateway = Gateway::start(&pki, trust, ClientCertificates::Required, &clock);
    gateway.connect(Some(client.clone()), &TLS13).unwrap();
    clock.set(datetime!(2027-01-01 00:00:01 UTC));
    let (error, peer) = gateway.refusal(&client, &TLS13);
    assert_eq!(peer.reason(), "crl_expired");
    assert!(error.contains("UnknownCA"), "{error}");
}

#[test]
fn a_remembered_chain_without_its_key_is_refused() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let gateway = Gateway::start(&pki, pki.trust(), ClientCertificates::Required, &clock);
    for kind in [&rcgen::PKCS_ECDSA_P256_SHA256, &PKCS_RSA_SHA256] {
        let client = pki.issue(&client_params(7), kind);
        for version in BOTH {
            gateway.connect(Some(client.clone()), version).unwrap();
            let validations = gateway.clients.validations();
            let thief = Identity {
                chain: client.chain.clone(),
                key: PrivateKeyDer::try_from(KeyPair::generate_for(kind).unwrap().serialize_der()).unwrap(),
            };
            let config = thief_config(&gateway, thief, version);
            let error = connect(gateway.server.address, "localhost", config).unwrap_err().to_string();
            assert!(error.contains("DecryptError"), "{error}");
            assert_eq!(gateway.clients.validations(), validations);
        }
    }
}

/// A client that shows a chain and signs with a key that does not belong to it.
fn thief_config(
    gateway: &Gateway,
    thief: Identity,
    version: &'static SupportedProtocolVersion,
) -> Arc<rustls::ClientConfig> {
    #[derive(Debug)]
    struct Thief(Arc<rustls::sign::CertifiedKey>);
    impl rustls::client::ResolvesClientCert for Thief {
        fn resolve(
            &self,
            _hints: &[&[u8]],
            _schemes: &[rustls::SignatureScheme],
        ) -> Option<Arc<rustls::sign::CertifiedKey>> {
            Some(self.0.clone())
        }
        fn has_certs(&self) -> bool {
            true
        }
    }
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&thief.key).unwrap();
    let pair = Arc::new(rustls::sign::CertifiedKey::new(thief.chain, key));
    let mut config = client_config(gateway.servers.clone(), None, &[version]);
    Arc::get_mut(&mut config).unwrap().client_auth_cert_resolver = Arc::new(Thief(pair));
    config
}

#[test]
fn a_client_checks_the_server_and_its_name() {
    let (pki, clock) = (Pki::new(), TestClock::new());
    let gateway = Gateway::start(&pki, pki.trust(), ClientCertificates::Optional, &clock);
    let (report, refusals) = sync_channel(4);
    let options = clock.options().on_refusal(move |peer| report.send(peer).unwrap());
    let servers = Arc::new(ServerVerifier::new(pki.trust(), 5, options).unwrap());
    let config = client_config(servers.clone(), None, &BOTH);
    let host = |host: &str| connect(gateway.server.address, host, config.clone());
    host("localhost").unwrap();
    host("localhost").unwrap();
    assert_eq!(servers.validations(), 1);
    let error = host("gw.contoso.com").unwrap_err().to_string();
    assert!(error.contains("not valid for name \"gw.contoso.com\""), "{error}");
    let peer = refusals.recv().unwrap();
    assert_eq!((peer.reason(), peer.version), ("name_mismatch", 5));
    assert_eq!(peer.server_name.as_deref(), Some("gw.contoso.com"));
    // The address of the machine is none of the certificate's names.
    assert!(host("127.0.0.1").is_err());
}

fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        skipped("no foreign peer, install openssl");
    }
    found
}

fn write_identity(folder: &TestFolder, name: &str, identity: &Identity) -> (String, String) {
    let chain: String =
        identity.chain.iter().map(|der| Certificate::from_der(der).unwrap().to_pem()).collect();
    let (certificate, key) = (folder.file(&format!("{name}.pem")), folder.file(&format!("{name}.key")));
    std::fs::write(&certificate, chain).unwrap();
    std::fs::write(&key, identity.key.secret_der()).unwrap();
    (certificate.display().to_string(), key.display().to_string())
}

/// What `openssl s_client` says about a connection over which it sends one line.
fn s_client(address: SocketAddr, arguments: &[&str]) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string(), "-servername", "localhost"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let _ = input.write_all(b"hello from OpenSSL\n");
    // OpenSSL leaves as soon as its input ends; the answer, or the alert, must be there before.
    std::thread::sleep(Duration::from_millis(800));
    drop(input);
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn openssl_as_a_client_gets_in_and_gets_the_alerts() {
    if !has_openssl() {
        return;
    }
    let (pki, clock, folder) = (Pki::new(), TestClock::new(), TestFolder::new());
    let gateway = Gateway::start(&pki, pki.trust(), ClientCertificates::Required, &clock);
    let client = pki.issue(&client_params(7), &PKCS_RSA_SHA256);
    let (chain, key) = write_identity(&folder, "client", &client);
    let with_certificate = ["-cert", &chain, "-cert_chain", &chain, "-key", &key, "-keyform", "DER"];
    for (version, missing) in [("-tls1_3", "certificate required"), ("-tls1_2", "certificate required")] {
        let arguments = [&[version], &with_certificate[..]].concat();
        clock.set(DURING);
        let said = s_client(gateway.server.address, &arguments);
        assert!(said.contains("\nhello from OpenSSL\n"), "{said}");
        let said = s_client(gateway.server.address, &[version]);
        assert!(said.contains(missing), "{said}");
        clock.set(AFTER);
        let said = s_client(gateway.server.address, &arguments);
        assert!(said.contains("certificate expired"), "{said}");
    }
}

/// A server of OpenSSL's, ended with the test.
struct OpensslServer(Child);

impl Drop for OpensslServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn openssl_as_a_server_is_checked() {
    if !has_openssl() {
        return;
    }
    let (pki, folder, clock) = (Pki::new(), TestFolder::new(), TestClock::new());
    let (chain, key) = write_identity(&folder, "server", &pki.server());
    // OpenSSL takes no port 0 that it would tell; a port that was free a moment ago is as good as that gets.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut child = Command::new("openssl")
        .args(["s_server", "-accept", &port, "-rev", "-cert", &chain, "-cert_chain", &chain])
        .args(["-key", &key, "-keyform", "DER"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _server = OpensslServer(child);
    assert!(lines.any(|line| line.unwrap().starts_with("ACCEPT")));
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let servers = Arc::new(ServerVerifier::new(pki.trust(), 1, clock.options()).unwrap());
    for version in BOTH {
        let config = client_config(servers.clone(), None, &[version]);
        let reached = |config| {
            let stream = std::net::TcpStream::connect(address).unwrap();
            let connection = rustls::ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            stream.write_all(b"abc\n").and_then(|()| {
                let mut line = String::new();
                BufReader::new(stream).read_line(&mut line).map(|_| line)
            })
        };
        clock.set(DURING);
        assert_eq!(reached(config.clone()).unwrap(), "cba\n");
        clock.set(AFTER);
        let error = reached(config).unwrap_err().to_string();
        assert!(error.contains("expired"), "{error}");
    }
}
