//! Long-running operations of the Resource Manager: what to poll after the first answer, and when it is over.

use std::time::Duration;

use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::door::{Call, Door};
use super::error_document::ErrorDocument;
use super::refusal::{json_of, refusal_error, shown};
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::HttpAnswer;

/// Time between two reads of a resource that has no operation to ask.
const RESOURCE_PAUSE: Duration = Duration::from_secs(10);
/// How often a status address may be unknown before that is believed: it can lag behind the answer that names it.
const UNKNOWN_MAX: u32 = 3;

/// What is asked to learn how an operation goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    /// `Azure-AsyncOperation`: its body's `status` tells.
    Status(String),
    /// `Location`: 202 while it runs.
    Location(String),
    /// The resource itself: its `provisioningState` tells.
    Resource,
    /// Nothing: it is over.
    Nothing,
}

/// An operation of the Resource Manager that may still be running.
///
/// It can be stored as JSON and taken up again by another process: it holds addresses and no secret.
///
/// ```
/// use cmgateway::azure::Operation;
/// let text = r#"{"operation":"create vnet","method":"PUT","url":"https://management.azure.com/x","ask":"resource"}"#;
/// let operation: Operation = serde_json::from_str(text)?;
/// assert!(!operation.is_over());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    operation: String,
    method: String,
    url: String,
    ask: Ask,
    /// `Location` of a POST: its result is read there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    /// The address that was asked before the service named another; some services go on to answer there only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier_url: Option<String>,
    /// What the first or the last answer held.
    #[serde(skip)]
    body: Option<Value>,
}

impl Operation {
    /// What the first answer to a request began.
    pub(super) fn begun(operation: &str, method: &Method, url: &Url, answer: &HttpAnswer) -> Result<Self> {
        let header = |name| answer.header(name).map(str::to_owned);
        let body = (!answer.body.trim_ascii().is_empty()).then(|| json_of(operation, answer)).transpose()?;
        let changes_resource = matches!(*method, Method::PUT | Method::PATCH);
        let state = body.as_ref().and_then(provisioning_state);
        let ask = match (header("azure-asyncoperation"), header("location")) {
            (Some(status), _) => Ask::Status(status),
            (None, Some(location)) if answer.status == 202 => Ask::Location(location),
            _ if !changes_resource || answer.status == 204 => Ask::Nothing,
            _ => match state {
                Some(state) if is_final(state) => Ask::Nothing,
                Some(_) => Ask::Resource,
                None if answer.status == 202 => Ask::Resource,
                // A resource without a state, such as a resource group's access policy, is there at once.
                None => Ask::Nothing,
            },
        };
        let begun = Operation {
            operation: operation.to_owned(),
            method: method.to_string(),
            url: url.to_string(),
            ask,
            result_url: header("location"),
            retry_after_seconds: answer.retry_after().map(|time| time.as_secs()),
            earlier_url: None,
            body,
        };
        match begun.body.as_ref() {
            Some(body) if begun.ask == Ask::Nothing && changes_resource => begun.check_state(body)?,
            _ => {}
        }
        Ok(begun)
    }

    /// One that had nothing to do.
    pub(super) fn over(operation: &str, method: &Method, url: &Url) -> Self {
        Operation {
            operation: operation.to_owned(),
            method: method.to_string(),
            url: url.to_string(),
            ask: Ask::Nothing,
            result_url: None,
            retry_after_seconds: None,
            earlier_url: None,
            body: None,
        }
    }

    /// True where nothing is left to be polled.
    pub fn is_over(&self) -> bool {
        self.ask == Ask::Nothing
    }

