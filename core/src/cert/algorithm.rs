//! Names of key and signature algorithms, and the size of keys.

use super::der::{self, Fault, Oid, Reader};

pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub(super) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// 2.16.840.1.101.3.4.3 and above it 17, 18 and 19 for the three sizes of ML-DSA: RFC 9881.
pub(super) const NIST_SIGNATURES: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3];
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// Checks the content of an AlgorithmIdentifier.
pub(super) fn check(content: &[u8]) -> Result<(), Fault> {
    let mut reader = Reader::new(content);
    der::check_oid(reader.expect(der::OBJECT_IDENTIFIER)?.content)?;
    if !reader.is_empty() {
        reader.any()?;
    }
    reader.end()
}

/// The object identifier of a checked AlgorithmIdentifier and what follows it.
pub(super) fn split(content: &[u8]) -> (Oid<'_>, Reader<'_>) {
    let mut reader = Reader::new(content);
    let kind = reader.expect(der::OBJECT_IDENTIFIER).map_or(&[][..], |element| element.content);
    (Oid(kind), reader)
}

/// Checks a SubjectPublicKeyInfo (content) and gives the size of its key where that is known.
pub(super) fn check_key(content: &[u8]) -> Result<Option<u32>, Fault> {
    let mut reader = Reader::new(content);
    let algorithm = reader.expect(der::SEQUENCE)?.content;
    check(algorithm)?;
    let key = der::bit_string(reader.expect(der::BIT_STRING)?.content)?;
    reader.end()?;
    match split(algorithm) {
        (Oid(RSA | RSA_PSS), _) => {
            let mut numbers = Reader::new(der::only(key, der::SEQUENCE)?);
            let modulus = numbers.expect(der::INTEGER)?.content;
            der::check_integer(modulus)?;
            der::check_integer(numbers.expect(der::INTEGER)?.content)?;
            numbers.end()?;
            Ok(der::bits(modulus))
        }
        (Oid(EC), mut parameters) => {
            let Some(curve) = parameters.optional(der::OBJECT_IDENTIFIER)? else { return Ok(None) };
            der::check_oid(curve.content)?;
            Ok(curve_name(Oid(curve.content)).map(|(_, bits)| bits))
        }
        (Oid([0x2b, 0x65, 0x6e | 0x70]), _) => Ok(Some(256)),
        (Oid([0x2b, 0x65, 0x71]), _) => Ok(Some(456)),
        (Oid([0x2b, 0x65, 0x6f]), _) => Ok(Some(448)),
        _ => Ok(None),
    }
}

/// The size of an RSA key in a SubjectPublicKeyInfo (content); none for other kinds.
pub(super) fn rsa_bits(content: &[u8]) -> Option<u32> {
    rsa_sizes(content).map(|(modulus, _)| modulus)
}

/// The sizes, in bits, of modulus and exponent of an RSA key in a SubjectPublicKeyInfo (content).
pub(super) fn rsa_sizes(content: &[u8]) -> Option<(u32, u32)> {
    let mut reader = Reader::new(content);
    let algorithm = reader.expect(der::SEQUENCE).ok()?.content;
    if !matches!(split(algorithm).0.0, RSA | RSA_PSS) {
        return None;
    }
    let key = der::bit_string(reader.expect(der::BIT_STRING).ok()?.content).ok()?;
    let mut numbers = Reader::new(der::only(key, der::SEQUENCE).ok()?);
    let modulus = der::bits(numbers.expect(der::INTEGER).ok()?.content)?;
    Some((modulus, der::bits(numbers.expect(der::INTEGER).ok()?.content)?))
}

/// What a person calls the kind of key.
pub(super) fn key_name(content: &[u8]) -> String {
    let algorithm = Reader::new(content).expect(der::SEQUENCE).map_or(&[][..], |element| element.content);
    let (kind, mut parameters) = split(algorithm);
    match kind.0 {
        RSA => "RSA".into(),
        RSA_PSS => "RSA-PSS".into(),
        EC => match parameters.optional(der::OBJECT_IDENTIFIER) {
            Ok(Some(curve)) => match curve_name(Oid(curve.content)) {
                Some((name, _)) => format!("EC {name}"),
                None => format!("EC {}", Oid(curve.content)),
            },
            _ => "EC".into(),
        },
        [0x2b, 0x65, 0x6e] => "X25519".into(),
        [0x2b, 0x65, 0x6f] => "X448".into(),
        [0x2b, 0x65, 0x70] => "Ed25519".into(),
        [0x2b, 0x65, 0x71] => "Ed448".into(),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => "DSA".into(),
        other => ml_dsa_name(other).map_or_else(|| kind.to_string(), str::to_owned),
    }
}

/// The name of an ML-DSA algorithm, which keys and signatures share.
pub(super) fn ml_dsa_name(kind: &[u8]) -> Option<&'static str> {
    match kind.strip_prefix(NIST_SIGNATURES)? {
        [17] => Some("ML-DSA-44"),
        [18] => Some("ML-DSA-65"),
        [19] => Some("ML-DSA-87"),
        _ => None,
    }
}

pub(super) fn curve_name(curve: Oid<'_>) -> Option<(&'static str, u32)> {
    Some(match curve.0 {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => ("P-256", 256),
        [0x2b, 0x81, 4, 0, 0x22] => ("P-384", 384),
        [0x2b, 0x81, 4, 0, 0x23] => ("P-521", 521),
        [0x2b, 0x81, 4, 0, 0x21] => ("P-224", 224),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] => ("P-192", 192),
        [0x2b, 0x81, 4, 0, 0x0a] => ("secp256k1", 256),
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7] => ("brainpoolP256r1", 256),
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11] => ("brainpoolP384r1", 384),
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13] => ("brainpoolP512r1", 512),
        _ => return None,
    })
}

/// The name of a signature algorithm as the standards write it, or its object identifier.
pub(super) fn signature_name(content: &[u8]) -> String {
    let (kind, _) = split(content);
    let name = match kind.0 {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last] => match last {
            2 => "md2WithRSAEncryption",
            4 => "md5WithRSAEncryption",
            5 => "sha1WithRSAEncryption",
            10 => "rsassaPss",
            11 => "sha256WithRSAEncryption",
            12 => "sha384WithRSAEncryption",
            13 => "sha512WithRSAEncryption",
            14 => "sha224WithRSAEncryption",
            _ => return kind.to_string(),
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => "ecdsa-with-SHA1",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1] => "ecdsa-with-SHA224",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] => "ecdsa-with-SHA256",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] => "ecdsa-with-SHA384",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] => "ecdsa-with-SHA512",
        [0x2b, 0x65, 0x70] => "ED25519",
        [0x2b, 0x65, 0x71] => "ED448",
        other => return ml_dsa_name(other).map_or_else(|| kind.to_string(), str::to_owned),
    };
    name.into()
}
