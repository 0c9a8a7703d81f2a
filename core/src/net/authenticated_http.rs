//! HTTP with authentication that takes several legs on one connection, and with messages that it seals.
//!
//! NTLM lets in a *connection*, so requests run over connections of our own and not over a pool that hands out any of
//! them. Some servers ask again for every request; they are recognised by that and then served the token with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::Url;
use rustls::ClientConfig;

use super::connection::{Connection, Failed, Message, Peer};
use super::credentials::{AuthMethod, Credentials};
use super::http::HttpAnswer;
use super::negotiate::{
    Challenge, ContextOptions, SEALED_CONTENT_TYPE, SecurityContext, challenge, is_sealed, offered, sealed,
    tls_server_end_point, unsealed,
};
use crate::background;
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::limits::{AUTHENTICATION_LEGS_MAX, HTTP_IDLE_CONNECTIONS_MAX};
use crate::secret::Secret;

/// How requests are authenticated.
pub(crate) enum Authentication {
    /// Not at all.
    None,
    /// By a value of `Authorization` that stays the same.
    Header(Secret),
    /// By SPNEGO.
    Negotiated {
        /// Which mechanisms.
        method: AuthMethod,
        /// Whose.
        credentials: Credentials,
        /// Whether bodies are sealed; over plain HTTP.
        sealing: bool,
    },
}

/// Where an [`AuthenticatedHttp`] connects.
pub(crate) struct AuthenticatedOptions {
    pub(crate) server: Url,
    /// None for plain HTTP.
    pub(crate) tls: Option<ClientConfig>,
    pub(crate) authentication: Authentication,
    /// For a whole request, with its authentication.
    pub(crate) timeout: Duration,
    pub(crate) response_bytes_max: usize,
}

/// A request.
pub(crate) struct AuthenticatedRequest<'a> {
    /// `<verb> <thing>` for errors.
    pub(crate) operation: &'a str,
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Bytes,
    /// True where the request changes nothing, and may be sent again.
    pub(crate) is_read: bool,
}

/// The client; it goes straight to the server, through no proxy.
pub(crate) struct AuthenticatedHttp {
    peer: Peer,
    authentication: Authentication,
    idle: Mutex<Vec<Link>>,
    /// True where the server was seen to ask for authentication with every request.
    asks_every_time: AtomicBool,
}

/// A connection and who it is let in as.
struct Link {
    connection: Connection,
    context: Option<SecurityContext>,
    is_let_in: bool,
}

impl AuthenticatedHttp {
    pub(crate) fn new(options: AuthenticatedOptions) -> Self {
        let AuthenticatedOptions { server, tls, authentication, timeout, response_bytes_max } = options;
        let tls = tls.map(|mut config| {
            // Connections of our own speak HTTP/1.1.
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Arc::new(config)
        });
        AuthenticatedHttp {
            peer: Peer { url: server, tls, timeout, response_bytes_max },
            authentication,
            idle: Mutex::default(),
            asks_every_time: AtomicBool::new(false),
        }
    }

    /// Sends a request and reads the whole answer; an answer of any status but a redirect and, with SPNEGO, 401 is a
    /// success here.
    pub(crate) async fn send(&self, request: AuthenticatedRequest<'_>) -> Result<HttpAnswer> {
        let sent = tokio::time::timeout(self.peer.timeout, self.send_on_a_link(&request)).await;
        sent.unwrap_or_else(|_| Err(self.timed_out(&request)))
    }

    async fn send_on_a_link(&self, request: &AuthenticatedRequest<'_>) -> Result<HttpAnswer> {
        // A server may close a kept connection at any time; what was not sent at all is sent on a new one.
        while let Some(mut link) = self.kept() {
            match self.exchange(&mut link, request).await {
                Ok(answer) => return Ok(self.keep(link, answer)),
                Err(Failed { unsent: true, .. }) => {}
                Err(Failed { error, .. }) => return Err(error),
            }
        }
        let connection = Connection::open(&self.peer, request.operation).await?;
        let mut link = Link { connection, context: None, is_let_in: false };
        match self.exchange(&mut link, request).await {
            Ok(answer) => Ok(self.keep(link, answer)),
            Err(Failed { error, .. }) => Err(error),
        }
    }

