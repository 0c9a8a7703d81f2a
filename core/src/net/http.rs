//! The HTTP client: one request, one answer of limited size, errors that say what to do.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH, LOCATION,
};
pub(crate) use reqwest::{Method, Url};

use super::authenticated_http::{
    AuthenticatedHttp, AuthenticatedOptions, AuthenticatedRequest, Authentication,
};
use super::http_error::{self, Phase, Way};
use super::tls::{ClientIdentity, TrustedRoots, client_config};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::limits::{CONNECT_TIMEOUT, HTTP_IDLE_CONNECTIONS_MAX};
use crate::secret::Secret;

/// How an [`HttpClient`] connects.
pub(crate) struct HttpOptions {
    /// Where its requests go; decides whether a proxy is used.
    pub(crate) server: Url,
    pub(crate) trusted_roots: TrustedRoots,
    pub(crate) authentication: Authentication,
    /// What the client shows within the TLS handshake.
    pub(crate) identity: Option<ClientIdentity>,
    /// For a whole request, from connecting to the last byte of the answer.
    pub(crate) timeout: Duration,
    pub(crate) response_bytes_max: usize,
}

/// An HTTPS client that follows no redirect and reads no more than it was allowed to.
///
/// A proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`, less what `NO_PROXY` excepts) is used, but never for
/// a server on this machine. Errors name it. With SPNEGO no proxy is used: the connection is part of it.
pub(crate) struct HttpClient {
    way_in: WayIn,
    proxy: Option<String>,
    timeout: Duration,
    response_bytes_max: usize,
}

enum WayIn {
    /// Any connection does; the value of `Authorization` goes with every request.
    AnyConnection(reqwest::Client, Option<Secret>),
    /// Authentication is bound to a connection.
    Negotiated(Box<AuthenticatedHttp>),
}

/// The body of a request.
pub(crate) struct Content {
    /// Its `Content-Type`.
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Content {
    /// JSON, as bytes.
    pub(crate) fn json(bytes: Vec<u8>) -> Self {
        Content { content_type: "application/json", bytes }
    }
}

/// A request, with a body or without one.
pub(crate) struct HttpRequest<'a> {
    /// `<verb> <thing>` for errors.
    pub(crate) operation: &'a str,
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) accept: &'static str,
    pub(crate) content: Option<Content>,
    /// The ETag that the thing must still have.
    pub(crate) if_match: Option<&'a str>,
    /// Sent as `Authorization: Bearer`, in place of the client's own value.
    pub(crate) token: Option<&'a Secret>,
    /// Further headers, by their lower-case names.
    pub(crate) headers: &'a [(&'static str, String)],
    /// Whether the request can be sent twice without harm; one that reads always can.
    pub(crate) is_repeatable: bool,
}

/// A whole answer, whatever its status.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpAnswer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// True where the header says that the body is HTML, as error pages of proxies and web servers are.
    pub(crate) fn is_html(&self) -> bool {
        let declared = self.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
        declared.starts_with("text/html") || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// How long the server asks to wait before the next try; only the form in seconds is read.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}

impl HttpClient {
    /// Builds the client; connects to nothing yet. Reads the files of roots and of the client's certificate.
    pub(crate) fn new(options: HttpOptions) -> Result<Self> {
        let HttpOptions { server, trusted_roots, authentication, identity, timeout, response_bytes_max } =
            options;
        let tls = client_config(&trusted_roots, identity.as_ref())?;
        let header = match authentication {
            Authentication::None => None,
            Authentication::Header(value) => Some(value),
            negotiated @ Authentication::Negotiated { .. } => {
                let client = AuthenticatedHttp::new(AuthenticatedOptions {
                    server,
                    tls: Some(tls),
                    authentication: negotiated,
                    timeout,
                    response_bytes_max,
                });
                let way_in = WayIn::Negotiated(Box::new(client));
                return Ok(HttpClient { way_in, proxy: None, timeout, response_bytes_max });
            }
        };
        let proxy = proxy_for(&server);
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // For the download of certificates, which carry their own proof, and for services on this machine.
            .https_only(server.scheme() != "http")
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("cmgateway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
            .pool_max_idle_per_host(HTTP_IDLE_CONNECTIONS_MAX);
        if proxy.is_none() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Internal, "set up the HTTP client", error.to_string()).with_source(error)
        })?;
        Ok(HttpClient { way_in: WayIn::AnyConnection(client, header), proxy, timeout, response_bytes_max })
    }

    /// Sends a request and reads the whole answer; an answer of any status but a redirect is a success here.
    pub(crate) async fn send(&self, request: HttpRequest<'_>) -> Result<HttpAnswer> {
        let (client, authorization) = match &self.way_in {
            WayIn::AnyConnection(client, authorization) => (client, authorization),
            WayIn::Negotiated(client) => return client.send(negotiated(request)).await,
        };
        let (operation, url) = (request.operation, request.url.clone());
        let is_repeatable = request.is_repeatable || matches!(request.method, Method::GET | Method::HEAD);
        // Servers of Microsoft's answer 411 where the length is missing.
        let wants_length = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        let own = request.token.map(|token| bearer(token, request.operation)).transpose()?;
        let authorization = own.as_ref().or(authorization.as_ref());
        let failed = |phase: Phase, error: reqwest::Error| {
            let way = Way { url: &url, proxy: self.proxy.as_deref() };
            http_error::described(operation, way, is_repeatable, self.timeout, phase, error)
        };
        let mut builder = client.request(request.method, url.clone()).header(ACCEPT, request.accept);
        if let Some(Ok(mut value)) = authorization.map(|value| HeaderValue::from_str(value.expose())) {
            // Keeps it out of HTTP/2 header tables and of debug output.
            value.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, value);
        }
        if let Some(etag) = request.if_match {
            builder = builder.header(IF_MATCH, etag);
        }
        for (name, value) in request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(content) = request.content {
            builder = builder.header(CONTENT_TYPE, content.content_type).body(content.bytes);
        } else if wants_length {
            builder = builder.header(CONTENT_LENGTH, "0");
        }
        let mut response = builder.send().await.map_err(|error| failed(Phase::Head, error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        if (300..400).contains(&status) {
            return Err(redirect_refused(operation, &url, status, headers.get(LOCATION)));
        }
        too_long(operation, &url, declared_length(&headers), self.response_bytes_max)?;
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| failed(Phase::Body(body.len()), error))?
        {
            too_long(operation, &url, (body.len() + chunk.len()) as u64, self.response_bytes_max)?;
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, headers, body: body.into() })
    }
}

