//! Records once the handshake is over: sealed and opened with the ciphers of rustls, each where it lies.

use std::ops::Range;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks,
    OutboundPlainMessage,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion, SupportedCipherSuite};

/// The head of every record: type, version, length (RFC 8446, 5.1).
pub(super) const RECORD_HEAD_BYTES: usize = 5;
/// Most bytes of a record behind its head (RFC 5246, 6.2.3; TLS 1.3 allows less).
pub(super) const RECORD_BYTES_MAX: usize = (16 << 10) + 2048;
/// Most bytes of content in a record.
pub(super) const CONTENT_BYTES_MAX: usize = 16 << 10;

/// The secrets of one direction, and the number of its next record.
pub(super) type Secrets = (u64, ConnectionTrafficSecrets);

/// Seals what is sent.
pub(super) struct Sealer {
    cipher: Box<dyn MessageEncrypter>,
    sequence: u64,
    /// From this record on the key must not be used (RFC 8446, 5.5).
    limit: u64,
}

impl Sealer {
    pub(super) fn new(
        suite: SupportedCipherSuite,
        limit: u64,
        (sequence, secrets): Secrets,
    ) -> Result<Self, Error> {
        let (key, iv) = key_and_iv(secrets)?;
        let mut cipher = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, iv),
            SupportedCipherSuite::Tls12(suite) => {
                let fixed = suite.aead_alg.key_block_shape().fixed_iv_len;
                let (fixed, explicit) = iv.as_ref().split_at_checked(fixed).ok_or(Error::EncryptError)?;
                suite.aead_alg.encrypter(key, fixed, explicit)
            }
        };
        if sequence > 0 {
            // AWS-LC reckons the numbers of later records from the first one that a key seals, and refuses what does not
            // grow. This one is number 0 again, and goes nowhere.
            cipher.encrypt(plain(ContentType::ApplicationData, OutboundChunks::new_empty()), 0)?;
        }
        Ok(Sealer { cipher, sequence, limit })
    }

    /// How often the key has been used.
    #[cfg(test)]
    pub(super) fn key_uses(&self) -> u64 {
        self.sequence
    }

    /// True where the next record but one would be the first too many: what tells of a new key needs one, too.
    pub(super) fn is_worn(&self) -> bool {
        self.sequence.saturating_add(1) >= self.limit
    }

    /// One record, as it goes over the wire.
    pub(super) fn seal(&mut self, typ: ContentType, payload: OutboundChunks<'_>) -> Result<Vec<u8>, Error> {
        if self.sequence >= self.limit {
            return Err(Error::EncryptError);
        }
        let sealed = self.cipher.encrypt(plain(typ, payload), self.sequence)?;
        self.sequence = self.sequence.saturating_add(1);
        Ok(sealed.encode())
    }
}

/// Opens what was received.
pub(super) struct Opener {
    cipher: Box<dyn MessageDecrypter>,
    sequence: u64,
    is_tls13: bool,
}

impl Opener {
    pub(super) fn new(suite: SupportedCipherSuite, (sequence, secrets): Secrets) -> Result<Self, Error> {
        let (key, iv) = key_and_iv(secrets)?;
        let (cipher, is_tls13) = match suite {
            SupportedCipherSuite::Tls13(suite) => (suite.aead_alg.decrypter(key, iv), true),
            SupportedCipherSuite::Tls12(suite) => {
                let fixed = suite.aead_alg.key_block_shape().fixed_iv_len;
                let fixed = iv.as_ref().get(..fixed).ok_or(Error::DecryptError)?;
                (suite.aead_alg.decrypter(key, fixed), false)
            }
        };
        Ok(Opener { cipher, sequence, is_tls13 })
    }

    /// Opens a record in its place; says what it holds, and where.
    pub(super) fn open(
        &mut self,
        head: [u8; RECORD_HEAD_BYTES],
        record: &mut [u8],
    ) -> Result<(ContentType, Range<usize>), Error> {
        let [typ, major, minor, ..] = head;
        let (typ, version) = (ContentType::from(typ), u16::from_be_bytes([major, minor]).into());
        if self.is_tls13 && typ != ContentType::ApplicationData {
            return Err(Error::InappropriateMessage {
                expect_types: vec![ContentType::ApplicationData],
                got_type: typ,
            });
        }
        let begin = record.as_ptr() as usize;
        let opened = self.cipher.decrypt(InboundOpaqueMessage::new(typ, version, record), self.sequence)?;
        self.sequence = self.sequence.checked_add(1).ok_or(Error::DecryptError)?;
        // TLS 1.2 has a part of the nonce before the content.
        let from = (opened.payload.as_ptr() as usize).saturating_sub(begin);
        Ok((opened.typ, from..from.saturating_add(opened.payload.len())))
    }
}

/// The version of every record but of the first handshakes (RFC 8446, 5.1).
fn plain(typ: ContentType, payload: OutboundChunks<'_>) -> OutboundPlainMessage<'_> {
    OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload }
}

fn key_and_iv(secrets: ConnectionTrafficSecrets) -> Result<(AeadKey, Iv), Error> {
    match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => Ok((key, iv)),
        _ => Err(Error::General("a cipher that is not known".into())),
    }
}
