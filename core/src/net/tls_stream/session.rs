//! What TLS says beside content once the handshake is over: alerts, new keys, tickets (RFC 8446, 4.6 and 6).

use rustls::client::ClientConnectionData;
use rustls::crypto::cipher::OutboundChunks;
use rustls::kernel::KernelConnection;
use rustls::server::ServerConnectionData;
use rustls::{
    AlertDescription, ContentType, Error, ExtractedSecrets, InvalidMessage, PeerMisbehaved, ProtocolVersion,
    SupportedCipherSuite,
};

use super::faster_cipher::faster_twin;
use super::outgoing::Outgoing;
use super::records::{CONTENT_BYTES_MAX, Opener, Sealer};
use crate::limits::TLS_HANDSHAKE_BYTES_MAX;

const HELLO_REQUEST: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;
/// A key update that asks for none in return.
const KEY_UPDATE_NOT_REQUESTED: [u8; 5] = [KEY_UPDATE, 0, 0, 1, 0];

const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// What rustls bears, too: warnings, key updates between two records of content, empty records in a row.
const WARNINGS_MAX: u8 = 4;
const KEY_UPDATES_MAX: u8 = 32;
const EMPTY_RECORDS_MAX: u8 = 32;

/// What remembers the secrets of a connection once it is set up.
pub(super) enum Keys {
    Client(Box<KernelConnection<ClientConnectionData>>),
    Server(Box<KernelConnection<ServerConnectionData>>),
    /// TLS 1.2 never changes its keys.
    Fixed,
}

/// One connection after its handshake.
pub(super) struct Session {
    pub(super) opener: Opener,
    sealer: Sealer,
    keys: Keys,
    suite: SupportedCipherSuite,
    /// Records that one key of the suite that was agreed on may seal.
    limit: u64,
    /// A message of the handshake's kind that has not come whole yet.
    unfinished: Vec<u8>,
    warnings_left: u8,
    key_updates_left: u8,
    empty_records_left: u8,
    /// The peer has asked for a new key: one answers any number of its questions (RFC 8446, 4.6.3).
    owes_key: bool,
    may_ask_again: bool,
    has_ended: bool,
    has_said_goodbye: bool,
    failed: Option<Error>,
}

