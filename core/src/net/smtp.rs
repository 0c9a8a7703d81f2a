//! The connection to a mail server, up to where a session begins: TLS from the first byte, or by STARTTLS (RFC 3207).
//!
//! The session itself is `lettre`'s. It begins with the server's greeting, which after STARTTLS does not come again: the
//! stream gives it the one that came before.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::http_error::not_connected;
use super::tls::{TrustedRoots, client_config};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{SMTP_ANSWER_BYTES_MAX, SMTP_SESSION_BYTES_MAX};

/// How a connection to a mail server becomes secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SmtpTls {
    /// TLS from the first byte (RFC 8314).
    FromStart,
    /// In clear, then TLS before anything is said.
    StartTls,
    /// Not at all.
    Never,
}

/// A mail server.
#[derive(Clone, Debug)]
pub(crate) struct SmtpServer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: SmtpTls,
    pub(crate) trusted_roots: TrustedRoots,
}

impl SmtpServer {
    /// Connects; the server's greeting is the first thing to be read. The caller limits the time.
    pub(crate) async fn connect(
        &self,
        operation: &str,
        hello_name: &str,
    ) -> Result<Box<dyn AsyncTokioStream>> {
        let url = format!("smtp://{}:{}", bracketed(&self.host), self.port);
        let url: Url =
            url.parse().map_err(|_| Error::new(ErrorKind::Config, operation, "server: it is no name"))?;
        let failed = |error: Box<dyn StdError + Send + Sync>| not_connected(operation, &url, error);
        let socket = TcpStream::connect((self.host.as_str(), self.port)).await;
        let mut socket = socket.map_err(|error| failed(error.into()))?;
        let _ = socket.set_nodelay(true);
        let peer = socket.peer_addr().map_err(|error| failed(error.into()))?;
        let left = SMTP_SESSION_BYTES_MAX;
        let greeting = match self.tls {
            SmtpTls::Never => {
                return Ok(Box::new(MailStream { greeting: Vec::new(), stream: socket, peer, left }));
            }
            SmtpTls::FromStart => Vec::new(),
            SmtpTls::StartTls => ask_for_tls(&mut socket, operation, hello_name).await?,
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| failed(error.into()))?;
        let stream = TlsConnector::from(self.tls_settings()?).connect(name, socket).await;
        let stream = stream.map_err(|error| failed(error.into()))?;
        Ok(Box::new(MailStream { greeting, stream, peer, left }))
    }

    fn tls_settings(&self) -> Result<Arc<ClientConfig>> {
        let mut settings = client_config(&self.trusted_roots, None)?;
        // A mail server speaks no HTTP.
        settings.alpn_protocols.clear();
        Ok(Arc::new(settings))
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// The conversation in clear that ends with the server's "go ahead"; its greeting.
async fn ask_for_tls(socket: &mut TcpStream, operation: &str, hello_name: &str) -> Result<Vec<u8>> {
    let greeting = answer(socket, operation).await?;
    expect(&greeting, "220", operation, "greets with")?;
    let lost = |error: io::Error| {
        Error::new(ErrorKind::Unavailable, operation, format!("the connection broke: {error}"))
    };
    socket.write_all(format!("EHLO {hello_name}\r\n").as_bytes()).await.map_err(lost)?;
    let extensions = answer(socket, operation).await?;
    expect(&extensions, "250", operation, "answers EHLO with")?;
    let offered = String::from_utf8_lossy(&extensions);
    let word = |line: &str| line.get(4..).map(|rest| rest.trim().to_ascii_uppercase());
    if !offered.lines().any(|line| word(line).as_deref() == Some("STARTTLS")) {
        let cause = "the mail server offers no STARTTLS; use TLS from the start where it has that";
        return Err(Error::new(ErrorKind::Unsupported, operation, cause));
    }
    socket.write_all(b"STARTTLS\r\n").await.map_err(lost)?;
    expect(&answer(socket, operation).await?, "220", operation, "answers STARTTLS with")?;
    Ok(greeting)
}

fn expect(answer: &[u8], code: &str, operation: &str, what: &str) -> Result<()> {
    if answer.starts_with(code.as_bytes()) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(answer);
    let first: String = text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    Err(Error::new(ErrorKind::Unavailable, operation, format!("the mail server {what} {first:?}")))
}

/// One whole answer, of one line or several. What comes after it in clear was put there by somebody else.
async fn answer(socket: &mut TcpStream, operation: &str) -> Result<Vec<u8>> {
    let refuse = |cause: &str| Error::new(ErrorKind::Protocol, operation, cause);
    let mut all = Vec::new();
    loop {
        if let Some(end) = end_of_answer(&all) {
            return if end == all.len() {
                Ok(all)
            } else {
                Err(refuse("the mail server said more than it was asked before TLS"))
            };
        }
        if all.len() >= SMTP_ANSWER_BYTES_MAX {
            return Err(refuse("the answer of the mail server has no end"));
        }
        let mut piece = [0; 1024];
        let count = socket.read(&mut piece).await.map_err(|error| {
            Error::new(ErrorKind::Unavailable, operation, format!("the connection broke: {error}"))
        })?;
        match piece.get(..count) {
            None | Some([]) => return Err(refuse("the mail server hung up in the middle of an answer")),
            Some(bytes) => all.extend_from_slice(bytes),
        }
    }
}

/// Where an answer ends: after the first line whose code is not followed by a hyphen.
fn end_of_answer(bytes: &[u8]) -> Option<usize> {
    let mut begin = 0_usize;
    while let Some(line) = bytes.get(begin..) {
        let length = line.iter().position(|byte| *byte == b'\n')?.saturating_add(1);
        begin = begin.saturating_add(length);
        if line.get(3) != Some(&b'-') {
            return Some(begin);
        }
    }
    None
}

/// A connection that begins with a greeting that came before, and gives no more bytes than a session has.
struct MailStream<S> {
    greeting: Vec<u8>,
    stream: S,
    peer: SocketAddr,
    left: usize,
}

impl<S> fmt::Debug for MailStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailStream").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for MailStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            if self.left == 0 {
                return Poll::Ready(Err(io::Error::other("the mail server says more than a session has")));
            }
            let before = buffer.filled().len();
            let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
            self.left = self.left.saturating_sub(buffer.filled().len().saturating_sub(before));
            return polled;
        }
        let count = self.greeting.len().min(buffer.remaining());
        let taken: Vec<u8> = self.greeting.drain(..count).collect();
        buffer.put_slice(&taken);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for MailStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> AsyncTokioStream for MailStream<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::end_of_answer;

    #[test]
    fn an_answer_ends_with_the_line_that_says_so() {
        for (text, end) in [
            ("220 mail.contoso.com\r\n", Some(22)),
            ("250-mail\r\n250 STARTTLS\r\n", Some(24)),
            ("250-mail\r\n250-STARTTLS\r\n", None),
            ("220 go ahead\r\n250 injected\r\n", Some(14)),
            ("220 mail", None),
            ("", None),
        ] {
            assert_eq!(end_of_answer(text.as_bytes()), end, "{text:?}");
        }
    }
}
