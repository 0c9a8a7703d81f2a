//! An offer of TLS that a gateway must refuse: rustls offers nothing weak, so the first message is made here.
//!
//! Only the answer to the first message is read: nothing is agreed on in the end, and nothing secret is sent.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What is offered, and nothing better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeakOffer {
    /// TLS 1.1 and before (RFC 8996 forbids them).
    OldVersion,
    /// TLS 1.2 with keys exchanged by RSA or DHE: no forward secrecy, or none worth the name.
    WithoutEcdhe,
}

impl WeakOffer {
    fn version(self) -> u16 {
        match self {
            WeakOffer::OldVersion => 0x0302,
            WeakOffer::WithoutEcdhe => 0x0303,
        }
    }

    /// Numbers from IANA's registry of cipher suites.
    fn suites(self) -> &'static [u16] {
        match self {
            // AES in CBC by ECDHE for both kinds of keys, by DHE and by RSA; 3DES.
            WeakOffer::OldVersion => {
                &[0xc014, 0xc013, 0xc00a, 0xc009, 0x0039, 0x0033, 0x0035, 0x002f, 0x000a]
            }
            // DHE, then RSA: AES in GCM and CBC, 3DES.
            WeakOffer::WithoutEcdhe => &[
                0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035,
                0x002f, 0x000a,
            ],
        }
    }
}

/// The version and the suite that a server agreed to; nothing where it refused.
///
/// Whoever refuses sends an alert, or closes: both count.
pub(crate) async fn agrees_to<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    host: &str,
    offer: WeakOffer,
) -> io::Result<Option<String>> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(io::Error::other)?;
    socket.write_all(&client_hello(host, offer, random)).await?;
    // Of the record: kind, version, length.
    let mut record = [0; 5];
    for _ in 0..WARNINGS_MAX {
        match socket.read_exact(&mut record).await {
            Ok(_) => {}
            Err(error) if is_end(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut alert = [0; 2];
        match record {
            [HANDSHAKE, ..] => break,
            // A server that does not know the name may warn of that, and go on.
            [ALERT, _, _, 0, 2] => match socket.read_exact(&mut alert).await {
                Ok(_) if alert[0] == WARNING => {}
                _ => return Ok(None),
            },
            _ => return Ok(None),
        }
    }
    // Of the message: kind, length of three bytes, version, random, length of the session id.
    let mut start = [0; 4 + 2 + 32 + 1];
    socket.read_exact(&mut start).await?;
    let [SERVER_HELLO, _, _, _, major, minor, .., session_id] = start else {
        return Ok(None);
    };
    let mut rest = vec![0; usize::from(session_id) + 2];
    socket.read_exact(&mut rest).await?;
    let suite = rest.last_chunk::<2>().map_or(0, |suite| u16::from_be_bytes(*suite));
    let version = u16::from_be_bytes([major, minor]);
    Ok(offer.suites().contains(&suite).then(|| format!("{}, cipher suite 0x{suite:04X}", name_of(version))))
}

const ALERT: u8 = 21;
const WARNING: u8 = 1;
/// Warnings that are read over.
const WARNINGS_MAX: usize = 4;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The other end has gone: some servers close without a word, some after a short alert.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

fn name_of(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".into(),
        0x0301 => "TLS 1.0".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        other => format!("version 0x{other:04X}"),
    }
}

