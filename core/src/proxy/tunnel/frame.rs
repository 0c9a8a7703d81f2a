//! What goes over the wire: a head of fourteen bytes and what follows it.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | the kind |
//! | 1 | 1 where it is the last of its direction of the stream, else 0 |
//! | 4 | the length of what follows |
//! | 8 | the stream; 0 for the connection itself |
//!
//! Frames of a kind that is not known are passed over.

use bytes::{BufMut, Bytes, BytesMut};

use crate::limits::{TUNNEL_FRAME_BYTES_MAX, TUNNEL_HEADER_BYTES_MAX};
use crate::net::short_copies::append;

/// The head of a request or an answer; of a request, it opens the stream.
pub(super) const HEAD: u8 = 1;
/// A part of a body.
pub(super) const DATA: u8 = 2;
/// Trailers, after the body.
pub(super) const TRAILERS: u8 = 3;
/// The sender gives its direction up; one byte says why.
pub(super) const RESET: u8 = 4;
/// The receiver wants no more of the other direction.
pub(super) const STOP: u8 = 5;
/// The receiver has handed on so many bytes more; four bytes.
pub(super) const CREDIT: u8 = 6;
/// To be answered at once.
pub(super) const PING: u8 = 7;
/// The answer to it.
pub(super) const PONG: u8 = 8;
/// No requests after this stream were or will be served.
pub(super) const GO_AWAY: u8 = 9;

/// The head of every frame.
pub(super) const FRAME_HEAD_BYTES: usize = 14;

/// A whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) is_last: bool,
    pub(super) stream: u64,
    pub(super) content: Bytes,
}

/// Writes the head of a frame.
pub(super) fn put_head(to: &mut BytesMut, kind: u8, is_last: bool, stream: u64, length: usize) {
    to.reserve(FRAME_HEAD_BYTES);
    to.put_u8(kind);
    to.put_u8(u8::from(is_last));
    to.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    to.put_u64(stream);
}

/// Writes a small frame.
pub(super) fn put(to: &mut BytesMut, kind: u8, is_last: bool, stream: u64, content: &[u8]) {
    put_head(to, kind, is_last, stream, content.len());
    to.extend_from_slice(content);
}

/// Puts frames together from bytes as they come.
#[derive(Default)]
pub(super) struct Assembler {
    head: [u8; FRAME_HEAD_BYTES],
    filled: usize,
    content: Option<BytesMut>,
}

impl Assembler {
    /// The next whole frame of these bytes, which are then shorter; nothing where there is none yet, and all is taken.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, String> {
        if let Some(missing) = self.head.get_mut(self.filled..) {
            let count = missing.len().min(bytes.len());
            missing.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
            self.filled = self.filled.saturating_add(count);
            *bytes = bytes.get(count..).unwrap_or_default();
        }
        if self.filled < FRAME_HEAD_BYTES {
            return Ok(None);
        }
        let [kind, last, l1, l2, l3, l4, s1, s2, s3, s4, s5, s6, s7, s8] = self.head;
        let length = u32::from_be_bytes([l1, l2, l3, l4]) as usize;
        let limit = match kind {
            DATA => TUNNEL_FRAME_BYTES_MAX,
            _ => TUNNEL_HEADER_BYTES_MAX,
        };
        if length > limit {
            return Err(format!("a frame of kind {kind} has {length} bytes, more than {limit}"));
        }
        let mut content = self.content.take().unwrap_or_else(|| BytesMut::with_capacity(length));
        let (now, rest) = bytes.split_at(length.saturating_sub(content.len()).min(bytes.len()));
        append(&mut content, now);
        *bytes = rest;
        if content.len() < length {
            self.content = Some(content);
            return Ok(None);
        }
        self.filled = 0;
        let stream = u64::from_be_bytes([s1, s2, s3, s4, s5, s6, s7, s8]);
        Ok(Some(Frame { kind, is_last: last & 1 == 1, stream, content: content.freeze() }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> Vec<Frame> {
        let frame = |kind, is_last, stream, content: &[u8]| Frame {
            kind,
            is_last,
            stream,
            content: Bytes::copy_from_slice(content),
        };
        vec![
            frame(HEAD, true, 1, b"head"),
            frame(DATA, false, u64::MAX, &[7; 32 << 10]),
            frame(PING, false, 0, b""),
            frame(DATA, true, 2, b"x"),
        ]
    }

    #[test]
    fn frames_come_out_as_they_went_in_however_they_are_cut() {
        let mut wire = BytesMut::new();
        for frame in frames() {
            put(&mut wire, frame.kind, frame.is_last, frame.stream, &frame.content);
        }
        for cut in [1, 13, 14, 15, 1000, 100_000] {
            let (mut assembler, mut found) = (Assembler::default(), Vec::new());
            for mut piece in wire.chunks(cut) {
                while let Some(frame) = assembler.next(&mut piece).unwrap() {
                    found.push(frame);
                }
                assert!(piece.is_empty());
            }
            assert_eq!(found, frames());
        }
    }

    #[test]
    fn too_long_a_frame_is_refused_before_it_is_read() {
        let mut wire = BytesMut::new();
        put_head(&mut wire, DATA, false, 1, TUNNEL_FRAME_BYTES_MAX + 1);
        assert!(Assembler::default().next(&mut &wire[..]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (mut assembler, mut rest) = (Assembler::default(), &bytes[..]);
            while let Ok(Some(_)) = assembler.next(&mut rest) {}
        }
    }
}
