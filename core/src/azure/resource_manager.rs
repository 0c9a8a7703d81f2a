//! The Resource Manager: resources are read, put, changed and deleted by their path.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use super::answer::AzureAnswer;
use super::credential::Credential;
use super::door::{Call, Door, DoorOptions, Service};
use super::environment::AzureOptions;
use super::operation::Operation;
use super::refusal::json_of;
use super::token::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::guid::is_guid;
use crate::limits::AZURE_PAGES_MAX;

/// The version for resource groups, providers and locations.
const RESOURCES_VERSION: &str = "2021-04-01";
const NETWORK_VERSION: &str = "2024-05-01";

/// The Azure Resource Manager of one subscription.
///
/// Every call is tried again after Azure's rules (429 and 503 with `Retry-After`, what another request holds), and every error
/// names the request id. Not tried against a live subscription; checked against recorded exchanges.
///
/// ```
/// use cmgateway::Secret;
/// use cmgateway::azure::{AzureOptions, Credential, ResourceManager};
/// let credential = Credential::Token(Secret::new("eyJ0…".replace('…', "x")));
/// let subscription = "00000000-0000-0000-0000-000000000001";
/// let azure = ResourceManager::new(&AzureOptions::default(), subscription, &credential)?;
/// assert_eq!(
///     azure.resource_path("rg1", "Microsoft.Network/virtualNetworks", "v1"),
///     format!("/subscriptions/{subscription}/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks/v1"),
/// );
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub struct ResourceManager {
    door: Door,
    subscription_id: String,
}

impl ResourceManager {
    /// Checks the options and builds the client; connects to nothing yet.
    ///
    /// # Errors
    /// `config` for an address or a subscription id that cannot be; those of reading the trusted roots.
    pub fn new(options: &AzureOptions, subscription_id: &str, credential: &Credential) -> Result<Self> {
        check_subscription(subscription_id)?;
        let usual = options.environment.resource_manager_url();
        let door = DoorOptions {
            service: Service::ResourceManager,
            usual,
            base: options.resource_manager_url.as_deref(),
            identity: None,
            tokens: Some(Tokens::new(options, credential)?),
            audience: usual,
        };
        Ok(ResourceManager { door: Door::new(options, door)?, subscription_id: subscription_id.to_owned() })
    }

    /// The subscription.
    pub fn subscription_id(&self) -> &str {
        &self.subscription_id
    }

    /// Whose token we use: tenant and object id, as the token itself tells them; None where it does not.
    ///
    /// # Errors
    /// Those of getting a token.
    pub async fn caller(&self) -> Result<(Option<String>, Option<String>)> {
        let Some(token) = self.door.token().await? else { return Ok((None, None)) };
        let claims = token.expose().split('.').nth(1).unwrap_or_default().trim_end_matches('=');
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok((text("tid"), text("oid")))
    }

    /// Waits so long, by the timer of the options.
    pub(crate) async fn pause(&self, time: std::time::Duration) {
        self.door.timer.sleep(time).await;
    }

