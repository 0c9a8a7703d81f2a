//! The task of one connection: reads frames and hands them to their streams, writes what streams have to send.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncBufRead, AsyncWrite};

use super::frame::{self, Assembler};
use super::mux::{Mux, Output, Wakers};
use crate::limits::TUNNEL_BATCH_BYTES;

/// Room for what is copied of one batch; most fits.
const SMALL_BYTES: usize = 16 << 10;
/// Contents up to this are copied behind their head; longer ones are written from where they are.
const COPIED_BYTES: usize = 2 << 10;
/// Pieces of one write.
const PIECES: usize = 32;
/// Records of TLS that are read before others have their turn.
const READS: usize = 32;

/// Drives one connection to its end, and says why it ended.
pub(in crate::proxy) struct Drive<S> {
    stream: S,
    mux: Arc<Mux>,
    is_answering: bool,
    assembler: Assembler,
    pieces: VecDeque<Bytes>,
    bytes: usize,
    small: BytesMut,
    has_waited: bool,
    /// The last stream is over: our half of the connection is closed, and the other end's is waited for.
    is_closing: bool,
}

impl<S: AsyncBufRead + AsyncWrite + Unpin> Drive<S> {
    /// The end that opens streams.
    pub(in crate::proxy) fn asking(stream: S, mux: Arc<Mux>) -> Self {
        Self::new(stream, mux, false)
    }

    /// The end that answers them.
    pub(in crate::proxy) fn answering(stream: S, mux: Arc<Mux>) -> Self {
        Self::new(stream, mux, true)
    }

    fn new(stream: S, mux: Arc<Mux>, is_answering: bool) -> Self {
        Drive {
            stream,
            mux,
            is_answering,
            assembler: Assembler::default(),
            pieces: VecDeque::new(),
            bytes: 0,
            small: BytesMut::new(),
            has_waited: false,
            is_closing: false,
        }
    }

