//! TLS of the gateway's data path: rustls shakes hands and brings the ciphers, and records are opened where they were read
//! and sealed with one copy.
//!
//! A connection of rustls copies what it receives some six times, four KiB at a time, which was a fifth of the work of a bulk
//! transfer; its interface for those that handle records by themselves (`rustls::kernel`) is what this rests on. Keys are
//! renewed and alerts are sent as rustls does it. An idle connection holds no buffer.
//!
//! One task reads and writes: a reader sends answers of TLS, and takes the socket's place for who waits to write.

mod faster_cipher;
mod handshake;
mod incoming;
mod outgoing;
mod records;
mod session;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::Error;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

pub(crate) use handshake::{Established, Greeting, connect};

use self::incoming::Incoming;
use self::outgoing::Outgoing;
use self::records::CONTENT_BYTES_MAX;
use self::session::Session;
use super::short_copies::{SHORT_COPY_BYTES, append};
use crate::limits::{TLS_UNSENT_BYTES, TUNNEL_BATCH_BYTES};

/// Pieces of one write: so many slices, cut into short copies.
const PIECES: usize = 32 + TUNNEL_BATCH_BYTES / SHORT_COPY_BYTES;
/// Records without content, and reads of the socket, after which others have their turn.
const RECORDS: usize = 256;
const READS: usize = 4;

/// A connection whose handshake is over.
pub(crate) struct TlsStream<S> {
    socket: S,
    session: Session,
    incoming: Incoming,
    outgoing: Outgoing,
    /// Most bytes that are sealed and not sent.
    unsent_max: usize,
}

impl<S> TlsStream<S> {
    fn new(socket: S, session: Session, rest: &[u8]) -> Self {
        let (incoming, outgoing) = (Incoming::new(rest), Outgoing::default());
        TlsStream { socket, session, incoming, outgoing, unsent_max: TLS_UNSENT_BYTES }
    }

    /// Most bytes that are sealed ahead of the socket: more cost fewer writes, and are held where the peer stops reading.
    pub(crate) fn set_unsent_max(&mut self, bytes: usize) {
        self.unsent_max = bytes;
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }

    pub(crate) fn into_socket(self) -> S {
        self.socket
    }

    /// The same connection with its socket made into another one, such as one of another thread.
    pub(crate) fn try_map_socket<T>(self, make: impl FnOnce(S) -> io::Result<T>) -> io::Result<TlsStream<T>> {
        let TlsStream { socket, session, incoming, outgoing, unsent_max } = self;
        Ok(TlsStream { socket: make(socket)?, session, incoming, outgoing, unsent_max })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Ready where there is content to take, or the peer has sent its last (false).
    fn poll_content(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let (mut records, mut reads) = (0, 0);
        while records < RECORDS && reads < READS {
            if !self.incoming.content().is_empty() {
                return Poll::Ready(Ok(true));
            }
            if let Some(error) = self.failure(context) {
                return Poll::Ready(Err(error));
            }
            if self.session.has_ended() {
                self.incoming = Incoming::default();
                return Poll::Ready(Ok(false));
            }
            match self.open_next() {
                Ok(true) => {
                    records += 1;
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    self.session.fail(error, &mut self.outgoing);
                    continue;
                }
            }
            if self.outgoing.bytes() == 0
                && let Err(error) = self.session.pay_key(&mut self.outgoing)
            {
                self.session.fail(error, &mut self.outgoing);
                continue;
            }
            // What is left to send goes on; where that fails, there may be something to read all the same.
            let _ = self.poll_send(context);
            if ready!(self.incoming.poll_fill(Pin::new(&mut self.socket), context))? == 0 {
                let cause = "the other end closed the connection without saying so in TLS";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, cause)));
            }
            reads += 1;
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Why the connection has failed. The peer is told if that goes out at once; nobody waits for it.
    fn failure(&mut self, context: &mut Context<'_>) -> Option<io::Error> {
        let error = self.session.failure()?;
        let _ = self.poll_send(context);
        Some(io_error(error))
    }

    /// Opens one record; false where there is no whole one.
    fn open_next(&mut self) -> Result<bool, Error> {
        let Some((typ, place)) = self.incoming.open_next(&mut self.session.opener)? else { return Ok(false) };
        if self.session.receive(typ, self.incoming.part(place.clone()), &mut self.outgoing)? {
            self.incoming.offer(place);
        }
        Ok(true)
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_send(Pin::new(&mut self.socket), context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !ready!(this.poll_content(context))? {
            return Poll::Ready(Ok(()));
        }
        loop {
            let content = this.incoming.content();
            let now = content.len().min(to.remaining());
            append(to, content.get(..now).unwrap_or_default());
            this.incoming.consume(now);
            // What is here already goes along; an error is told when it is asked for again.
            if to.remaining() == 0 || this.session.has_ended() || this.session.failure().is_some() {
                return Poll::Ready(Ok(()));
            }
            match this.open_next() {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(Ok(())),
                Err(error) => {
                    this.session.fail(error, &mut this.outgoing);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for TlsStream<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_content(context))?;
        Poll::Ready(Ok(this.incoming.content()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().incoming.consume(count);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(error) = this.failure(context) {
            return Poll::Ready(Err(error));
        }
        if this.session.has_said_goodbye() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let sent = this.poll_send(context)?;
        let room = this.unsent_max.saturating_sub(this.outgoing.bytes());
        if sent.is_pending() && room < CONTENT_BYTES_MAX {
            return Poll::Pending;
        }
        let mut pieces: [&[u8]; PIECES] = [&[]; PIECES];
        let (mut count, mut bytes) = (0, 0_usize);
        let short = slices.iter().flat_map(|slice| slice.chunks(SHORT_COPY_BYTES));
        for (piece, short) in pieces.iter_mut().zip(short) {
            *piece = short;
            count += 1;
            bytes = bytes.saturating_add(short.len());
        }
        let (pieces, bytes) = (pieces.get(..count).unwrap_or(&pieces), bytes.min(room));
        if let Err(error) = this.session.send(pieces, bytes, &mut this.outgoing) {
            this.session.fail(error.clone(), &mut this.outgoing);
            let _ = this.poll_send(context);
            return Poll::Ready(Err(io_error(error)));
        }
        match this.poll_send(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(context))?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Where the key is worn, the peer sees the end of the connection.
        let _ = this.session.say_goodbye(&mut this.outgoing);
        ready!(this.poll_send(context))?;
        match ready!(Pin::new(&mut this.socket).poll_shutdown(context)) {
            // The peer has gone already.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

fn io_error(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
