//! The control stream: messages one way and the other, for as long as the connection lives.

use bytes::{Bytes, BytesMut};
use h2::{RecvStream, SendStream};
use tokio::sync::mpsc;

use super::Flow;
use super::message::Message;

/// Where the instance opens the control stream; no client can ask for it, its paths have another shape.
pub(in crate::proxy) const CONTROL_PATH: &str = "/cmgateway/control";

/// Messages as they come.
pub(in crate::proxy) struct Incoming {
    stream: RecvStream,
    buffer: BytesMut,
}

impl Incoming {
    pub(in crate::proxy) fn new(stream: RecvStream) -> Self {
        Incoming { stream, buffer: BytesMut::new() }
    }

    /// The next message; credit goes where it belongs without being seen. Nothing at the end.
    pub(in crate::proxy) async fn next(&mut self, flow: &Flow) -> Result<Option<Message>, String> {
        loop {
            match Message::decode(&mut self.buffer)? {
                Some(Message::Credit(credit)) => {
                    for (stream, bytes) in credit {
                        flow.credits.reported(stream, bytes as usize, flow.round_trip.get());
                    }
                    continue;
                }
                Some(message) => return Ok(Some(message)),
                None => {}
            }
            let Some(bytes) = self.stream.data().await else { return Ok(None) };
            let bytes = bytes.map_err(|error| error.to_string())?;
            let _ = self.stream.flow_control().release_capacity(bytes.len());
            self.buffer.extend_from_slice(&bytes);
        }
    }
}

/// Sends what is queued, and credit as it falls due; ends with the queue.
pub(in crate::proxy) async fn send(
    mut stream: SendStream<Bytes>,
    mut queue: mpsc::Receiver<Message>,
    flow: &Flow,
) -> Result<(), h2::Error> {
    loop {
        let message = tokio::select! {
            biased;
            due = flow.reports.due() => Message::Credit(due),
            message = queue.recv() => match message {
                Some(message) => message,
                None => return stream.send_data(Bytes::new(), true),
            },
        };
        for piece in message.encode() {
            if !piece.is_empty() {
                stream.send_data(piece, false)?;
            }
        }
    }
}
