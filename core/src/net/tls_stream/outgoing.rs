//! Sealed records on their way to a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// Records of one write.
const PIECES: usize = 8;

/// Sealed records on their way to a socket.
#[derive(Default)]
pub(super) struct Outgoing {
    records: VecDeque<Vec<u8>>,
    /// Bytes of the first one that have gone.
    gone: usize,
    bytes: usize,
}

impl Outgoing {
    pub(super) fn push(&mut self, record: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(record.len());
        self.records.push_back(record);
    }

    /// Bytes that have not gone.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes until all has gone or the way is full.
    pub(super) fn poll_send(
        &mut self,
        mut socket: Pin<&mut impl AsyncWrite>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.bytes > 0 {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let mut skipped = self.gone;
            for (slice, record) in slices.iter_mut().zip(&self.records) {
                *slice = IoSlice::new(record.get(skipped..).unwrap_or_default());
                skipped = 0;
            }
            let count = self.records.len().min(PIECES);
            let polled = match slices.get(..count).unwrap_or_default() {
                // The system sends one piece with less ado than a list of one.
                [piece] => socket.as_mut().poll_write(context, piece),
                slices => socket.as_mut().poll_write_vectored(context, slices),
            };
            let mut written = ready!(polled)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.bytes = self.bytes.saturating_sub(written);
            while let Some(first) = self.records.front() {
                let rest = first.len().saturating_sub(self.gone);
                if written < rest {
                    self.gone = self.gone.saturating_add(written);
                    break;
                }
                written = written.saturating_sub(rest);
                self.gone = 0;
                self.records.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}
