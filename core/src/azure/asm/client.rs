//! The calls of the classic API.

use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::element::Element;
use super::management_certificate::ManagementCertificate;
use crate::azure::credential::Credential;
use crate::azure::door::{Call, Door, DoorOptions, Service};
use crate::azure::environment::AzureOptions;
use crate::azure::error_document::{self, ErrorDocument};
use crate::azure::resource_manager::check_subscription;
use crate::azure::token::Tokens;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::HttpAnswer;

/// Time between two questions about an operation; the service names none.
const POLL_PAUSE: Duration = Duration::from_secs(5);
/// How often a request waits for another operation that holds the deployment.
const EXCLUSIVE_WAITS_MAX: u32 = 5;

/// What the classic API answered to a call that has no function of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServiceAnswer {
    /// The HTTP status; below 400.
    pub status: u16,
    /// The id to ask about an operation by, where the status is 202.
    pub operation: ServiceOperation,
    /// The body, XML or nothing.
    pub body: String,
}

/// An operation of the classic API that may still run: the request id of the answer that began it.
///
/// It can be stored and asked about by another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceOperation {
    operation: String,
    request_id: String,
}

impl ServiceOperation {
    /// The operation of a request id that was stored, to be asked about again.
    pub fn of(request_id: impl Into<String>) -> Self {
        let request_id = request_id.into();
        ServiceOperation { operation: format!("finish operation {request_id}"), request_id }
    }

    /// The request id, 32 hex digits.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// The classic Service Management API of one subscription.
///
/// A management certificate lets us in, shown in the first TLS handshake, or a token. The service was switched off on 2024-08-31:
/// this never met it, and is checked against recorded exchanges.
///
/// ```
/// use cmgateway::Secret;
/// use cmgateway::azure::{AzureOptions, Credential, asm::ServiceManagement};
/// let token = Credential::Token(Secret::new("x"));
/// let subscription = "00000000-0000-0000-0000-000000000001";
/// let azure = ServiceManagement::with_credential(&AzureOptions::default(), subscription, &token)?;
/// assert_eq!(azure.subscription_id(), subscription);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub struct ServiceManagement {
    door: Door,
    subscription_id: String,
}

impl ServiceManagement {
    /// Checks the options and builds the client that shows a management certificate; connects to nothing yet.
    ///
    /// # Errors
    /// `config` for an address or a subscription id that cannot be; `certificate` where the key is not for the certificate.
    pub fn new(
        options: &AzureOptions,
        subscription_id: &str,
        certificate: &ManagementCertificate,
    ) -> Result<Self> {
        Self::build(options, subscription_id, Some(certificate), None)
    }

    /// As [`ServiceManagement::new`], with tokens in place of a management certificate.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::new`].
    pub fn with_credential(
        options: &AzureOptions,
        subscription_id: &str,
        credential: &Credential,
    ) -> Result<Self> {
        Self::build(options, subscription_id, None, Some(credential))
    }

    fn build(
        options: &AzureOptions,
        subscription_id: &str,
        certificate: Option<&ManagementCertificate>,
        credential: Option<&Credential>,
    ) -> Result<Self> {
        check_subscription(subscription_id)?;
        let usual = options.environment.service_management_url();
        let door = DoorOptions {
            service: Service::Classic,
            usual,
            base: options.service_management_url.as_deref(),
            identity: certificate.map(ManagementCertificate::identity),
            tokens: credential.map(|credential| Tokens::new(options, credential)).transpose()?,
            audience: usual,
        };
        Ok(ServiceManagement { door: Door::new(options, door)?, subscription_id: subscription_id.to_owned() })
    }

    /// The subscription.
    pub fn subscription_id(&self) -> &str {
        &self.subscription_id
    }

