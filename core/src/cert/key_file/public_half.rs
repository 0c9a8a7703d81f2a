//! The public half of a private key, and whether the numbers of a key fit together.

use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use super::private_key::{PrivateKeyKind, PublicHalf};
use super::refusal::{Refusal, part};
use crate::cert::algorithm;
use crate::cert::der::{self, Element, Fault, Reader};
use crate::cert::der_writing;
use crate::limits::RSA_PRIVATE_KEY_BITS_MAX;

/// What a private key tells about itself.
pub(super) struct Half {
    pub(super) kind: PrivateKeyKind,
    pub(super) size_bits: Option<u32>,
    pub(super) public: Option<PublicHalf>,
}

const MISFIT: &str = "the numbers of its private key do not fit together";

/// From the AlgorithmIdentifier, the key, and the public half that may stand beside it.
pub(super) fn of(kind: Element<'_>, inner: &[u8], stated: Option<&[u8]>) -> Result<Half, Refusal> {
    let mut reader = Reader::new(kind.content);
    let name = reader.expect(der::OBJECT_IDENTIFIER).map_err(part("key algorithm"))?.content;
    let half = match name {
        algorithm::RSA | algorithm::RSA_PSS => of_rsa(inner)?,
        algorithm::EC => of_ec(kind, reader, inner)?,
        [0x2b, 0x65, 0x70] => of_ed25519(inner)?,
        _ => Half { kind: PrivateKeyKind::Other, size_bits: None, public: None },
    };
    match (&half.public, stated) {
        (Some(found), Some(stated)) if found.key != stated => Err(Refusal::damaged(MISFIT)),
        _ => Ok(half),
    }
}

fn of_rsa(inner: &[u8]) -> Result<Half, Refusal> {
    let wrong = part("RSA key");
    let mut numbers = Reader::new(der::only(inner, der::SEQUENCE).map_err(&wrong)?);
    match numbers.expect(der::INTEGER).map_err(&wrong)?.content {
        [0] => {}
        [1] => {
            return Err(Refusal::Unsupported("an RSA key of more than two primes is not supported".into()));
        }
        _ => return Err(Refusal::damaged("its RSA key has an unknown version")),
    }
    let mut next = || -> Result<Element<'_>, Fault> {
        let number = numbers.expect(der::INTEGER)?;
        der::check_integer(number.content)?;
        match number.content {
            [first, ..] if first & 0x80 == 0 => Ok(number),
            _ => Err("a negative number"),
        }
    };
    let (modulus, exponent) = (next().map_err(&wrong)?, next().map_err(&wrong)?);
    next().map_err(&wrong)?;
    let (p, q) = (next().map_err(&wrong)?, next().map_err(&wrong)?);
    for _ in 0..3 {
        next().map_err(&wrong)?;
    }
    numbers.end().map_err(&wrong)?;
    let size_bits = der::bits(modulus.content);
    if size_bits.is_some_and(|bits| bits > RSA_PRIVATE_KEY_BITS_MAX) {
        return Err(Refusal::TooMuch(format!("its RSA key has more than {RSA_PRIVATE_KEY_BITS_MAX} bits")));
    }
    // The library takes 2048 to 8192 bits and checks every number; of others we can say this much.
    let fits = match size_bits {
        Some(2048..=8192) => aws_lc_rs::rsa::KeyPair::from_der(inner).is_ok(),
        _ => is_product(modulus.content, p.content, q.content),
    };
    if !fits {
        return Err(Refusal::damaged(MISFIT));
    }
    let key = der_writing::sequence(&[modulus.whole, exponent.whole]);
    let public = Some(PublicHalf { curve: Vec::new(), key });
    Ok(Half { kind: PrivateKeyKind::Rsa, size_bits, public })
}

fn is_product(product: &[u8], left: &[u8], right: &[u8]) -> bool {
    let mut sum = Zeroizing::new(vec![0_u8; left.len().saturating_add(right.len())]);
    // By hand, digit by digit: 16,384 bits are a million steps.
    for (shift, a) in left.iter().rev().enumerate() {
        let mut carry = 0_u32;
        let digits = sum.iter_mut().rev().skip(shift);
        for (digit, b) in digits.zip(right.iter().rev().chain(std::iter::repeat(&0))) {
            // At most 255 * 255 + 255 + 255, which 32 bits hold.
            carry += u32::from(*a) * u32::from(*b) + u32::from(*digit);
            *digit = carry.to_be_bytes()[3];
            carry >>= 8;
        }
    }
    fn significant(bytes: &[u8]) -> impl Iterator<Item = &u8> {
        bytes.iter().skip_while(|byte| **byte == 0)
    }
    significant(&sum).eq(significant(product)) && [left, right].iter().all(|prime| !matches!(prime, [0 | 1]))
}

