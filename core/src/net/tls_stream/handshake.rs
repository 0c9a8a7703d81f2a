//! The handshake: rustls says what to send, and asks for what it lacks.

use std::io;
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{Accepted, Acceptor, ClientHello, ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};
use rustls::{ClientConfig, CommonState, Error, HandshakeKind, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::TlsStream;
use super::records::{RECORD_BYTES_MAX, RECORD_HEAD_BYTES};
use super::session::{Keys, Session};
use crate::limits::TLS_HANDSHAKE_BYTES_MAX;

/// The first and the last type of a record that the library knows (RFC 6520 has the last).
const CHANGE_CIPHER_SPEC: u8 = 20;
const HEARTBEAT: u8 = 24;

/// What is read of a socket at once.
const READ_BYTES: usize = 4 << 10;

/// A connection that is set up, and what the handshake has brought to light.
pub(crate) struct Established<S> {
    /// Boxed: whoever serves it moves it through several hands, each with a place for it.
    pub(crate) stream: Box<TlsStream<S>>,
    /// The protocol that both ends chose (RFC 7301).
    pub(crate) alpn: Option<Vec<u8>>,
    /// The session is one from before: certificates were checked then.
    pub(crate) is_resumed: bool,
    /// The peer's chain, its own certificate first.
    pub(crate) peer_certificates: Option<Vec<CertificateDer<'static>>>,
}

/// What a client has said first.
pub(crate) struct Greeting<S> {
    socket: S,
    incoming: Vec<u8>,
    accepted: Accepted,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Greeting<S> {
    /// Reads it.
    pub(crate) async fn read(mut socket: S) -> io::Result<Self> {
        let mut acceptor = Acceptor::default();
        let mut incoming = Vec::new();
        let mut seen = 0;
        loop {
            if seen == incoming.len() {
                read_more(&mut socket, &mut incoming).await?;
            }
            let mut new = incoming.get(seen..).unwrap_or_default();
            seen = seen.saturating_add(acceptor.read_tls(&mut new)?);
            match acceptor.accept() {
                Ok(None) => {}
                Ok(Some(accepted)) => return Ok(Greeting { socket, incoming, accepted }),
                Err((error, mut alert)) => {
                    let mut said = Vec::new();
                    let _ = alert.write_all(&mut said);
                    let _ = socket.write_all(&said).await;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            }
        }
    }

    pub(crate) fn client_hello(&self) -> ClientHello<'_> {
        self.accepted.client_hello()
    }

    /// The rest of the handshake, with settings that may depend on what the client has said.
    ///
    /// The settings allow that secrets are taken out of a connection: this module seals and opens records by itself.
    pub(crate) async fn accept(self, config: Arc<ServerConfig>) -> io::Result<Established<S>> {
        let Greeting { mut socket, mut incoming, accepted } = self;
        drop(accepted);
        let mut connection = UnbufferedServerConnection::new(config).map_err(io::Error::other)?;
        shake(&mut connection, &mut socket, &mut incoming).await?;
        establish(connection, socket, &incoming)
    }
}

/// The handshake of a client.
///
/// The settings allow that secrets are taken out of a connection: this module seals and opens records by itself.
pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
) -> io::Result<Established<S>> {
    let mut connection = UnbufferedClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut incoming = Vec::new();
    shake(&mut connection, &mut socket, &mut incoming).await?;
    establish(connection, socket, &incoming)
}

/// Either end of a handshake.
trait Unbuffered {
    type Data;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;

    fn common(&self) -> &CommonState;

    fn into_session(self) -> Result<Session, Error>;
}

impl Unbuffered for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn common(&self) -> &CommonState {
        self
    }

    fn into_session(self) -> Result<Session, Error> {
        let (secrets, keys) = self.dangerous_into_kernel_connection()?;
        Session::new(keys.negotiated_cipher_suite(), secrets, Keys::Server(Box::new(keys)))
    }
}

impl Unbuffered for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, incoming: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn common(&self) -> &CommonState {
        self
    }

    fn into_session(self) -> Result<Session, Error> {
        let (secrets, keys) = self.dangerous_into_kernel_connection()?;
        Session::new(keys.negotiated_cipher_suite(), secrets, Keys::Client(Box::new(keys)))
    }
}

