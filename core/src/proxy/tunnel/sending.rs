//! What goes into the tunnel: requests, answers, and their bodies.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::header::HeaderMap;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, StatusCode};

use super::frame::{DATA, HEAD, TRAILERS};
use super::head;
use super::mux::{Mux, Reason};
use super::receiving::Incoming;
use crate::limits::{TUNNEL_CREDIT_REPORT_BYTES, TUNNEL_FRAME_BYTES_MAX};

/// The other end does not want it any more, or the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) struct Unwanted;

/// Our direction of one stream; dropped before its end, the other end is told that it broke off.
pub(in crate::proxy) struct Outgoing {
    mux: Arc<Mux>,
    stream: u64,
    is_over: bool,
}

impl Outgoing {
    pub(super) fn new(mux: Arc<Mux>, stream: u64) -> Self {
        Outgoing { mux, stream, is_over: false }
    }

    fn push(&mut self, kind: u8, is_last: bool, content: Bytes) -> Result<(), Unwanted> {
        self.is_over |= is_last;
        let stream = self.stream;
        match self.mux.change(|state| state.push(stream, kind, is_last, content)) {
            true => Ok(()),
            false => Err(Unwanted),
        }
    }

    /// The head of an answer.
    pub(in crate::proxy) fn answer(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        is_last: bool,
    ) -> Result<(), Unwanted> {
        self.push(HEAD, is_last, head::of_answer(status, headers))
    }

    /// A part of a body, however large.
    pub(super) fn data(&mut self, mut bytes: Bytes, is_last: bool) -> Result<(), Unwanted> {
        while bytes.len() > TUNNEL_FRAME_BYTES_MAX {
            self.push(DATA, false, bytes.split_to(TUNNEL_FRAME_BYTES_MAX))?;
        }
        self.push(DATA, is_last, bytes)
    }

    /// A part of a body with credit for it.
    pub(super) async fn send(&mut self, mut bytes: Bytes) -> Result<(), Unwanted> {
        while !bytes.is_empty() {
            let given = self.credit(bytes.len().min(TUNNEL_FRAME_BYTES_MAX)).await?;
            self.data(bytes.split_to(given), false)?;
        }
        Ok(())
    }

    fn trailers(&mut self, headers: &HeaderMap) -> Result<(), Unwanted> {
        self.push(TRAILERS, true, head::of_trailers(headers))
    }

    /// Gives it up.
    pub(in crate::proxy) fn reset(&mut self, reason: Reason) {
        if !std::mem::replace(&mut self.is_over, true) {
            let waiting = self.mux.change(|state| state.reset(self.stream, reason));
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Ready when the other end wants no more.
    pub(in crate::proxy) fn poll_stopped(&self, context: &Context<'_>) -> Poll<()> {
        self.mux.state().poll_stopped(self.stream, context)
    }

    async fn credit(&self, wanted: usize) -> Result<usize, Unwanted> {
        let round_trip = self.mux.round_trip.get();
        let given =
            poll_fn(|context| self.mux.state().poll_credit(self.stream, wanted, round_trip, context)).await;
        given.ok_or(Unwanted)
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.reset(Reason::Broken);
    }
}

/// Opens a stream with a request; nothing where the connection takes none. Without a body there is nothing to send on
/// it any more.
pub(in crate::proxy) fn ask(
    mux: &Arc<Mux>,
    method: &Method,
    path: &PathAndQuery,
    headers: &HeaderMap,
    has_body: bool,
) -> Option<(Incoming, Option<Outgoing>)> {
    let head = head::of_request(method, path, headers);
    let stream = mux.change(|state| state.open(head, !has_body))?;
    let outgoing = has_body.then(|| Outgoing::new(Arc::clone(mux), stream));
    Some((Incoming::new(Arc::clone(mux), stream, false), outgoing))
}

/// Why a body did not go through to its end.
#[derive(Debug)]
pub(in crate::proxy) enum SendFailure {
    /// The other end does not want it any more, or the connection is gone.
    Unwanted,
    /// Where it came from broke off.
    Source(Box<dyn StdError + Send + Sync>),
}

impl From<Unwanted> for SendFailure {
    fn from(_: Unwanted) -> Self {
        SendFailure::Unwanted
    }
}

/// Sends a body to its end, trailers too; where its source breaks off, so does the stream, so that the other end
/// cannot take a part for the whole.
pub(in crate::proxy) async fn send_body<B>(
    mut body: B,
    mut stream: Outgoing,
    moved: &AtomicU64,
) -> Result<(), SendFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    // A small body is over before its receiver would report about it.
    let is_small =
        body.size_hint().upper().is_some_and(|bytes| bytes <= u64::from(TUNNEL_CREDIT_REPORT_BYTES));
    loop {
        let Some(frame) = next_frame(&mut body, &stream).await? else {
            return Ok(stream.data(Bytes::new(), true)?);
        };
        let frame = match frame.into_data() {
            Ok(mut bytes) => {
                moved.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                let is_last = body.is_end_stream();
                while !is_small && !bytes.is_empty() {
                    let given = stream.credit(bytes.len().min(TUNNEL_FRAME_BYTES_MAX)).await?;
                    let piece = bytes.split_to(given);
                    stream.data(piece, is_last && bytes.is_empty())?;
                }
                if !bytes.is_empty() || (is_last && !stream.is_over) {
                    stream.data(bytes, is_last)?;
                }
                if is_last {
                    return Ok(());
                }
                continue;
            }
            Err(frame) => frame,
        };
        if let Ok(trailers) = frame.into_trailers() {
            return Ok(stream.trailers(&trailers)?);
        }
    }
}

/// The next piece, unless the other end wants no more first.
async fn next_frame<B>(body: &mut B, stream: &Outgoing) -> Result<Option<Frame<Bytes>>, SendFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    poll_fn(|context| {
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            return Poll::Ready(frame.transpose().map_err(|error| SendFailure::Source(error.into())));
        }
        stream.poll_stopped(context).map(|()| Err(SendFailure::Unwanted))
    })
    .await
}
