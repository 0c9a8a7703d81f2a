//! With rustls' own connection as the other end.

use std::io::Write;
use std::sync::Arc;

use proptest::prelude::*;
use rustls::crypto::cipher::OutboundChunks;
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{
    CipherSuiteCommon, ClientConfig, ClientConnection, ContentType, ExtractedSecrets, RootCertStore,
    ServerConfig, ServerConnection, SupportedCipherSuite, Tls13CipherSuite,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::records::{CONTENT_BYTES_MAX, Opener, RECORD_HEAD_BYTES, Sealer};
use super::{Established, Greeting, TlsStream, connect};

struct Settings {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

/// Both ends with one suite of ciphers.
fn settings(suite: SupportedCipherSuite) -> Settings {
    let provider = Arc::new(CryptoProvider { cipher_suites: vec![suite], ..aws_lc_rs::default_provider() });
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[suite.version()])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[suite.version()])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    client.alpn_protocols = vec![b"ours".to_vec()];
    server.alpn_protocols = vec![b"ours".to_vec()];
    (client.enable_secret_extraction, server.enable_secret_extraction) = (true, true);
    Settings { client: Arc::new(client), server: Arc::new(server) }
}

/// The suites that an ECDSA certificate goes with.
fn suites() -> impl Iterator<Item = SupportedCipherSuite> {
    aws_lc_rs::ALL_CIPHER_SUITES
        .iter()
        .copied()
        .filter(|suite| !format!("{:?}", suite.suite()).contains("_RSA_"))
}

fn tls13() -> SupportedCipherSuite {
    aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256
}

fn localhost() -> ServerName<'static> {
    "localhost".try_into().unwrap()
}

/// Our server, and a client of rustls.
async fn serving(
    settings: &Settings,
    capacity: usize,
) -> (Box<TlsStream<DuplexStream>>, tokio_rustls::client::TlsStream<DuplexStream>) {
    let (near, far) = duplex(capacity);
    let server = Arc::clone(&settings.server);
    let ours = tokio::spawn(async move { Greeting::read(far).await.unwrap().accept(server).await });
    let theirs = TlsConnector::from(Arc::clone(&settings.client)).connect(localhost(), near).await.unwrap();
    (ours.await.unwrap().unwrap().stream, theirs)
}

/// Our client, and a server of rustls.
async fn asking(
    settings: &Settings,
    capacity: usize,
) -> (Established<DuplexStream>, tokio_rustls::server::TlsStream<DuplexStream>) {
    let (near, far) = duplex(capacity);
    let acceptor = TlsAcceptor::from(Arc::clone(&settings.server));
    let theirs = tokio::spawn(async move { acceptor.accept(far).await });
    let ours = connect(near, Arc::clone(&settings.client), localhost()).await.unwrap();
    (ours, theirs.await.unwrap().unwrap())
}

fn content(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index % 251) as u8).collect()
}

/// Sends through one end in pieces of this size, and closes; what comes out at the other.
async fn through<A, B>(from: A, to: &mut B, bytes: usize, piece: usize) -> Vec<u8>
where
    A: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: AsyncRead + Unpin,
{
    let sending = tokio::spawn(async move {
        let mut from = from;
        for part in content(bytes).chunks(piece) {
            from.write_all(part).await.unwrap();
        }
        from.shutdown().await.unwrap();
        from
    });
    let mut received = Vec::new();
    to.read_to_end(&mut received).await.unwrap();
    drop(sending.await.unwrap());
    received
}

