//! Answers: JSON with OData's headers, and errors as OData writes them.

use std::fmt::Write;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorKind};

/// What goes back to the client.
pub(super) type Reply = Response<Full<Bytes>>;

/// A refusal on its way to a [`Reply`].
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Refusal { status, code, message: message.into(), header: None }
    }

    fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(super) fn precondition_failed() -> Self {
        let message = "the instance is not, or no longer, the one that If-Match names; read it again";
        Self::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message)
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
            .with_header(WWW_AUTHENTICATE, "Bearer realm=\"AdminService\"")
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let message = format!("this resource takes {allowed}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message).with_header(ALLOW, allowed)
    }

    pub(super) fn into_reply(self) -> Reply {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut reply = json_reply(self.status, &body);
        if let Some((name, value)) = self.header {
            reply.headers_mut().insert(name, value);
        }
        reply
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, code) = match error.kind() {
            ErrorKind::Config => (StatusCode::BAD_REQUEST, "BadRequest"),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "NotFound"),
            ErrorKind::Conflict => (StatusCode::CONFLICT, "Conflict"),
            ErrorKind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
            ErrorKind::Unavailable | ErrorKind::TimedOut | ErrorKind::Stopped => {
                (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
            }
            ErrorKind::Auth => (StatusCode::FORBIDDEN, "Forbidden"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        };
        let refusal = Refusal::new(status, code, error.to_string());
        match status {
            StatusCode::SERVICE_UNAVAILABLE => refusal.with_header(RETRY_AFTER, "1"),
            _ => refusal,
        }
    }
}

/// A JSON answer.
pub(super) fn json_reply(status: StatusCode, body: &Json) -> Reply {
    const JSON: &str = "application/json; odata.metadata=minimal; charset=utf-8";
    reply(status, JSON, body.to_string())
}

/// An answer with a body of some type.
pub(super) fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = empty(status);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    *reply.body_mut() = Full::new(body.into());
    reply
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert("odata-version", HeaderValue::from_static("4.0"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    reply
}

/// Adds what tells this state of an instance from others.
pub(super) fn with_etag(mut reply: Reply, etag: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(etag) {
        reply.headers_mut().insert(ETAG, value);
    }
    reply
}

/// Adds where a created instance is.
pub(super) fn with_location(mut reply: Reply, url: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(url) {
        reply.headers_mut().insert(LOCATION, value);
    }
    reply
}

/// Writes to a text, which cannot fail.
pub(super) fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}
