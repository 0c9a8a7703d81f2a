//! Many streams on one connection: what both ends keep of them, and the order in which they send.
//!
//! There is no window for the connection as a whole: what a stream may have in flight is its own credit, so that one
//! whose receiver stops takes nothing from the others. Streams that have something to send take turns.

mod frames;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::credit::{Credit, Room};
use super::frame::{self, CREDIT, GO_AWAY, HEAD, PING, RESET, STOP};
use super::liveness::RoundTrip;
use crate::limits::{TUNNEL_FRAME_BYTES_MAX, TUNNEL_STREAMS_MAX};

/// What is sent of one stream before another one has its turn.
const TURN_BYTES: usize = TUNNEL_FRAME_BYTES_MAX;

/// Why a stream has no more to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Broken {
    /// The other end has not begun with it, and will not.
    NotDone,
    /// The other end gave it up.
    Reset,
    /// The connection is gone.
    Gone,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Broken::NotDone => "the other end of the tunnel does not serve it",
            Broken::Reset => "the other end of the tunnel gave it up",
            Broken::Gone => "the connection of the tunnel is gone",
        })
    }
}

impl std::error::Error for Broken {}

/// Why an end gives its direction of a stream up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Reason {
    /// Nothing was done.
    Refused = 1,
    /// It broke off.
    Broken = 2,
}

/// What comes out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Head(Bytes),
    Data(Bytes),
    Trailers(Bytes),
}

/// One connection of a tunnel.
#[derive(Default)]
pub(in crate::proxy) struct Mux {
    state: Mutex<State>,
    /// An answer to a ping has come.
    pub(super) pong: Notify,
    /// How far away the other end is.
    pub(super) round_trip: RoundTrip,
}

#[derive(Default)]
pub(super) struct State {
    slots: HashMap<u64, Slot, BuildHasherDefault<NumberHasher>>,
    /// Streams with something to send, each once.
    turns: VecDeque<u64>,
    /// Small frames that go before all others.
    urgent: BytesMut,
    /// The last stream that was opened, by either end.
    last: u64,
    /// Streams after this one are not served.
    going_away: Option<u64>,
    is_closed: bool,
    /// What is in flight beyond the least of each body.
    excess: usize,
    driver: Option<Waker>,
    /// Whoever answers streams: those that arrived, and who waits for them.
    arrived: VecDeque<u64>,
    acceptor: Option<Waker>,
}

#[derive(Default)]
struct Slot {
    /// The other end knows of the stream: its first frame has come or gone.
    is_known: bool,
    out: VecDeque<(u8, bool, Bytes)>,
    has_turn: bool,
    /// Nothing more goes out: all of it went, or it was given up.
    has_sent: bool,
    is_stopped: bool,
    credit: Option<Box<Credit>>,
    sender: Option<Waker>,
    items: VecDeque<Item>,
    item_bytes: usize,
    has_ended: bool,
    broken: Option<Broken>,
    /// Nothing more is taken in.
    has_received: bool,
    receiver: Option<Waker>,
}

/// Wakers to be called once the lock is free.
pub(super) type Wakers = Vec<Waker>;