#[tokio::test]
async fn every_suite_carries_both_ways_for_both_ends() {
    const BYTES: usize = 300_000;
    for suite in suites() {
        let settings = settings(suite);
        for (capacity, piece) in [(4096, 20_000), (1 << 20, 100_000), (20_000, 333)] {
            let (ours, mut theirs) = serving(&settings, capacity).await;
            assert_eq!(through(ours, &mut theirs, BYTES, piece).await, content(BYTES), "{suite:?}");
            let (mut ours, theirs) = serving(&settings, capacity).await;
            assert_eq!(through(theirs, &mut ours, BYTES, piece).await, content(BYTES), "{suite:?}");
            let (ours, mut theirs) = asking(&settings, capacity).await;
            assert_eq!(ours.alpn.as_deref(), Some(&b"ours"[..]));
            assert!(ours.peer_certificates.is_some_and(|chain| chain.len() == 1));
            assert_eq!(through(ours.stream, &mut theirs, BYTES, piece).await, content(BYTES), "{suite:?}");
            let (ours, theirs) = asking(&settings, capacity).await;
            let mut stream = ours.stream;
            assert_eq!(through(theirs, &mut stream, BYTES, piece).await, content(BYTES), "{suite:?}");
        }
    }
}

/// The secrets of both ends of a connection.
fn both_secrets(settings: &Settings) -> (ExtractedSecrets, ExtractedSecrets) {
    let mut client = ClientConnection::new(Arc::clone(&settings.client), localhost()).unwrap();
    let mut server = ServerConnection::new(Arc::clone(&settings.server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut up).unwrap();
        }
        server.read_tls(&mut up.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        while server.wants_write() {
            server.write_tls(&mut down).unwrap();
        }
        client.read_tls(&mut down.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    (client.dangerous_extract_secrets().unwrap(), server.dangerous_extract_secrets().unwrap())
}

#[test]
fn either_library_opens_what_either_has_sealed() {
    for suite in suites() {
        let settings = settings(suite);
        let twin = ring::ALL_CIPHER_SUITES.iter().find(|twin| twin.suite() == suite.suite());
        let twin = *twin.expect("ring has every suite");
        for (sealing, opening) in [(suite, suite), (suite, twin), (twin, suite), (twin, twin)] {
            let (near, far) = both_secrets(&settings);
            let mut sealer = Sealer::new(sealing, u64::MAX, near.tx).unwrap();
            let mut opener = Opener::new(opening, far.rx).unwrap();
            for bytes in [0, 1, 1000, CONTENT_BYTES_MAX] {
                let content = content(bytes);
                let chunks = OutboundChunks::Single(&content);
                let mut sealed = sealer.seal(ContentType::ApplicationData, chunks).unwrap();
                let (head, record) = sealed.split_first_chunk_mut::<RECORD_HEAD_BYTES>().unwrap();
                let (typ, place) = opener.open(*head, record).unwrap();
                assert_eq!((typ, &record[place]), (ContentType::ApplicationData, content.as_slice()));
            }
        }
    }
}

#[tokio::test]
async fn records_that_come_in_pieces_are_put_together() {
    for suite in suites() {
        let settings = settings(suite);
        let (mut ours, theirs) = serving(&settings, 1 << 20).await;
        let (mut wire, mut tls) = theirs.into_inner();
        tls.set_buffer_limit(None);
        tls.writer().write_all(&content(200_000)).unwrap();
        tls.send_close_notify();
        let mut bytes = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut bytes).unwrap();
        }
        let sizes = [1, 2, 700, 900, 3000, 5, 17_000, 40_000];
        let sending = tokio::spawn(async move {
            let mut rest = bytes.as_slice();
            for size in sizes.into_iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(size));
                wire.write_all(now).await.unwrap();
                rest = later;
                // The other end reads it, and waits for more.
                tokio::task::yield_now().await;
                if rest.is_empty() {
                    return wire;
                }
            }
            wire
        });
        let mut received = Vec::new();
        ours.read_to_end(&mut received).await.unwrap();
        assert!(received == content(200_000), "{suite:?}");
        drop(sending.await.unwrap());
    }
}