/// The first message (RFC 5246, 7.4.1.2), in one record.
fn client_hello(host: &str, offer: WeakOffer, random: [u8; 32]) -> Vec<u8> {
    let suites: Vec<u8> = offer.suites().iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let mut extensions = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() {
        // server_name: a list of one name of kind 0, host_name.
        let name = [&[0][..], &sized::<2>(host.as_bytes())].concat();
        extensions.extend(extension(0, &sized::<2>(&name)));
    }
    // supported_groups: secp256r1, secp384r1, x25519. ec_point_formats: uncompressed.
    extensions.extend(extension(10, &sized::<2>(&[0, 23, 0, 24, 0, 29])));
    extensions.extend(extension(11, &sized::<1>(&[0])));
    if offer == WeakOffer::WithoutEcdhe {
        // signature_algorithms: RSA and ECDSA with SHA-256 and SHA-384, RSA-PSS, RSA with SHA-1.
        extensions.extend(extension(13, &sized::<2>(&[4, 1, 5, 1, 4, 3, 5, 3, 8, 4, 8, 5, 2, 1])));
    }
    // renegotiation_info (RFC 5746): some servers insist on it.
    extensions.extend(extension(0xff01, &[0]));
    let hello = [
        &offer.version().to_be_bytes()[..],
        &random,
        &[0],
        &sized::<2>(&suites),
        &[1, 0],
        &sized::<2>(&extensions),
    ]
    .concat();
    let message = [&[CLIENT_HELLO][..], &sized::<3>(&hello)].concat();
    [&[HANDSHAKE, 3, 1][..], &sized::<2>(&message)].concat()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &sized::<2>(content)].concat()
}

/// Content behind its length of so many bytes.
fn sized<const BYTES: usize>(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let short = length.last_chunk::<BYTES>().map_or(&[][..], |short| short);
    [short, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(answer: &[u8]) -> io::Result<Option<String>> {
        let (near, mut far) = tokio::io::duplex(4096);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        agrees_to(near, "gw.contoso.com", WeakOffer::OldVersion).await
    }

    fn server_hello(suite: u16) -> Vec<u8> {
        let body = [&[3, 2][..], &[7; 32], &[2, 1, 1], &suite.to_be_bytes(), &[0]].concat();
        let message = [&[SERVER_HELLO][..], &sized::<3>(&body)].concat();
        [&[HANDSHAKE, 3, 2][..], &sized::<2>(&message)].concat()
    }

    #[tokio::test]
    async fn what_a_server_agrees_to_is_named_and_what_it_refuses_is_nothing() {
        assert_eq!(told(&server_hello(0xc013)).await.unwrap().unwrap(), "TLS 1.1, cipher suite 0xC013");
        // An alert (protocol_version), nothing at all, and something that is no TLS.
        assert_eq!(told(&[21, 3, 1, 0, 2, 2, 70]).await.unwrap(), None);
        assert_eq!(told(&[]).await.unwrap(), None);
        assert_eq!(told(&[b'H'; 300]).await.unwrap(), None);
        // A warning (unrecognized_name), and then an agreement; warnings without end.
        let warned = [&[21, 3, 1, 0, 2, 1, 112], &server_hello(0x0033)[..]].concat();
        assert_eq!(told(&warned).await.unwrap().unwrap(), "TLS 1.1, cipher suite 0x0033");
        assert_eq!(told(&[21, 3, 1, 0, 2, 1, 112].repeat(50)).await.unwrap(), None);
        // A suite that was not offered is no agreement.
        assert_eq!(told(&server_hello(0x1301)).await.unwrap(), None);
        // Cut off within the answer.
        assert!(told(&server_hello(0xc013)[..46]).await.is_err());
    }

    #[tokio::test]
    async fn rustls_reads_the_offer_and_refuses_it() {
        for offer in [WeakOffer::OldVersion, WeakOffer::WithoutEcdhe] {
            let hello = client_hello("gw.contoso.com", offer, [9; 32]);
            let mut acceptor = rustls::server::Acceptor::default();
            acceptor.read_tls(&mut &hello[..]).unwrap();
            let seen = acceptor.accept();
            match offer {
                WeakOffer::OldVersion => assert!(seen.is_err()),
                WeakOffer::WithoutEcdhe => {
                    let accepted = seen.unwrap().unwrap();
                    assert_eq!(accepted.client_hello().server_name(), Some("gw.contoso.com"));
                    assert_eq!(accepted.client_hello().cipher_suites().len(), offer.suites().len());
                }
            }
        }
    }
}
