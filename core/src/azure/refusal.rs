//! What a service answered, as the error or the JSON that it is.

use reqwest::Url;
use serde_json::Value;

use super::error_document::{self, ErrorDocument};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::net::http::HttpAnswer;

/// The error that a refusal is, with every id that the service's staff asks for.
pub(super) fn refusal_error(
    operation: &str,
    answer: &HttpAnswer,
    document: &ErrorDocument,
    url: &Url,
) -> Error {
    let codes = document.codes();
    let mut cause = match document.text() {
        text if text.is_empty() => format!("the service answered {}", answer.status),
        text => format!("{} {text}", answer.status),
    };
    let request_id = answer.header("x-ms-request-id").unwrap_or_default().to_owned();
    if let Some(advice) = error_document::advice(&codes) {
        cause.push_str(&format!("; {advice}"));
    }
    if !request_id.is_empty() {
        cause.push_str(&format!(" (request id {request_id})"));
    }
    let mut error = Error::new(error_document::kind_of(answer.status, &codes), operation, cause)
        .with_context("status", answer.status.to_string())
        .with_context("code", document.code())
        .with_context("request_id", request_id)
        .with_context("url", shown(url));
    for (name, header) in
        [("correlation_id", "x-ms-correlation-request-id"), ("region", "x-ms-servedbyregion")]
    {
        if let Some(value) = answer.header(header) {
            error = error.with_context(name, value);
        }
    }
    if let Some(target) = &document.target {
        error = error.with_context("target", target.as_str());
    }
    match answer.retry_after() {
        Some(time) if error.kind() == ErrorKind::Unavailable => error.with_retry(Retry::After(time)),
        _ => error,
    }
}

/// The body as JSON.
pub(super) fn json_of(operation: &str, answer: &HttpAnswer) -> Result<Value> {
    serde_json::from_slice(answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body)).map_err(
        |error| {
            let kind = if answer.is_html() { "HTML" } else { "no JSON" };
            Error::new(ErrorKind::Protocol, operation, format!("the service answered {kind}: {error}"))
                .with_context("request_id", answer.header("x-ms-request-id").unwrap_or_default())
        },
    )
}

/// An address for messages: without its query, which may be signed, and the version kept.
pub(super) fn shown(url: &Url) -> String {
    let version = url.query_pairs().find(|(name, _)| name == "api-version").map(|(_, version)| version);
    let version = version.map(|version| format!("?api-version={version}")).unwrap_or_default();
    format!("{}{}{version}", url.origin().ascii_serialization(), url.path())
}

/// The same error with another cause.
pub(super) fn again_with(error: &Error, cause: String) -> Error {
    let mut other = Error::new(error.kind(), error.operation(), cause).with_retry(error.retry());
    for (name, value) in error.context() {
        other = other.with_context(name, value.as_str());
    }
    other
}
