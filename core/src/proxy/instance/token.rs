//! Bearer tokens of clients without a certificate: JSON Web Tokens (RFC 7519), signed with RS256 or PS256.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::reply::Refused;
use super::trust::Active;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{TOKEN_BYTES_MAX, TOKEN_KEYS_MAX};
use crate::proxy::configuration::TokenRules;

/// The rules for tokens with their keys ready.
pub(super) struct Tokens {
    keys: Vec<(Option<String>, DecodingKey)>,
    validation: Validation,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// Only what has to be there; the rest is checked on the way.
#[derive(Deserialize)]
struct Claims {}

impl TokenRules {
    /// Refuses rules that no instance would take: nobody named, or no RSA key.
    ///
    /// # Errors
    /// `config` with the field and the rule.
    pub fn check(&self) -> Result<()> {
        Tokens::new(self).map(drop)
    }

    /// As [`check`](Self::check), without the keys.
    pub(crate) fn check_names(&self) -> Result<()> {
        if self.issuers.is_empty() || self.audiences.is_empty() {
            return Err(refuse("issuers and audiences: each needs at least one".into()));
        }
        Ok(())
    }
}

fn refuse(cause: String) -> Error {
    Error::new(ErrorKind::Config, "read token rules", cause)
}

impl Tokens {
    pub(super) fn new(rules: &TokenRules) -> Result<Self> {
        rules.check_names()?;
        let set: KeySet = serde_json::from_str(&rules.keys)
            .map_err(|error| refuse(format!("keys: it is no JSON Web Key Set: {error}")))?;
        if set.keys.len() > TOKEN_KEYS_MAX {
            return Err(refuse(format!("keys: there are more than {TOKEN_KEYS_MAX}")));
        }
        // Sets hold keys of other kinds and for other uses too.
        let rsa = set.keys.into_iter().filter_map(|value| serde_json::from_value::<Jwk>(value).ok());
        let rsa = rsa.filter(|key| matches!(key.algorithm, AlgorithmParameters::RSA(_)));
        let keys: Vec<_> = rsa
            .filter_map(|key| Some((key.common.key_id.clone(), DecodingKey::from_jwk(&key).ok()?)))
            .collect();
        if keys.is_empty() {
            return Err(refuse("keys: there is no RSA key in it".into()));
        }
        let mut validation = Validation::new(Algorithm::RS256);
        validation.algorithms = vec![Algorithm::RS256, Algorithm::PS256];
        validation.set_issuer(&rules.issuers);
        validation.set_audience(&rules.audiences);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        Ok(Tokens { keys, validation })
    }

    /// Accepts a token, or says why not, for the log.
    fn check(&self, token: &str) -> std::result::Result<(), String> {
        let header = decode_header(token).map_err(|error| error.to_string())?;
        if !self.validation.algorithms.contains(&header.alg) {
            return Err(format!("the algorithm {:?} is not accepted", header.alg));
        }
        let mut cause = "no key of the issuers has its key id".to_owned();
        let of_id = |key: &&(Option<String>, DecodingKey)| match (&key.0, &header.kid) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        for (_, key) in self.keys.iter().filter(of_id) {
            match decode::<Claims>(token, key, &self.validation) {
                Ok(_) => return Ok(()),
                Err(error) => cause = error.to_string(),
            }
        }
        Err(cause)
    }
}

/// Accepts a request with a good token.
pub(super) fn check(active: &Active, headers: &HeaderMap) -> std::result::Result<(), Refused> {
    let Some(tokens) = &active.tokens else { return Err(Refused::INVALID_TOKEN) };
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refused::INVALID_TOKEN) };
    let text = value.to_str().unwrap_or_default();
    let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else { return Err(Refused::INVALID_TOKEN) };
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused::INVALID_TOKEN);
    }
    tokens.check(token.trim()).map_err(|cause| {
        tracing::info!(%cause, "a token is refused");
        Refused::INVALID_TOKEN
    })
}
