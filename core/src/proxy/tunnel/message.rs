//! What the two ends tell each other on the control stream: one byte for the kind, four for the length, the content.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::limits::{CONTROL_MESSAGE_BYTES_MAX, REVOCATION_LIST_BYTES_MAX};

/// The version of this language; an end that speaks another is told so and let go.
pub(in crate::proxy) const LANGUAGE: u32 = 2;

/// Who dialled; the first thing a connection point says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::proxy) struct Hello {
    pub(in crate::proxy) language: u32,
    /// The name of the connection point.
    pub(in crate::proxy) connection_point: String,
    /// One run of it: a later session of the same connection point takes the place of an earlier one.
    pub(in crate::proxy) session: u64,
    /// Which of its connections to this instance.
    pub(in crate::proxy) connection: usize,
}

/// What an instance says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::proxy) struct InstanceReport {
    pub(in crate::proxy) language: u32,
    /// The number of the instance, from 0.
    pub(in crate::proxy) instance: u16,
    /// The version of the configuration in force, 0 for none.
    pub(in crate::proxy) configuration: u64,
    /// Why the last configuration was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::proxy) refused: Option<String>,
    /// What it has counted; an older instance does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::proxy) counts: Option<InstanceCounts>,
}

/// What an instance has counted since it started, as it tells its connection points.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstanceCounts {
    /// Connections of clients that are open.
    pub connections: usize,
    /// Requests that are being served.
    pub open_requests: usize,
    /// Requests answered.
    pub requests: u64,
    /// Bytes of answer bodies.
    pub bytes_out: u64,
    /// Requests that the instance refused, by its status words.
    pub refused: BTreeMap<String, u64>,
    /// Client certificates refused in handshakes, by reason.
    pub refused_certificates: BTreeMap<String, u64>,
    /// The connection points that are connected to it.
    pub connection_points: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Message {
    Hello(Hello),
    /// The configuration, without the long parts.
    Configuration(Bytes),
    /// A long part of it, named by its SHA-256 digest in the configuration.
    Part(Bytes),
    Report(InstanceReport),
    /// No new requests, please: this end is about to stop.
    Draining,
}

const HELLO: u8 = 1;
const CONFIGURATION: u8 = 2;
const PART: u8 = 3;
const REPORT: u8 = 4;
const DRAINING: u8 = 6;
const HEAD_BYTES: usize = 5;

impl Message {
    /// The message as pieces to send; the long one is not copied.
    pub(in crate::proxy) fn encode(&self) -> [Bytes; 2] {
        let (kind, content) = match self {
            Message::Hello(hello) => (HELLO, json(hello)),
            Message::Configuration(text) => (CONFIGURATION, text.clone()),
            Message::Part(bytes) => (PART, bytes.clone()),
            Message::Report(report) => (REPORT, json(report)),
            Message::Draining => (DRAINING, Bytes::new()),
        };
        let mut head = BytesMut::with_capacity(HEAD_BYTES);
        head.put_u8(kind);
        head.put_u32(u32::try_from(content.len()).unwrap_or(u32::MAX));
        [head.freeze(), content]
    }

    /// Takes the first whole message out of what has come; a kind that is not known is passed over.
    pub(in crate::proxy) fn decode(buffer: &mut BytesMut) -> Result<Option<Self>, String> {
        loop {
            let Some((&kind, rest)) = buffer.split_first() else { return Ok(None) };
            let Some(length) = rest.first_chunk::<4>() else { return Ok(None) };
            let length = u32::from_be_bytes(*length) as usize;
            let limit = if kind == PART { REVOCATION_LIST_BYTES_MAX } else { CONTROL_MESSAGE_BYTES_MAX };
            if length > limit {
                return Err(format!(
                    "a control message of kind {kind} has {length} bytes, more than {limit}"
                ));
            }
            if buffer.len() < HEAD_BYTES.saturating_add(length) {
                return Ok(None);
            }
            buffer.advance(HEAD_BYTES);
            let content = buffer.split_to(length).freeze();
            match kind {
                HELLO => return read_json(&content).map(|hello| Some(Message::Hello(hello))),
                CONFIGURATION => return Ok(Some(Message::Configuration(content))),
                PART => return Ok(Some(Message::Part(content))),
                REPORT => return read_json(&content).map(|report| Some(Message::Report(report))),
                DRAINING => return Ok(Some(Message::Draining)),
                _ => {}
            }
        }
    }
}

fn json(value: &impl Serialize) -> Bytes {
    // These structures have text keys and plain values: they cannot fail to be written.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn read_json<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(content).map_err(|error| format!("a control message cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages() -> Vec<Message> {
        let hello = Hello { language: 1, connection_point: "CP1".into(), session: u64::MAX, connection: 3 };
        vec![
            Message::Hello(hello),
            Message::Configuration(Bytes::from_static(b"{}")),
            Message::Part(Bytes::from(vec![7; 3 << 20])),
            Message::Report(InstanceReport { refused: Some("no".into()), ..InstanceReport::default() }),
            Message::Draining,
        ]
    }

    #[test]
    fn messages_come_out_as_they_went_in_however_they_are_cut() {
        let bytes: Vec<u8> = messages().iter().flat_map(|message| message.encode().concat()).collect();
        for cut in [1_000_003, 65_536, 4_097] {
            let (mut buffer, mut found) = (BytesMut::new(), Vec::new());
            for piece in bytes.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(message) = Message::decode(&mut buffer).unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, messages());
        }
    }

    #[test]
    fn too_long_a_message_is_refused_before_it_is_read() {
        let mut buffer = BytesMut::from(&[REPORT, 255, 255, 255, 255][..]);
        assert!(Message::decode(&mut buffer).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = Message::decode(&mut buffer) {}
        }
    }
}