#[tokio::test]
async fn the_second_connection_resumes_the_session_of_the_first() {
    for suite in suites() {
        let settings = settings(suite);
        let (first, mut theirs) = asking(&settings, 1 << 20).await;
        assert!(!first.is_resumed);
        // The tickets of TLS 1.3 come with the first content.
        theirs.write_all(b"x").await.unwrap();
        let mut stream = first.stream;
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
        let (second, _) = asking(&settings, 1 << 20).await;
        assert!(second.is_resumed, "{suite:?}");
    }
}

#[tokio::test]
async fn content_right_behind_the_handshake_is_kept() {
    let settings = settings(tls13());
    let (mut near, far) = duplex(1 << 20);
    let server = Arc::clone(&settings.server);
    let ours = tokio::spawn(async move {
        let mut stream = Greeting::read(far).await.unwrap().accept(server).await.unwrap().stream;
        let mut got = vec![0; 100_000];
        stream.read_exact(&mut got).await.unwrap();
        got
    });
    let mut client = ClientConnection::new(Arc::clone(&settings.client), localhost()).unwrap();
    client.set_buffer_limit(None);
    loop {
        let is_over = !client.is_handshaking();
        if is_over {
            client.writer().write_all(&content(100_000)).unwrap();
        }
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        // The last message of the handshake and all content in one piece.
        near.write_all(&wire).await.unwrap();
        if is_over {
            break;
        }
        let mut answer = vec![0; 32 << 10];
        let count = near.read(&mut answer).await.unwrap();
        let mut answer = &answer[..count];
        while !answer.is_empty() {
            client.read_tls(&mut answer).unwrap();
            client.process_new_packets().unwrap();
        }
    }
    assert_eq!(ours.await.unwrap(), content(100_000));
}

#[tokio::test]
async fn new_keys_of_the_peer_are_followed() {
    let settings = settings(tls13());
    let (ours, mut theirs) = serving(&settings, 1 << 20).await;
    let echo = tokio::spawn(async move {
        let (mut ours, mut buffer) = (ours, [0; 1000]);
        while let Ok(count @ 1..) = ours.read(&mut buffer).await {
            ours.write_all(&buffer[..count]).await.unwrap();
        }
    });
    for round in 0..100_u8 {
        theirs.get_mut().1.refresh_traffic_keys().unwrap();
        theirs.write_all(&[round; 100]).await.unwrap();
        let mut back = [0; 100];
        theirs.read_exact(&mut back).await.unwrap();
        assert_eq!(back, [round; 100]);
    }
    // Keys and keys, and nothing said with them.
    for _ in 0..40 {
        theirs.get_mut().1.refresh_traffic_keys().unwrap();
        let _ = theirs.flush().await;
    }
    let _ = theirs.write_all(b"x").await;
    assert!(theirs.read_u8().await.is_err());
    echo.await.unwrap();
}

#[tokio::test]
async fn a_worn_key_is_renewed_or_the_connection_ends() {
    let SupportedCipherSuite::Tls13(suite) = tls13() else { panic!("TLS 1.3") };
    let short = CipherSuiteCommon {
        suite: suite.common.suite,
        hash_provider: suite.common.hash_provider,
        confidentiality_limit: 5,
    };
    let short = Tls13CipherSuite { common: short, ..*suite };
    let settings = settings(SupportedCipherSuite::Tls13(Box::leak(Box::new(short))));
    let (mut ours, mut theirs) = serving(&settings, 1 << 20).await;
    let sending = async {
        for part in content(400_000).chunks(16_000) {
            ours.write_all(part).await.unwrap();
            assert!(ours.session.key_uses() <= 5);
        }
    };
    let mut received = vec![0; 400_000];
    let (received_all, ()) = tokio::join!(theirs.read_exact(&mut received), sending);
    assert_eq!((received_all.unwrap(), received), (400_000, content(400_000)));
    let (mut ours, theirs) = serving(&settings, 1 << 20).await;
    assert_eq!(through(theirs, &mut ours, 400_000, 16_000).await, content(400_000));
}