/// Refuses an answer of this length.
pub(super) fn too_long(operation: &str, url: &Url, length: u64, most: usize) -> Result<()> {
    if length <= most as u64 {
        return Ok(());
    }
    let cause =
        format!("the answer has {length} bytes or more, {most} are read at most; ask for less at a time");
    Err(Error::new(ErrorKind::Protocol, operation, cause).with_context("url", url.as_str()))
}

/// The proxy that the environment names for a server, as host and port; it may hold a password, which is left out.
fn proxy_for(server: &Url) -> Option<String> {
    let host = server.host_str()?.trim_matches(['[', ']']);
    let is_name = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    if is_name || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        return None;
    }
    let proxy = Matcher::from_env().intercept(&server.as_str().parse().ok()?)?;
    let (host, port) = (proxy.uri().host()?, proxy.uri().port_u16());
    Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn declared_length(headers: &HeaderMap) -> u64 {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0)
}

/// Refuses a token that cannot be sent as `Authorization: Bearer`.
pub(crate) fn check_token(token: &Secret, operation: &str) -> Result<()> {
    let text = token.expose();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let cause = "the token is empty or has characters no token can have, such as blanks";
    Err(Error::new(ErrorKind::Config, operation, cause))
}

/// The value of `Authorization: Bearer` of a token.
pub(crate) fn bearer(token: &Secret, operation: &str) -> Result<Secret> {
    check_token(token, operation)?;
    Ok(Secret::new(format!("Bearer {}", token.expose())))
}

fn negotiated(request: HttpRequest<'_>) -> AuthenticatedRequest<'_> {
    let mut headers = vec![(ACCEPT, HeaderValue::from_static(request.accept))];
    headers.extend(request.if_match.and_then(|etag| Some((IF_MATCH, HeaderValue::from_str(etag).ok()?))));
    AuthenticatedRequest {
        operation: request.operation,
        is_read: request.method == Method::GET,
        method: request.method,
        url: request.url,
        headers,
        content_type: request.content.as_ref().map(|content| content.content_type),
        body: request.content.map(|content| content.bytes).unwrap_or_default().into(),
    }
}

pub(super) fn redirect_refused(
    operation: &str,
    url: &Url,
    status: u16,
    location: Option<&HeaderValue>,
) -> Error {
    let target = location.and_then(|value| value.to_str().ok()).and_then(|text| url.join(text).ok());
    let target = match target {
        // The query may carry what a login page wants to know; it is not for our message.
        Some(target) => format!("{}{}", target.origin().ascii_serialization(), target.path()),
        None => "an address that cannot be read".to_owned(),
    };
    let cause = format!(
        "the server redirects to {target}; a redirect is not followed, for it would carry the token there; \
         connect to that address if it is the right one"
    );
    Error::new(ErrorKind::Protocol, operation, cause)
        .with_context("url", url.as_str())
        .with_context("status", status.to_string())
        .with_retry(Retry::Never)
}
