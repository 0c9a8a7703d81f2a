//! A relay between a connection point and an instance that can go silent, slow or away, as networks do.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// What the relay does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Passes them on after this time.
    Open(Duration),
    /// Takes them and passes nothing on; connections stay open, and new ones are accepted.
    Silent,
}

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    way: Arc<watch::Sender<Way>>,
    task: JoinHandle<()>,
}

/// Bytes under way in one direction at most, in pieces of at most 64 KiB.
const PIECES_MAX: usize = 1_024;

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Relay {
    /// Starts a relay to this address, on a free port.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(to: SocketAddr, way: Way) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let way = Arc::new(watch::channel(way).0);
        let shared = Arc::clone(&way);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(to).await else { continue };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(one_way(near_in, far_out, shared.subscribe()));
                tokio::spawn(one_way(far_in, near_out, shared.subscribe()));
            }
        });
        Relay { address, way, task }
    }

    /// Changes what it does, also with connections that are open.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn one_way(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let (pieces, queue) = mpsc::channel(PIECES_MAX);
    let sending = tokio::spawn(send(queue, to));
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        let open = *way.wait_for(|way| *way != Way::Silent).await.map_err(io::Error::other)?;
        let Way::Open(delay) = open else { continue };
        let piece = buffer.get(..count).unwrap_or_default().to_vec();
        pieces.send((Instant::now() + delay, piece)).await.map_err(io::Error::other)?;
    }
    drop(pieces);
    sending.await.map_err(io::Error::other)?
}

async fn send(mut queue: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) -> io::Result<()> {
    while let Some((at, piece)) = queue.recv().await {
        sleep_until(at).await;
        to.write_all(&piece).await?;
    }
    to.shutdown().await
}