    /// Waits until an operation is over.
    ///
    /// # Errors
    /// `config`, `conflict` or another kind after the operation's own status, with the service's reason and the request id;
    /// `timed_out` where it still runs after the deadline (it can be asked about again).
    pub async fn finish(&self, operation: &ServiceOperation) -> Result<()> {
        let start = self.door.timer.elapsed();
        while !self.is_over(operation).await? {
            let waited = self.door.timer.elapsed().saturating_sub(start);
            let limit = self.door.retry.operation_deadline;
            let pause = POLL_PAUSE.min(self.door.retry.poll_pause);
            if waited.saturating_add(pause) > limit {
                let cause = format!(
                    "it still runs after {} s (request id {})",
                    limit.as_secs(),
                    operation.request_id
                );
                return Err(Error::new(ErrorKind::TimedOut, operation.operation.as_str(), cause));
            }
            self.door.timer.sleep(pause).await;
        }
        Ok(())
    }

    /// Asks once whether an operation is over.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::finish`].
    pub async fn is_over(&self, operation: &ServiceOperation) -> Result<bool> {
        let path = format!("/operations/{}", segment(&operation.request_id)?);
        let root = self.read(&operation.operation, &path).await?;
        match root.text_of("Status") {
            Some("InProgress") => Ok(false),
            Some("Succeeded") => Ok(true),
            Some("Failed") => Err(failed(operation, &root)),
            other => {
                let cause = format!("the operation's status is {}", other.unwrap_or("missing"));
                Err(Error::new(ErrorKind::Protocol, operation.operation.as_str(), cause)
                    .with_context("request_id", operation.request_id.as_str()))
            }
        }
    }

