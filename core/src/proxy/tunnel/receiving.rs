//! What comes out of the tunnel: requests, answers, and their bodies.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Request, Response};

use super::head;
use super::mux::{Broken, Item, Mux};
use super::sending::Outgoing;
use crate::limits::TUNNEL_CREDIT_REPORT_BYTES;

/// What comes in on one stream; dropped before its end, the other end is told to stop.
pub(in crate::proxy) struct Incoming {
    mux: Arc<Mux>,
    stream: u64,
    is_over: bool,
    unreported: u32,
}

impl Incoming {
    pub(super) fn new(mux: Arc<Mux>, stream: u64, is_over: bool) -> Self {
        Incoming { mux, stream, is_over, unreported: 0 }
    }

    /// True where nothing more comes, which is known with the last piece.
    pub(in crate::proxy) fn is_over(&self) -> bool {
        self.is_over
    }

    fn poll_item(&mut self, context: &Context<'_>) -> Poll<Result<Option<Item>, Broken>> {
        if self.is_over {
            return Poll::Ready(Ok(None));
        }
        let mut state = self.mux.state();
        let polled = ready!(state.poll_item(self.stream, context));
        // The last piece may have been the last of the connection.
        let waiting = [state.acceptor_at_end(), state.driver_at_end()];
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
        self.is_over = !matches!(polled, Ok(Some((_, false))));
        Poll::Ready(polled.map(|item| item.map(|(item, _)| item)))
    }

    /// So many bytes were handed on: now and then the other end is told, which may then send more.
    fn handed_on(&mut self, bytes: usize) {
        if self.is_over {
            return;
        }
        self.unreported = self.unreported.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.unreported >= TUNNEL_CREDIT_REPORT_BYTES {
            let bytes = std::mem::take(&mut self.unreported);
            self.mux.change(|state| state.report(self.stream, bytes));
        }
    }

    /// The next piece of a stream without trailers; nothing at its end.
    pub(super) async fn data(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            match poll_fn(|context| self.poll_item(context)).await? {
                Some(Item::Data(bytes)) => {
                    self.handed_on(bytes.len());
                    return Ok(Some(bytes));
                }
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The head of the answer; what comes then is its body.
    pub(in crate::proxy) async fn answer(mut self) -> Result<Response<Incoming>, Broken> {
        match poll_fn(|context| self.poll_item(context)).await? {
            Some(Item::Head(bytes)) => match head::answer(bytes) {
                Some(head) => Ok(head.map(|()| self)),
                None => Err(Broken::Reset),
            },
            _ => Err(Broken::Reset),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_over {
            self.mux.change(|state| state.stop(self.stream));
        }
    }
}

/// The head of a request as it came: to be read again where it is sent a second time.
pub(in crate::proxy) struct RequestHead(Bytes);

impl RequestHead {
    pub(in crate::proxy) fn read(&self) -> Option<Request<()>> {
        head::request(self.0.clone())
    }
}

/// A request of the other end.
pub(in crate::proxy) struct Asked {
    pub(in crate::proxy) request: Request<Incoming>,
    pub(in crate::proxy) head: RequestHead,
    pub(in crate::proxy) respond: Outgoing,
}

/// The next request of the other end; nothing when there will be none any more.
pub(in crate::proxy) async fn accept(mux: &Arc<Mux>) -> Option<Asked> {
    loop {
        let (stream, bytes, is_last) = poll_fn(|context| mux.state().poll_accept(context)).await?;
        let incoming = Incoming::new(Arc::clone(mux), stream, is_last);
        let respond = Outgoing::new(Arc::clone(mux), stream);
        let head = RequestHead(bytes);
        // Both give the stream up when dropped.
        if let Some(request) = head.read() {
            return Some(Asked { request: request.map(|()| incoming), head, respond });
        }
    }
}

/// A body that comes out of the tunnel.
///
/// `G` is kept until the body is over: it counts, or lets go of something.
pub(in crate::proxy) struct TunnelBody<G> {
    incoming: Incoming,
    moved: Arc<AtomicU64>,
    guard: Option<G>,
}

impl<G> TunnelBody<G> {
    pub(in crate::proxy) fn new(incoming: Incoming, moved: Arc<AtomicU64>, guard: G) -> Self {
        TunnelBody { incoming, moved, guard: Some(guard) }
    }
}

impl<G: Unpin> Body for TunnelBody<G> {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let frame = loop {
            match ready!(this.incoming.poll_item(context)) {
                Ok(Some(Item::Data(bytes))) if bytes.is_empty() && !this.incoming.is_over => {}
                Ok(Some(Item::Data(bytes))) => {
                    this.incoming.handed_on(bytes.len());
                    this.moved.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    break Some(Ok(Frame::data(bytes)));
                }
                Ok(Some(Item::Trailers(bytes))) => {
                    break Some(head::trailers(bytes).map(Frame::trailers).ok_or(Broken::Reset));
                }
                Ok(Some(Item::Head(_))) => break Some(Err(Broken::Reset)),
                Ok(None) => break None,
                Err(broken) => break Some(Err(broken)),
            }
        };
        if this.incoming.is_over {
            this.guard = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_over
    }

    fn size_hint(&self) -> SizeHint {
        if self.incoming.is_over { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}
