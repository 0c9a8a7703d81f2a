//! An issuer of bearer tokens: its key, its key set, and what it signs.

use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cmgateway::proxy::TokenRules;
use serde_json::{Value, json};

/// Who issues.
pub const ISSUER: &str = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/";
/// For whom.
pub const AUDIENCE: &str = "https://ConfigMgrService";

/// A key of an issuer.
#[derive(Debug)]
pub struct IssuerKey {
    id: &'static str,
    key: KeyPair,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl IssuerKey {
    /// A new key, RSA with 2048 bits.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn new(id: &'static str) -> Self {
        IssuerKey { id, key: KeyPair::generate(KeySize::Rsa2048).expect("a key") }
    }

    /// The public key as a set has it.
    pub fn jwk(&self) -> Value {
        let public: PublicKeyComponents<Vec<u8>> = self.key.public_key().into();
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "RSA", "use": "sig", "kid": self.id, "n": text(&public.n), "e": text(&public.e)})
    }

    /// A token with these claims.
    ///
    /// # Panics
    /// Where it cannot be signed.
    pub fn sign(&self, algorithm: &str, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = json!({"typ": "JWT", "alg": algorithm, "kid": self.id});
        let signed = format!("{}.{}", part(&head), part(claims));
        let padding: &'static dyn aws_lc_rs::signature::RsaEncoding = match algorithm {
            "PS256" => &aws_lc_rs::signature::RSA_PSS_SHA256,
            _ => &aws_lc_rs::signature::RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.key.sign(padding, &random, signed.as_bytes(), &mut signature).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What a gateway accepts that trusts these keys.
pub fn rules(keys: &[&IssuerKey]) -> TokenRules {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    TokenRules {
        issuers: vec![ISSUER.into()],
        audiences: vec![AUDIENCE.into()],
        keys: json!({ "keys": keys }).to_string(),
    }
}

/// Good claims, with changes; null takes one out.
pub fn claims(changes: &[(&str, Value)]) -> Value {
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let mut claims =
        json!({"iss": ISSUER, "aud": AUDIENCE, "nbf": now - 60, "exp": now + 600, "sub": "device"});
    for (name, value) in changes {
        match (value, claims.as_object_mut()) {
            (Value::Null, Some(object)) => drop(object.remove(*name)),
            (value, Some(object)) => drop(object.insert((*name).to_owned(), value.clone())),
            (_, None) => {}
        }
    }
    claims
}
