//! The data plane of a Key Vault: certificates and secrets.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::AzureAnswer;
use super::credential::Credential;
use super::door::{Call, Door, DoorOptions, Service};
use super::environment::AzureOptions;
use super::refusal::json_of;
use super::serialized;
use super::token::Tokens;
use crate::cert::Thumbprint;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

const API_VERSION: &str = "7.4";

/// A certificate in a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VaultCertificate {
    /// Its address with version.
    pub id: String,
    /// The address of its secret with version: what a scale set takes as `certificateUrl`.
    pub secret_id: String,
    /// Its thumbprint.
    #[serde(serialize_with = "serialized::hex")]
    pub thumbprint: Option<Thumbprint>,
    /// The certificate, DER; JSON has it in base64.
    #[serde(serialize_with = "serialized::base64")]
    pub der: Vec<u8>,
}

/// A Key Vault, by its name.
///
/// Not tried against a live vault; checked against recorded exchanges.
///
/// ```
/// use cmgateway::Secret;
/// use cmgateway::azure::{AzureOptions, Credential, KeyVault};
/// let vault = KeyVault::new(&AzureOptions::default(), "granitefalls", &Credential::Token(Secret::new("x")))?;
/// assert_eq!(vault.url(), "https://granitefalls.vault.azure.net");
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub struct KeyVault {
    door: Door,
    url: String,
}

