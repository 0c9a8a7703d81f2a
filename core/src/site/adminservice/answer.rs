//! What the answers of an AdminService mean.

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorKind, Result, Retry};
use crate::limits::ANSWER_EXCERPT_CHARS_MAX;
use crate::net::http::{HttpAnswer, Url};

/// Passes an answer of success on and turns any other into an error.
///
/// 5xx other than those for overload is `unavailable`, not `protocol`: the request was understood, and an SMS
/// Provider that restarts or is out of database connections answers 500; trying again later is the right answer.
pub(super) fn success(operation: &str, url: &Url, answer: HttpAnswer) -> Result<HttpAnswer> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let status = answer.status;
    let kind = match status {
        401 | 403 | 407 => ErrorKind::Auth,
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        408 | 504 => ErrorKind::TimedOut,
        405 | 501 => ErrorKind::Unsupported,
        429 => ErrorKind::Unavailable,
        400..500 => ErrorKind::Config,
        500..600 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    };
    let mut cause = format!("the server answers {status}");
    let said = message(&answer);
    if !said.is_empty() {
        cause.push_str(": ");
        cause.push_str(&said);
    }
    match status {
        401 => cause.push_str("; is the token missing, expired, or for another application?"),
        403 => cause.push_str("; does the account have the rights in Configuration Manager?"),
        _ => {}
    }
    let mut error = Error::new(kind, operation, cause)
        .with_context("url", url.as_str())
        .with_context("status", status.to_string());
    for name in ["request-id", "x-ms-request-id", "client-request-id"] {
        if let Some(id) = answer.header(name) {
            error = error.with_context("request_id", excerpt(id));
            break;
        }
    }
    Err(match (kind, answer.retry_after()) {
        (ErrorKind::Unavailable | ErrorKind::TimedOut, Some(wait)) => error.with_retry(Retry::After(wait)),
        _ => error,
    })
}

/// The JSON object of an answer.
pub(super) fn json_object(operation: &str, url: &Url, answer: &HttpAnswer) -> Result<Map<String, Json>> {
    match serde_json::from_slice(&answer.body) {
        Ok(Json::Object(object)) => Ok(object),
        _ if answer.is_html() => {
            let cause = format!(
                "the server answers a web page instead of JSON ({}); is this the address of an AdminService?",
                message(answer)
            );
            Err(malformed(operation, url, cause))
        }
        Ok(_) => Err(malformed(operation, url, "the answer is JSON, but not an object".into())),
        Err(error) => Err(malformed(operation, url, format!("the answer is not JSON: {error}"))),
    }
}

/// An answer of success that is not the protocol.
pub(super) fn malformed(operation: &str, url: &Url, cause: String) -> Error {
    Error::new(ErrorKind::Protocol, operation, cause).with_context("url", url.as_str())
}

/// What a body says: the message of an OData error, the title of a web page, or its beginning.
fn message(answer: &HttpAnswer) -> String {
    if let Ok(json) = serde_json::from_slice::<Json>(&answer.body) {
        let error = json.get("error").unwrap_or(&json);
        let text = |json: Option<&Json>| json.and_then(Json::as_str).map(str::to_owned);
        // Web API writes `Message`; older OData puts the text into `message.value`.
        let said = text(error.get("message"))
            .or_else(|| text(error.get("message").and_then(|message| message.get("value"))))
            .or_else(|| text(error.get("Message")))
            .or_else(|| error.as_str().map(str::to_owned))
            .unwrap_or_default();
        let code = text(error.get("code")).filter(|code| !code.is_empty() && !said.contains(code.as_str()));
        return excerpt(&match code {
            Some(code) => format!("{said} ({code})"),
            None => said,
        });
    }
    let body = String::from_utf8_lossy(&answer.body);
    if answer.is_html() {
        return excerpt(title(&body).unwrap_or("a web page without a title"));
    }
    excerpt(&body)
}

fn title(html: &str) -> Option<&str> {
    // Lower case of ASCII keeps every position.
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = html[start..end].trim();
    (!title.is_empty()).then_some(title)
}

/// The beginning of a text on one line, without control characters.
fn excerpt(text: &str) -> String {
    let cleaned = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut kept: String =
        cleaned.chars().filter(|character| !character.is_control()).take(ANSWER_EXCERPT_CHARS_MAX).collect();
    if cleaned.chars().nth(ANSWER_EXCERPT_CHARS_MAX).is_some() {
        kept.push('…');
    }
    kept
}
