//! A socket that is read in large pieces.
//!
//! rustls asks for four KiB at a time, which would be four calls of the system for each record of a large body. What is read
//! beyond that waits in a buffer that belongs to the thread as long as it is empty, so that idle connections hold none.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::SOCKET_READ_BYTES;

/// Buffers that a thread keeps for the next socket.
const KEPT: usize = 8;

thread_local! {
    static SPARE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

fn spare() -> Box<[u8]> {
    let kept = SPARE.with(|spare| spare.borrow_mut().pop());
    kept.unwrap_or_else(|| vec![0; SOCKET_READ_BYTES].into_boxed_slice())
}

fn give_back(buffer: Box<[u8]>) {
    SPARE.with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(buffer);
        }
    });
}

/// A socket that is read in large pieces.
pub(crate) struct LargeReads<S> {
    socket: S,
    /// What was read and not yet taken: buffer, from, to.
    rest: Option<(Box<[u8]>, usize, usize)>,
}

impl<S> LargeReads<S> {
    pub(crate) fn new(socket: S) -> Self {
        LargeReads { socket, rest: None }
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }
}

impl<S> Drop for LargeReads<S> {
    fn drop(&mut self) {
        if let Some((buffer, _, _)) = self.rest.take() {
            give_back(buffer);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LargeReads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let (buffer, from, end) = match this.rest.take() {
            Some(rest) => rest,
            None => {
                let mut buffer = spare();
                let mut read = ReadBuf::new(&mut buffer);
                let polled = Pin::new(&mut this.socket).poll_read(context, &mut read);
                let count = read.filled().len();
                if !matches!(polled, Poll::Ready(Ok(()))) {
                    give_back(buffer);
                    return polled;
                }
                (buffer, 0, count)
            }
        };
        let now = to.remaining().min(end.saturating_sub(from));
        to.put_slice(buffer.get(from..from.saturating_add(now)).unwrap_or_default());
        match from.saturating_add(now) {
            next if next < end => this.rest = Some((buffer, next, end)),
            _ => give_back(buffer),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LargeReads<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