#[tokio::test]
async fn a_record_that_was_tampered_with_ends_the_connection() {
    let settings = settings(tls13());
    let (near, mut relay_near) = duplex(1 << 20);
    let (mut relay_far, far) = duplex(1 << 20);
    let server = Arc::clone(&settings.server);
    let ours = tokio::spawn(async move { Greeting::read(far).await.unwrap().accept(server).await });
    let client = Arc::clone(&settings.client);
    let theirs = tokio::spawn(async move { TlsConnector::from(client).connect(localhost(), near).await });
    let (mut up, mut down) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut ours = Some(ours);
    let mut ours = loop {
        tokio::select! {
            stream = async { ours.as_mut().unwrap().await } => break stream.unwrap().unwrap().stream,
            count = relay_near.read(&mut up) => relay_far.write_all(&up[..count.unwrap()]).await.unwrap(),
            count = relay_far.read(&mut down) => relay_near.write_all(&down[..count.unwrap()]).await.unwrap(),
        }
    };
    let mut theirs = theirs.await.unwrap().unwrap();
    theirs.write_all(b"pay 10").await.unwrap();
    let count = relay_near.read(&mut up).await.unwrap();
    up[10] ^= 1;
    relay_far.write_all(&up[..count]).await.unwrap();
    let error = ours.read_u8().await.unwrap_err();
    assert_eq!(error.to_string(), "cannot decrypt peer's message");
    // Said again, to whoever asks again.
    assert!(ours.write_all(b"x").await.is_err());
    // All that is on its way, tickets before the alert.
    while let Ok(Ok(count)) =
        tokio::time::timeout(std::time::Duration::from_millis(200), relay_far.read(&mut down)).await
    {
        relay_near.write_all(&down[..count]).await.unwrap();
    }
    let error = theirs.read_u8().await.unwrap_err();
    assert!(error.to_string().contains("BadRecordMac"), "{error}");
}

#[tokio::test]
async fn an_end_without_a_word_is_told_from_a_proper_one() {
    let settings = settings(tls13());
    let (mut ours, mut theirs) = serving(&settings, 1 << 20).await;
    theirs.write_all(b"x").await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut all = Vec::new();
    ours.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"x");
    let (mut ours, theirs) = serving(&settings, 1 << 20).await;
    drop(theirs.into_inner());
    assert_eq!(ours.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn who_does_not_read_is_written_no_more_than_the_limit() {
    let settings = settings(tls13());
    let (mut ours, mut theirs) = serving(&settings, 4096).await;
    let mut sent = 0;
    let all = content(1 << 20);
    while let Ok(count) = {
        let write = ours.write(&all[sent..]);
        tokio::time::timeout(std::time::Duration::from_millis(50), write).await
    } {
        sent += count.unwrap();
    }
    assert!(sent <= 2 * crate::limits::TLS_UNSENT_BYTES, "{sent}");
    let rest = tokio::spawn(async move {
        ours.flush().await.unwrap();
        ours
    });
    let mut got = vec![0; sent];
    theirs.read_exact(&mut got).await.unwrap();
    assert_eq!(got, all[..sent]);
    rest.await.unwrap();
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_with_an_alert() {
    let settings = settings(tls13());
    for said in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[22, 3, 1, 0, 4, 2, 0, 0, 0], &[22, 3, 1, 255, 255, 1]] {
        let (mut near, far) = duplex(1 << 20);
        near.write_all(said).await.unwrap();
        near.shutdown().await.unwrap();
        let server = Arc::clone(&settings.server);
        let refused = async { Greeting::read(far).await?.accept(server).await.map(drop) }.await;
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert!(refused.is_err());
        assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    }
    // A server that is none.
    let (near, mut far) = duplex(1 << 20);
    far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    assert!(connect(near, Arc::clone(&settings.client), localhost()).await.is_err());
    // A certificate that is not trusted: the server is told.
    let other = self::settings(tls13());
    let (near, far) = duplex(1 << 20);
    let acceptor = TlsAcceptor::from(Arc::clone(&settings.server));
    let theirs = tokio::spawn(async move { acceptor.accept(far).await.map(drop) });
    assert!(connect(near, Arc::clone(&other.client), localhost()).await.is_err());
    let told = theirs.await.unwrap().unwrap_err().to_string();
    assert!(told.contains("alert"), "{told}");
}

/// Both ends ours: one of them can say anything.
async fn between(
    suite: SupportedCipherSuite,
    capacity: usize,
) -> (Box<TlsStream<DuplexStream>>, Box<TlsStream<DuplexStream>>) {
    let settings = settings(suite);
    let (near, far) = duplex(capacity);
    let server = Arc::clone(&settings.server);
    let server = tokio::spawn(async move { Greeting::read(far).await.unwrap().accept(server).await });
    let client = connect(near, Arc::clone(&settings.client), localhost()).await.unwrap();
    (server.await.unwrap().unwrap().stream, client.stream)
}

impl TlsStream<DuplexStream> {
    fn say(&mut self, typ: ContentType, content: &[u8]) {
        self.session.seal_anything(typ, content, &mut self.outgoing);
    }
}

/// A record that a test sends.
type Said<'a> = (ContentType, &'a [u8]);

