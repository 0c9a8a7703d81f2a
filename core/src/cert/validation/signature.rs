//! One signature, checked with one key.

use aws_lc_rs::signature::{
    self as aws, PqdsaVerificationAlgorithm, RsaParameters, RsaPssSaltLength, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::dsa;
use crate::cert::algorithm::{self, EC, RSA, RSA_PSS};
use crate::cert::der::{self, Fault, Oid, Reader};
use crate::limits::{RSA_EXPONENT_BITS_MAX, RSA_KEY_BITS_MAX};

const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
// 1.2.840.113549.1.1.8: the mask generation function of RFC 8017.
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
/// RFC 8017, 8.1: smaller keys have been factored in public.
pub(super) const RSA_KEY_BITS_MIN: u32 = 2_048;

/// Smaller keys are not taken by the provider, whoever opts in.
pub(super) const RSA_KEY_BITS_READ_MIN: u32 = 1_024;

/// What is accepted beyond the safe algorithms; nothing by default.
#[derive(Clone, Copy, Default)]
pub(in crate::cert) struct Allowed {
    pub(in crate::cert) sha1: bool,
    pub(in crate::cert) small_rsa: bool,
    pub(in crate::cert) dsa: bool,
}

/// Why a signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cert) enum SignatureFault {
    /// The bytes were not signed with this key.
    Bad,
    /// The algorithm, or the key under it, is none that the library knows.
    Unsupported(String),
    /// SHA-1, and not opted in.
    WeakDigest,
    /// An RSA key of this many bits, and not opted in.
    WeakKey(u32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

enum Scheme {
    Rsa(Digest),
    Pss(Digest, usize),
    Ecdsa(Digest),
    Ed25519,
    MlDsa(&'static PqdsaVerificationAlgorithm),
}

/// Checks a signature over `message`. A DSA key without parameters has those of its issuer, `inherited`. `key` is the content of a SubjectPublicKeyInfo, `algorithm` of an AlgorithmIdentifier.
pub(in crate::cert) fn verify(
    key: &[u8],
    inherited: Option<&[u8]>,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
    allowed: Allowed,
) -> Result<(), SignatureFault> {
    let unsupported = || SignatureFault::Unsupported(algorithm::signature_name(algorithm));
    if let Some(digest) = dsa::digest_of(algorithm::split(algorithm).0.0) {
        return if allowed.dsa {
            verify_dsa(key, inherited, digest, message, signature)
        } else {
            Err(unsupported())
        };
    }
    let scheme = scheme(algorithm).map_err(|_| unsupported())?;
    let mut reader = Reader::new(key);
    let key_algorithm = reader.expect(der::SEQUENCE).map_err(|_| unsupported())?.content;
    let bits = reader.expect(der::BIT_STRING).map_err(|_| unsupported())?.content;
    let bytes = der::whole_bytes(bits).map_err(|_| unsupported())?;
    let (kind, mut parameters) = algorithm::split(key_algorithm);
    let verifier: &'static dyn VerificationAlgorithm = match (&scheme, kind.0) {
        (Scheme::Ed25519, ED25519) => &aws::ED25519,
        (Scheme::MlDsa(verifier), of_key) if of_key == algorithm::split(algorithm).0.0 => *verifier,
        (Scheme::Rsa(digest), RSA) => {
            rsa(*digest, rsa_bits(key, allowed)?, allowed)?.ok_or_else(unsupported)?
        }
        (Scheme::Pss(digest, salt), RSA | RSA_PSS) => {
            rsa_bits(key, allowed)?;
            // RFC 4055, 3.3: a key that names parameters is for these only.
            let signed_with = algorithm::split(algorithm).1;
            if kind.0 == RSA_PSS && !parameters.is_empty() && !same(parameters, signed_with) {
                return Err(unsupported());
            }
            pss(*digest, *salt).ok_or_else(unsupported)?
        }
        (Scheme::Ecdsa(digest), EC) => {
            let curve = parameters.expect(der::OBJECT_IDENTIFIER).map_err(|_| unsupported())?.content;
            let curve = algorithm::curve_name(Oid(curve)).map_or("", |(name, _)| name);
            ecdsa(curve, *digest, allowed)?.ok_or_else(unsupported)?
        }
        // The key is of another kind than the signature.
        _ => return Err(SignatureFault::Bad),
    };
    UnparsedPublicKey::new(verifier, bytes).verify(message, signature).map_err(|_| SignatureFault::Bad)
}

fn verify_dsa(
    key: &[u8],
    inherited: Option<&[u8]>,
    digest: &'static aws_lc_rs::digest::Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureFault> {
    let unsupported = |fault: Fault| SignatureFault::Unsupported(format!("DSA with {fault}"));
    let parameters =
        dsa_parameters(key).or(inherited).ok_or_else(|| unsupported("a key without parameters"))?;
    let mut reader = Reader::new(key);
    let bits =
        reader.expect(der::SEQUENCE).and_then(|_| reader.expect(der::BIT_STRING)).map_err(unsupported)?;
    let number = der::whole_bytes(bits.content).map_err(unsupported)?;
    let hash = aws_lc_rs::digest::digest(digest, message);
    match dsa::is_signed(parameters, number, hash.as_ref(), signature).map_err(unsupported)? {
        true => Ok(()),
        false => Err(SignatureFault::Bad),
    }
}

/// The parameters in a DSA key, which may be left to its issuer: RFC 5280, 6.1.4 (e).
pub(super) fn dsa_parameters(key: &[u8]) -> Option<&[u8]> {
    let algorithm = Reader::new(key).expect(der::SEQUENCE).ok()?.content;
    let (kind, mut parameters) = algorithm::split(algorithm);
    let parameters = parameters.optional(der::SEQUENCE).ok()??;
    (kind.0 == dsa::DSA).then_some(parameters.content)
}

fn same(mut one: Reader<'_>, mut other: Reader<'_>) -> bool {
    matches!((one.any(), other.any()), (Ok(one), Ok(other)) if one.whole == other.whole)
}

/// The size of an RSA key, refused where it is too small or would cost too much.
fn rsa_bits(key: &[u8], allowed: Allowed) -> Result<u32, SignatureFault> {
    let (bits, exponent) = algorithm::rsa_sizes(key).unwrap_or_default();
    if exponent > RSA_EXPONENT_BITS_MAX {
        let cause = format!("an RSA key whose exponent has {exponent} bits");
        return Err(SignatureFault::Unsupported(cause));
    }
    if !(RSA_KEY_BITS_READ_MIN..=RSA_KEY_BITS_MAX).contains(&bits) {
        return Err(SignatureFault::Unsupported(format!("an RSA key of {bits} bits")));
    }
    if bits < RSA_KEY_BITS_MIN && !allowed.small_rsa {
        return Err(SignatureFault::WeakKey(bits));
    }
    Ok(bits)
}

fn rsa(
    digest: Digest,
    bits: u32,
    allowed: Allowed,
) -> Result<Option<&'static dyn VerificationAlgorithm>, SignatureFault> {
    if digest == Digest::Sha1 && !allowed.sha1 {
        return Err(SignatureFault::WeakDigest);
    }
    Ok(Some(match (digest, bits >= RSA_KEY_BITS_MIN) {
        (Digest::Sha1, _) => &aws::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Digest::Sha256, true) => &aws::RSA_PKCS1_2048_8192_SHA256,
        (Digest::Sha384, true) => &aws::RSA_PKCS1_2048_8192_SHA384,
        (Digest::Sha512, true) => &aws::RSA_PKCS1_2048_8192_SHA512,
        (Digest::Sha256, false) => &aws::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Digest::Sha512, false) => &aws::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (Digest::Sha384, false) => return Ok(None),
    }))
}

