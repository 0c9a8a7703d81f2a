//! TLS of the gateway's data path: rustls shakes hands and brings the ciphers, and records are opened where they were read
//! and sealed where they are written from.
//!
//! A connection of rustls copies what it receives some six times, four KiB at a time, which was a fifth of the work of a bulk
//! transfer; its interface for those that handle records by themselves (`rustls::kernel`) is what this rests on. Keys are
//! renewed and alerts are sent as rustls does it. An idle connection holds no buffer.

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
use self::session::Session;
use crate::limits::TLS_UNSENT_BYTES;

/// Pieces of one write.
const PIECES: usize = 32;

/// A connection whose handshake is over.
pub(crate) struct TlsStream<S> {
    socket: S,
    session: Session,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl<S> TlsStream<S> {
    fn new(socket: S, session: Session, rest: &[u8]) -> Self {
        TlsStream { socket, session, incoming: Incoming::new(rest), outgoing: Outgoing::default() }
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Ready where there is content to take, or the peer has sent its last (false).
    fn poll_content(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            if !self.incoming.content().is_empty() {
                return Poll::Ready(Ok(true));
            }
            if let Some(error) = self.session.failure() {
                return Poll::Ready(Err(io_error(error)));
            }
            if self.session.has_ended() {
                return Poll::Ready(Ok(false));
            }
            match self.open_next() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    let error = self.session.fail(error, &mut self.outgoing);
                    // Said if it goes out at once; nobody waits for it.
                    let _ = self.poll_send(context);
                    return Poll::Ready(Err(io_error(error)));
                }
            }
            // Answers to what has come, a new key say, go out with the next content at the latest.
            if self.outgoing.bytes() > 0
                && let Poll::Ready(Err(error)) = self.poll_send(context)
            {
                return Poll::Ready(Err(error));
            }
            if ready!(self.incoming.poll_fill(Pin::new(&mut self.socket), context))? == 0 {
                let cause = "the other end closed the connection without saying so in TLS";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, cause)));
            }
        }
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
            to.put_slice(content.get(..now).unwrap_or_default());
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
        if let Some(error) = this.session.failure() {
            return Poll::Ready(Err(io_error(error)));
        }
        if this.outgoing.bytes() >= TLS_UNSENT_BYTES {
            // Some of it at least has to go first.
            let sent = this.poll_send(context)?;
            if sent.is_pending() && this.outgoing.bytes() >= TLS_UNSENT_BYTES {
                return Poll::Pending;
            }
        }
        let mut pieces: [&[u8]; PIECES] = [&[]; PIECES];
        let mut bytes: usize = 0;
        for (piece, slice) in pieces.iter_mut().zip(slices) {
            *piece = slice;
            bytes = bytes.saturating_add(slice.len());
        }
        let pieces = pieces.get(..slices.len()).unwrap_or(&pieces);
        let bytes = bytes.min(TLS_UNSENT_BYTES.saturating_sub(this.outgoing.bytes()));
        if let Err(error) = this.session.send(pieces, bytes, &mut this.outgoing) {
            let error = this.session.fail(error, &mut this.outgoing);
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
        this.session.say_goodbye(&mut this.outgoing).map_err(io_error)?;
        ready!(this.poll_send(context))?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}

fn io_error(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