impl Session {
    pub(super) fn new(
        suite: SupportedCipherSuite,
        secrets: ExtractedSecrets,
        keys: Keys,
    ) -> Result<Self, Error> {
        let limit = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.common.confidentiality_limit,
            SupportedCipherSuite::Tls12(suite) => suite.common.confidentiality_limit,
        };
        let suite = faster_twin(suite);
        Ok(Session {
            opener: Opener::new(suite, secrets.rx)?,
            sealer: Sealer::new(suite, limit, secrets.tx)?,
            keys: if suite.tls13().is_some() { keys } else { Keys::Fixed },
            suite,
            limit,
            unfinished: Vec::new(),
            warnings_left: WARNINGS_MAX,
            key_updates_left: KEY_UPDATES_MAX,
            empty_records_left: EMPTY_RECORDS_MAX,
            owes_key: false,
            may_ask_again: true,
            has_ended: false,
            has_said_goodbye: false,
            failed: None,
        })
    }

    /// Nothing more may be sent.
    pub(super) fn has_said_goodbye(&self) -> bool {
        self.has_said_goodbye
    }

    /// The peer sends no more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    pub(super) fn failure(&self) -> Option<Error> {
        self.failed.clone()
    }

    /// Takes a record in; true where it is content for whoever reads.
    pub(super) fn receive(
        &mut self,
        typ: ContentType,
        content: &[u8],
        outgoing: &mut Outgoing,
    ) -> Result<bool, Error> {
        if !self.unfinished.is_empty() && typ != ContentType::Handshake {
            return Err(PeerMisbehaved::MessageInterleavedWithHandshakeMessage.into());
        }
        match (typ, content) {
            (ContentType::ApplicationData, []) => {
                let left = self.empty_records_left.checked_sub(1);
                self.empty_records_left = left.ok_or(PeerMisbehaved::TooManyEmptyFragments)?;
            }
            (ContentType::ApplicationData, _) => {
                self.key_updates_left = KEY_UPDATES_MAX;
                self.empty_records_left = EMPTY_RECORDS_MAX;
                return Ok(true);
            }
            (ContentType::Alert, [level, description]) => self.alert(*level, (*description).into())?,
            (ContentType::Handshake, [_, ..]) => self.handshake(content, outgoing)?,
            _ => return Err(unexpected(typ)),
        }
        Ok(false)
    }

    fn is_tls13(&self) -> bool {
        self.suite.version().version == ProtocolVersion::TLSv1_3
    }

    fn alert(&mut self, level: u8, description: AlertDescription) -> Result<(), Error> {
        if description == AlertDescription::CloseNotify {
            self.has_ended = true;
            return Ok(());
        }
        let is_warning =
            if self.is_tls13() { description == AlertDescription::UserCanceled } else { level == WARNING };
        if !is_warning {
            return Err(Error::AlertReceived(description));
        }
        let left = self.warnings_left.checked_sub(1);
        self.warnings_left = left.ok_or(PeerMisbehaved::TooManyWarningAlertsReceived)?;
        Ok(())
    }

    fn handshake(&mut self, content: &[u8], outgoing: &mut Outgoing) -> Result<(), Error> {
        self.unfinished.extend_from_slice(content);
        let messages = std::mem::take(&mut self.unfinished);
        let mut rest = messages.as_slice();
        while let Some((&[typ, a, b, c], behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > TLS_HANDSHAKE_BYTES_MAX {
                return Err(InvalidMessage::HandshakePayloadTooLarge.into());
            }
            let Some((message, behind)) = behind.split_at_checked(length) else { break };
            rest = behind;
            match (typ, message) {
                (KEY_UPDATE, _) if !rest.is_empty() => {
                    return Err(PeerMisbehaved::KeyEpochWithPendingFragment.into());
                }
                (KEY_UPDATE, [request @ 0..=1]) => self.key_update(*request == 1)?,
                (KEY_UPDATE, _) => return Err(InvalidMessage::InvalidKeyUpdate.into()),
                (NEW_SESSION_TICKET, ticket) => match &mut self.keys {
                    Keys::Client(keys) => keys.handle_new_session_ticket(ticket)?,
                    _ => return Err(unexpected(ContentType::Handshake)),
                },
                (HELLO_REQUEST | CLIENT_HELLO, _) if !self.is_tls13() => {
                    if !std::mem::take(&mut self.may_ask_again) {
                        return Err(PeerMisbehaved::TooManyRenegotiationRequests.into());
                    }
                    if !self.has_said_goodbye {
                        self.say(WARNING, AlertDescription::NoRenegotiation, outgoing)?;
                    }
                }
                _ => return Err(unexpected(ContentType::Handshake)),
            }
        }
        // In a place of its size: most often there is none.
        self.unfinished = rest.to_vec();
        Ok(())
    }

    fn key_update(&mut self, is_asked: bool) -> Result<(), Error> {
        let left = self.key_updates_left.checked_sub(1);
        self.key_updates_left = left.ok_or(PeerMisbehaved::TooManyKeyUpdateRequests)?;
        let secrets = match &mut self.keys {
            Keys::Client(keys) => keys.update_rx_secret()?,
            Keys::Server(keys) => keys.update_rx_secret()?,
            Keys::Fixed => return Err(unexpected(ContentType::Handshake)),
        };
        self.opener = Opener::new(self.suite, secrets)?;
        self.owes_key |= is_asked;
        Ok(())
    }

    /// Answers whoever has asked for a new key. That waits until everything before it has gone, or for the next content: a
    /// peer that asks and does not read must not fill the memory.
    pub(super) fn pay_key(&mut self, outgoing: &mut Outgoing) -> Result<(), Error> {
        if std::mem::take(&mut self.owes_key) && !self.has_said_goodbye {
            self.renew_key(outgoing)
        } else {
            Ok(())
        }
    }

    /// Tells the peer that what follows has a new key.
    fn renew_key(&mut self, outgoing: &mut Outgoing) -> Result<(), Error> {
        let secrets = match &mut self.keys {
            Keys::Client(keys) => keys.update_tx_secret()?,
            Keys::Server(keys) => keys.update_tx_secret()?,
            // RFC 5246 has no such message: the connection ends here.
            Keys::Fixed => return Err(Error::EncryptError),
        };
        let told = OutboundChunks::Single(&KEY_UPDATE_NOT_REQUESTED);
        outgoing.push(self.sealer.seal(ContentType::Handshake, told)?);
        self.sealer = Sealer::new(self.suite, self.limit, secrets)?;
        Ok(())
    }

    /// Seals the first bytes of these pieces, in as many records as they need.
    pub(super) fn send(
        &mut self,
        pieces: &[&[u8]],
        bytes: usize,
        outgoing: &mut Outgoing,
    ) -> Result<(), Error> {
        self.pay_key(outgoing)?;
        let mut start = 0;
        while start < bytes {
            if self.sealer.is_worn() {
                self.renew_key(outgoing)?;
            }
            let end = start.saturating_add(CONTENT_BYTES_MAX).min(bytes);
            let content = OutboundChunks::Multiple { chunks: pieces, start, end };
            outgoing.push(self.sealer.seal(ContentType::ApplicationData, content)?);
            start = end;
        }
        Ok(())
    }

    /// Tells the peer that nothing more is sent, once.
    pub(super) fn say_goodbye(&mut self, outgoing: &mut Outgoing) -> Result<(), Error> {
        if std::mem::replace(&mut self.has_said_goodbye, true) {
            return Ok(());
        }
        self.say(WARNING, AlertDescription::CloseNotify, outgoing)
    }

    /// Tells the peer why the connection ends here, and keeps that for whoever asks.
    pub(super) fn fail(&mut self, error: Error, outgoing: &mut Outgoing) {
        let alert = match &error {
            Error::AlertReceived(_) => None,
            Error::DecryptError => Some(AlertDescription::BadRecordMac),
            Error::PeerSentOversizedRecord => Some(AlertDescription::RecordOverflow),
            Error::InvalidMessage(InvalidMessage::InvalidKeyUpdate) => {
                Some(AlertDescription::IllegalParameter)
            }
            Error::InvalidMessage(_) => Some(AlertDescription::DecodeError),
            Error::PeerMisbehaved(_) | Error::InappropriateMessage { .. } => {
                Some(AlertDescription::UnexpectedMessage)
            }
            _ => Some(AlertDescription::InternalError),
        };
        if let Some(alert) = alert
            && !std::mem::replace(&mut self.has_said_goodbye, true)
        {
            // Where not even this can be sealed, the peer sees the end of the connection.
            let _ = self.say(FATAL, alert, outgoing);
        }
        self.failed.get_or_insert(error);
    }

    /// Seals whatever a test wants to send.
    #[cfg(test)]
    pub(super) fn seal_anything(&mut self, typ: ContentType, content: &[u8], outgoing: &mut Outgoing) {
        outgoing.push(self.sealer.seal(typ, OutboundChunks::Single(content)).unwrap());
    }

    /// How often the key of what is sent has been used.
    #[cfg(test)]
    pub(super) fn key_uses(&self) -> u64 {
        self.sealer.key_uses()
    }

    /// The key of what is sent, renewed without a word.
    #[cfg(test)]
    pub(super) fn renewed_for_test(&mut self) -> Result<(), Error> {
        let Keys::Client(keys) = &mut self.keys else { return Err(Error::HandshakeNotComplete) };
        self.sealer = Sealer::new(self.suite, self.limit, keys.update_tx_secret()?)?;
        Ok(())
    }

    fn say(&mut self, level: u8, alert: AlertDescription, outgoing: &mut Outgoing) -> Result<(), Error> {
        let said = [level, u8::from(alert)];
        outgoing.push(self.sealer.seal(ContentType::Alert, OutboundChunks::Single(&said))?);
        Ok(())
    }
}

fn unexpected(got_type: ContentType) -> Error {
    Error::InappropriateMessage { expect_types: vec![ContentType::ApplicationData], got_type }
}
