//! A way that takes its time: bytes come out as they went in, later.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Pieces on their way in one direction.
const PIECES: usize = 4096;

/// Listens on a free port and passes everything on to the address, each way this much later.
pub(crate) async fn start(to: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let Ok(far) = TcpStream::connect(to).await else { continue };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near_read, far_write, delay));
            tokio::spawn(pass(far_read, near_write, delay));
        }
    });
    address
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    tokio::spawn(async move {
        while let Some((at, bytes)) = receive.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    loop {
        let mut bytes = vec![0; 64 << 10];
        match from.read(&mut bytes).await {
            Ok(count) if count > 0 => bytes.truncate(count),
            _ => return,
        }
        if send.send((Instant::now() + delay, bytes)).await.is_err() {
            return;
        }
    }
}
