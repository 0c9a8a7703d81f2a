//! HTTP/2 settings of both ends.
//!
//! The windows are as large as they can be: what is in flight is bounded by credit. The guards against rapid resets are
//! wide, because it is clients that cancel, and the other end, which is pinned, only passes it on.

use crate::limits::{
    TUNNEL_FRAME_BYTES_MAX, TUNNEL_HEADER_BYTES_MAX, TUNNEL_HEADER_TABLE_BYTES, TUNNEL_STREAMS_MAX,
};

const WINDOW_BYTES: u32 = (1 << 31) - 1;

/// The instance's end, which sends requests.
pub(in crate::proxy) fn requesting() -> h2::client::Builder {
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buffer_size(WINDOW_BYTES as usize)
        .max_frame_size(TUNNEL_FRAME_BYTES_MAX)
        .max_header_list_size(TUNNEL_HEADER_BYTES_MAX)
        .header_table_size(TUNNEL_HEADER_TABLE_BYTES)
        .initial_max_send_streams(TUNNEL_STREAMS_MAX as usize)
        .max_concurrent_reset_streams(TUNNEL_STREAMS_MAX as usize)
        .max_local_error_reset_streams(None)
        .enable_push(false);
    builder
}

/// The connection point's end, which answers them.
pub(in crate::proxy) fn answering() -> h2::server::Builder {
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buffer_size(WINDOW_BYTES as usize)
        .max_frame_size(TUNNEL_FRAME_BYTES_MAX)
        .max_header_list_size(TUNNEL_HEADER_BYTES_MAX)
        .header_table_size(TUNNEL_HEADER_TABLE_BYTES)
        .max_concurrent_streams(TUNNEL_STREAMS_MAX)
        .max_concurrent_reset_streams(TUNNEL_STREAMS_MAX as usize)
        .max_pending_accept_reset_streams(TUNNEL_STREAMS_MAX as usize)
        .max_local_error_reset_streams(None);
    builder
}
