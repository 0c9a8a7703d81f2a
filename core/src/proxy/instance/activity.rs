//! When a connection last did something, so that one that does nothing, or too little, ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::options::InstanceLimits;

/// What one connection is at.
pub(super) struct Activity {
    opened: Instant,
    /// HTTP/2 reads frames of its own, which say nothing of requests; how long heads take is the library's business there.
    is_http2: bool,
    /// Requests that wait for an answer or whose answer is on its way.
    busy: AtomicU32,
    /// Request bodies that are still coming.
    receiving: AtomicU32,
    /// Milliseconds after `opened`, each with one added so that 0 means never.
    last_read: AtomicU64,
    last_write: AtomicU64,
    /// When the head of a request began to come.
    head: AtomicU64,
    /// When an answer was last being written and did not go out at once.
    write_blocked: AtomicU64,
    /// Answers of HTTP/2 of which a piece was taken for the client, and no further one asked for.
    untaken: AtomicU32,
    /// When the last of these pieces was taken.
    last_taken: AtomicU64,
    /// A request body was given up before its end: the client may still be sending it.
    gave_up_body: AtomicBool,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may go on; look again after this time.
    Wait(Duration),
    /// Nothing was asked for too long.
    Idle,
    /// A request comes too slowly, or an answer is not read.
    Stalled,
}

impl Activity {
    pub(super) fn new(is_http2: bool) -> Arc<Self> {
        Arc::new(Activity {
            opened: Instant::now(),
            is_http2,
            busy: AtomicU32::new(0),
            receiving: AtomicU32::new(0),
            last_read: AtomicU64::new(1),
            last_write: AtomicU64::new(1),
            head: AtomicU64::new(0),
            write_blocked: AtomicU64::new(0),
            untaken: AtomicU32::new(0),
            last_taken: AtomicU64::new(0),
            gave_up_body: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// A request has come; it is over when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
        self.received();
        Busy(Arc::clone(self))
    }

    /// A part of a request has come.
    pub(super) fn received(&self) {
        self.last_read.store(self.now(), Ordering::Relaxed);
    }

    /// The rest of a request body is not wanted.
    pub(super) fn give_up_body(&self) {
        self.gave_up_body.store(true, Ordering::Relaxed);
    }

    /// True where a client may still be sending what nobody reads.
    pub(super) fn gave_up_body(&self) -> bool {
        self.gave_up_body.load(Ordering::Relaxed)
    }

    /// For an answer of HTTP/2, whose windows the socket does not show.
    pub(super) fn taking(self: &Arc<Self>) -> Option<Taking> {
        self.is_http2.then(|| Taking { activity: Arc::clone(self), is_untaken: false })
    }

    /// A request body is coming until what is returned is dropped.
    pub(super) fn receiving(self: &Arc<Self>) -> Receiving {
        self.receiving.fetch_add(1, Ordering::Relaxed);
        self.received();
        Receiving(Arc::clone(self))
    }

    /// Bytes have come.
    fn read(&self) {
        if self.is_http2 {
            return;
        }
        let now = self.now();
        self.last_read.store(now, Ordering::Relaxed);
        if self.busy.load(Ordering::Relaxed) == 0 && self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(now, Ordering::Relaxed);
        }
    }

    /// True where nothing was asked or is on its way, and that for at least this time.
    pub(super) fn is_quiet(&self, time: Duration) -> bool {
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let is_open = self.busy.load(Ordering::Relaxed) > 0 || self.receiving.load(Ordering::Relaxed) > 0;
        let last = load(&self.last_read).max(load(&self.last_write));
        let since = Duration::from_millis(self.now().saturating_sub(last));
        // Timers are a little early or late.
        let is_long = since.saturating_add(Duration::from_millis(50)) >= time;
        !is_open && load(&self.head) == 0 && load(&self.write_blocked) == 0 && is_long
    }

    /// Whether the connection may go on.
    pub(super) fn judge(&self, limits: &InstanceLimits) -> Verdict {
        let now = self.now();
        let rest = |since: u64, limit: Duration| {
            limit.checked_sub(Duration::from_millis(now.saturating_sub(since))).filter(|rest| !rest.is_zero())
        };
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let blocked = load(&self.write_blocked);
        let mut wait = limits.idle;
        if blocked != 0 {
            match rest(blocked, limits.stall) {
                Some(rest) => wait = wait.min(rest),
                None => return Verdict::Stalled,
            }
        }
        if self.untaken.load(Ordering::Relaxed) > 0 {
            match rest(load(&self.last_taken), limits.stall) {
                Some(rest) => wait = wait.min(rest),
                None => return Verdict::Stalled,
            }
        }
        if self.receiving.load(Ordering::Relaxed) > 0 {
            match rest(load(&self.last_read), limits.stall) {
                Some(rest) => wait = wait.min(rest),
                None => return Verdict::Stalled,
            }
        }
        if self.busy.load(Ordering::Relaxed) > 0 {
            return Verdict::Wait(wait.min(limits.stall));
        }
        let head = load(&self.head);
        if head != 0 {
            match rest(head, limits.head) {
                Some(rest) => wait = wait.min(rest),
                None => return Verdict::Stalled,
            }
        }
        match rest(load(&self.last_read).max(load(&self.last_write)), limits.idle) {
            // A head may begin at any moment; the timer is not worth a wake-up for each.
            Some(rest) => Verdict::Wait(wait.min(rest).min(limits.head)),
            None if head == 0 => Verdict::Idle,
            None => Verdict::Stalled,
        }
    }
}

/// A request that is being served.
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.last_write.store(self.0.now(), Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request body that is coming.
pub(super) struct Receiving(Arc<Activity>);

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.receiving.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a client takes the pieces of one answer. One that takes those of another answer is not stalled.
pub(super) struct Taking {
    activity: Arc<Activity>,
    is_untaken: bool,
}

impl Taking {
    /// The answer was asked for its next piece, and there was one or not.
    pub(super) fn asked(&mut self, has_piece: bool) {
        if has_piece {
            self.activity.last_taken.store(self.activity.now(), Ordering::Relaxed);
        }
        match (std::mem::replace(&mut self.is_untaken, has_piece), has_piece) {
            (false, true) => drop(self.activity.untaken.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.activity.untaken.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.asked(false);
    }
}

/// A stream whose reads and writes are noticed.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) activity: Arc<Activity>,
    /// What was read before, and comes first.
    pub(super) ahead: Bytes,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = if self.ahead.is_empty() {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        } else {
            let count = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(count));
            Poll::Ready(Ok(()))
        };
        if polled.is_ready() && buffer.filled().len() > before {
            self.activity.read();
        }
        polled
    }
}

impl<S: Unpin> Watched<S> {
    fn wrote(&self, polled: &Poll<io::Result<usize>>) {
        let blocked = &self.activity.write_blocked;
        match polled {
            Poll::Ready(_) => blocked.store(0, Ordering::Relaxed),
            Poll::Pending if blocked.load(Ordering::Relaxed) == 0 => {
                blocked.store(self.activity.now(), Ordering::Relaxed);
            }
            Poll::Pending => {}
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        if polled.is_ready() {
            self.activity.write_blocked.store(0, Ordering::Relaxed);
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
