//! Notices to whoever listens: JSON over HTTPS, signed.

use std::time::Duration;

use aws_lc_rs::digest;
use time::OffsetDateTime;

use super::notice::Notice;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{REQUEST_TIMEOUT, WEBHOOK_ANSWER_BYTES_MAX};
use crate::net::TrustedRoots;
use crate::net::authenticated_http::Authentication;
use crate::net::http::{Content, HttpClient, HttpOptions, HttpRequest, Method, Url};
use crate::secret::Secret;

const OPERATION: &str = "send notices";

/// Where notices go as JSON, and how they are signed.
///
/// The body is `{"notices":[…]}`. Two headers prove where it comes from: `CMGateway-Time`, Unix seconds, and
/// `CMGateway-Signature`, `sha256=` and the HMAC-SHA256 (RFC 2104) in hex over the time, a full stop and the body. A receiver
/// computes it anew, compares in constant time, and refuses what is older than some minutes.
#[derive(Clone, Debug)]
pub struct Webhook {
    url: Url,
    secret: Secret,
    trusted_roots: TrustedRoots,
    timeout: Duration,
}

impl Webhook {
    /// A receiver at an `https:` address, or at an `http:` one of this machine.
    ///
    /// # Errors
    /// `config` for another address, and for an empty secret.
    ///
    /// ```
    /// use cmgateway::{Secret, gateway::monitor::Webhook};
    /// assert!(Webhook::new("https://hooks.contoso.com/cmg", Secret::new("s")).is_ok());
    /// assert!(Webhook::new("http://hooks.contoso.com/cmg", Secret::new("s")).is_err());
    /// ```
    pub fn new(url: &str, secret: Secret) -> Result<Self> {
        let refuse = |cause: &str| Error::new(ErrorKind::Config, OPERATION, cause);
        let url: Url = url.parse().map_err(|_| refuse("url: it is no address"))?;
        let is_own = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => {}
            "http" if is_own => {}
            _ => return Err(refuse("url: only https: is allowed, and http: on this machine")),
        }
        if secret.expose().is_empty() {
            return Err(refuse("secret: it is empty"));
        }
        Ok(Webhook { url, secret, trusted_roots: TrustedRoots::System, timeout: REQUEST_TIMEOUT })
    }

    /// The same, trusting these roots and waiting no longer than this.
    #[must_use]
    pub fn with(mut self, trusted_roots: TrustedRoots, timeout: Option<Duration>) -> Self {
        self.trusted_roots = trusted_roots;
        self.timeout = timeout.unwrap_or(self.timeout);
        self
    }

    /// Scheme and host, and a few digits that tell it from others there: for some receivers the path is the secret.
    pub(in crate::gateway) fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let digest = digest::digest(&digest::SHA256, self.url.as_str().as_bytes());
        let digits = hex::encode(digest);
        let digits = digits.get(..8).unwrap_or_default();
        format!("webhook {}://{host}{port} ({digits})", self.url.scheme())
    }

    /// Sends notices; nothing is sent where there are none.
    ///
    /// It is sent once: a receiver that got it and did not say so would get it twice. Where it fails, the caller's
    /// [`Notices`](super::Notices) is best kept as it was before, so that the next look tells it again.
    ///
    /// # Errors
    /// `unavailable` where the receiver answers with another status than 2xx; those of the connection.
    pub async fn send(&self, notices: &[Notice], now: OffsetDateTime) -> Result<()> {
        if notices.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_vec(&serde_json::json!({ "notices": notices })).unwrap_or_default();
        let time = now.unix_timestamp().to_string();
        let client = HttpClient::new(HttpOptions {
            server: self.url.clone(),
            trusted_roots: self.trusted_roots.clone(),
            authentication: Authentication::None,
            identity: None,
            timeout: self.timeout,
            response_bytes_max: WEBHOOK_ANSWER_BYTES_MAX,
        })?;
        let headers =
            [("cmgateway-time", time.clone()), ("cmgateway-signature", self.signature(&time, &body))];
        let answer = client
            .send(HttpRequest {
                operation: OPERATION,
                method: Method::POST,
                url: &self.url,
                accept: "*/*",
                content: Some(Content::json(body)),
                if_match: None,
                token: None,
                headers: &headers,
                is_repeatable: false,
            })
            .await?;
        match answer.status {
            200..=299 => Ok(()),
            status => {
                Err(Error::new(ErrorKind::Unavailable, OPERATION, format!("the receiver answered {status}")))
            }
        }
    }

    fn signature(&self, time: &str, body: &[u8]) -> String {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        let mut context = aws_lc_rs::hmac::Context::with_key(&key);
        context.update(time.as_bytes());
        context.update(b".");
        context.update(body);
        format!("sha256={}", hex::encode(context.sign()))
    }
}
