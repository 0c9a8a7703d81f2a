//! Copies in short pieces, for bytes that stream through.
//!
//! For more than some 2 KiB `memcpy` uses the processor's own `rep movsb`, which on AMD's Zen 3 and Zen 4 is up to sixteen
//! times slower where both places lie alike in their pages, as large blocks of an allocator do
//! (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>, mended in later ones than Debian 12 has). Pieces below that are copied by vectors.

use bytes::BufMut;

/// The length of a piece.
pub(crate) const SHORT_COPY_BYTES: usize = 2 << 10;

/// Puts bytes behind what is there; there must be room.
pub(crate) fn append(to: &mut impl BufMut, bytes: &[u8]) {
    for piece in bytes.chunks(SHORT_COPY_BYTES) {
        to.put_slice(piece);
    }
}
