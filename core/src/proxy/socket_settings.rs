//! What is set on sockets: how much the kernel keeps for a peer that does not read.
//!
//! Its buffers are many times ours, and in no figure of the process: with a thousand clients that had stopped reading, the
//! system had no memory left for any connection.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::limits::{SOCKET_UNSENT_BYTES, UPSTREAM_SOCKET_BYTES};

/// A connection of a tunnel: it is noticed when the other end has gone without a word.
pub(super) fn tunnel(socket: &TcpStream) {
    client(socket);
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(30));
    let _ = SockRef::from(socket).set_tcp_keepalive(&keepalive);
}

/// A client's connection: no waiting for more, and little unsent.
pub(super) fn client(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = SockRef::from(socket).set_tcp_notsent_lowat(SOCKET_UNSENT_BYTES);
    // Other systems have no such setting.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = SOCKET_UNSENT_BYTES;
}

/// A connection to a server inside, which is near: little is read ahead.
pub(super) fn inside(socket: &TcpStream) {
    client(socket);
    let _ = SockRef::from(socket).set_recv_buffer_size(UPSTREAM_SOCKET_BYTES);
}
