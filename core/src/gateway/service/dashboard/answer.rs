//! Requests to the dashboard: who asks, what for, and what is answered.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use reqwest::Url;
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use super::{Shared, page};
use crate::limits::{DASHBOARD_FORM_BYTES_MAX, DASHBOARD_REFUSAL_PAUSE, SERVER_REQUEST_TIMEOUT};

const STYLE: &str = include_str!("style.css");
/// Nothing runs, nothing comes from elsewhere, and no other page shows ours.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) type Reply = Response<Full<Bytes>>;

/// Who asks, as far as that was proven.
pub(super) enum Visitor {
    /// A browser that is signed in, by what its cookie holds.
    Session(String),
    /// A client certificate that was accepted in the handshake, by its digest.
    Certificate(String),
    /// A program that brings the token with each request.
    Program,
}

impl Visitor {
    /// What the forms of this visitor are tied to; a program sends none.
    fn form_name(&self) -> Option<String> {
        match self {
            Visitor::Session(id) => Some(format!("session {id}")),
            Visitor::Certificate(digest) => Some(format!("certificate {digest}")),
            Visitor::Program => None,
        }
    }
}

/// Answers one request.
pub(super) async fn answer(
    shared: &Shared,
    peer: SocketAddr,
    certificate: Option<String>,
    request: Request<Incoming>,
) -> Reply {
    let path = request.uri().path().to_owned();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_read && path == "/style.css" {
        return reply(StatusCode::OK, "text/css; charset=utf-8", STYLE.to_owned());
    }
    if request.method() == Method::POST && path == "/login" {
        return sign_in(shared, peer, request).await;
    }
    if is_read && path == "/login" && shared.token.is_some() {
        return html(StatusCode::OK, page::sign_in(false));
    }
    let Some(visitor) = visitor(shared, certificate, &request) else {
        // A program that has no session gets no page to sign in at.
        return if is_read && path == "/" && shared.token.is_some() {
            see("/login", None)
        } else {
            html(StatusCode::UNAUTHORIZED, page::message("Sign in first", "You are not signed in."))
        };
    };
    match (request.method(), path.as_str()) {
        (&Method::GET | &Method::HEAD, "/") => {
            let health = shared.watch.look(OffsetDateTime::now_utc()).await;
            let form = visitor.form_name().map(|name| shared.sessions.form_token(&name)).unwrap_or_default();
            let signs_out = matches!(visitor, Visitor::Session(_));
            html(StatusCode::OK, page::dashboard(&health, &shared.analyses.state(), &form, signs_out))
        }
        (&Method::GET | &Method::HEAD, "/health.json") => {
            let health = shared.watch.look(OffsetDateTime::now_utc()).await;
            reply(StatusCode::OK, "application/json", serde_json::to_string(&health).unwrap_or_default())
        }
        (&Method::POST, "/analyze" | "/logout") => act(shared, visitor, &path, request).await,
        (&Method::GET | &Method::HEAD, "/analyze" | "/logout") | (_, "/" | "/health.json") => html(
            StatusCode::METHOD_NOT_ALLOWED,
            page::message("Not so", "This address takes another method."),
        ),
        _ => html(StatusCode::NOT_FOUND, page::message("Not found", "There is no such page.")),
    }
}

/// What changes something: only from a form of our own page, or from a program with the token.
async fn act(shared: &Shared, visitor: Visitor, path: &str, request: Request<Incoming>) -> Reply {
    if let Some(name) = visitor.form_name() {
        let is_own = is_from_here(&request);
        let form = fields(request).await.unwrap_or_default();
        let given = form.iter().find(|(field, _)| field == "form").map_or("", |(_, value)| value.as_str());
        if !is_own || !shared.sessions.is_form_token(&name, given) {
            let cause =
                "The form is not of this page, or older than the program. Go back and load the page again.";
            return html(StatusCode::FORBIDDEN, page::message("Refused", cause));
        }
    }
    match (path, visitor) {
        ("/logout", Visitor::Session(id)) => {
            shared.sessions.close(&id);
            see("/login", Some(shared.cookie("", 0)))
        }
        ("/analyze", _) if shared.analyses.start(&shared.watch) => see("/#analysis", None),
        ("/analyze", _) => {
            let cause = "The analyzer is at work already; one run at a time.";
            html(StatusCode::CONFLICT, page::message("At work", cause))
        }
        _ => see("/", None),
    }
}

/// A browser says where a request was made; one of another page is refused before its form is looked at.
fn is_from_here(request: &Request<Incoming>) -> bool {
    let site = request.headers().get(FETCH_SITE);
    site.is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

async fn sign_in(shared: &Shared, peer: SocketAddr, request: Request<Incoming>) -> Reply {
    let is_own = is_from_here(&request);
    let form = fields(request).await.unwrap_or_default();
    let given = form.iter().find(|(field, _)| field == "token").map_or("", |(_, value)| value.as_str());
    let is_right = shared.token.as_ref().is_some_and(|token| token.matches(given));
    if !is_right || !is_own {
        tracing::warn!(%peer, "somebody gave a wrong token to the dashboard");
        sleep(DASHBOARD_REFUSAL_PAUSE).await;
        return html(StatusCode::FORBIDDEN, page::sign_in(true));
    }
    match shared.sessions.open(Instant::now()) {
        Ok(id) => see("/", Some(shared.cookie(&id, crate::limits::DASHBOARD_SESSION_TIME.as_secs()))),
        Err(error) => html(StatusCode::SERVICE_UNAVAILABLE, page::message("Not now", &error.to_string())),
    }
}

fn visitor(shared: &Shared, certificate: Option<String>, request: &Request<Incoming>) -> Option<Visitor> {
    if let Some(certificate) = certificate {
        return Some(Visitor::Certificate(certificate));
    }
    let headers = request.headers();
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let (Some(given), Some(token)) = (bearer, &shared.token) {
        return token.matches(given).then_some(Visitor::Program);
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(name, _)| *name == shared.cookie_name())?;
    shared.sessions.is_open(id, Instant::now()).then(|| Visitor::Session(id.to_owned()))
}

/// The fields of a form, as browsers send it; nothing for one that is too large or comes too slowly.
async fn fields(request: Request<Incoming>) -> Option<Vec<(String, String)>> {
    let body = Limited::new(request.into_body(), DASHBOARD_FORM_BYTES_MAX).collect();
    let bytes = timeout(SERVER_REQUEST_TIMEOUT, body).await.ok()?.ok()?.to_bytes();
    let text = std::str::from_utf8(&bytes).ok()?;
    let url = Url::parse(&format!("http://form/?{text}")).ok()?;
    Some(url.query_pairs().into_owned().collect())
}

fn html(status: StatusCode, text: String) -> Reply {
    reply(status, "text/html; charset=utf-8", text)
}

/// Another page is to be shown.
fn see(location: &'static str, cookie: Option<String>) -> Reply {
    let mut response = reply(StatusCode::SEE_OTHER, "text/plain", String::new());
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn reply(status: StatusCode, kind: &'static str, content: String) -> Reply {
    let mut response = Response::new(Full::new(Bytes::from(content)));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
