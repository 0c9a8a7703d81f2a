//! The signed text by which an application proves that it has its certificate's key (RFC 7523).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PSS_SHA256;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use time::OffsetDateTime;

use crate::cert::{Certificate, PrivateKey, PrivateKeyKind};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

const OPERATION: &str = "sign the client assertion";
/// How long an assertion is good, in seconds; Entra's pages say 5 to 10 minutes.
const VALID_SECONDS: i64 = 600;

/// What an assertion says.
pub(super) struct Assertion<'a> {
    /// The address of the token service.
    pub(super) audience: &'a str,
    pub(super) client_id: &'a str,
    /// A fresh GUID.
    pub(super) id: &'a str,
    pub(super) now: OffsetDateTime,
    pub(super) certificate: &'a Certificate,
    /// Sent along where it is not empty.
    pub(super) chain: &'a [Certificate],
}

/// Signs an assertion with PS256; the certificate is named by `x5t#S256`.
pub(super) fn sign(assertion: &Assertion<'_>, key: &PrivateKey) -> Result<Secret> {
    let refuse = |cause: &str| Error::new(ErrorKind::Certificate, OPERATION, cause);
    if key.kind() != PrivateKeyKind::Rsa {
        return Err(refuse("the key is not an RSA key; Entra takes RSA certificates only"));
    }
    if !key.matches(assertion.certificate) {
        return Err(refuse("the certificate is not for the key"));
    }
    let pair = KeyPair::from_pkcs8(key.to_pkcs8_der().expose())
        .map_err(|_| refuse("the key cannot be used for signatures"))?;
    let text = signing_input(assertion);
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| Error::new(ErrorKind::Internal, OPERATION, "the signature failed"))?;
    Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn signing_input(assertion: &Assertion<'_>) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, assertion.certificate.der());
    let mut header = json!({
        "alg": "PS256",
        "typ": "JWT",
        "x5t#S256": URL_SAFE_NO_PAD.encode(digest.as_ref()),
    });
    if let (Some(header), false) = (header.as_object_mut(), assertion.chain.is_empty()) {
        let chain: Vec<_> = assertion.chain.iter().map(|one| STANDARD.encode(one.der())).collect();
        header.insert("x5c".into(), chain.into());
    }
    let now = assertion.now.unix_timestamp();
    let claims = json!({
        "aud": assertion.audience,
        "iss": assertion.client_id,
        "sub": assertion.client_id,
        "jti": assertion.id,
        "nbf": now,
        "iat": now,
        "exp": now.saturating_add(VALID_SECONDS),
    });
    let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(&header), part(&claims))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use time::macros::datetime;

    use super::*;
    use crate::cert::{DevelopmentPki, DevelopmentPkiOptions, KeyKind, load_private_key};

    #[test]
    fn the_assertion_is_the_documented_one_and_its_signature_holds() {
        let now = datetime!(2026-01-01 00:00 UTC);
        let mut options = DevelopmentPkiOptions::new(now);
        options.key = KeyKind::Rsa2048;
        let pki = DevelopmentPki::new(&options).unwrap();
        let client = pki.client();
        let key = load_private_key(client.private_key_pem().expose().as_bytes(), None).unwrap();
        let assertion = Assertion {
            audience: "https://login.microsoftonline.com/t/oauth2/v2.0/token",
            client_id: "app",
            id: "11111111-2222-3333-4444-555555555555",
            now,
            certificate: client.certificate(),
            chain: &[],
        };
        let signed = sign(&assertion, &key).unwrap();
        let parts: Vec<_> = signed.expose().split('.').collect();
        let read = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = (read(parts[0]), read(parts[1]));
        assert_eq!((&header["alg"], &header["typ"]), (&json!("PS256"), &json!("JWT")));
        let thumbprint = URL_SAFE_NO_PAD.decode(header["x5t#S256"].as_str().unwrap()).unwrap();
        let hex: String = thumbprint.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, client.certificate().sha256_thumbprint());
        assert_eq!(header.get("x5c"), None);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 600);

        let public = KeyPair::from_pkcs8(key.to_pkcs8_der().expose()).unwrap();
        let public = aws_lc_rs::signature::KeyPair::public_key(&public).as_ref().to_vec();
        let text = format!("{}.{}", parts[0], parts[1]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)
            .verify(text.as_bytes(), &signature)
            .unwrap();

        let other = pki.server();
        let wrong = Assertion { certificate: other.certificate(), ..assertion };
        assert_eq!(sign(&wrong, &key).unwrap_err().kind(), ErrorKind::Certificate);
    }
}
