//! The ciphers that files with passwords use, in CBC mode with the padding of PKCS #7; RC4 has neither.

use aria::{Aria128, Aria192, Aria256};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use blowfish::Blowfish;
use camellia::{Camellia128, Camellia192, Camellia256};
use cast5::Cast5;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{
    BlockCipherDecrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, KeyIvInit, StreamCipher,
};
use des::{Des, TdesEde3};
use idea::Idea;
use rc2::Rc2;
use rc4::Rc4;
use zeroize::Zeroizing;

use super::seed;

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
    // What OpenSSL and NSS let a user choose besides.
    Aria {
        bytes: usize,
    },
    Blowfish,
    Camellia {
        bytes: usize,
    },
    Cast5,
    Idea,
    Seed,
}

impl Cipher {
    /// From the content of the object identifier of a cipher of PBES2 whose only parameter is the vector.
    pub(super) fn from_oid(kind: &[u8]) -> Option<Self> {
        Some(match kind {
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2] => Cipher::Aes128,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22] => Cipher::Aes192,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42] => Cipher::Aes256,
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7] => Cipher::TripleDes3,
            [0x2b, 14, 3, 2, 7] => Cipher::Des,
            [0x2a, 0x83, 0x1a, 0x8c, 0x9a, 0x6e, 1, 1, 2] => Cipher::Aria { bytes: 16 },
            [0x2a, 0x83, 0x1a, 0x8c, 0x9a, 0x6e, 1, 1, 7] => Cipher::Aria { bytes: 24 },
            [0x2a, 0x83, 0x1a, 0x8c, 0x9a, 0x6e, 1, 1, 12] => Cipher::Aria { bytes: 32 },
            [0x2b, 6, 1, 4, 1, 0x97, 0x55, 1, 2] => Cipher::Blowfish,
            [0x2a, 0x83, 8, 0x8c, 0x9a, 0x4b, 61, 1, 1, 1, 2] => Cipher::Camellia { bytes: 16 },
            [0x2a, 0x83, 8, 0x8c, 0x9a, 0x4b, 61, 1, 1, 1, 3] => Cipher::Camellia { bytes: 24 },
            [0x2a, 0x83, 8, 0x8c, 0x9a, 0x4b, 61, 1, 1, 1, 4] => Cipher::Camellia { bytes: 32 },
            [0x2b, 6, 1, 4, 1, 0x81, 0x3c, 7, 1, 1, 2] => Cipher::Idea,
            [0x2a, 0x83, 0x1a, 0x8c, 0x9a, 0x44, 1, 4] => Cipher::Seed,
            _ => return None,
        })
    }

    pub(super) fn key_length(self) -> usize {
        match self {
            Cipher::Aes128 | Cipher::TripleDes2 | Cipher::Blowfish | Cipher::Cast5 | Cipher::Idea => 16,
            Cipher::Seed => seed::KEY_BYTES,
            Cipher::Aes192 | Cipher::TripleDes3 => 24,
            Cipher::Aes256 => 32,
            Cipher::Des => 8,
            Cipher::Rc2 { bytes, .. }
            | Cipher::Rc4 { bytes }
            | Cipher::Aria { bytes }
            | Cipher::Camellia { bytes } => bytes,
        }
    }

    /// AES with a key of this length, whatever its name says: Firefox before version 55 called AES-256 so.
    pub(super) fn with_key_length(self, bytes: u32) -> Option<Cipher> {
        match (self, bytes) {
            (Cipher::Aes128, 32) => Some(Cipher::Aes256),
            (Cipher::Aes128, 24) => Some(Cipher::Aes192),
            _ => None,
        }
    }

    /// Bytes of a block and so of the initialization vector; none for RC4.
    pub(super) fn block_length(self) -> usize {
        match self {
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => 16,
            Cipher::Aria { .. } | Cipher::Camellia { .. } | Cipher::Seed => 16,
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
            Cipher::Des => with(Des::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::TripleDes2 | Cipher::TripleDes3 => {
                with(TdesEde3::new_from_slice(&triple_key(key)?).ok()?, iv, &mut buffer)?
            }
            Cipher::Rc2 { bits, .. } => with(rc2_key(key, bits)?, iv, &mut buffer)?,
            Cipher::Aria { bytes: 16 } => with(Aria128::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Aria { bytes: 24 } => with(Aria192::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Aria { .. } => with(Aria256::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Blowfish => with(<Blowfish>::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Camellia { bytes: 16 } => with(Camellia128::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Camellia { bytes: 24 } => with(Camellia192::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Camellia { .. } => with(Camellia256::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Cast5 => with(Cast5::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Idea => with(Idea::new_from_slice(key).ok()?, iv, &mut buffer)?,
            Cipher::Seed => seed::decrypt_cbc(key, iv, &mut buffer)?,
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

/// Deciphers in place and gives the length without the padding.
fn with<C: BlockCipherDecrypt>(cipher: C, iv: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let mode = cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    Some(mode.decrypt_padded::<Pkcs7>(buffer).ok()?.len())
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