fn of_ec(kind: Element<'_>, mut parameters: Reader<'_>, inner: &[u8]) -> Result<Half, Refusal> {
    let wrong = part("EC key");
    let unnamed = || Refusal::Unsupported("a curve that is not given by its name is not supported".into());
    let mut fields = Reader::new(der::only(inner, der::SEQUENCE).map_err(&wrong)?);
    if fields.expect(der::INTEGER).map_err(&wrong)?.content != [1] {
        return Err(Refusal::damaged("its EC key has an unknown version"));
    }
    fields.expect(der::OCTET_STRING).map_err(&wrong)?;
    let inner_curve = fields.optional(0xa0).map_err(&wrong)?;
    let stated = fields.optional(0xa1).map_err(&wrong)?;
    let curve = parameters.optional(der::OBJECT_IDENTIFIER).map_err(&wrong)?.ok_or_else(unnamed)?;
    if inner_curve.is_some_and(|inner| inner.content != curve.whole) {
        return Err(Refusal::damaged("its EC key names two curves"));
    }
    let stated = stated
        .map(|bits| der::only(bits.content, der::BIT_STRING).and_then(der::bit_string))
        .transpose()
        .map_err(&wrong)?;
    let signing = match curve.content {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        [0x2b, 0x81, 4, 0, 0x22] => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        [0x2b, 0x81, 4, 0, 0x23] => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        [0x2b, 0x81, 4, 0, 0x0a] => Some(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    };
    let key = match signing {
        Some(signing) => {
            // Without attributes and with version 0, which the library takes of every writer.
            let info = Zeroizing::new(der_writing::sequence(&[
                &[der::INTEGER, 1, 0],
                kind.whole,
                &Zeroizing::new(der_writing::octets(inner)),
            ]));
            let pair =
                EcdsaKeyPair::from_private_key_der(signing, &info).map_err(|_| Refusal::damaged(MISFIT))?;
            Some(pair.public_key().as_ref().to_vec())
        }
        None => stated.map(<[u8]>::to_vec),
    };
    Ok(Half {
        kind: PrivateKeyKind::Ec,
        size_bits: algorithm::curve_name(der::Oid(curve.content)).map(|(_, bits)| bits),
        public: key.map(|key| PublicHalf { curve: curve.content.to_vec(), key }),
    })
}

fn of_ed25519(inner: &[u8]) -> Result<Half, Refusal> {
    let seed = der::only(inner, der::OCTET_STRING).map_err(part("Ed25519 key"))?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|_| Refusal::damaged("its Ed25519 key has not 32 bytes"))?;
    let key = pair.public_key().as_ref().to_vec();
    let public = Some(PublicHalf { curve: Vec::new(), key });
    Ok(Half { kind: PrivateKeyKind::Ed25519, size_bits: Some(256), public })
}

/// From a checked SubjectPublicKeyInfo (content); nothing where the kind is not one of ours.
pub(super) fn of_certificate(info: &[u8]) -> Option<(PrivateKeyKind, PublicHalf)> {
    let mut reader = Reader::new(info);
    let mut kind = reader.enter(der::SEQUENCE).ok()?;
    let key = der::bit_string(reader.expect(der::BIT_STRING).ok()?.content).ok()?.to_vec();
    match kind.expect(der::OBJECT_IDENTIFIER).ok()?.content {
        algorithm::RSA | algorithm::RSA_PSS => {
            Some((PrivateKeyKind::Rsa, PublicHalf { curve: Vec::new(), key }))
        }
        algorithm::EC => {
            let curve = kind.expect(der::OBJECT_IDENTIFIER).ok()?.content.to_vec();
            Some((PrivateKeyKind::Ec, PublicHalf { curve, key }))
        }
        [0x2b, 0x65, 0x70] => Some((PrivateKeyKind::Ed25519, PublicHalf { curve: Vec::new(), key })),
        _ => None,
    }
}

/// True for the same key, also where one of two points is written short (SEC 1, 2.3.3).
pub(super) fn is_same(left: &PublicHalf, right: &PublicHalf) -> bool {
    let same_point = || match (short(&left.key), short(&right.key)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    };
    left.curve == right.curve && (left.key == right.key || !left.curve.is_empty() && same_point())
}

/// The first coordinate, and whether the second is odd.
fn short(point: &[u8]) -> Option<(&[u8], u8)> {
    match point {
        [4, coordinates @ ..] if coordinates.len() % 2 == 0 => {
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
            Some((x, y.last()? & 1))
        }
        [sign @ (2 | 3), x @ ..] => Some((x, sign & 1)),
        _ => None,
    }
}
