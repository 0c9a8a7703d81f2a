//! Tokens: got when they are needed, kept until shortly before their end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::az_program;
use super::client_assertion::{self, Assertion};
use super::credential::Credential;
use super::door::{Call, Door, DoorOptions, Service};
use super::environment::AzureOptions;
use super::refusal::json_of;
use crate::error::{Error, ErrorKind, Result};
use crate::guid;
use crate::net::Timer;
use crate::secret::Secret;

/// A token is renewed so long before its end.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
const METADATA: &str = "http://169.254.169.254";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where tokens come from, and those that are good.
pub(super) struct Tokens {
    credential: Credential,
    authority: Option<Door>,
    timer: Arc<dyn Timer>,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    token: Secret,
    /// By the clock's count.
    renew_at: Duration,
}

impl Tokens {
    pub(super) fn new(options: &AzureOptions, credential: &Credential) -> Result<Arc<Self>> {
        let usual = match credential {
            Credential::ManagedIdentity { .. } => METADATA,
            _ => options.environment.authority_url(),
        };
        let base = match credential {
            Credential::ManagedIdentity { .. } => options.metadata_url.as_deref(),
            _ => options.authority_url.as_deref(),
        };
        let authority = match credential {
            Credential::Token(token) => {
                crate::net::http::check_token(token, "use the Azure token")?;
                None
            }
            Credential::AzureCli { .. } => None,
            _ => {
                let door = DoorOptions {
                    service: Service::Tokens,
                    usual,
                    base,
                    identity: None,
                    tokens: None,
                    audience: usual,
                };
                Some(Door::new(options, door)?)
            }
        };
        Ok(Arc::new(Tokens {
            credential: credential.clone(),
            authority,
            timer: Arc::clone(&options.timer),
            kept: Mutex::new(HashMap::new()),
        }))
    }

    /// Lets go of a token that was refused.
    pub(super) fn forget(&self, audience: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(audience);
    }

    /// A token for this audience, such as `https://management.azure.com`.
    pub(super) async fn token(&self, audience: &str) -> Result<Secret> {
        if let Credential::Token(token) = &self.credential {
            return Ok(token.clone());
        }
        let now = self.timer.elapsed();
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = kept.get(audience).filter(|kept| now < kept.renew_at) {
                return Ok(kept.token.clone());
            }
        }
        let (token, seconds) = self.fetch(audience).await?;
        let good_for = Duration::from_secs(seconds);
        // A token that is short-lived anyway is used for half of its life.
        let keep = good_for.saturating_sub(RENEW_BEFORE).max(good_for / 2);
        let kept = Kept { token: token.clone(), renew_at: now.saturating_add(keep) };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(audience.to_owned(), kept);
        Ok(token)
    }

    async fn fetch(&self, audience: &str) -> Result<(Secret, u64)> {
        let scope = format!("{}/.default", audience.trim_end_matches('/'));
        match &self.credential {
            Credential::Token(token) => Ok((token.clone(), u64::MAX)),
            Credential::AzureCli { tenant_id } => az_program::token(audience, tenant_id.as_deref()).await,
            Credential::ManagedIdentity { client_id } => {
                self.ask_metadata(audience, client_id.as_deref()).await
            }
            Credential::ClientSecret { tenant_id, client_id, secret } => {
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", secret.expose()),
                    ("scope", &scope),
                ];
                self.ask_entra(tenant_id, &form).await
            }
            Credential::ClientCertificate { tenant_id, client_id, certificate, private_key, chain } => {
                let (usual, id) = (self.token_url(tenant_id)?, guid::fresh());
                let assertion = Assertion {
                    audience: &usual,
                    client_id,
                    id: &id,
                    now: self.timer.now(),
                    certificate,
                    chain,
                };
                let signed = client_assertion::sign(&assertion, private_key)?;
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", signed.expose()),
                    ("scope", &scope),
                ];
                self.ask_entra(tenant_id, &form).await
            }
        }
    }

    fn door(&self) -> Result<&Door> {
        self.authority
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::Internal, "get a token", "there is no token service"))
    }

    fn token_url(&self, tenant_id: &str) -> Result<String> {
        Ok(self.door()?.url(&token_path(tenant_id)?)?.to_string())
    }

    async fn ask_entra(&self, tenant_id: &str, form: &[(&str, &str)]) -> Result<(Secret, u64)> {
        let operation = "get a token from Entra";
        let door = self.door()?;
        let mut body = form_encoder();
        for (name, value) in form {
            body.append_pair(name, value);
        }
        let mut call = Call::new(operation, Method::POST, door.url(&token_path(tenant_id)?)?);
        call.content = Some(("application/x-www-form-urlencoded", body.finish().into_bytes()));
        call.is_repeatable = true;
        read(operation, &json_of(operation, &door.send(call).await?)?)
    }

    async fn ask_metadata(&self, audience: &str, client_id: Option<&str>) -> Result<(Secret, u64)> {
        let operation = "get a token of the managed identity";
        let door = self.door()?;
        let mut url = door.url("/metadata/identity/oauth2/token?api-version=2018-02-01")?;
        url.query_pairs_mut().append_pair("resource", audience);
        if let Some(client_id) = client_id {
            url.query_pairs_mut().append_pair("client_id", client_id);
        }
        read(operation, &json_of(operation, &door.send(Call::new(operation, Method::GET, url)).await?)?)
    }
}

fn token_path(tenant_id: &str) -> Result<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if tenant_id.is_empty() || !tenant_id.chars().all(is_name) {
        let cause = format!("the tenant {tenant_id:?} is neither an id nor a domain");
        return Err(Error::new(ErrorKind::Config, "get a token from Entra", cause));
    }
    Ok(format!("/{tenant_id}/oauth2/v2.0/token"))
}

/// Writes `name=value&…`, with everything percent-encoded that a form wants so.
fn form_encoder() -> FormWriter {
    FormWriter(String::new())
}

struct FormWriter(String);

impl FormWriter {
    fn append_pair(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        for (at, text) in [name, value].into_iter().enumerate() {
            if at == 1 {
                self.0.push('=');
            }
            for byte in text.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        self.0.push(char::from(byte));
                    }
                    _ => self.0.push_str(&format!("%{byte:02X}")),
                }
            }
        }
    }

    fn finish(self) -> String {
        self.0
    }
}

/// The token of an answer, and the seconds it is good for; numbers may come as text.
fn read(operation: &str, json: &Value) -> Result<(Secret, u64)> {
    let seconds = match json.get("expires_in") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    match (json.get("access_token").and_then(Value::as_str), seconds) {
        (Some(token), seconds) if !token.is_empty() => Ok((Secret::new(token), seconds.unwrap_or(600))),
        _ => Err(Error::new(ErrorKind::Protocol, operation, "the answer holds no access_token")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_texts_are_read_alike() {
        for json in [
            json!({"access_token": "t", "expires_in": 3599}),
            json!({"access_token": "t", "expires_in": "3599"}),
        ] {
            assert_eq!(read("get", &json).unwrap().1, 3599);
        }
        assert_eq!(read("get", &json!({"token_type": "Bearer"})).unwrap_err().kind(), ErrorKind::Protocol);
        assert!(token_path("../x").is_err() && token_path("contoso.onmicrosoft.com").is_ok());
        let mut form = form_encoder();
        form.append_pair("a b", "ü&=");
        form.append_pair("c", "~.-_");
        assert_eq!(form.finish(), "a%20b=%C3%BC%26%3D&c=~.-_");
    }
}
