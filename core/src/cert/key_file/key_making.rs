//! New private keys, and signatures with a private key.

use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::private_key::{PrivateKey, PrivateKeyKind};
use crate::cert::algorithm::{self, EC, RSA, RSA_PSS};
use crate::cert::der::{self, Oid, Reader};
use crate::cert::der_writing;
use crate::error::{Error, ErrorKind, Result};

const NULL: &[u8] = &[der::NULL, 0];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
// 1.2.840.10045.4.3: with SHA-256, -384, -512 below it.
const ECDSA: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];

/// The kind of key that is made for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum KeyKind {
    /// ECDSA on P-256: made at once, and understood by everything since Windows Vista.
    #[default]
    EcP256,
    /// ECDSA on P-384.
    EcP384,
    /// RSA with 2048 bits: what the gateway's server certificate and old software ask for.
    Rsa2048,
    /// RSA with 3072 bits; the gateway's documentation does not name this size.
    Rsa3072,
    /// RSA with 4096 bits; making one takes seconds at times.
    Rsa4096,
}

impl KeyKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [KeyKind; 5] =
        [KeyKind::EcP256, KeyKind::EcP384, KeyKind::Rsa2048, KeyKind::Rsa3072, KeyKind::Rsa4096];

    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::EcP256 => "ec_p256",
            KeyKind::EcP384 => "ec_p384",
            KeyKind::Rsa2048 => "rsa_2048",
            KeyKind::Rsa3072 => "rsa_3072",
            KeyKind::Rsa4096 => "rsa_4096",
        }
    }
}

impl FromStr for KeyKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        KeyKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known = KeyKind::ALL.map(KeyKind::as_str).join(", ");
            Error::new(ErrorKind::Config, "read kind of key", format!("{text:?} is none of {known}"))
        })
    }
}

impl PrivateKey {
    /// Makes a new private key.
    ///
    /// # Errors
    /// `internal` where the system gives no random numbers.
    ///
    /// ```
    /// use cmgateway::cert::{KeyKind, PrivateKey};
    /// assert_eq!(PrivateKey::generate(KeyKind::EcP384)?.algorithm(), "EC P-384");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn generate(kind: KeyKind) -> Result<Self> {
        let failed = |cause: &str| Error::new(ErrorKind::Internal, "make private key", cause);
        let no_random = |_| failed("the system gives no random numbers");
        let rsa = |size| -> Result<Zeroizing<Vec<u8>>> {
            let pair = rsa::KeyPair::generate(size).map_err(no_random)?;
            let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(no_random)?;
            Ok(Zeroizing::new(der.as_ref().to_vec()))
        };
        let ec = |algorithm| -> Result<Zeroizing<Vec<u8>>> {
            let der = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(no_random)?;
            Ok(Zeroizing::new(der.as_ref().to_vec()))
        };
        let pkcs8 = match kind {
            KeyKind::EcP256 => ec(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            KeyKind::EcP384 => ec(&ECDSA_P384_SHA384_ASN1_SIGNING)?,
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048)?,
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072)?,
            KeyKind::Rsa4096 => rsa(KeySize::Rsa4096)?,
        };
        PrivateKey::from_pkcs8(&pkcs8).map_err(|_| failed("the new key cannot be read"))
    }

    /// The SubjectPublicKeyInfo with its tag; nothing where the public half is not known.
    pub(in crate::cert) fn public_key_info(&self) -> Option<Vec<u8>> {
        let half = self.public_half()?;
        let (kind, parameters) = match self.kind() {
            PrivateKeyKind::Rsa => (RSA, NULL.to_vec()),
            PrivateKeyKind::Ec => (EC, der_writing::oid(&half.curve)),
            PrivateKeyKind::Ed25519 => (ED25519, Vec::new()),
            PrivateKeyKind::Other => return None,
        };
        let key = der_writing::element(der::BIT_STRING, &[&[0], &half.key]);
        Some(der_writing::sequence(&[&der_writing::algorithm(kind, &parameters), &key]))
    }

    /// The AlgorithmIdentifier with its tag that [`sign`](Self::sign) uses; the error is a cause.
    pub(in crate::cert) fn signature_algorithm(&self) -> std::result::Result<Vec<u8>, String> {
        let refused = || Err(format!("a key of the kind {} cannot sign here", self.algorithm()));
        let digest = match (self.kind(), self.curve()) {
            (PrivateKeyKind::Rsa, _) if self.is_pss() => return refused(),
            (PrivateKeyKind::Rsa, _)
                if !self.size_bits().is_some_and(|bits| (2_048..=8_192).contains(&bits)) =>
            {
                return Err("RSA keys sign with 2048 to 8192 bits".into());
            }
            (PrivateKeyKind::Rsa, _) => return Ok(der_writing::algorithm(RSA_SHA256, NULL)),
            (PrivateKeyKind::Ed25519, _) => return Ok(der_writing::algorithm(ED25519, &[])),
            (PrivateKeyKind::Ec, "P-256") => 2,
            (PrivateKeyKind::Ec, "P-384") => 3,
            (PrivateKeyKind::Ec, "P-521") => 4,
            _ => return refused(),
        };
        let mut kind = ECDSA.to_vec();
        kind.push(digest);
        Ok(der_writing::algorithm(&kind, &[]))
    }

    /// The signature over a message, made as [`signature_algorithm`](Self::signature_algorithm) says.
    pub(in crate::cert) fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let failed = || "the key cannot be used".to_owned();
        let random = SystemRandom::new();
        let info = self.plain_info();
        match self.kind() {
            PrivateKeyKind::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(&info).map_err(|_| failed())?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| failed())?;
                Ok(signature)
            }
            PrivateKeyKind::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&info).map_err(|_| failed())?;
                Ok(pair.sign(message).as_ref().to_vec())
            }
            _ => {
                let algorithm = match self.curve() {
                    "P-256" => &ECDSA_P256_SHA256_ASN1_SIGNING,
                    "P-384" => &ECDSA_P384_SHA384_ASN1_SIGNING,
                    _ => &ECDSA_P521_SHA512_ASN1_SIGNING,
                };
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, &info).map_err(|_| failed())?;
                Ok(pair.sign(&random, message).map_err(|_| failed())?.as_ref().to_vec())
            }
        }
    }

    /// The name of its curve; empty where it has none that is known.
    fn curve(&self) -> &'static str {
        let curve = self.public_half().map_or(&[][..], |half| &half.curve);
        algorithm::curve_name(Oid(curve)).map_or("", |(name, _)| name)
    }

    fn is_pss(&self) -> bool {
        self.parts().is_some_and(|(kind, _)| algorithm::split(kind).0.0 == RSA_PSS)
    }

    /// The content of its AlgorithmIdentifier, and the key inside.
    fn parts(&self) -> Option<(&[u8], &[u8])> {
        let mut outer = Reader::new(self.pkcs8()).enter(der::SEQUENCE).ok()?;
        outer.expect(der::INTEGER).ok()?;
        let kind = outer.expect(der::SEQUENCE).ok()?;
        Some((kind.content, outer.expect(der::OCTET_STRING).ok()?.content))
    }

    /// The key as PKCS #8 without attributes and with version 0, which the library takes of every writer.
    fn plain_info(&self) -> Zeroizing<Vec<u8>> {
        let (kind, inner) = self.parts().unwrap_or_default();
        let inner = Zeroizing::new(der_writing::octets(inner));
        let kind = der_writing::sequence(&[kind]);
        Zeroizing::new(der_writing::sequence(&[&[der::INTEGER, 1, 0], &kind, &inner]))
    }
}