fn establish<C: Unbuffered, S>(connection: C, socket: S, rest: &[u8]) -> io::Result<Established<S>> {
    let common = connection.common();
    let alpn = common.alpn_protocol().map(<[u8]>::to_vec);
    let is_resumed = common.handshake_kind() == Some(HandshakeKind::Resumed);
    let peer_certificates = common.peer_certificates().map(<[_]>::to_vec);
    let session = connection.into_session().map_err(io::Error::other)?;
    let stream = Box::new(TlsStream::new(socket, session, rest));
    Ok(Established { stream, alpn, is_resumed, peer_certificates })
}

/// What is to be done after a step.
enum Next {
    Go,
    Send,
    Read,
    Done,
}

/// Goes on until both ends may send content. What has come behind the handshake stays where it is: the library sees one
/// record more at a time.
async fn shake<C: Unbuffered, S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut C,
    socket: &mut S,
    incoming: &mut Vec<u8>,
) -> io::Result<()> {
    let mut outgoing = Vec::new();
    let mut shown: usize = 0;
    let mut failed = None;
    loop {
        let (discard, next) = {
            let status = connection.process(incoming.get_mut(..shown).unwrap_or_default());
            let next = match status.state {
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut outgoing).map(|()| Next::Go),
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    data.done();
                    Ok(Next::Send)
                }
                Ok(ConnectionState::BlockedHandshake) => Ok(Next::Read),
                Ok(ConnectionState::WriteTraffic(_)) => Ok(Next::Done),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(_) => Err(Error::HandshakeNotComplete),
                Err(error) => Err(error),
            };
            (status.discard, next)
        };
        incoming.drain(..discard.min(incoming.len()));
        shown = shown.saturating_sub(discard);
        let next = next.unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Next::Go
        });
        // The alert that tells the peer why comes out like any other message.
        if let Some(error) = failed.take_if(|_| !connection.common().wants_write()) {
            let _ = socket.write_all(&outgoing).await;
            let _ = socket.flush().await;
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        match next {
            Next::Go => {}
            Next::Send => {
                socket.write_all(&outgoing).await?;
                socket.flush().await?;
                outgoing.clear();
            }
            Next::Read => {
                shown = loop {
                    match record_end(incoming, shown)? {
                        Some(end) => break end,
                        None => read_more(socket, incoming).await?,
                    }
                };
            }
            Next::Done => return Ok(()),
        }
    }
}

/// Where the record that begins here ends; nothing where it has not come whole.
fn record_end(incoming: &[u8], from: usize) -> io::Result<Option<usize>> {
    let head = incoming.get(from..).and_then(|rest| rest.first_chunk::<RECORD_HEAD_BYTES>());
    let Some([typ, .., high, low]) = head else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let end = from.saturating_add(RECORD_HEAD_BYTES);
    if !(CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(typ) || length > RECORD_BYTES_MAX {
        // No record at all: the library says so.
        return Ok(Some(end));
    }
    if length == 0 {
        // No message is empty. While early data is refused, the library would look at each of these again for each other.
        return Err(io::Error::new(io::ErrorKind::InvalidData, "an empty record within a handshake"));
    }
    let end = end.saturating_add(length);
    Ok((end <= incoming.len()).then_some(end))
}

fn encode<Data>(mut data: EncodeTlsData<'_, Data>, outgoing: &mut Vec<u8>) -> Result<(), Error> {
    let before = outgoing.len();
    let mut room = 0;
    loop {
        outgoing.resize(before.saturating_add(room), 0);
        match data.encode(outgoing.get_mut(before..).unwrap_or_default()) {
            Ok(count) => {
                outgoing.truncate(before.saturating_add(count));
                return Ok(());
            }
            Err(EncodeError::InsufficientSize(needed)) if needed.required_size > room => {
                room = needed.required_size;
            }
            Err(error) => return Err(Error::General(error.to_string())),
        }
    }
}

async fn read_more(socket: &mut (impl AsyncRead + Unpin), incoming: &mut Vec<u8>) -> io::Result<()> {
    let room = TLS_HANDSHAKE_BYTES_MAX.saturating_sub(incoming.len());
    if room == 0 {
        let cause = format!("a handshake has more than {TLS_HANDSHAKE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, cause));
    }
    let room = READ_BYTES.min(room);
    incoming.reserve(room);
    let mut limited = socket.take(room as u64);
    match limited.read_buf(incoming).await? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the other end closed during the handshake")),
        _ => Ok(()),
    }
}
