//! What a service answered to a call that has no function of its own.

use serde::Serialize;
use serde_json::Value;

use crate::net::http::HttpAnswer;

/// What a service answered to a call that has no function of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AzureAnswer {
    /// The HTTP status; below 400.
    pub status: u16,
    /// Names, in lower case, and values; the values of a repeated one are joined by commas.
    pub headers: serde_json::Map<String, Value>,
    /// JSON, text that is none, or null for no body.
    pub body: Value,
}

impl AzureAnswer {
    pub(super) fn of(answer: &HttpAnswer) -> Self {
        let mut headers = serde_json::Map::new();
        for name in answer.headers.keys() {
            let values: Vec<_> = answer
                .headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            headers.insert(name.as_str().to_owned(), values.join(", ").into());
        }
        let body = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
        let body = match body.trim_ascii() {
            [] => Value::Null,
            text => serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into()),
        };
        AzureAnswer { status: answer.status, headers, body }
    }
}