    /// Sends a call that has no function of its own; the path begins behind the subscription id.
    ///
    /// # Errors
    /// `config` for another method than GET, PUT, POST or DELETE, or a path that cannot be; what the service refuses.
    pub async fn call(&self, method: &str, path: &str, body: Option<&str>) -> Result<ServiceAnswer> {
        let operation =
            format!("{} {}", method.to_ascii_uppercase(), path.split('?').next().unwrap_or_default());
        let refuse = |cause: String| Error::new(ErrorKind::Config, operation.as_str(), cause);
        let method = match method.to_ascii_uppercase().as_str() {
            "GET" => Method::GET,
            "PUT" => Method::PUT,
            "POST" => Method::POST,
            "DELETE" => Method::DELETE,
            _ => return Err(refuse("the method is not GET, PUT, POST or DELETE".into())),
        };
        if !path.is_empty() && !path.starts_with('/') || path.contains(['#', '\r', '\n']) {
            return Err(refuse("the path does not begin with /".into()));
        }
        if let Some(body) = body {
            Element::parse(body).map_err(|cause| refuse(format!("the body: {cause}")))?;
        }
        let body = body.map(str::to_owned);
        let answer = self.change(&operation, method, path, body).await?;
        let request_id = answer.header("x-ms-request-id").unwrap_or_default().to_owned();
        Ok(ServiceAnswer {
            status: answer.status,
            operation: ServiceOperation { operation, request_id },
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }

    pub(super) async fn read(&self, operation: &str, path: &str) -> Result<Element> {
        let answer = self.send(operation, Method::GET, path, None).await?;
        let text = String::from_utf8_lossy(&answer.body);
        Element::parse(&text).map_err(|cause| {
            Error::new(ErrorKind::Protocol, operation, format!("the answer cannot be read: {cause}"))
                .with_context("request_id", answer.header("x-ms-request-id").unwrap_or_default())
        })
    }

    pub(super) async fn begin(
        &self,
        operation: &str,
        method: Method,
        path: &str,
        body: Option<Element>,
    ) -> Result<ServiceOperation> {
        let answer = self.change(operation, method, path, body.map(|body| body.to_document())).await?;
        let request_id = answer.header("x-ms-request-id").unwrap_or_default().to_owned();
        if request_id.is_empty() {
            let cause =
                "the answer has no x-ms-request-id to ask by; read the deployment to see whether it was done";
            return Err(Error::new(ErrorKind::Protocol, operation, cause));
        }
        Ok(ServiceOperation { operation: operation.to_owned(), request_id })
    }

    /// Sends a change; where another operation holds the deployment, waits for that one and sends it again.
    pub(super) async fn change(
        &self,
        operation: &str,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<HttpAnswer> {
        let mut waits = 0;
        loop {
            let error = match self.send(operation, method.clone(), path, body.as_deref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let holder =
                (error.kind() == ErrorKind::Conflict).then(|| holding_request(error.cause())).flatten();
            let Some(request_id) = holder.filter(|_| waits < EXCLUSIVE_WAITS_MAX) else { return Err(error) };
            waits += 1;
            let other =
                ServiceOperation { operation: format!("wait for operation {request_id}"), request_id };
            // How the other one ends is its own caller's matter.
            let _ = self.finish(&other).await;
        }
    }

    async fn send(
        &self,
        operation: &str,
        method: Method,
        path: &str,
        body: Option<&str>,
    ) -> Result<HttpAnswer> {
        let url = self.door.url(&format!("/{}{path}", self.subscription_id))?;
        let mut call = Call::new(operation, method, url);
        call.content = body.map(|body| ("application/xml", body.as_bytes().to_vec()));
        call.is_repeatable = is_repeatable(path);
        self.door.send(call).await
    }
}

impl std::fmt::Debug for ServiceManagement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceManagement")
            .field("subscription_id", &self.subscription_id)
            .finish_non_exhaustive()
    }
}

fn failed(operation: &ServiceOperation, root: &Element) -> Error {
    let error = root.child("Error");
    let text = |name: &str| error.and_then(|error| error.text_of(name)).unwrap_or_default().to_owned();
    let document = ErrorDocument::of(text("Code"), text("Message"));
    let status = root.text_of("HttpStatusCode").and_then(|text| text.parse().ok()).unwrap_or(500);
    let request_id = operation.request_id.as_str();
    let mut cause = format!("the operation failed with {status}: {}", document.text());
    if let Some(advice) = error_document::advice(&document.codes()) {
        cause.push_str(&format!("; {advice}"));
    }
    cause.push_str(&format!(" (request id {request_id})"));
    Error::new(error_document::kind_of(status, &document.codes()), operation.operation.as_str(), cause)
        .with_context("status", status.to_string())
        .with_context("code", document.code())
        .with_context("request_id", request_id)
}

/// A POST that does the same a second time: a configuration, a status, a certificate of a cloud service.
fn is_repeatable(path: &str) -> bool {
    let is_certificate = path.starts_with("/services/hostedservices/") && path.ends_with("/certificates");
    is_certificate || path.ends_with("?comp=config") || path.ends_with("?comp=status")
}

/// The id in `… with x-ms-requestid <id> on this deployment that requires exclusive access`.
fn holding_request(cause: &str) -> Option<String> {
    let after = cause.split("x-ms-requestid").nth(1)?.trim_start_matches([':', ' ']);
    let id: String = after.chars().take_while(char::is_ascii_hexdigit).collect();
    (id.len() == 32).then_some(id)
}

/// A name that becomes one part of an address.
pub(super) fn segment(name: &str) -> Result<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.len() <= 260 && name.chars().all(is_plain) && name != "." && name != ".." {
        return Ok(name);
    }
    let cause = "a name here has letters, digits, hyphens, dots and underscores only";
    Err(Error::new(ErrorKind::Config, format!("use name {name:?}"), cause))
}

pub(super) fn service_path(name: &str) -> Result<String> {
    Ok(format!("/services/hostedservices/{}", segment(name)?))
}

pub(super) fn found<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn was_there(result: Result<HttpAnswer>) -> Result<bool> {
    found(result).map(|found| found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_of_a_deployment_is_read_from_the_recorded_text() {
        let text = "409 ConflictError: Windows Azure is currently performing an operation with x-ms-requestid \
                    ffc239393180bce6bee2c9668f31048b on this deployment that requires exclusive access. (request id 1)";
        assert_eq!(holding_request(text).as_deref(), Some("ffc239393180bce6bee2c9668f31048b"));
        assert_eq!(holding_request("The specified deployment slot Production is occupied."), None);
        assert!(segment("a/b").is_err() && segment("..").is_err() && segment("sha1-A_b.c").is_ok());
    }
}