/// Numbers of streams are all different and no one's choice.
#[derive(Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Mux {
    pub(in crate::proxy) fn new() -> Arc<Self> {
        Arc::new(Mux::default())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something that the other end is to be told; whoever waits for the end is told where this was the last.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state);
        let waiting = [state.driver.take(), state.acceptor_at_end()];
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
        result
    }

    /// No more streams, please: those that are there are served to their end.
    pub(in crate::proxy) fn go_away(&self) {
        self.change(|state| {
            let last = state.last;
            state.going_away = Some(last);
            frame::put(&mut state.urgent, GO_AWAY, true, 0, &last.to_be_bytes());
        });
    }

    /// The connection is gone: whoever waits is told.
    pub(in crate::proxy) fn close(&self) {
        let mut wakers = Wakers::new();
        let mut state = self.state();
        state.is_closed = true;
        for slot in state.slots.values_mut() {
            if !slot.has_ended {
                // What has come whole can still be taken.
                slot.broken.get_or_insert(Broken::Gone);
            }
            slot.is_stopped = true;
            slot.out.clear();
            wakers.extend(slot.sender.take());
            wakers.extend(slot.receiver.take());
        }
        wakers.extend(state.acceptor.take());
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        self.pong.notify_one();
    }

    pub(super) fn send_ping(&self) {
        self.change(|state| frame::put(&mut state.urgent, PING, true, 0, &[]));
    }

    /// Bytes that were sent and not yet handed on.
    #[cfg(test)]
    pub(super) fn in_flight(&self) -> usize {
        let state = self.state();
        state.slots.values().filter_map(|slot| slot.credit.as_ref()).map(|credit| credit.in_flight()).sum()
    }

    /// Streams that are not over, and what is in flight beyond the least of each, as it is reckoned all along.
    #[cfg(test)]
    pub(super) fn left(&self) -> (usize, usize) {
        let state = self.state();
        let credits = state.slots.values().filter_map(|slot| slot.credit.as_ref());
        assert_eq!(state.excess, credits.map(|credit| credit.excess()).sum::<usize>());
        (state.slots.len(), state.excess)
    }

    #[cfg(test)]
    pub(super) fn is_closed(&self) -> bool {
        self.state().is_closed
    }
}

/// What an end does with its streams.
impl State {
    /// Opens a stream; nothing where none can be opened.
    pub(super) fn open(&mut self, head: Bytes, is_last: bool) -> Option<u64> {
        if self.is_closed || self.going_away.is_some() || self.slots.len() >= TUNNEL_STREAMS_MAX {
            return None;
        }
        self.last = self.last.wrapping_add(1);
        self.slots.insert(self.last, Slot::default());
        self.push(self.last, HEAD, is_last, head);
        Some(self.last)
    }

    /// Queues a frame of a stream; false where nobody wants it any more.
    pub(super) fn push(&mut self, stream: u64, kind: u8, is_last: bool, content: Bytes) -> bool {
        let Some(slot) = self.slots.get_mut(&stream).filter(|slot| !slot.is_stopped) else { return false };
        slot.out.push_back((kind, is_last, content));
        if !std::mem::replace(&mut slot.has_turn, true) {
            self.turns.push_back(stream);
        }
        true
    }

    /// Gives the sending direction up. Whoever waits for the other one is to be woken where it is over too: the other
    /// end will never hear of the stream.
    #[must_use]
    pub(super) fn reset(&mut self, stream: u64, reason: Reason) -> Option<Waker> {
        let slot = self.slots.get_mut(&stream).filter(|slot| !slot.has_sent)?;
        slot.out.clear();
        slot.has_sent = true;
        let mut waiting = None;
        if !slot.is_known {
            slot.broken.get_or_insert(Broken::NotDone);
            waiting = slot.receiver.take();
        } else if !slot.is_stopped {
            frame::put(&mut self.urgent, RESET, true, stream, &[reason as u8]);
        }
        self.tidy(stream);
        waiting
    }

    /// Takes nothing in any more.
    pub(super) fn stop(&mut self, stream: u64) {
        let Some(slot) = self.slots.get_mut(&stream) else { return };
        slot.items.clear();
        slot.has_received = true;
        if !slot.is_known {
            // A STOP would come before what it is to stop.
            slot.out.clear();
            slot.is_stopped = true;
        } else if !slot.has_ended && slot.broken.is_none() {
            frame::put(&mut self.urgent, STOP, true, stream, &[]);
        }
        self.tidy(stream);
    }

    /// Forgets a stream that is over in both directions.
    fn tidy(&mut self, stream: u64) {
        let is_over = |slot: &Slot| slot.has_received && (slot.has_sent || slot.is_stopped);
        if self.slots.get(&stream).is_some_and(is_over)
            && let Some(slot) = self.slots.remove(&stream)
        {
            self.excess = self.excess.saturating_sub(slot.credit.map_or(0, |credit| credit.excess()));
        }
    }