    fn kept(&self) -> Option<Link> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find(|link| !link.connection.is_closed())
    }

    fn keep(&self, link: Link, answer: HttpAnswer) -> HttpAnswer {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < HTTP_IDLE_CONNECTIONS_MAX && !link.connection.is_closed() {
            idle.push(link);
        }
        answer
    }

    async fn exchange(
        &self,
        link: &mut Link,
        request: &AuthenticatedRequest<'_>,
    ) -> std::result::Result<HttpAnswer, Failed> {
        let Authentication::Negotiated { sealing, .. } = &self.authentication else {
            let header = match &self.authentication {
                Authentication::Header(value) => Some(value.clone()),
                _ => None,
            };
            return self.leg(link, request, true, header).await;
        };
        if !link.is_let_in || self.asks_every_time.load(Ordering::Relaxed) {
            return self.let_in(link, request).await;
        }
        let answer = match sealing {
            true => self.sealed_leg(link, request).await?,
            false => self.leg(link, request, true, None).await?,
        };
        if answer.status != 401 {
            return Ok(answer);
        }
        if !sealing {
            self.asks_every_time.store(true, Ordering::Relaxed);
        }
        self.let_in(link, request).await
    }

    /// Authenticates, and gets the answer to the request.
    async fn let_in(
        &self,
        link: &mut Link,
        request: &AuthenticatedRequest<'_>,
    ) -> std::result::Result<HttpAnswer, Failed> {
        let Authentication::Negotiated { sealing, .. } = &self.authentication else {
            return self.leg(link, request, true, None).await;
        };
        link.is_let_in = false;
        let mut context = self.context(link, request.operation)?;
        let mut theirs = None;
        for _ in 0..AUTHENTICATION_LEGS_MAX {
            let ours;
            let told = theirs.take();
            let is_answer = told.is_some();
            (context, ours) = match step(context, told, request.operation).await {
                Ok(stepped) => stepped,
                // What a server says with its refusal is no token that could be gone on with.
                Err(failed) if is_answer && failed.error.kind() == ErrorKind::Auth => {
                    return Err(certain(self.refused(request, &[], Some(failed.error))));
                }
                Err(failed) => return Err(failed),
            };
            let Some(ours) = ours else { break };
            // A body goes with the leg that may be the last one, and never unsealed where it is to be sealed.
            let carries = !sealing && (context.takes_one_leg() || context.is_established());
            let answer = self.leg(link, request, carries, Some(authorization(&ours))).await?;
            match (answer.status, challenge(&answer.headers, &WWW_AUTHENTICATE, "Negotiate")) {
                (401, Challenge::Token(token)) => theirs = Some(token),
                (401, _) => {
                    return Err(certain(self.refused(
                        request,
                        &offered(&answer.headers, &WWW_AUTHENTICATE),
                        None,
                    )));
                }
                (_, told) => {
                    if let Challenge::Token(token) = told {
                        // The server proves who it is.
                        (context, _) = step(context, Some(token), request.operation).await?;
                    }
                    link.is_let_in = true;
                    link.context = sealing.then_some(context);
                    return match (carries, sealing) {
                        (true, _) => Ok(answer),
                        (false, true) => self.sealed_leg(link, request).await,
                        (false, false) => self.leg(link, request, true, None).await,
                    };
                }
            }
        }
        let cause = "the server keeps on asking for another token";
        Err(certain(Error::new(ErrorKind::Auth, request.operation, cause)))
    }

    fn context(&self, link: &Link, operation: &str) -> std::result::Result<SecurityContext, Failed> {
        let Authentication::Negotiated { method, credentials, sealing } = &self.authentication else {
            return Err(certain(Error::new(ErrorKind::Internal, operation, "nobody is to be authenticated")));
        };
        let host = self.peer.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        SecurityContext::new(ContextOptions {
            method: *method,
            credentials,
            host,
            channel_bindings: link.connection.certificate().map(tls_server_end_point),
            sealing: *sealing,
        })
        .map_err(|error| certain(error.during(operation)))
    }

    async fn leg(
        &self,
        link: &mut Link,
        request: &AuthenticatedRequest<'_>,
        carries_body: bool,
        authorization: Option<Secret>,
    ) -> std::result::Result<HttpAnswer, Failed> {
        let mut headers = request.headers.clone();
        if let Some(value) = authorization {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|error| {
                certain(Error::new(ErrorKind::Config, request.operation, error.to_string()))
            })?;
            value.set_sensitive(true);
            headers.push((AUTHORIZATION, value));
        }
        let content_type = request.content_type.filter(|_| carries_body || request.method != Method::GET);
        headers
            .extend(content_type.map(|content_type| (CONTENT_TYPE, HeaderValue::from_static(content_type))));
        let body = if carries_body { request.body.clone() } else { Bytes::new() };
        let (operation, method, url) = (request.operation, request.method.clone(), request.url);
        link.connection
            .send(&self.peer, &Message { operation, method, url, headers, body, is_read: request.is_read })
            .await
    }

    /// Sends the body sealed, and opens the answer.
    async fn sealed_leg(
        &self,
        link: &mut Link,
        request: &AuthenticatedRequest<'_>,
    ) -> std::result::Result<HttpAnswer, Failed> {
        let during = |error: Error| certain(error.during(request.operation));
        let Some(context) = &mut link.context else {
            return Err(certain(Error::new(
                ErrorKind::Internal,
                request.operation,
                "there is no key to seal with",
            )));
        };
        let content_type = request.content_type.unwrap_or("application/octet-stream");
        let original = content_type.replace("; ", ";");
        let body = sealed(context, &original, &request.body).map_err(during)?;
        let sealed_request = AuthenticatedRequest {
            operation: request.operation,
            method: request.method.clone(),
            url: request.url,
            headers: request.headers.clone(),
            content_type: Some(SEALED_CONTENT_TYPE),
            body: body.into(),
            is_read: request.is_read,
        };
        let mut answer = self.leg(link, &sealed_request, true, None).await?;
        let is_bare = answer.body.is_empty() || answer.status == 401;
        match &mut link.context {
            Some(context) if is_sealed(answer.header("content-type").unwrap_or_default()) => {
                answer.body = unsealed(context, &answer.body).map_err(during)?.into();
            }
            _ if is_bare => {}
            // Anybody on the way could have written it.
            _ => {
                let cause = format!("the server answers {} without sealing it", answer.status);
                return Err(certain(Error::new(ErrorKind::Protocol, request.operation, cause)));
            }
        }
        Ok(answer)
    }

    /// The error of a server that lets nobody in; it offers these schemes, or told why in a token.
    fn refused(&self, request: &AuthenticatedRequest<'_>, schemes: &[String], token: Option<Error>) -> Error {
        let is_offered = schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("negotiate"));
        let mut cause = match &self.authentication {
            Authentication::Negotiated { credentials, method, .. } if is_offered || schemes.is_empty() => {
                format!(
                    "the server does not let in {} by {}; are name, password and rights in order?",
                    credentials.user(),
                    method.as_str()
                )
            }
            _ => format!("the server does not take Negotiate, it offers {}", schemes.join(", ")),
        };
        if let Some(token) = &token {
            cause.push_str(&format!(" ({})", token.cause()));
        }
        let error = Error::new(ErrorKind::Auth, request.operation, cause);
        let error = error.with_context("url", request.url.as_str());
        match token {
            Some(token) => error.with_source(token),
            None => error,
        }
    }

    fn timed_out(&self, request: &AuthenticatedRequest<'_>) -> Error {
        let is_read = request.is_read;
        let mut cause = format!("no answer within {} s", self.peer.timeout.as_secs_f64());
        if !is_read {
            cause.push_str("; whether the change was made is not known");
        }
        Error::new(ErrorKind::TimedOut, request.operation, cause)
            .with_context("url", request.url.as_str())
            .with_retry(if is_read { Retry::Now } else { Retry::Never })
    }
}

fn certain(error: Error) -> Failed {
    Failed { error, unsent: false }
}

fn authorization(token: &[u8]) -> Secret {
    Secret::new(format!("Negotiate {}", base64::engine::general_purpose::STANDARD.encode(token)))
}

/// A step of the authentication, off the threads that drive I/O: Kerberos waits for a KDC.
async fn step(
    mut context: SecurityContext,
    token: Option<Vec<u8>>,
    operation: &str,
) -> std::result::Result<(SecurityContext, Option<Vec<u8>>), Failed> {
    background::run(operation, move || context.step(token).map(|ours| (context, ours)))
        .await
        .map_err(|error| certain(error.during(operation)))
}
