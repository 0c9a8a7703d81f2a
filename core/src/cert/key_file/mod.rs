//! Files with keys, and the containers they come in: private keys, PFX (PKCS #12), P7B (PKCS #7).
//!
//! `private_key`, `key_making` and `pfx` are what a caller sees. They stand on `ber` (BER made DER), `password` (the
//! forms of one password), `password_encryption`, `pem_encryption`, `pbkdf2`, `scrypt`, `cipher` (`seed`), `hash`, `public_half`,
//! `pfx_structure` and `pfx_bags`. `refusal` says why a file is not taken.

mod ber;
mod cipher;
mod hash;
mod key_making;
mod p7b;
mod password;
mod password_encryption;
mod pbkdf2;
mod pem_encryption;
mod pfx;
mod pfx_bags;
mod pfx_mac;
mod pfx_structure;
mod pfx_writing;
mod private_key;
mod private_key_reading;
mod public_half;
mod refusal;
mod scrypt;
mod seed;

pub use key_making::KeyKind;
pub use p7b::{load_p7b, load_p7b_file, write_p7b, write_p7b_pem};
pub use password::PasswordForm;
pub use pfx::{Pfx, PfxCertificate, PfxKey, PfxKeyPair, load_pfx, load_pfx_file};
pub use pfx_mac::PfxMac;
pub use pfx_writing::{PfxProfile, write_pfx};
pub use private_key::{PrivateKey, PrivateKeyKind};
pub use private_key_reading::{load_private_key, load_private_key_file};
