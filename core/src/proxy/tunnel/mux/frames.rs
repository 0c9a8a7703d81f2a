//! What the connection does for its streams: frames that came are handed over, frames to be sent are collected.

use std::task::Context;
use std::time::Instant;

use super::{Broken, Item, Mux, Output, Reason, Slot, State, TURN_BYTES, Wakers, keep_waker};
use crate::limits::{TUNNEL_CREDIT_BYTES_MAX, TUNNEL_STREAMS_MAX};
use crate::proxy::tunnel::credit::Room;
use crate::proxy::tunnel::frame::{
    self, CREDIT, DATA, Frame, GO_AWAY, HEAD, PING, PONG, RESET, STOP, TRAILERS,
};

impl State {
    /// Takes a frame of the other end in.
    pub(in crate::proxy::tunnel) fn receive(
        &mut self,
        frame: Frame,
        is_answering: bool,
        mux: &Mux,
        wakers: &mut Wakers,
    ) -> Result<(), String> {
        let stream = frame.stream;
        match frame.kind {
            HEAD if is_answering && stream > self.last => self.arrive(frame, wakers),
            HEAD => return self.deliver(stream, frame.is_last, Item::Head(frame.content), wakers),
            DATA => return self.deliver(stream, frame.is_last, Item::Data(frame.content), wakers),
            TRAILERS => return self.deliver(stream, frame.is_last, Item::Trailers(frame.content), wakers),
            RESET => {
                let Some(slot) = self.slots.get_mut(&stream) else { return Ok(()) };
                let is_refused = frame.content.first() == Some(&(Reason::Refused as u8));
                slot.broken.get_or_insert(if is_refused { Broken::NotDone } else { Broken::Reset });
                wakers.extend(slot.receiver.take());
            }
            STOP => {
                let Some(slot) = self.slots.get_mut(&stream) else { return Ok(()) };
                slot.is_stopped = true;
                slot.out.clear();
                wakers.extend(slot.sender.take());
                self.tidy(stream);
                wakers.extend(self.acceptor_at_end());
            }
            CREDIT => {
                let bytes = frame.content.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                self.credited(stream, bytes as usize, mux, wakers);
            }
            PING => frame::put(&mut self.urgent, PONG, true, 0, &[]),
            PONG => mux.pong.notify_one(),
            GO_AWAY => {
                let last = frame.content.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                self.going_away = Some(last);
                for (_, slot) in self.slots.iter_mut().filter(|(number, _)| **number > last) {
                    slot.broken.get_or_insert(Broken::NotDone);
                    wakers.extend(slot.receiver.take());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn arrive(&mut self, frame: Frame, wakers: &mut Wakers) {
        self.last = frame.stream;
        if self.going_away.is_some() {
            // The other end will hear of it, and asks somebody else.
            return;
        }
        if self.slots.len() >= TUNNEL_STREAMS_MAX {
            frame::put(&mut self.urgent, RESET, true, frame.stream, &[Reason::Refused as u8]);
            return;
        }
        let mut slot = Slot { is_known: true, has_ended: frame.is_last, ..Slot::default() };
        slot.items.push_back(Item::Head(frame.content));
        self.slots.insert(frame.stream, slot);
        self.arrived.push_back(frame.stream);
        wakers.extend(self.acceptor.take());
    }

    fn deliver(&mut self, stream: u64, is_last: bool, item: Item, wakers: &mut Wakers) -> Result<(), String> {
        // Nobody waits for it any more.
        let Some(slot) = self.slots.get_mut(&stream).filter(|slot| !slot.has_received) else { return Ok(()) };
        slot.item_bytes = slot.item_bytes.saturating_add(item.len());
        if slot.item_bytes > 2 * TUNNEL_CREDIT_BYTES_MAX {
            return Err("more is sent than was asked for".into());
        }
        slot.items.push_back(item);
        slot.has_ended |= is_last;
        wakers.extend(slot.receiver.take());
        Ok(())
    }

    fn credited(&mut self, stream: u64, bytes: usize, mux: &Mux, wakers: &mut Wakers) {
        let Some(slot) = self.slots.get_mut(&stream) else { return };
        let Some(credit) = slot.credit.as_mut() else { return };
        let others = self.excess.saturating_sub(credit.excess());
        credit.reported(bytes, mux.round_trip.get(), Room::beside(others), Instant::now());
        self.excess = others.saturating_add(credit.excess());
        wakers.extend(slot.sender.take());
    }

    /// True where there is something to send.
    pub(in crate::proxy::tunnel) fn has_output(&self) -> bool {
        !self.urgent.is_empty() || !self.turns.is_empty()
    }

    /// Hands over what is to be sent, up to about so many bytes.
    pub(in crate::proxy::tunnel) fn output(
        &mut self,
        limit: usize,
        mut take: impl FnMut(Output),
        wakers: &mut Wakers,
    ) {
        if !self.urgent.is_empty() {
            take(Output::Bytes(self.urgent.split().freeze()));
        }
        let mut sum = 0_usize;
        while sum < limit
            && let Some(stream) = self.turns.pop_front()
        {
            let Some(slot) = self.slots.get_mut(&stream) else { continue };
            slot.has_turn = false;
            slot.is_known = true;
            let mut turn = 0_usize;
            while turn < TURN_BYTES
                && let Some((kind, is_last, content)) = slot.out.pop_front()
            {
                turn = turn.saturating_add(content.len().max(1));
                slot.has_sent |= is_last;
                if is_last && let Some(credit) = slot.credit.take() {
                    // Nobody reports about the end of a body: it is lent no longer.
                    self.excess = self.excess.saturating_sub(credit.excess());
                }
                take(Output::Frame { kind, is_last, stream, content });
            }
            sum = sum.saturating_add(turn);
            if !slot.out.is_empty() {
                slot.has_turn = true;
                self.turns.push_back(stream);
            } else if slot.has_sent {
                self.tidy(stream);
            }
        }
        wakers.extend(self.acceptor_at_end());
    }

    pub(in crate::proxy::tunnel) fn keep_driver(&mut self, context: &Context<'_>) {
        keep_waker(&mut self.driver, context);
    }
}
