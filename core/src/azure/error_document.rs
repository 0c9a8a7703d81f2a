//! What a service says when it refuses: JSON of ARM, Key Vault and Entra, XML of ASM, or nothing that can be read.

use serde_json::{Map, Value};

use super::asm::element::Element;
use crate::error::ErrorKind;
use crate::limits::ANSWER_EXCERPT_CHARS_MAX;

/// Deepest nesting of causes that is read; template deployments nest several.
const DEPTH_MAX: usize = 8;
/// Most causes that a message shows.
const CAUSES_MAX: usize = 12;

/// A refusal and what lies beneath it, in the order of the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorDocument {
    /// Code and message, outermost first.
    causes: Vec<(String, String)>,
    pub(super) target: Option<String>,
}

impl ErrorDocument {
    /// Reads the body of a refused request.
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let mut document = ErrorDocument::default();
        if let Ok(json) = serde_json::from_str::<Value>(text) {
            document.take_json(&json, 0);
        } else if let Ok(element) = Element::parse(text) {
            document.take_xml(&element);
        }
        if document.causes.is_empty() && !text.is_empty() {
            let mut excerpt: String = text.chars().take(ANSWER_EXCERPT_CHARS_MAX).collect();
            excerpt.retain(|c| !c.is_control());
            document.causes.push((String::new(), excerpt));
        }
        document
    }

    /// The `error` of an operation's status.
    pub(super) fn of_json(json: &Value) -> Self {
        let mut document = ErrorDocument::default();
        document.take_json(json, 0);
        document
    }

    /// A code and a message that were read elsewhere.
    pub(super) fn of(code: impl Into<String>, message: impl Into<String>) -> Self {
        ErrorDocument { causes: vec![(code.into(), message.into())], target: None }
    }

    /// The outermost code, empty where there is none.
    pub(super) fn code(&self) -> &str {
        self.causes.iter().map(|(code, _)| code.as_str()).find(|code| !code.is_empty()).unwrap_or_default()
    }

    /// Every code, outermost first.
    pub(super) fn codes(&self) -> Vec<&str> {
        self.causes.iter().map(|(code, _)| code.as_str()).filter(|code| !code.is_empty()).collect()
    }

    /// Code and message as text, the causes beneath after a `;`.
    pub(super) fn text(&self) -> String {
        let shown: Vec<_> = self
            .causes
            .iter()
            .map(|(code, message)| match (code.as_str(), message.as_str()) {
                ("", message) => message.to_owned(),
                (code, "") => code.to_owned(),
                (code, message) => format!("{code}: {message}"),
            })
            .collect();
        shown.join("; ")
    }

    fn take_xml(&mut self, element: &Element) {
        let error = if element.name() == "Error" { Some(element) } else { element.child("Error") };
        if let Some(error) = error {
            let text = |name: &str| error.text_of(name).unwrap_or_default().trim().to_owned();
            self.push(text("Code"), &text("Message"), 0);
        }
    }

    fn take_json(&mut self, json: &Value, depth: usize) {
        let Value::Object(object) = json else { return };
        // Entra: `error` is a word, `error_description` the message.
        if let Some(code) = member(object, "error").and_then(Value::as_str) {
            let message = member(object, "error_description").and_then(Value::as_str).unwrap_or_default();
            return self.push(code.to_owned(), message.lines().next().unwrap_or_default(), depth);
        }
        for name in ["error", "odata.error", "statusMessage"] {
            if let Some(inner @ Value::Object(_)) = member(object, name) {
                return self.take_json(inner, depth);
            }
        }
        let code = member(object, "code").map(text_of).unwrap_or_default();
        let message = member(object, "message").map(text_of).unwrap_or_default();
        if self.target.is_none() {
            self.target = member(object, "target").and_then(Value::as_str).map(str::to_owned);
        }
        if !code.is_empty() || !message.is_empty() {
            self.push(code, &message, depth);
        }
        if depth < DEPTH_MAX {
            for detail in member(object, "details").and_then(Value::as_array).into_iter().flatten() {
                self.take_json(detail, depth + 1);
            }
            if let Some(inner) = member(object, "innererror") {
                self.take_json(inner, depth + 1);
            }
        }
    }

    /// Adds a cause; a message that is itself an error document is read as one.
    fn push(&mut self, code: String, message: &str, depth: usize) {
        let code = code.trim().to_owned();
        let message = message.trim();
        let nested = message.starts_with('{').then(|| serde_json::from_str::<Value>(message).ok()).flatten();
        let known = |causes: &[(String, String)]| causes.iter().any(|(c, m)| *c == code && *m == message);
        if self.causes.len() >= CAUSES_MAX || known(&self.causes) {
            return;
        }
        match nested.filter(|_| depth < DEPTH_MAX) {
            Some(nested) => {
                if !code.is_empty() {
                    self.causes.push((code, String::new()));
                }
                self.take_json(&nested, depth + 1);
            }
            None => self.causes.push((code, message.to_owned())),
        }
    }
}