    /// Time since some moment, by the timer of the options.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.door.timer.elapsed()
    }

    /// The path of a resource group.
    pub fn group_path(&self, group: &str) -> String {
        format!("/subscriptions/{}/resourceGroups/{group}", self.subscription_id)
    }

    /// The path of a resource, which is its id.
    pub fn resource_path(&self, group: &str, resource_type: &str, name: &str) -> String {
        format!("{}/providers/{resource_type}/{name}", self.group_path(group))
    }

    /// Reads what is at a path; None where there is nothing.
    ///
    /// An empty `api_version`, here and elsewhere, says that the path has one already.
    ///
    /// # Errors
    /// `auth`, `unavailable`, `timed_out`, `protocol`, each with Azure's code and the request id.
    pub async fn get(&self, path: &str, api_version: &str) -> Result<Option<Value>> {
        let operation = format!("read {}", last_of(path));
        let url = self.url(path, api_version)?;
        match self.door.send(Call::new(&operation, Method::GET, url)).await {
            Ok(answer) => json_of(&operation, &answer).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound && !is_wrong_subscription(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// True where something is at a path (HEAD).
    ///
    /// # Errors
    /// Those of [`ResourceManager::get`].
    pub async fn exists(&self, path: &str, api_version: &str) -> Result<bool> {
        let operation = format!("look for {}", last_of(path));
        let url = self.url(path, api_version)?;
        match self.door.send(Call::new(&operation, Method::HEAD, url)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads a list, with every page that follows.
    ///
    /// # Errors
    /// Those of [`ResourceManager::get`]; `not_found` where the path leads nowhere.
    pub async fn list(&self, path: &str, api_version: &str) -> Result<Vec<Value>> {
        let operation = format!("list {}", last_of(path));
        let mut url = self.url(path, api_version)?;
        let mut items = Vec::new();
        for _ in 0..AZURE_PAGES_MAX {
            let answer = self.door.send(Call::new(&operation, Method::GET, url)).await?;
            let mut page = json_of(&operation, &answer)?;
            if let Some(Value::Array(values)) = page.get_mut("value").map(Value::take) {
                items.extend(values);
            }
            match page.get("nextLink").and_then(Value::as_str).filter(|link| !link.is_empty()) {
                Some(link) => url = self.door.given_url(&operation, link)?,
                None => return Ok(items),
            }
        }
        let cause = format!("the list has more than {AZURE_PAGES_MAX} pages");
        Err(Error::new(ErrorKind::Protocol, operation, cause))
    }

    /// Sends a change and gives the operation that it began, which may be over at once.
    ///
    /// `method` is PUT, PATCH, POST or DELETE. A DELETE of what is not there is over at once.
    ///
    /// # Errors
    /// `config` for another method; `conflict` and `config` where Azure refuses; those of [`ResourceManager::get`].
    pub async fn begin(
        &self,
        method: &str,
        path: &str,
        api_version: &str,
        body: Option<&Value>,
        if_match: Option<&str>,
    ) -> Result<Operation> {
        let (verb, method, is_repeatable) = match method.to_ascii_uppercase().as_str() {
            "PUT" => ("put", Method::PUT, true),
            // A merge has the same outcome the second time.
            "PATCH" => ("change", Method::PATCH, true),
            // Starting what starts, or registering what is registered, is harmless; so are all the POSTs here.
            "POST" => ("call", Method::POST, true),
            "DELETE" => ("delete", Method::DELETE, true),
            other => {
                let cause = format!("{other:?} is not PUT, PATCH, POST or DELETE");
                return Err(Error::new(ErrorKind::Config, "begin an operation", cause));
            }
        };
        let operation = format!("{verb} {}", last_of(path));
        let url = self.url(path, api_version)?;
        let mut call = Call::new(&operation, method.clone(), url.clone());
        call.content = body.map(|body| ("application/json", body.to_string().into_bytes()));
        call.if_match = if_match;
        call.is_repeatable = is_repeatable;
        match self.door.send(call).await {
            Ok(answer) => Operation::begun(&operation, &method, &url, &answer),
            Err(error) if error.kind() == ErrorKind::NotFound && method == Method::DELETE => {
                Ok(Operation::over(&operation, &method, &url))
            }
            Err(error) => Err(error),
        }
    }

    /// Polls an operation until it is over; gives the resource, or the result of a POST, or None after a DELETE.
    ///
    /// # Errors
    /// `conflict` where the operation failed, with Azure's reason; `timed_out` where it still runs after the deadline (it
    /// can be polled again); those of [`ResourceManager::get`].
    pub async fn finish(&self, operation: &mut Operation) -> Result<Option<Value>> {
        operation.finish(&self.door).await
    }

    /// Asks once how an operation goes; true where it is over.
    ///
    /// # Errors
    /// Those of [`ResourceManager::finish`].
    pub async fn poll(&self, operation: &mut Operation) -> Result<bool> {
        operation.poll(&self.door).await?;
        Ok(operation.is_over())
    }

    /// Sends any request once answered well, without waiting for what it may have begun.
    ///
    /// # Errors
    /// `config` for another method than GET, HEAD, PUT, PATCH, POST or DELETE; what Azure refuses.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        api_version: &str,
        body: Option<&Value>,
    ) -> Result<AzureAnswer> {
        let operation = format!("{} {}", method.to_ascii_uppercase(), last_of(path));
        self.door.call(&operation, method, self.url(path, api_version)?, body).await
    }

    /// Creates or replaces a resource and waits until that is done.
    ///
    /// # Errors
    /// Those of [`ResourceManager::begin`] and [`ResourceManager::finish`].
    pub async fn put(&self, path: &str, api_version: &str, body: &Value) -> Result<Option<Value>> {
        let mut operation = self.begin("PUT", path, api_version, Some(body), None).await?;
        self.finish(&mut operation).await
    }

    /// Changes the named members of a resource and waits until that is done.
    ///
    /// # Errors
    /// Those of [`ResourceManager::begin`] and [`ResourceManager::finish`].
    pub async fn patch(&self, path: &str, api_version: &str, body: &Value) -> Result<Option<Value>> {
        let mut operation = self.begin("PATCH", path, api_version, Some(body), None).await?;
        self.finish(&mut operation).await
    }

    /// Calls an action of a resource and waits until that is done.
    ///
    /// # Errors
    /// Those of [`ResourceManager::begin`] and [`ResourceManager::finish`].
    pub async fn post(&self, path: &str, api_version: &str, body: Option<&Value>) -> Result<Option<Value>> {
        let mut operation = self.begin("POST", path, api_version, body, None).await?;
        self.finish(&mut operation).await
    }

    /// Deletes a resource and waits until it is gone; what is not there is gone.
    ///
    /// # Errors
    /// Those of [`ResourceManager::begin`] and [`ResourceManager::finish`].
    pub async fn delete(&self, path: &str, api_version: &str) -> Result<()> {
        let mut operation = self.begin("DELETE", path, api_version, None, None).await?;
        self.finish(&mut operation).await.map(drop)
    }

    /// The state of a resource provider in the subscription, such as `Registered`.
    ///
    /// # Errors
    /// Those of [`ResourceManager::get`].
    pub async fn provider_state(&self, namespace: &str) -> Result<String> {
        let path = format!("/subscriptions/{}/providers/{namespace}", self.subscription_id);
        let provider = self.get(&path, RESOURCES_VERSION).await?;
        let state = provider.as_ref().and_then(|provider| provider.get("registrationState"));
        Ok(state.and_then(Value::as_str).unwrap_or("NotRegistered").to_owned())
    }

    /// Registers a resource provider and waits until it is registered.
    ///
    /// # Errors
    /// `timed_out` where that takes longer than an operation may; those of [`ResourceManager::begin`].
    pub async fn register_provider(&self, namespace: &str) -> Result<()> {
        let path = format!("/subscriptions/{}/providers/{namespace}/register", self.subscription_id);
        self.begin("POST", &path, RESOURCES_VERSION, None, None).await?;
        let start = self.door.timer.elapsed();
        while !self.provider_state(namespace).await?.eq_ignore_ascii_case("Registered") {
            if self.door.timer.elapsed().saturating_sub(start) > self.door.retry.operation_deadline {
                let operation = format!("register {namespace}");
                return Err(Error::new(ErrorKind::TimedOut, operation, "it is still being registered"));
            }
            self.door.timer.sleep(std::time::Duration::from_secs(10)).await;
        }
        Ok(())
    }

    /// True where the DNS label is free in the region.
    ///
    /// # Errors
    /// Those of [`ResourceManager::get`].
    pub async fn is_dns_label_free(&self, region: &str, label: &str) -> Result<bool> {
        let path = format!(
            "/subscriptions/{}/providers/Microsoft.Network/locations/{region}/CheckDnsNameAvailability?domainNameLabel={label}",
            self.subscription_id
        );
        let answer = self.get(&path, NETWORK_VERSION).await?;
        Ok(answer.is_some_and(|answer| answer.get("available").and_then(Value::as_bool).unwrap_or(false)))
    }

    /// Why a name cannot be given to a new storage account or vault; None where it can.
    ///
    /// # Errors
    /// Those of [`ResourceManager::get`].
    pub async fn name_objection(
        &self,
        resource_type: &str,
        api_version: &str,
        name: &str,
    ) -> Result<Option<String>> {
        let namespace = resource_type.split('/').next().unwrap_or_default();
        let path =
            format!("/subscriptions/{}/providers/{namespace}/checkNameAvailability", self.subscription_id);
        let body = json!({ "name": name, "type": resource_type });
        let answer = self.post(&path, api_version, Some(&body)).await?.unwrap_or_default();
        if answer.get("nameAvailable").and_then(Value::as_bool) == Some(true) {
            return Ok(None);
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(Some(format!("{}: {}", text("reason"), text("message"))))
    }

    fn url(&self, path: &str, api_version: &str) -> Result<reqwest::Url> {
        if !path.starts_with('/') || path.contains(char::is_control) || path.contains('#') {
            let cause = "a path begins with / and has no # and no control character";
            return Err(Error::new(ErrorKind::Config, format!("use path {path:?}"), cause));
        }
        if api_version.is_empty() {
            return self.door.url(path);
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        self.door.url(&format!("{path}{joint}api-version={api_version}"))
    }
}

impl std::fmt::Debug for ResourceManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResourceManager")
            .field("subscription_id", &self.subscription_id)
            .finish_non_exhaustive()
    }
}

/// A resource that belongs to a subscription nobody knows is not simply missing.
fn is_wrong_subscription(error: &Error) -> bool {
    error.context().iter().any(|(name, value)| *name == "code" && value == "SubscriptionNotFound")
}

/// `type/name` at the end of a path, for messages.
fn last_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("/")
}

/// Refuses what is no subscription id: it becomes a part of every address.
pub(super) fn check_subscription(subscription_id: &str) -> Result<()> {
    if is_guid(subscription_id) {
        return Ok(());
    }
    let cause = format!("{subscription_id:?} is no GUID");
    Err(Error::new(ErrorKind::Config, "use the subscription id", cause))
}

/// True where two ids name the same resource: they compare without case.
pub fn is_same_id(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

/// True where two texts name the same region: `West US 2` is `westus2`.
pub fn is_same_location(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_lowercase();
    plain(one) == plain(other)
}
