//! The ciphers that files with passwords use, in CBC mode with the padding of PKCS #7; RC4 has neither.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, KeyIvInit, StreamCipher};
use des::{Des, TdesEde3};
use rc2::Rc2;
use rc4::Rc4;
use zeroize::Zeroizing;

/// A cipher and the size of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Des,
    /// Triple DES with two keys, of which the first counts twice.
    TripleDes2,
    TripleDes3,
    /// Bytes of the key, and bits of it that count (RFC 2268).
    Rc2 {
        bytes: usize,
        bits: usize,
    },
    Rc4 {
        bytes: usize,
    },
}

impl Cipher {
    pub(super) fn key_length(self) -> usize {
        match self {
            Cipher::Aes128 | Cipher::TripleDes2 => 16,
            Cipher::Aes192 | Cipher::TripleDes3 => 24,
            Cipher::Aes256 => 32,
            Cipher::Des => 8,
            Cipher::Rc2 { bytes, .. } | Cipher::Rc4 { bytes } => bytes,
        }
    }

    /// Bytes of a block and so of the initialization vector; none for RC4.
    pub(super) fn block_length(self) -> usize {
        match self {
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => 16,
            Cipher::Rc4 { .. } => 0,
            _ => 8,
        }
    }

    /// Deciphers; nothing where the padding shows that key or data are wrong.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(data.to_vec());
        let length = match self {
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
                let iv = FixedLength::<16>::try_from(iv).ok()?;
                let key = PaddedBlockDecryptingKey::cbc_pkcs7(self.aes_key(key)?).ok()?;
                key.decrypt(&mut buffer, DecryptionContext::Iv128(iv)).ok()?.len()
            }
            Cipher::Des => {
                let mode = cbc::Decryptor::<Des>::new_from_slices(key, iv).ok()?;
                mode.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len()
            }
            Cipher::TripleDes2 | Cipher::TripleDes3 => {
                let mode = cbc::Decryptor::<TdesEde3>::new_from_slices(&triple_key(key)?, iv).ok()?;
                mode.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len()
            }
            Cipher::Rc2 { bits, .. } => {
                let mode = cbc::Decryptor::inner_iv_slice_init(rc2_key(key, bits)?, iv).ok()?;
                mode.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len()
            }
            Cipher::Rc4 { .. } => {
                Rc4::new_from_slice(key).ok()?.try_apply_keystream(&mut buffer).ok()?;
                data.len()
            }
        };
        buffer.truncate(length);
        Some(buffer)
    }

    /// Enciphers with one of the two ciphers that we write: AES-256 and triple DES with three keys.
    pub(super) fn encrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        // Room for the padding, so that the plain text is not left behind by growing.
        let mut buffer = Vec::with_capacity(data.len().saturating_add(16));
        buffer.extend_from_slice(data);
        match self {
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => {
                let iv = FixedLength::<16>::try_from(iv).ok()?;
                let key = PaddedBlockEncryptingKey::cbc_pkcs7(self.aes_key(key)?).ok()?;
                key.less_safe_encrypt(&mut buffer, EncryptionContext::Iv128(iv)).ok()?;
            }
            Cipher::TripleDes3 => {
                let mode = cbc::Encryptor::<TdesEde3>::new_from_slices(key, iv).ok()?;
                let padding = 8_usize.saturating_sub(data.len() % 8);
                buffer.resize(data.len().saturating_add(padding), 0);
                mode.encrypt_padded::<Pkcs7>(&mut buffer, data.len()).ok()?;
            }
            _ => return None,
        }
        Some(buffer)
    }

    fn aes_key(self, key: &[u8]) -> Option<UnboundCipherKey> {
        let algorithm = match self {
            Cipher::Aes128 => &AES_128,
            Cipher::Aes192 => &AES_192,
            _ => &AES_256,
        };
        UnboundCipherKey::new(algorithm, key).ok()
    }
}

/// K1, K2, K1 where there are two keys.
fn triple_key(key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(24));
    whole.extend_from_slice(key);
    if key.len() == 16 {
        whole.extend_from_slice(key.get(..8)?);
    }
    Some(whole)
}

/// The cipher asserts what is checked here.
fn rc2_key(key: &[u8], bits: usize) -> Option<Rc2> {
    let fits = (1..=128).contains(&key.len()) && (1..=1024).contains(&bits);
    fits.then(|| Rc2::new_with_eff_key_len(key, bits))
}
