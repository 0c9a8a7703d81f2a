//! The body of a request or an answer as it comes out of the tunnel.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

use super::Flow;
use crate::limits::TUNNEL_CREDIT_REPORT_BYTES;

/// What was handed on, until it is told to the other end; several bodies in one message.
#[derive(Default)]
pub(in crate::proxy) struct Reports {
    due: Mutex<Vec<(u32, u32)>>,
    some: Notify,
}

impl Reports {
    fn add(&self, stream: u32, bytes: u32) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).push((stream, bytes));
        self.some.notify_one();
    }

    /// Returns what is due, when there is something.
    pub(super) async fn due(&self) -> Vec<(u32, u32)> {
        loop {
            let due = std::mem::take(&mut *self.due.lock().unwrap_or_else(PoisonError::into_inner));
            if !due.is_empty() {
                return due;
            }
            self.some.notified().await;
        }
    }
}

/// A body that comes out of the tunnel.
///
/// `G` is kept until the body is over: it counts, or lets go of something.
pub(in crate::proxy) struct TunnelBody<G> {
    stream: RecvStream,
    flow: Arc<Flow>,
    unreported: u32,
    moved: Arc<AtomicU64>,
    has_data_ended: bool,
    guard: Option<G>,
}

impl<G> TunnelBody<G> {
    pub(in crate::proxy) fn new(
        stream: RecvStream,
        flow: Arc<Flow>,
        moved: Arc<AtomicU64>,
        guard: G,
    ) -> Self {
        TunnelBody { stream, flow, unreported: 0, moved, has_data_ended: false, guard: Some(guard) }
    }

    fn handed_on(&mut self, bytes: usize) {
        // HTTP/2's own window is given back at once; it is never what bounds us.
        let _ = self.stream.flow_control().release_capacity(bytes);
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
        self.unreported = self.unreported.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.unreported >= TUNNEL_CREDIT_REPORT_BYTES {
            self.flow.reports.add(self.stream.stream_id().as_u32(), std::mem::take(&mut self.unreported));
        }
    }
}

impl<G: Unpin> Body for TunnelBody<G> {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let this = &mut *self;
        while !this.has_data_ended {
            match ready!(this.stream.poll_data(context)) {
                Some(Ok(bytes)) if bytes.is_empty() && !this.stream.is_end_stream() => {}
                Some(Ok(bytes)) => {
                    this.handed_on(bytes.len());
                    if this.stream.is_end_stream() {
                        this.guard = None;
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Err(error)) => {
                    this.guard = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => this.has_data_ended = true,
            }
        }
        let trailers = ready!(this.stream.poll_trailers(context));
        this.guard = None;
        Poll::Ready(trailers.transpose().map(|result| result.map(Frame::trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.stream.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}