    /// No stream is left, and none will come.
    pub(super) fn is_done(&self) -> bool {
        self.going_away.is_some() && self.slots.is_empty()
    }

    /// Whoever waits for streams of the other end, where none will come.
    pub(super) fn acceptor_at_end(&mut self) -> Option<Waker> {
        if self.is_done() { self.acceptor.take() } else { None }
    }

    /// The driver, which has the connection to close where no stream will come.
    pub(super) fn driver_at_end(&mut self) -> Option<Waker> {
        if self.is_done() { self.driver.take() } else { None }
    }

    /// What came next on a stream, and whether it is the last; nothing at the end.
    pub(super) fn poll_item(
        &mut self,
        stream: u64,
        context: &Context<'_>,
    ) -> Poll<Result<Option<(Item, bool)>, Broken>> {
        let Some(slot) = self.slots.get_mut(&stream) else { return Poll::Ready(Err(Broken::Gone)) };
        let polled = match slot.items.pop_front() {
            Some(item) => {
                slot.item_bytes = slot.item_bytes.saturating_sub(item.len());
                let is_last = slot.has_ended && slot.items.is_empty() && slot.broken.is_none();
                slot.has_received |= is_last;
                Ok(Some((item, is_last)))
            }
            None if slot.broken.is_some() || slot.has_ended => {
                slot.has_received = true;
                slot.broken.map_or(Ok(None), Err)
            }
            None => {
                keep_waker(&mut slot.receiver, context);
                return Poll::Pending;
            }
        };
        if slot.has_received {
            self.tidy(stream);
        }
        Poll::Ready(polled)
    }

    /// Ready when the other end wants no more of a stream.
    pub(super) fn poll_stopped(&mut self, stream: u64, context: &Context<'_>) -> Poll<()> {
        match self.slots.get_mut(&stream) {
            Some(slot) if !slot.is_stopped => {
                keep_waker(&mut slot.sender, context);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Takes credit for at most this many bytes, at least one; nothing where the other end wants no more.
    pub(super) fn poll_credit(
        &mut self,
        stream: u64,
        wanted: usize,
        round_trip: Duration,
        context: &Context<'_>,
    ) -> Poll<Option<usize>> {
        let Some(slot) = self.slots.get_mut(&stream).filter(|slot| !slot.is_stopped) else {
            return Poll::Ready(None);
        };
        let room = Room::beside(self.excess);
        let new = || Box::new(Credit::new(round_trip, room, Instant::now()));
        let credit = slot.credit.get_or_insert_with(new);
        let before = credit.excess();
        let given = credit.take(wanted);
        self.excess = self.excess.saturating_add(credit.excess() - before);
        if given == 0 {
            keep_waker(&mut slot.sender, context);
            return Poll::Pending;
        }
        Poll::Ready(Some(given))
    }

    /// Tells the other end what was handed on of a stream, unless it has sent all of it already.
    pub(super) fn report(&mut self, stream: u64, bytes: u32) {
        if self.slots.get(&stream).is_some_and(|slot| !slot.has_ended) {
            frame::put(&mut self.urgent, CREDIT, false, stream, &bytes.to_be_bytes());
        }
    }

    /// The next stream that the other end opened; nothing at the end of the connection, or when it goes away and the
    /// last stream is over.
    pub(super) fn poll_accept(&mut self, context: &Context<'_>) -> Poll<Option<(u64, Bytes, bool)>> {
        while let Some(stream) = self.arrived.pop_front() {
            if let Poll::Ready(Ok(Some((Item::Head(head), is_last)))) = self.poll_item(stream, context) {
                return Poll::Ready(Some((stream, head, is_last)));
            }
        }
        if self.is_closed || self.is_done() {
            return Poll::Ready(None);
        }
        keep_waker(&mut self.acceptor, context);
        Poll::Pending
    }
}

fn keep_waker(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Item::Head(bytes) | Item::Data(bytes) | Item::Trailers(bytes) => bytes.len(),
        }
    }
}

/// What is sent.
pub(super) enum Output {
    Bytes(Bytes),
    Frame { kind: u8, is_last: bool, stream: u64, content: Bytes },
}
