//! Keys enciphered by PEM headers (RFC 1421, 4.6.1.3), as OpenSSL wrote them before PKCS #8.

use zeroize::Zeroizing;

use super::ber;
use super::cipher::Cipher;
use super::file_refusal::Refusal;
use super::hash::Hash;
use super::password::Password;

/// What the header `DEK-Info` says.
pub(super) struct PemEncryption {
    cipher: Cipher,
    iv: Vec<u8>,
}

/// Reads the headers; nothing where they do not speak of encryption.
pub(super) fn read(headers: &[&[u8]]) -> Result<Option<PemEncryption>, Refusal> {
    let value = |name: &[u8]| {
        headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(b":")).map(<[u8]>::trim_ascii)
    };
    if value(b"Proc-Type").is_none_or(|kind| !kind.ends_with(b"ENCRYPTED")) {
        return Ok(None);
    }
    let wrong = || Refusal::damaged("its DEK-Info line is missing or cannot be read");
    let info = value(b"DEK-Info").ok_or_else(wrong)?;
    let mut fields = info.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let cipher = match fields.next().unwrap_or_default() {
        b"AES-128-CBC" => Cipher::Aes128,
        b"AES-192-CBC" => Cipher::Aes192,
        b"AES-256-CBC" => Cipher::Aes256,
        b"DES-CBC" => Cipher::Des,
        b"DES-EDE3-CBC" => Cipher::TripleDes3,
        other => {
            let cause = format!("its cipher {} is not supported", other.escape_ascii());
            return Err(Refusal::Unsupported(cause));
        }
    };
    let iv = from_hex(fields.next().ok_or_else(wrong)?).ok_or_else(wrong)?;
    if iv.len() != cipher.block_length() || fields.next().is_some() {
        return Err(wrong());
    }
    Ok(Some(PemEncryption { cipher, iv }))
}

impl PemEncryption {
    /// Deciphers the key, whose DER must come out.
    pub(super) fn open(&self, data: &[u8], password: &mut Password) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let (plain, _) = password.try_each(|attempt, _| {
            // OpenSSL's EVP_BytesToKey with MD5 and one round; the first half of the vector is the salt.
            let salt = self.iv.get(..8).unwrap_or_default();
            let mut key = Zeroizing::new(Vec::with_capacity(48));
            let mut round = Hash::Md5.digest(&[&attempt.narrow, salt]);
            while key.len() < self.cipher.key_length() {
                key.extend_from_slice(round.as_ref());
                round = Hash::Md5.digest(&[round.as_ref(), &attempt.narrow, salt]);
            }
            key.truncate(self.cipher.key_length());
            let plain = self.cipher.decrypt(&key, &self.iv, data);
            Ok(plain.filter(|plain| ber::is_one_sequence(plain)))
        })?;
        Ok(plain)
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())
}