/// What a client says, what the server makes of it, and what the client hears.
type Case<'a> = (SupportedCipherSuite, &'a [Said<'a>], (&'a str, &'a str));

/// The server's view of a client that says this, then one byte of content: what it reads, and the client's next.
async fn told(suite: SupportedCipherSuite, says: &[Said<'_>]) -> (String, String) {
    let (mut server, mut client) = between(suite, 1 << 20).await;
    for (typ, content) in says {
        client.say(*typ, content);
    }
    client.write_all(b"x").await.unwrap();
    client.flush().await.unwrap();
    let shown = |read: std::io::Result<u8>| match read {
        Ok(byte) => char::from(byte).to_string(),
        Err(error) => error.to_string(),
    };
    let read = shown(server.read_u8().await);
    // What came of it is told with the next look.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(5), server.read_u8()).await;
    let wrote = server.write_all(b"y").await;
    assert!(wrote.is_ok() || read != "x", "{wrote:?}");
    drop(server);
    (read, shown(client.read_u8().await))
}

#[tokio::test]
async fn what_may_be_said_beside_content_is_taken_and_nothing_else_is() {
    use ContentType::{Alert, ApplicationData, ChangeCipherSpec, Handshake};
    let tls12 = aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let (fine, empty) = (("x", "y"), &[][..]);
    let warning: Said<'_> = (Alert, &[1, 90]);
    let again: Said<'_> = (Handshake, &[1, 0, 0, 0]);
    let cases: &[Case<'_>] = &[
        (tls13(), &[warning], fine),
        (tls13(), &[warning; 5], ("TooManyWarning", "UnexpectedMessage")),
        (tls13(), &[(Alert, &[2, 48])], ("UnknownCA", "without saying so")),
        (tls13(), &[(Alert, &[2])], ("unexpected message", "UnexpectedMessage")),
        (tls13(), &[(ApplicationData, empty); 32], fine),
        (tls13(), &[(ApplicationData, empty); 33], ("TooManyEmpty", "UnexpectedMessage")),
        (tls13(), &[(Handshake, empty)], ("unexpected message", "UnexpectedMessage")),
        (tls13(), &[(Handshake, &[24, 0, 0, 1, 2])], ("InvalidKeyUpdate", "IllegalParameter")),
        (tls13(), &[(Handshake, &[24, 0, 0, 1, 0, 24])], ("KeyEpoch", "UnexpectedMessage")),
        (tls13(), &[(Handshake, &[24, 0])], ("Interleaved", "UnexpectedMessage")),
        (tls13(), &[(Handshake, &[4, 0, 0, 0])], ("unexpected message", "UnexpectedMessage")),
        (tls13(), &[(Handshake, &[24, 255, 255, 255])], ("TooLarge", "DecodeError")),
        (tls13(), &[(ChangeCipherSpec, &[1])], ("CipherSpec", "UnexpectedMessage")),
        (tls12, &[warning; 4], fine),
        (tls12, &[again; 2], ("TooManyRenegotiation", "")),
        (tls12, &[(Handshake, &[24, 0, 0, 1, 0])], ("unexpected message", "UnexpectedMessage")),
    ];
    for (suite, says, (read, answer)) in cases.iter().copied() {
        let (got, back) = told(suite, says).await;
        let lower = |text: &str| text.to_lowercase().replace([' ', '_'], "");
        assert!(lower(&got).contains(&lower(read)), "{says:?}: {got}, not {read}");
        assert!(lower(&back).contains(&lower(answer)), "{says:?}: {back}, not {answer}");
    }
}

#[tokio::test]
async fn who_asks_for_new_keys_and_does_not_read_fills_no_memory() {
    let (mut server, mut client) = between(tls13(), 16 << 10).await;
    let mut held = 0;
    for _ in 0..5_000 {
        client.say(ContentType::Handshake, &[24, 0, 0, 1, 1]);
        client.session.renewed_for_test().unwrap();
        client.write_all(b"x").await.unwrap();
        client.flush().await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
        held = held.max(server.outgoing.bytes());
    }
    assert!(held < 1000, "{held}");
}

#[tokio::test]
async fn either_end_may_go_on_after_the_other_has_said_goodbye() {
    let (mut server, mut client) = between(tls13(), 1 << 20).await;
    client.shutdown().await.unwrap();
    assert!(client.write_all(b"x").await.is_err());
    let mut all = Vec::new();
    server.read_to_end(&mut all).await.unwrap();
    server.write_all(b"still here").await.unwrap();
    server.shutdown().await.unwrap();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"still here");
}

/// A connection set up with our server; what goes over the wire then is the test's.
fn raw_bytes_after_the_handshake(suite: SupportedCipherSuite, bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings = settings(suite);
        let (mut ours, theirs) = serving(&settings, 1 << 20).await;
        let (mut wire, _) = theirs.into_inner();
        wire.write_all(bytes).await.unwrap();
        wire.shutdown().await.unwrap();
        let mut all = Vec::new();
        assert!(ours.read_to_end(&mut all).await.is_err());
        assert!(all.is_empty());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..300), typ in 20..25_u8) {
        let mut record = vec![typ, 3, 3, 0, u8::try_from(bytes.len() % 200).unwrap()];
        record.extend_from_slice(&bytes);
        for suite in [tls13(), aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
            raw_bytes_after_the_handshake(suite, &record);
        }
    }

    #[test]
    fn a_broken_handshake_is_borne(at in 0..300_usize, by in any::<u8>(), cut in 1..600_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let settings = settings(tls13());
            let mut client = ClientConnection::new(Arc::clone(&settings.client), localhost()).unwrap();
            let mut hello = Vec::new();
            client.write_tls(&mut hello).unwrap();
            hello.extend_from_slice(&hello.clone());
            if let Some(byte) = hello.get_mut(at) {
                *byte ^= by;
            }
            hello.truncate(cut);
            let (mut near, far) = duplex(1 << 20);
            near.write_all(&hello).await.unwrap();
            near.shutdown().await.unwrap();
            let server = Arc::clone(&settings.server);
            let refused = async { Greeting::read(far).await?.accept(server).await.map(drop) }.await;
            assert!(refused.is_err());
            // The same as an answer of a server.
            let (near, mut far) = duplex(1 << 20);
            far.write_all(&hello).await.unwrap();
            far.shutdown().await.unwrap();
            assert!(connect(near, Arc::clone(&settings.client), localhost()).await.is_err());
        });
    }
}