/// The salt is as long as the digest everywhere but in old Windows and OpenSSL defaults: 20 bytes.
fn pss(digest: Digest, salt: usize) -> Option<&'static dyn VerificationAlgorithm> {
    const SHORT: RsaPssSaltLength = RsaPssSaltLength::Custom(20);
    const SHA256_SHORT: RsaParameters = aws::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(SHORT);
    const SHA384_SHORT: RsaParameters = aws::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(SHORT);
    const SHA512_SHORT: RsaParameters = aws::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(SHORT);
    Some(match (digest, salt) {
        (Digest::Sha256, 32) => &aws::RSA_PSS_2048_8192_SHA256,
        (Digest::Sha384, 48) => &aws::RSA_PSS_2048_8192_SHA384,
        (Digest::Sha512, 64) => &aws::RSA_PSS_2048_8192_SHA512,
        (Digest::Sha256, 20) => &SHA256_SHORT,
        (Digest::Sha384, 20) => &SHA384_SHORT,
        (Digest::Sha512, 20) => &SHA512_SHORT,
        _ => return None,
    })
}

fn ecdsa(
    curve: &str,
    digest: Digest,
    allowed: Allowed,
) -> Result<Option<&'static dyn VerificationAlgorithm>, SignatureFault> {
    if digest == Digest::Sha1 && !allowed.sha1 {
        return Err(SignatureFault::WeakDigest);
    }
    Ok(Some(match (curve, digest) {
        ("P-256", Digest::Sha1) => &aws::ECDSA_P256_SHA1_ASN1,
        ("P-256", Digest::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        ("P-256", Digest::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        ("P-256", Digest::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        ("P-384", Digest::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        ("P-384", Digest::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        ("P-384", Digest::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        ("P-521", Digest::Sha1) => &aws::ECDSA_P521_SHA1_ASN1,
        ("P-521", Digest::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        ("P-521", Digest::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        ("P-521", Digest::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        _ => return Ok(None),
    }))
}

/// What an AlgorithmIdentifier asks for: RFC 4055, RFC 5758, RFC 8410.
fn scheme(content: &[u8]) -> Result<Scheme, Fault> {
    const UNKNOWN: Fault = "an unknown signature algorithm";
    let (kind, mut parameters) = algorithm::split(content);
    let scheme = match kind.0 {
        RSA_PSS => {
            let (digest, salt) = pss_parameters(parameters.enter(der::SEQUENCE)?)?;
            return Ok(Scheme::Pss(digest, salt));
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last] => {
            // RFC 4055 asks for NULL; absent is to be accepted too.
            if let Some(null) = parameters.optional(0x05)?
                && !null.content.is_empty()
            {
                return Err(UNKNOWN);
            }
            Scheme::Rsa(match last {
                5 => Digest::Sha1,
                11 => Digest::Sha256,
                12 => Digest::Sha384,
                13 => Digest::Sha512,
                _ => return Err(UNKNOWN),
            })
        }
        // Obsolete name of sha1WithRSAEncryption that old makecert wrote.
        [0x2b, 0x0e, 3, 2, 0x1d] => return Ok(Scheme::Rsa(Digest::Sha1)),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => Scheme::Ecdsa(Digest::Sha1),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2] => Scheme::Ecdsa(Digest::Sha256),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] => Scheme::Ecdsa(Digest::Sha384),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4] => Scheme::Ecdsa(Digest::Sha512),
        ED25519 => Scheme::Ed25519,
        other => Scheme::MlDsa(match algorithm::ml_dsa_name(other) {
            Some("ML-DSA-44") => &aws::ML_DSA_44,
            Some("ML-DSA-65") => &aws::ML_DSA_65,
            Some("ML-DSA-87") => &aws::ML_DSA_87,
            _ => return Err(UNKNOWN),
        }),
    };
    parameters.end()?;
    Ok(scheme)
}

fn pss_parameters(mut fields: Reader<'_>) -> Result<(Digest, usize), Fault> {
    const UNSUPPORTED: Fault = "RSA-PSS with parameters that nobody uses";
    let hash = match fields.optional(0xa0)? {
        Some(field) => digest(der::only(field.content, der::SEQUENCE)?)?,
        None => Digest::Sha1,
    };
    let mask = match fields.optional(0xa1)? {
        Some(field) => {
            let (kind, mut parameters) = algorithm::split(der::only(field.content, der::SEQUENCE)?);
            if kind.0 != MGF1 {
                return Err(UNSUPPORTED);
            }
            digest(parameters.expect(der::SEQUENCE)?.content)?
        }
        None => Digest::Sha1,
    };
    let salt = match fields.optional(0xa2)? {
        Some(field) => match der::only(field.content, der::INTEGER)? {
            [salt] => usize::from(*salt),
            _ => return Err(UNSUPPORTED),
        },
        None => 20,
    };
    if let Some(field) = fields.optional(0xa3)?
        && der::only(field.content, der::INTEGER)? != [1]
    {
        return Err(UNSUPPORTED);
    }
    fields.end()?;
    if hash == mask { Ok((hash, salt)) } else { Err(UNSUPPORTED) }
}

fn digest(algorithm: &[u8]) -> Result<Digest, Fault> {
    match algorithm::split(algorithm).0.0 {
        [0x2b, 0x0e, 3, 2, 0x1a] => Ok(Digest::Sha1),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => Ok(Digest::Sha256),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => Ok(Digest::Sha384),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => Ok(Digest::Sha512),
        _ => Err("an unknown digest"),
    }
}
