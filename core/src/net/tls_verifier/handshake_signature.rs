//! What a peer signs during the handshake, to prove that it has the key of its certificate.
//!
//! rustls has this for certificates that its own validator can read. That one refuses, for instance, critical name
//! constraints of directory names, so the key is taken out by our reader and handed to the same checks.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};

use crate::cert::Certificate;

fn algorithms() -> WebPkiSupportedAlgorithms {
    aws_lc_rs::default_provider().signature_verification_algorithms
}

/// The schemes that peers may sign with, the best first.
pub(super) fn schemes() -> Vec<SignatureScheme> {
    algorithms().supported_schemes()
}

/// Checks a signature of TLS 1.3, where the scheme names the curve of the key too.
pub(super) fn verify_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let key = read(certificate)?.public_key_der();
    let key = SubjectPublicKeyInfoDer::from(key);
    verify_tls13_signature_with_raw_key(message, &key, signed, &algorithms())
}

/// Checks a signature of TLS 1.2, where the scheme names the digest and the kind of key.
pub(super) fn verify_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let certificate = read(certificate)?;
    let (algorithm, key) = certificate.public_key_parts().ok_or(CertificateError::BadEncoding)?;
    let algorithms = algorithms();
    let (_, candidates) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signed.scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let of_key = candidates.iter().find(|each| each.public_key_alg_id().as_ref() == algorithm);
    // The key of the certificate cannot make such a signature.
    let verifier = of_key.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    verifier
        .verify_signature(key, message, signed.signature())
        .map(|()| HandshakeSignatureValid::assertion())
        .map_err(|_| CertificateError::BadSignature.into())
}

fn read(certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding.into())
}
