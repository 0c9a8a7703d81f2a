//! Clients that cost little: HTTP/1.1 by hand over TLS, a connection each.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a client needs for its handshake; nothing is resumed.
pub(crate) fn tls(
    root: &CertificateDer<'static>,
    identity: (CertificateDer<'static>, PrivateKeyDer<'static>),
) -> Arc<ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![identity.0], identity.1)
        .unwrap();
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// One connection.
pub(crate) struct Client {
    stream: TlsStream<BufReader<TcpStream>>,
    buffer: Vec<u8>,
    filled: usize,
}

impl Client {
    /// Connects; what it reads at once is at most `buffer` bytes.
    pub(crate) async fn connect(
        address: SocketAddr,
        tls: &Arc<ClientConfig>,
        buffer: usize,
    ) -> io::Result<Self> {
        Self::over(TcpStream::connect(address).await?, tls, buffer).await
    }

    /// One whose kernel keeps little for it: those of clients elsewhere are no memory of this machine.
    pub(crate) async fn connect_small(address: SocketAddr, tls: &Arc<ClientConfig>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(64 << 10)?;
        Self::over(socket.connect(address).await?, tls, 4 << 10).await
    }

    async fn over(socket: TcpStream, tls: &Arc<ClientConfig>, buffer: usize) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let socket = BufReader::with_capacity(buffer, socket);
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, socket).await?;
        Ok(Client { stream, buffer: vec![0; buffer.min(64 << 10)], filled: 0 })
    }

    /// Says goodbye and waits for the other end to do so, which it does after its part of the handshake.
    pub(crate) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
        let _ = self.stream.read(&mut self.buffer).await;
    }

    /// Asks, and reads nothing.
    pub(crate) async fn ask(&mut self, path: &str) -> io::Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await
    }

    /// Gets a path; the bytes of the body, which must be a success.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<usize> {
        self.ask(path).await?;
        self.answer().await
    }

    /// Puts so many bytes.
    pub(crate) async fn put(&mut self, path: &str, bytes: usize) -> io::Result<()> {
        let head = format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await?;
        let piece = vec![b'x'; 64 << 10];
        let mut left = bytes;
        while left > 0 {
            let now = left.min(piece.len());
            self.stream.write_all(&piece[..now]).await?;
            left -= now;
        }
        self.stream.flush().await?;
        self.answer().await.map(drop)
    }

    /// Gets a path and counts the bytes of its body as they come; ends early when told so, and is then of no more use.
    pub(crate) async fn get_counted(
        &mut self,
        path: &str,
        bytes: &AtomicU64,
        stop: &AtomicBool,
    ) -> io::Result<()> {
        self.ask(path).await?;
        let (length, mut body) = self.head().await?;
        while body < length && !stop.load(Ordering::Relaxed) {
            let count = self.read(0).await?;
            bytes.fetch_add(count as u64, Ordering::Relaxed);
            body += count;
        }
        Ok(())
    }

    async fn answer(&mut self) -> io::Result<usize> {
        let (length, mut body) = self.head().await?;
        while body < length {
            body += self.read(0).await?;
        }
        if body > length { Err(io::Error::other("more than was asked for")) } else { Ok(length) }
    }

    /// The length of the body, and how much of it came with the head.
    async fn head(&mut self) -> io::Result<(usize, usize)> {
        let (length, body) = loop {
            let head = &self.buffer[..self.filled];
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                let text = std::str::from_utf8(&head[..end]).map_err(io::Error::other)?;
                if !text.starts_with("HTTP/1.1 2") {
                    return Err(io::Error::other(text.lines().next().unwrap_or_default().to_owned()));
                }
                let is_empty = text.starts_with("HTTP/1.1 204");
                break (if is_empty { 0 } else { content_length(text)? }, self.filled - end - 4);
            }
            self.filled += self.read(self.filled).await?;
        };
        self.filled = 0;
        Ok((length, body))
    }

    async fn read(&mut self, from: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

fn content_length(head: &str) -> io::Result<usize> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = lengths.next().and_then(|(_, value)| value.trim().parse().ok());
    length.ok_or_else(|| io::Error::other("no length"))
}

/// As connect, again and again for a while: a full queue of the listener is no failure of the measure.
pub(crate) async fn connect_surely(address: SocketAddr, tls: &Arc<ClientConfig>, buffer: usize) -> Client {
    for _ in 0..50 {
        match Client::connect(address, tls, buffer).await {
            Ok(client) => return client,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    Client::connect(address, tls, buffer).await.expect("a connection")
}