/// A member by its name without case: some services write `Error`, `Code`, `Details`.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A text, or the `value` of `{"lang","value"}`, or a number.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(object) => member(object, "value").map(text_of).unwrap_or_default(),
        _ => String::new(),
    }
}

/// Which kind of error a refusal is.
pub(super) fn kind_of(status: u16, codes: &[&str]) -> ErrorKind {
    let has = |code: &str| codes.contains(&code);
    match status {
        400 if has("invalid_client") || has("unauthorized_client") || has("invalid_grant") => ErrorKind::Auth,
        400 if has("OperationTimedOut") => ErrorKind::TimedOut,
        401 | 403 => ErrorKind::Auth,
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        408 | 429 | 500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Config,
    }
}

/// What the administrator can do about a refusal, by its code.
pub(super) fn advice(codes: &[&str]) -> Option<&'static str> {
    codes.iter().find_map(|code| {
        Some(match *code {
            "AuthorizationFailed" | "LinkedAuthorizationFailed" => {
                "give this identity the role Contributor (or Owner) on the resource group or the subscription"
            }
            "AuthenticationFailed" => {
                "upload the management certificate to this subscription, and check the subscription id"
            }
            "InvalidAuthenticationToken" | "ExpiredAuthenticationToken" => "sign in again",
            "RequestDisallowedByPolicy" => {
                "ask who keeps the Azure policies for an exception, or change the names or tags"
            }
            "SubscriptionNotFound" | "InvalidSubscriptionId" => {
                "check the subscription id and the environment"
            }
            "SubscriptionDisabled" => "the subscription is disabled; enable it, or use another",
            "MissingSubscriptionRegistration" => "register the resource provider in the subscription",
            "QuotaExceeded" | "OperationNotAllowed" => {
                "ask for a higher quota, or take fewer or smaller instances"
            }
            "SkuNotAvailable" => "choose another size or another region",
            "DnsRecordInUse" => "choose another service name: its DNS label is taken in this region",
            "StorageAccountAlreadyTaken" | "StorageAccountAlreadyExists" => {
                "choose another service name: a storage account of this name exists elsewhere"
            }
            "VaultAlreadyExists" | "AlreadyExists" => {
                "choose another service name: a vault of this name exists elsewhere"
            }
            "ResourceGroupDeletionBlocked" => {
                "remove what blocks the deletion (locks, resources in use), then try again"
            }
            "ScopeLocked" => "remove the lock, then try again",
            "InvalidResourceGroupLocation" => "choose the region of the existing group, or another group",
            "invalid_client" => {
                "check the client id, and whether its secret or certificate is valid and registered"
            }
            "unauthorized_client" => "check the client id and the tenant id",
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_form_is_read() {
        for (body, code, text) in [
            (r#"{"error":{"code":"NotFound","message":"gone"}}"#, "NotFound", "NotFound: gone"),
            (
                r#"{"code":" PreconditionFailed","message":"m"}"#,
                "PreconditionFailed",
                "PreconditionFailed: m",
            ),
            (
                r#"{"Error":{"Code":"ResourceGroupDeletionBlocked","Message":"m","Details":[{"Code":"InUse","Message":"d"}]}}"#,
                "ResourceGroupDeletionBlocked",
                "ResourceGroupDeletionBlocked: m; InUse: d",
            ),
            (
                r#"{"error":{"code":"DeploymentFailed","details":[{"code":"BadRequest","message":"{\"error\":{\"code\":\"X\",\"message\":\"y\"}}"}]}}"#,
                "DeploymentFailed",
                "DeploymentFailed; BadRequest; X: y",
            ),
            (
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: wrong secret.\r\nTrace"}"#,
                "invalid_client",
                "invalid_client: AADSTS7000215: wrong secret.",
            ),
            (
                "<Error xmlns=\"http://schemas.microsoft.com/windowsazure\"><Code>ConflictError</Code><Message>m</Message></Error>",
                "ConflictError",
                "ConflictError: m",
            ),
            ("<a:Error xmlns:a='x'><a:Code>C</a:Code></a:Error>", "C", "C"),
            ("", "", ""),
            ("Service Unavailable", "", "Service Unavailable"),
        ] {
            let document = ErrorDocument::read(body.as_bytes());
            assert_eq!((document.code(), document.text().as_str()), (code, text), "{body}");
        }
    }

    #[test]
    fn a_document_that_nests_without_end_has_one() {
        let mut body = r#"{"code":"deepest","message":"m"}"#.to_owned();
        for level in 0..40 {
            body = format!(r#"{{"code":"c{level}","message":"m","details":[{body}]}}"#);
        }
        let document = ErrorDocument::read(body.as_bytes());
        assert!(document.codes().len() <= CAUSES_MAX && document.code() == "c39");
    }
}
