//! The control stream: messages one way and the other, for as long as the connection lives.

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::message::Message;
use super::receiving::Incoming;
use super::sending::{Outgoing, Unwanted};

/// Where the instance opens the control stream; no client can ask for it, its paths have another shape.
pub(in crate::proxy) const CONTROL_PATH: &str = "/cmgateway/control";

/// Messages as they come.
pub(in crate::proxy) struct Messages {
    stream: Incoming,
    buffer: BytesMut,
}

impl Messages {
    pub(in crate::proxy) fn new(stream: Incoming) -> Self {
        Messages { stream, buffer: BytesMut::new() }
    }

    /// The next message; nothing at the end.
    pub(in crate::proxy) async fn next(&mut self) -> Result<Option<Message>, String> {
        loop {
            if let Some(message) = Message::decode(&mut self.buffer)? {
                return Ok(Some(message));
            }
            let Some(bytes) = self.stream.data().await.map_err(|broken| broken.to_string())? else {
                return Ok(None);
            };
            self.buffer.extend_from_slice(&bytes);
        }
    }
}

/// Sends what is queued; ends with the queue.
pub(in crate::proxy) async fn send(
    mut stream: Outgoing,
    mut queue: mpsc::Receiver<Message>,
) -> Result<(), Unwanted> {
    while let Some(message) = queue.recv().await {
        for piece in message.encode() {
            if !piece.is_empty() {
                stream.send(piece).await?;
            }
        }
    }
    stream.data(Bytes::new(), true)
}
