//! The body of a request or an answer as it goes into the tunnel.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use bytes::Bytes;
use h2::{Reason, SendStream};
use hyper::body::{Body, Frame};

use super::Flow;
use super::credit::Borrowed;
use crate::limits::TUNNEL_CREDIT_REPORT_BYTES;

/// Why a body did not go through to its end.
#[derive(Debug)]
pub(in crate::proxy) enum SendFailure {
    /// The other end does not want it any more, or the connection is gone.
    Cancelled,
    /// Where it came from broke off.
    Source(Box<dyn StdError + Send + Sync>),
}

impl From<h2::Error> for SendFailure {
    fn from(_: h2::Error) -> Self {
        SendFailure::Cancelled
    }
}

/// Sends a body to its end, trailers too; where its source breaks off, the stream is reset so that the other end
/// cannot take a part for the whole.
pub(in crate::proxy) async fn send_body<B>(
    body: B,
    mut stream: SendStream<Bytes>,
    flow: &Arc<Flow>,
    moved: &AtomicU64,
) -> Result<(), SendFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let result = send_frames(body, &mut stream, flow, moved).await;
    if let Err(SendFailure::Source(_)) = result {
        stream.send_reset(Reason::INTERNAL_ERROR);
    }
    result
}

async fn send_frames<B>(
    mut body: B,
    stream: &mut SendStream<Bytes>,
    flow: &Arc<Flow>,
    moved: &AtomicU64,
) -> Result<(), SendFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    // A small body is over before its receiver would report about it.
    let is_small =
        body.size_hint().upper().is_some_and(|bytes| bytes <= u64::from(TUNNEL_CREDIT_REPORT_BYTES));
    let credit = if is_small { None } else { Some(Borrowed::new(flow, stream.stream_id().as_u32())) };
    loop {
        let Some(frame) = next_frame(&mut body, stream).await? else {
            stream.send_data(Bytes::new(), true)?;
            return Ok(());
        };
        let frame = match frame.into_data() {
            Ok(bytes) => {
                moved.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                let is_last = body.is_end_stream();
                send_data(bytes, is_last, stream, credit.as_ref()).await?;
                if is_last {
                    return Ok(());
                }
                continue;
            }
            Err(frame) => frame,
        };
        if let Ok(trailers) = frame.into_trailers() {
            stream.send_trailers(trailers)?;
            return Ok(());
        }
    }
}

/// The next piece, unless the other end cancels first.
async fn next_frame<B>(
    body: &mut B,
    stream: &mut SendStream<Bytes>,
) -> Result<Option<Frame<Bytes>>, SendFailure>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    poll_fn(|context| {
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            return Poll::Ready(frame.transpose().map_err(|error| SendFailure::Source(error.into())));
        }
        match stream.poll_reset(context) {
            Poll::Ready(_) => Poll::Ready(Err(SendFailure::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn send_data(
    mut bytes: Bytes,
    is_last: bool,
    stream: &mut SendStream<Bytes>,
    credit: Option<&Borrowed>,
) -> Result<(), SendFailure> {
    let Some(credit) = credit else { return Ok(stream.send_data(bytes, is_last)?) };
    while !bytes.is_empty() {
        match credit.take(bytes.len()) {
            // The connection is gone.
            Some(0) => return Err(SendFailure::Cancelled),
            Some(given) => {
                let piece = bytes.split_to(given);
                stream.send_data(piece, is_last && bytes.is_empty())?;
            }
            None => tokio::select! {
                () = credit.more() => {}
                _ = poll_fn(|context| stream.poll_reset(context)) => return Err(SendFailure::Cancelled),
            },
        }
    }
    Ok(())
}