    /// The operation as JSON text, to be stored and taken up by another process; it holds no secret.
    ///
    /// # Errors
    /// `internal`, never: texts and numbers always have a JSON form.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::new(ErrorKind::Internal, "store the operation", error.to_string()))
    }

    /// Takes up an operation that was stored with `to_json`.
    ///
    /// # Errors
    /// `config` where it is no stored operation.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Config, "take up the operation", error.to_string()))
    }

    /// The body of the answer that began it.
    pub fn first_body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    fn is(&self, method: &Method) -> bool {
        self.method == method.as_str()
    }

    /// Polls until it is over and gives the resource, or the result of a POST; None after a DELETE.
    pub(super) async fn finish(&mut self, door: &Door) -> Result<Option<Value>> {
        let start = door.timer.elapsed();
        let (mut unknown, was_over) = (0, self.is_over());
        while !self.is_over() {
            let pause = self.pause(door);
            let limit = door.retry.operation_deadline;
            if door.timer.elapsed().saturating_sub(start).saturating_add(pause) > limit {
                let cause = format!("it still runs after {} s; ask again later", limit.as_secs());
                return Err(Error::new(ErrorKind::TimedOut, self.operation.as_str(), cause));
            }
            door.timer.sleep(pause).await;
            match self.poll(door).await {
                Ok(()) => unknown = 0,
                Err(error) if error.kind() == ErrorKind::NotFound && unknown < UNKNOWN_MAX => unknown += 1,
                Err(error) => return Err(error),
            }
        }
        self.result(door, was_over).await
    }

    /// Asks once.
    pub(super) async fn poll(&mut self, door: &Door) -> Result<()> {
        let url = match &self.ask {
            Ask::Nothing => return Ok(()),
            Ask::Status(url) | Ask::Location(url) => door.given_url(&self.operation, url)?,
            Ask::Resource => door.given_url(&self.operation, &self.url)?,
        };
        let mut answer = door.send(Call::new(&self.operation, Method::GET, url.clone())).await;
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound)
            && let (Some(earlier), Ask::Location(address)) = (self.earlier_url.take(), &mut self.ask)
        {
            let url = door.given_url(&self.operation, &earlier)?;
            answer = door.send(Call::new(&self.operation, Method::GET, url)).await;
            *address = earlier;
        }
        let answer = answer?;
        self.retry_after_seconds = answer.retry_after().map(|time| time.as_secs());
        match &mut self.ask {
            Ask::Status(address) => {
                if let Some(moved) = answer.header("azure-asyncoperation") {
                    *address = moved.to_owned();
                }
                let body = json_of(&self.operation, &answer)?;
                self.take_status(&answer, &url, body)?;
            }
            Ask::Location(address) => {
                if let Some(moved) = answer.header("location").filter(|moved| *moved != address.as_str()) {
                    self.earlier_url = Some(std::mem::replace(address, moved.to_owned()));
                }
                if answer.status != 202 {
                    self.body = serde_json::from_slice(&answer.body).ok();
                    self.ask = Ask::Nothing;
                }
            }
            Ask::Resource => {
                let body = json_of(&self.operation, &answer)?;
                if provisioning_state(&body).is_none_or(is_final) {
                    self.check_state(&body)?;
                    self.ask = Ask::Nothing;
                }
                self.body = Some(body);
            }
            Ask::Nothing => {}
        }
        Ok(())
    }

    fn take_status(&mut self, answer: &HttpAnswer, url: &Url, body: Value) -> Result<()> {
        let status = body.get("status").or_else(|| body.get("Status")).and_then(Value::as_str);
        let status = status.or_else(|| provisioning_state(&body)).map(str::to_ascii_lowercase);
        match status.as_deref() {
            Some("succeeded") => {
                self.ask = Ask::Nothing;
                self.body = Some(body);
                Ok(())
            }
            Some("failed" | "canceled" | "cancelled") => {
                let mut document = ErrorDocument::of_json(body.get("error").unwrap_or(&body));
                if document.text().is_empty() {
                    document = ErrorDocument::of("", "the operation failed without a reason");
                }
                Err(self.failed(answer, url, &document))
            }
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::Protocol, self.operation.as_str(), "the status has no status")
                .with_context("url", shown(url))),
        }
    }

    /// The error of an operation that ended badly, though every request was answered well.
    fn failed(&self, answer: &HttpAnswer, url: &Url, document: &ErrorDocument) -> Error {
        let codes = document.codes();
        let is_passing = codes.iter().any(|code| {
            ["InternalServerError", "InternalExecutionError", "OperationTimedOut", "RetryableError"]
                .contains(code)
        });
        let error = refusal_error(&self.operation, answer, document, url);
        let cause = format!("the operation failed: {}", error.cause().trim_start_matches("200 "));
        let kind = if is_passing { ErrorKind::Unavailable } else { ErrorKind::Conflict };
        let mut failed = Error::new(kind, self.operation.as_str(), cause);
        for (name, value) in error.context() {
            failed = failed.with_context(name, value.as_str());
        }
        failed
    }

    fn check_state(&self, body: &Value) -> Result<()> {
        match provisioning_state(body) {
            Some(state) if state.eq_ignore_ascii_case("failed") || state.eq_ignore_ascii_case("canceled") => {
                let cause =
                    format!("its provisioningState is {state}; read the activity log of the resource");
                Err(Error::new(ErrorKind::Conflict, self.operation.as_str(), cause))
            }
            _ => Ok(()),
        }
    }

    fn pause(&self, door: &Door) -> Duration {
        match (self.retry_after_seconds, &self.ask) {
            (Some(seconds), _) => door.retry.named_pause(Duration::from_secs(seconds)),
            (None, Ask::Resource) => RESOURCE_PAUSE.min(door.retry.poll_pause),
            (None, _) => door.retry.poll_pause,
        }
    }

    async fn result(&mut self, door: &Door, was_over: bool) -> Result<Option<Value>> {
        if self.is(&Method::DELETE) {
            return Ok(None);
        }
        if was_over {
            return Ok(self.body.clone());
        }
        if self.is(&Method::PUT) || self.is(&Method::PATCH) {
            let url = door.given_url(&self.operation, &self.url)?;
            let answer = door.send(Call::new(&self.operation, Method::GET, url)).await?;
            let body = json_of(&self.operation, &answer)?;
            self.check_state(&body)?;
            return Ok(Some(body));
        }
        match &self.result_url {
            Some(url) => {
                let url = door.given_url(&self.operation, url)?;
                let answer = door.send(Call::new(&self.operation, Method::GET, url)).await?;
                Ok(serde_json::from_slice(&answer.body).ok())
            }
            None => Ok(self.body.as_ref().and_then(|body| body.get("properties")).cloned()),
        }
    }
}

/// The state of a resource, where it has one.
pub(super) fn provisioning_state(body: &Value) -> Option<&str> {
    body.get("properties")?.get("provisioningState")?.as_str()
}

fn is_final(state: &str) -> bool {
    ["succeeded", "failed", "canceled"].iter().any(|word| state.eq_ignore_ascii_case(word))
}