    /// Reads what is there; true where there may be more at once.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, String> {
        let mut wakers = Wakers::new();
        for _ in 0..READS {
            let stream = Pin::new(&mut self.stream);
            let mut bytes = match stream.poll_fill_buf(context) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok([])) if self.is_closing => return Err("it was told to stop".into()),
                Poll::Ready(Ok([])) => return Err("the other end closed the connection".into()),
                Poll::Ready(Ok(bytes)) => bytes,
                Poll::Ready(Err(error)) => return Err(error.to_string()),
            };
            let count = bytes.len();
            let mut received = Ok(());
            {
                let mut state = self.mux.state();
                while received.is_ok() {
                    received = match self.assembler.next(&mut bytes) {
                        Ok(Some(frame)) => state.receive(frame, self.is_answering, &self.mux, &mut wakers),
                        Ok(None) => break,
                        Err(cause) => Err(cause),
                    };
                }
            }
            wakers.drain(..).for_each(Waker::wake);
            received?;
            Pin::new(&mut self.stream).consume(count);
        }
        Ok(true)
    }

    /// Takes what streams have to send, as pieces.
    fn refill(&mut self) {
        let mut wakers = Wakers::new();
        if self.pieces.is_empty() {
            // The last batch has gone: its room is taken again.
            self.small.reserve(SMALL_BYTES);
        }
        let (pieces, small, bytes) = (&mut self.pieces, &mut self.small, &mut self.bytes);
        let take = |output| match output {
            Output::Bytes(content) => {
                *bytes = bytes.saturating_add(content.len());
                small.extend_from_slice(&content);
            }
            Output::Frame { kind, is_last, stream, content } => {
                *bytes = bytes.saturating_add(content.len()).saturating_add(frame::FRAME_HEAD_BYTES);
                frame::put_head(small, kind, is_last, stream, content.len());
                if content.len() <= COPIED_BYTES {
                    small.extend_from_slice(&content);
                } else {
                    pieces.push_back(small.split().freeze());
                    pieces.push_back(content);
                }
            }
        };
        self.mux.state().output(TUNNEL_BATCH_BYTES, take, &mut wakers);
        if !self.small.is_empty() {
            self.pieces.push_back(self.small.split().freeze());
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Writes until there is nothing more or the way is full.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.bytes < TUNNEL_BATCH_BYTES / 2 {
                self.refill();
            }
            if self.pieces.is_empty() {
                return Pin::new(&mut self.stream).poll_flush(context);
            }
            let mut slices = [IoSlice::new(&[]); PIECES];
            slices.iter_mut().zip(&self.pieces).for_each(|(slice, piece)| *slice = IoSlice::new(piece));
            let mut written =
                std::task::ready!(Pin::new(&mut self.stream).poll_write_vectored(context, &slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.bytes = self.bytes.saturating_sub(written);
            while let Some(first) = self.pieces.front_mut() {
                if written < first.len() {
                    first.advance(written);
                    break;
                }
                written -= first.len();
                self.pieces.pop_front();
            }
        }
    }
}

impl<S: AsyncBufRead + AsyncWrite + Unpin> Future for Drive<S> {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        let this = &mut *self;
        match this.read(context) {
            Ok(false) => {}
            Ok(true) => context.waker().wake_by_ref(),
            Err(cause) => return Poll::Ready(cause),
        }
        let is_first = {
            let mut state = this.mux.state();
            let is_first = state.has_output() && this.pieces.is_empty() && !this.has_waited;
            if !is_first {
                state.keep_driver(context);
            }
            is_first
        };
        if is_first {
            // Once around the other tasks and sockets that are ready now: what they have to send goes along.
            this.has_waited = true;
            if pin!(tokio::task::yield_now()).poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        this.has_waited = false;
        if !this.is_closing {
            match this.poll_write(context) {
                Poll::Ready(Err(error)) => return Poll::Ready(error.to_string()),
                // All has gone. The other end closes when it has read it: a socket that is dropped before loses what is
                // on its way.
                Poll::Ready(Ok(())) => this.is_closing = this.is_answering && this.mux.state().is_done(),
                Poll::Pending => {}
            }
        }
        match this.is_closing.then(|| Pin::new(&mut this.stream).poll_shutdown(context)) {
            Some(Poll::Ready(Err(error))) => Poll::Ready(error.to_string()),
            _ => Poll::Pending,
        }
    }
}

impl<S> Drop for Drive<S> {
    fn drop(&mut self) {
        self.mux.close();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    use http_body_util::{BodyExt, Full};
    use hyper::body::{Body, Frame};
    use hyper::http::uri::PathAndQuery;
    use hyper::{HeaderMap, Method, StatusCode};
    use tokio::io::{BufReader, DuplexStream, duplex};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::limits::TUNNEL_CREDIT_BYTES_MIN;
    use crate::proxy::tunnel::mux::{Broken, Reason};
    use crate::proxy::tunnel::receiving::{Asked, Incoming, TunnelBody, accept};
    use crate::proxy::tunnel::sending::{Outgoing, Unwanted, ask, send_body};

    struct Ends {
        asking: Arc<Mux>,
        answering: Arc<Mux>,
        drivers: [JoinHandle<String>; 2],
    }

    fn ends() -> Ends {
        ends_over(64 << 10)
    }

    /// Over a way that takes so many bytes at a time.
    fn ends_over(capacity: usize) -> Ends {
        let (near, far) = duplex(capacity);
        let stream = |end: DuplexStream| BufReader::with_capacity(16 << 10, end);
        let (asking, answering) = (Mux::new(), Mux::new());
        let drivers = [
            tokio::spawn(Drive::asking(stream(near), Arc::clone(&asking))),
            tokio::spawn(Drive::answering(stream(far), Arc::clone(&answering))),
        ];
        Ends { asking, answering, drivers }
    }

    fn get(ends: &Ends) -> Incoming {
        let path = PathAndQuery::from_static("/x");
        ask(&ends.asking, &Method::GET, &path, &HeaderMap::new(), false).unwrap().0
    }

    fn body(incoming: Incoming) -> TunnelBody<()> {
        TunnelBody::new(incoming, Arc::default(), ())
    }

    async fn answer(mut to: Outgoing, bytes: usize) {
        to.answer(StatusCode::OK, &HeaderMap::new(), false).unwrap();
        let _ = send_body(Full::new(Bytes::from(vec![b'x'; bytes])), to, &AtomicU64::new(0)).await;
    }

    #[tokio::test]
    async fn a_request_with_a_body_gets_its_answer_with_trailers() {
        let ends = ends();
        let path = PathAndQuery::from_static("/up?x=1");
        let (answer, sending) = ask(&ends.asking, &Method::POST, &path, &HeaderMap::new(), true).unwrap();
        let sent = Full::new(Bytes::from(vec![b'y'; 3 << 20]));
        let sender =
            tokio::spawn(async move { send_body(sent, sending.unwrap(), &AtomicU64::new(0)).await.is_ok() });
        let Asked { request, mut respond, .. } = accept(&ends.answering).await.unwrap();
        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/up"));
        let count = body(request.into_body()).collect().await.unwrap().to_bytes().len();
        respond.answer(StatusCode::CREATED, &HeaderMap::new(), false).unwrap();
        let trailers: HeaderMap = [("x-sum".parse().unwrap(), "1".parse().unwrap())].into_iter().collect();
        let frames = [Frame::data(Bytes::from(count.to_string())), Frame::trailers(trailers.clone())];
        send_body(Frames(frames.into()), respond, &AtomicU64::new(0)).await.unwrap();
        let answer = answer.answer().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let whole = body(answer.into_body()).collect().await.unwrap();
        assert_eq!(whole.trailers(), Some(&trailers));
        assert_eq!(whole.to_bytes(), (3 << 20).to_string());
        assert!(sender.await.unwrap());
    }

    /// A body of frames that are there already.
    struct Frames(VecDeque<Frame<Bytes>>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    #[tokio::test]
    async fn who_does_not_read_holds_nobody_up() {
        let ends = ends();
        let (stalled, reading) = (get(&ends), get(&ends));
        for _ in 0..2 {
            let respond = accept(&ends.answering).await.unwrap().respond;
            tokio::spawn(answer(respond, 8 << 20));
        }
        let stalled = stalled.answer().await.unwrap();
        let whole = body(reading.answer().await.unwrap().into_body()).collect().await.unwrap();
        assert_eq!(whole.to_bytes().len(), 8 << 20);
        let held = ends.answering.in_flight();
        assert!(held <= TUNNEL_CREDIT_BYTES_MIN, "{held}");
        // Gone, it holds nothing any more, and its sender ends.
        drop(stalled);
        while ends.answering.in_flight() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn what_is_refused_or_comes_after_goodbye_was_not_done() {
        let ends = ends();
        let (refused, broken) = (get(&ends), get(&ends));
        accept(&ends.answering).await.unwrap().respond.reset(Reason::Refused);
        drop(accept(&ends.answering).await.unwrap());
        assert_eq!(refused.answer().await.err(), Some(Broken::NotDone));
        assert_eq!(broken.answer().await.err(), Some(Broken::Reset));
        let served = get(&ends);
        let respond = accept(&ends.answering).await.unwrap().respond;
        ends.answering.go_away();
        // One that is on its way may cross the goodbye.
        let late = get(&ends);
        assert_eq!(late.answer().await.err(), Some(Broken::NotDone));
        let path = PathAndQuery::from_static("/x");
        assert!(ask(&ends.asking, &Method::GET, &path, &HeaderMap::new(), false).is_none());
        answer(respond, 10).await;
        assert_eq!(served.answer().await.unwrap().status(), StatusCode::OK);
        assert!(accept(&ends.answering).await.is_none());
    }

    #[tokio::test]
    async fn the_last_piece_of_the_last_stream_ends_the_connection_that_goes_away() {
        let ends = ends();
        let path = PathAndQuery::from_static("/x");
        let (answer, sending) = ask(&ends.asking, &Method::POST, &path, &HeaderMap::new(), true).unwrap();
        let Asked { request, mut respond, .. } = accept(&ends.answering).await.unwrap();
        ends.answering.go_away();
        respond.answer(StatusCode::OK, &HeaderMap::new(), true).unwrap();
        answer.answer().await.unwrap();
        // Nothing is left to send when this comes.
        sending.unwrap().data(Bytes::from_static(b"x"), true).unwrap();
        let answering = Arc::clone(&ends.answering);
        let waiting = tokio::spawn(async move { accept(&answering).await.is_none() });
        assert_eq!(body(request.into_body()).collect().await.unwrap().to_bytes(), "x");
        let told = tokio::time::timeout(Duration::from_secs(10), waiting).await;
        assert!(told.expect("somebody waits for ever").unwrap());
    }

    #[tokio::test]
    async fn who_goes_away_sends_all_of_the_last_answer_and_closes() {
        let ends = ends_over(100);
        let asked = get(&ends);
        let respond = accept(&ends.answering).await.unwrap().respond;
        ends.answering.go_away();
        // The credit is enough for all of it at once.
        answer(respond, 100_000).await;
        let [asking, answering] = ends.drivers;
        let received = tokio::spawn(async move {
            let answer = asked.answer().await.unwrap();
            body(answer.into_body()).collect().await.unwrap().to_bytes().len()
        });
        let ended = tokio::time::timeout(Duration::from_secs(10), answering).await;
        assert_eq!(ended.expect("it does not close").unwrap(), "it was told to stop");
        assert_eq!(received.await.unwrap(), 100_000);
        assert_eq!(asking.await.unwrap(), "the other end closed the connection");
    }

    #[tokio::test]
    async fn a_frame_that_is_too_long_ends_the_wait_of_those_before_it() {
        let (near, mut far) = duplex(64 << 10);
        let mux = Mux::new();
        let stream = BufReader::with_capacity(64 << 10, near);
        let driver = tokio::spawn(Drive::asking(stream, Arc::clone(&mux)));
        let path = PathAndQuery::from_static("/x");
        let asked = ask(&mux, &Method::GET, &path, &HeaderMap::new(), false).unwrap().0;
        let waits = tokio::spawn(asked.answer());
        let mut wire = BytesMut::new();
        frame::put(&mut wire, frame::DATA, false, 1, b"no head");
        frame::put_head(&mut wire, frame::DATA, false, 1, usize::MAX);
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::io::AsyncWriteExt::write_all(&mut far, &wire).await.unwrap();
        assert!(driver.await.unwrap().contains("a frame of kind 2 has"));
        let told = tokio::time::timeout(Duration::from_secs(10), waits).await;
        assert!(told.expect("it waits for ever").unwrap().is_err());
    }

    #[tokio::test]
    async fn messages_go_on_beyond_the_first_credit() {
        let ends = ends();
        let asked = get(&ends);
        let mut respond = accept(&ends.answering).await.unwrap().respond;
        respond.answer(StatusCode::OK, &HeaderMap::new(), false).unwrap();
        let bytes = 32 * TUNNEL_CREDIT_BYTES_MIN;
        tokio::spawn(async move {
            respond.send(Bytes::from(vec![b'x'; bytes])).await.unwrap();
            respond.data(Bytes::new(), true)
        });
        let mut incoming = asked.answer().await.unwrap().into_body();
        let count = async {
            let mut count = 0;
            while let Some(piece) = incoming.data().await.unwrap() {
                count += piece.len();
            }
            count
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), count).await, Ok(bytes));
    }

    #[tokio::test]
    async fn what_is_given_up_before_it_is_sent_is_never_sent() {
        let (near, far) = duplex(64 << 10);
        let (asking, answering) = (Mux::new(), Mux::new());
        let path = PathAndQuery::from_static("/x");
        let ask = |has_body| ask(&asking, &Method::POST, &path, &HeaderMap::new(), has_body).unwrap();
        // Its body breaks off: nobody will answer.
        let (broken, sending) = ask(true);
        let waits = tokio::spawn(broken.answer());
        tokio::task::yield_now().await;
        drop(sending);
        assert_eq!(waits.await.unwrap().err(), Some(Broken::NotDone));
        // Whoever asked has gone.
        drop(ask(false));
        let (gone, sending) = ask(true);
        drop(gone);
        assert_eq!(sending.unwrap().data(Bytes::from_static(b"x"), true), Err(Unwanted));
        let (served, _) = ask(false);
        let stream = |end: DuplexStream| BufReader::with_capacity(16 << 10, end);
        tokio::spawn(Drive::asking(stream(near), Arc::clone(&asking)));
        tokio::spawn(Drive::answering(stream(far), Arc::clone(&answering)));
        let mut respond = accept(&answering).await.unwrap().respond;
        respond.answer(StatusCode::OK, &HeaderMap::new(), true).unwrap();
        assert_eq!(served.answer().await.unwrap().status(), StatusCode::OK);
        answering.go_away();
        assert!(accept(&answering).await.is_none(), "only one request was sent");
    }

    #[tokio::test]
    async fn who_asks_and_goes_is_known_and_so_is_the_end_of_the_connection() {
        let ends = ends();
        let gone = get(&ends);
        let respond = accept(&ends.answering).await.unwrap().respond;
        drop(gone);
        std::future::poll_fn(|context| respond.poll_stopped(context)).await;
        let waiting = get(&ends);
        ends.drivers[1].abort();
        assert_eq!(waiting.answer().await.err(), Some(Broken::Gone));
        assert!(accept(&ends.answering).await.is_none());
        assert!(ends.asking.is_closed());
    }
}