impl KeyVault {
    /// Checks the name and builds the client; connects to nothing yet.
    ///
    /// # Errors
    /// `config` for a name or an address that cannot be; those of reading the trusted roots.
    pub fn new(options: &AzureOptions, vault: &str, credential: &Credential) -> Result<Self> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !(3..=24).contains(&vault.len()) || !vault.chars().all(is_name) {
            let cause = "a vault's name has 3 to 24 letters, digits and hyphens";
            return Err(Error::new(ErrorKind::Config, format!("use vault {vault:?}"), cause));
        }
        let suffix = options.environment.key_vault_suffix();
        let (url, audience) = (format!("https://{vault}.{suffix}"), format!("https://{suffix}"));
        let base = options.key_vault_url.as_ref().map(|base| base.replace("{vault}", vault));
        let door = DoorOptions {
            service: Service::ResourceManager,
            usual: &url,
            base: base.as_deref(),
            identity: None,
            tokens: Some(Tokens::new(options, credential)?),
            audience: &audience,
        };
        Ok(KeyVault { door: Door::new(options, door)?, url })
    }

    /// The vault's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Imports a certificate with its key from a PFX; one of the same name gets a new version.
    ///
    /// # Errors
    /// `conflict` where a deleted certificate of this name can still be recovered (purge it, or take another name); `auth`
    /// where the vault does not let us; `config` where it refuses the PFX.
    pub async fn import_certificate(
        &self,
        name: &str,
        pfx: &[u8],
        password: Option<&Secret>,
        key_size_bits: u32,
    ) -> Result<VaultCertificate> {
        let operation = format!("import certificate {name} into {}", self.url);
        let mut body = json!({ "value": STANDARD.encode(pfx) });
        if let (Some(object), Some(password)) = (body.as_object_mut(), password) {
            object.insert("pwd".into(), password.expose().into());
        }
        if let Some(object) = body.as_object_mut() {
            let policy = json!({
                "key_props": { "exportable": true, "kty": "RSA", "key_size": key_size_bits, "reuse_key": false },
                "secret_props": { "contentType": "application/x-pkcs12" },
            });
            object.insert("policy".into(), policy);
        }
        let path = format!("/certificates/{}/import", checked(name)?);
        let answer = self.send(&operation, Method::POST, &path, Some(&body)).await?;
        certificate(&operation, &answer)
    }

    /// The newest version of a certificate; None where there is none.
    ///
    /// # Errors
    /// `auth`, `unavailable`, `timed_out`, `protocol`.
    pub async fn certificate(&self, name: &str) -> Result<Option<VaultCertificate>> {
        let operation = format!("read certificate {name} of {}", self.url);
        let path = format!("/certificates/{}/", checked(name)?);
        match self.send(&operation, Method::GET, &path, None).await {
            Ok(answer) => certificate(&operation, &answer).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a certificate; it can be recovered until it is purged. False where there was none.
    ///
    /// # Errors
    /// `auth`, `unavailable`, `timed_out`, `protocol`.
    pub async fn delete_certificate(&self, name: &str) -> Result<bool> {
        let operation = format!("delete certificate {name} of {}", self.url);
        let path = format!("/certificates/{}", checked(name)?);
        self.was_there(self.send(&operation, Method::DELETE, &path, None).await)
    }

    /// True where a deleted certificate of this name can be recovered.
    ///
    /// # Errors
    /// `auth`, `unavailable`, `timed_out`, `protocol`.
    pub async fn is_certificate_recoverable(&self, name: &str) -> Result<bool> {
        let operation = format!("look for deleted certificate {name} of {}", self.url);
        let path = format!("/deletedcertificates/{}", checked(name)?);
        self.was_there(self.send(&operation, Method::GET, &path, None).await)
    }

    /// Purges a deleted certificate for ever. False where there was none.
    ///
    /// # Errors
    /// `auth`, `unavailable`, `timed_out`, `protocol`.
    pub async fn purge_certificate(&self, name: &str) -> Result<bool> {
        let operation = format!("purge certificate {name} of {}", self.url);
        let path = format!("/deletedcertificates/{}", checked(name)?);
        self.was_there(self.send(&operation, Method::DELETE, &path, None).await)
    }

    /// Stores a secret, such as a certificate without key, and gives its address with version.
    ///
    /// # Errors
    /// `auth`, `config`, `unavailable`, `timed_out`, `protocol`.
    pub async fn set_secret(&self, name: &str, value: &Secret, content_type: &str) -> Result<String> {
        let operation = format!("store secret {name} in {}", self.url);
        let body = json!({ "value": value.expose(), "contentType": content_type });
        let path = format!("/secrets/{}", checked(name)?);
        let answer = self.send(&operation, Method::PUT, &path, Some(&body)).await?;
        text(&operation, &answer, "id")
    }

    /// Sends any request of the vault, such as `GET /certificates`; `api-version` is added where the path has none.
    ///
    /// # Errors
    /// `config` for another method or a path that cannot be; `not_found`; what the vault refuses.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<AzureAnswer> {
        let operation =
            format!("{} {}", method.to_ascii_uppercase(), path.split('?').next().unwrap_or_default());
        if !path.starts_with('/') || path.contains('#') || path.contains(char::is_control) {
            let cause = "a path begins with / and has no # and no control character";
            return Err(Error::new(ErrorKind::Config, operation, cause));
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        let url = match path.contains("api-version=") {
            true => self.door.url(path)?,
            false => self.door.url(&format!("{path}{joint}api-version={API_VERSION}"))?,
        };
        self.door.call(&operation, method, url, body).await
    }

    fn was_there(&self, result: Result<Value>) -> Result<bool> {
        match result {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, operation: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let url = self.door.url(&format!("{path}?api-version={API_VERSION}"))?;
        let mut call = Call::new(operation, method, url);
        call.content = body.map(|body| ("application/json", body.to_string().into_bytes()));
        // An import is not sent again where its answer was lost: it would make a second version of the same certificate.
        let answer = self.door.send(call).await?;
        if answer.body.trim_ascii().is_empty() { Ok(Value::Null) } else { json_of(operation, &answer) }
    }
}

impl std::fmt::Debug for KeyVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyVault").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The name, where it can be one: it becomes a part of the address.
fn checked(name: &str) -> Result<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=127).contains(&name.len()) && name.chars().all(is_name) {
        return Ok(name);
    }
    let cause = "a name in a vault has 1 to 127 letters, digits and hyphens";
    Err(Error::new(ErrorKind::Config, format!("use name {name:?}"), cause))
}

fn text(operation: &str, answer: &Value, name: &str) -> Result<String> {
    answer.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
        Error::new(ErrorKind::Protocol, operation, format!("the vault's answer holds no {name}"))
    })
}

fn certificate(operation: &str, answer: &Value) -> Result<VaultCertificate> {
    let thumbprint = answer.get("x5t").and_then(Value::as_str);
    let thumbprint = thumbprint.and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
    let der = answer.get("cer").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    Ok(VaultCertificate {
        id: text(operation, answer, "id")?,
        secret_id: text(operation, answer, "sid")?,
        thumbprint: thumbprint.and_then(|bytes| bytes.try_into().ok()).map(Thumbprint::from_bytes),
        der: der.unwrap_or_default(),
    })
}
