//! What was read of a socket: content that is open, then records that are still sealed.
//!
//! A buffer belongs to the thread as long as it is empty, so that idle connections hold none.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::{ContentType, Error};
use tokio::io::{AsyncRead, ReadBuf};

use super::records::{Opener, RECORD_BYTES_MAX, RECORD_HEAD_BYTES};
use crate::limits::{SOCKET_READ_BYTES, TLS_HANDSHAKE_BYTES_MAX};

/// Buffers that a thread keeps for the next socket.
const KEPT: usize = 8;

/// The begin of a record up to this is copied with each piece that comes; a longer one gets room for all of its record.
const SMALL: usize = 1 << 10;

const _: () = assert!(SOCKET_READ_BYTES >= RECORD_HEAD_BYTES + RECORD_BYTES_MAX);
const _: () = assert!(SOCKET_READ_BYTES >= TLS_HANDSHAKE_BYTES_MAX);

thread_local! {
    static SPARE: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

fn spare() -> Box<[u8]> {
    // Where the thread is about to end, there is none.
    let kept = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    kept.unwrap_or_else(|| vec![0; SOCKET_READ_BYTES].into_boxed_slice())
}

fn give_back(buffer: Box<[u8]>) {
    if buffer.len() < SOCKET_READ_BYTES {
        return;
    }
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(buffer);
        }
    });
}

/// What was read of a socket.
#[derive(Default)]
pub(super) struct Incoming {
    buffer: Option<Box<[u8]>>,
    /// Content that nobody has taken yet.
    open: Range<usize>,
    /// Behind it, what has not been opened.
    sealed: Range<usize>,
}

impl Incoming {
    /// Begins with what came right behind the handshake.
    pub(super) fn new(rest: &[u8]) -> Self {
        let mut incoming = Incoming::default();
        if !rest.is_empty() {
            let mut buffer = spare();
            if let Some(place) = buffer.get_mut(..rest.len()) {
                place.copy_from_slice(rest);
                incoming.sealed = 0..rest.len();
            }
            incoming.buffer = Some(buffer);
        }
        incoming
    }

    /// Content that is open.
    pub(super) fn content(&self) -> &[u8] {
        self.part(self.open.clone())
    }

    pub(super) fn part(&self, range: Range<usize>) -> &[u8] {
        self.buffer.as_deref().and_then(|buffer| buffer.get(range)).unwrap_or_default()
    }

    /// So much of the content was taken.
    pub(super) fn consume(&mut self, count: usize) {
        self.open.start = self.open.start.saturating_add(count).min(self.open.end);
        self.let_go();
    }

    /// This is content.
    pub(super) fn offer(&mut self, content: Range<usize>) {
        self.open = content;
    }

    /// Gives the buffer back where nothing is in it.
    fn let_go(&mut self) {
        if self.open.is_empty()
            && self.sealed.is_empty()
            && let Some(buffer) = self.buffer.take()
        {
            give_back(buffer);
            (self.open, self.sealed) = (0..0, 0..0);
        }
    }

    /// Opens the next whole record; nothing where there is none yet.
    pub(super) fn open_next(
        &mut self,
        opener: &mut Opener,
    ) -> Result<Option<(ContentType, Range<usize>)>, Error> {
        let sealed = self.part(self.sealed.clone());
        let Some(head) = sealed.first_chunk::<RECORD_HEAD_BYTES>().copied() else { return Ok(None) };
        let [.., high, low] = head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > RECORD_BYTES_MAX {
            return Err(Error::PeerSentOversizedRecord);
        }
        let from = self.sealed.start.saturating_add(RECORD_HEAD_BYTES);
        let to = from.saturating_add(length);
        if to > self.sealed.end {
            return Ok(None);
        }
        let buffer = self.buffer.as_deref_mut();
        let record = buffer.and_then(|buffer| buffer.get_mut(from..to)).unwrap_or_default();
        let (typ, place) = opener.open(head, record)?;
        self.sealed.start = to;
        Ok(Some((typ, from.saturating_add(place.start)..from.saturating_add(place.end))))
    }

    /// Reads what is there, behind what is not open yet; no content may be left. Tells how much, 0 at the end.
    pub(super) fn poll_fill(
        &mut self,
        socket: Pin<&mut impl AsyncRead>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let held = self.sealed.len();
        let mut buffer = match self.buffer.take() {
            Some(buffer) if buffer.len() == SOCKET_READ_BYTES || held < buffer.len() => buffer,
            full => {
                let sealed = std::mem::replace(&mut self.sealed, 0..held);
                moved(full.as_deref(), sealed, spare())
            }
        };
        if self.sealed.start > 0 {
            buffer.copy_within(self.sealed.clone(), 0);
        }
        (self.open, self.sealed) = (0..0, 0..held);
        let mut read = ReadBuf::new(buffer.get_mut(held..).unwrap_or_default());
        let polled = socket.poll_read(context, &mut read);
        let count = read.filled().len();
        self.sealed.end = held.saturating_add(count);
        if polled.is_pending() && held > 0 && buffer.len() == SOCKET_READ_BYTES {
            // It waits in a place of its own, where the rest is read: who sends little, or slowly, holds little.
            let size = if held <= SMALL { held } else { record_bytes(&buffer).max(held) };
            self.buffer = Some(moved(Some(&*buffer), 0..held, vec![0; size].into_boxed_slice()));
            give_back(buffer);
        } else {
            self.buffer = Some(buffer);
            self.let_go();
        }
        ready!(polled)?;
        Poll::Ready(Ok(count))
    }
}

/// Takes a part of a buffer to the begin of another one.
fn moved(from: Option<&[u8]>, part: Range<usize>, mut to: Box<[u8]>) -> Box<[u8]> {
    let part = from.and_then(|from| from.get(part)).unwrap_or_default();
    if let Some(place) = to.get_mut(..part.len()) {
        place.copy_from_slice(part);
    }
    to
}

/// How long the record is that begins here.
fn record_bytes(begin: &[u8]) -> usize {
    let [.., high, low] = begin.first_chunk::<RECORD_HEAD_BYTES>().copied().unwrap_or_default();
    RECORD_HEAD_BYTES.saturating_add(usize::from(u16::from_be_bytes([high, low])))
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.buffer.take().into_iter().for_each(give_back);
    }
}
