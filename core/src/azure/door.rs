//! The one way to a management service: token, request ids, retries, errors.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use reqwest::{Method, Url};
use serde_json::Value;

use super::answer::AzureAnswer;
use super::environment::AzureOptions;
use super::error_document::ErrorDocument;
use super::refusal::{again_with, refusal_error, shown};
use super::retry::{Refused, RetryPolicy};
use super::token::Tokens;
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::guid;
use crate::limits::AZURE_ANSWER_BYTES_MAX;
use crate::net::authenticated_http::Authentication;
use crate::net::http::{Content, HttpAnswer, HttpClient, HttpOptions, HttpRequest};
use crate::net::{ClientIdentity, Timer};

/// Whose ids and versions the headers carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Resource Manager and Key Vault: a client's request id with each try.
    ResourceManager,
    /// The classic API: its version with each request.
    Classic,
    /// Entra and the metadata service.
    Tokens,
}

/// The version of the classic API that is asked for: the last one of its versioning page.
const ASM_VERSION: &str = "2015-04-01";

/// A request to a service.
pub(super) struct Call<'a> {
    /// `<verb> <thing>` for errors.
    pub(super) operation: &'a str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) content: Option<(&'static str, Vec<u8>)>,
    pub(super) if_match: Option<&'a str>,
    /// Whether it can be sent twice without harm, where its method does not say so.
    pub(super) is_repeatable: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(operation: &'a str, method: Method, url: Url) -> Self {
        Call { operation, method, url, content: None, if_match: None, is_repeatable: false }
    }
}

/// A service at its address.
pub(super) struct Door {
    service: Service,
    client: HttpClient,
    /// Where requests go.
    base: Url,
    /// Where they go unless the caller names another address: what the service's own URLs begin with.
    usual: Url,
    tokens: Option<Arc<Tokens>>,
    audience: String,
    pub(super) retry: RetryPolicy,
    pub(super) timer: Arc<dyn Timer>,
}

/// What a door needs to know beyond the options.
pub(super) struct DoorOptions<'a> {
    pub(super) service: Service,
    /// The cloud's address.
    pub(super) usual: &'a str,
    /// The address in its place.
    pub(super) base: Option<&'a str>,
    pub(super) identity: Option<ClientIdentity>,
    pub(super) tokens: Option<Arc<Tokens>>,
    /// For whom the tokens are.
    pub(super) audience: &'a str,
}

impl Door {
    pub(super) fn new(options: &AzureOptions, door: DoorOptions<'_>) -> Result<Self> {
        let usual = address(door.usual)?;
        let base = door.base.map_or_else(|| Ok(usual.clone()), address)?;
        let client = HttpClient::new(HttpOptions {
            server: base.clone(),
            trusted_roots: options.trusted_roots.clone(),
            identity: door.identity,
            authentication: Authentication::None,
            timeout: options.timeout,
            response_bytes_max: AZURE_ANSWER_BYTES_MAX,
        })?;
        Ok(Door {
            service: door.service,
            client,
            base,
            usual,
            tokens: door.tokens,
            audience: door.audience.to_owned(),
            retry: options.retry.clone(),
            timer: Arc::clone(&options.timer),
        })
    }

    /// A token for this service; None where none is used.
    pub(super) async fn token(&self) -> Result<Option<crate::secret::Secret>> {
        match &self.tokens {
            Some(tokens) => tokens.token(&self.audience).await.map(Some),
            None => Ok(None),
        }
    }

    /// The address of a path of this service.
    pub(super) fn url(&self, path_and_query: &str) -> Result<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path_and_query}")).map_err(|error| {
            Error::new(ErrorKind::Config, format!("use path {path_and_query:?}"), error.to_string())
        })
    }

    /// An address that the service gave, kept to the letter but for its host where another is used in its place.
    ///
    /// A token goes nowhere else: other hosts are refused.
    pub(super) fn given_url(&self, operation: &str, text: &str) -> Result<Url> {
        let refuse = |cause: String| Err(Error::new(ErrorKind::Protocol, operation, cause));
        if text.starts_with('/') {
            return self.url(text);
        }
        let Ok(url) = Url::parse(text) else {
            return refuse("the service gave an address that is no URL".into());
        };
        if url.origin() == self.base.origin() {
            return Ok(url);
        }
        let (host, usual) = (url.host_str().unwrap_or_default(), self.usual.host_str().unwrap_or_default());
        let is_theirs = host.eq_ignore_ascii_case(usual)
            || host.to_ascii_lowercase().ends_with(&format!(".{}", usual.to_ascii_lowercase()));
        if !is_theirs || url.scheme() != "https" {
            return refuse(format!(
                "the service names {host} as the place to ask on; a token is not sent there"
            ));
        }
        if self.base.origin() == self.usual.origin() {
            return Ok(url);
        }
        let rest = text.find("://").and_then(|at| text.get(at + 3..)).unwrap_or_default();
        self.url(rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"))
    }

    /// Sends a request until it is answered well, refused for good, or the time is over.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<HttpAnswer> {
        let start = self.timer.elapsed();
        let (mut tried, mut renewed) = (0_u32, false);
        loop {
            tried += 1;
            // A used one may make the service repeat its old answer.
            let request_id = guid::fresh();
            let answer = self.send_once(&call, &request_id).await;
            let (error, pause) = match answer {
                Ok(answer) if answer.status < 400 => return Ok(answer),
                Ok(answer) if answer.status == 401 && !renewed && self.tokens.is_some() => {
                    renewed = true;
                    self.check_challenge(&call, &answer)?;
                    if let Some(tokens) = &self.tokens {
                        tokens.forget(&self.audience);
                    }
                    continue;
                }
                Ok(answer) => self.refusal(&call, tried, &answer, &request_id),
                Err(error) => {
                    let pause = match error.retry() {
                        Retry::Never => None,
                        _ if tried >= self.retry.tries => None,
                        _ => Some(self.retry.backoff(tried, chance())),
                    };
                    (error.with_context("client_request_id", request_id), pause)
                }
            };
            let Some(pause) = pause else { return Err(error) };
            if self.timer.elapsed().saturating_sub(start).saturating_add(pause) > self.retry.request_deadline
            {
                let seconds = self.retry.request_deadline.as_secs();
                let cause = format!("{}; given up after {tried} tries within {seconds} s", error.cause());
                return Err(again_with(&error, cause));
            }
            self.timer.sleep(pause).await;
        }
    }

    /// Sends a request that has no function of its own.
    pub(super) async fn call(
        &self,
        operation: &str,
        method: &str,
        url: Url,
        body: Option<&Value>,
    ) -> Result<AzureAnswer> {
        let known = [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::POST, Method::DELETE];
        let Some(method) = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(method)) else {
            let cause = format!("{method:?} is not GET, HEAD, PUT, PATCH, POST or DELETE");
            return Err(Error::new(ErrorKind::Config, operation, cause));
        };
        let mut call = Call::new(operation, method, url);
        call.content = body.map(|body| ("application/json", body.to_string().into_bytes()));
        Ok(AzureAnswer::of(&self.send(call).await?))
    }

    async fn send_once(&self, call: &Call<'_>, request_id: &str) -> Result<HttpAnswer> {
        let token = match &self.tokens {
            // Boxed: tokens come through a door as well.
            Some(tokens) => Some(Box::pin(tokens.token(&self.audience)).await?),
            None => None,
        };
        let headers: Vec<(&'static str, String)> = match self.service {
            Service::ResourceManager => vec![
                ("x-ms-client-request-id", request_id.to_owned()),
                ("x-ms-return-client-request-id", "true".to_owned()),
            ],
            Service::Classic => vec![("x-ms-version", ASM_VERSION.to_owned())],
            Service::Tokens if call.url.path().starts_with("/metadata/") => {
                vec![("metadata", "true".to_owned())]
            }
            Service::Tokens => Vec::new(),
        };
        let is_idempotent = matches!(call.method, Method::PUT | Method::DELETE);
        self.client
            .send(HttpRequest {
                operation: call.operation,
                method: call.method.clone(),
                url: &call.url,
                accept: match self.service {
                    Service::Classic => "application/xml",
                    _ => "application/json",
                },
                content: call
                    .content
                    .as_ref()
                    .map(|(content_type, bytes)| Content { content_type, bytes: bytes.clone() }),
                if_match: call.if_match,
                token: token.as_ref(),
                headers: &headers,
                is_repeatable: call.is_repeatable || is_idempotent,
            })
            .await
    }

    /// The error of a refused request, and how long to wait before the next try.
    fn refusal(
        &self,
        call: &Call<'_>,
        tried: u32,
        answer: &HttpAnswer,
        request_id: &str,
    ) -> (Error, Option<Duration>) {
        let document = ErrorDocument::read(&answer.body);
        let codes = document.codes();
        let is_metadata = self.service == Service::Tokens && call.url.path().starts_with("/metadata/");
        let status = match answer.status {
            // Its pages say: 404 and 410 pass, the latter within 70 s.
            404 if is_metadata => 503,
            410 if !is_metadata => 404,
            status => status,
        };
        let refused = Refused {
            method: &call.method,
            is_repeatable: call.is_repeatable,
            status,
            retry_after: answer.retry_after(),
            codes: &codes,
        };
        let pause = self.retry.pause_after(tried, &refused, chance());
        let mut error = refusal_error(call.operation, answer, &document, &call.url);
        if self.service == Service::ResourceManager {
            error = error.with_context("client_request_id", request_id);
        }
        (error, pause)
    }

    /// A vault tells in its challenge for whom a token must be; one for another is never sent.
    fn check_challenge(&self, call: &Call<'_>, answer: &HttpAnswer) -> Result<()> {
        let Some(challenge) = answer.header("www-authenticate") else { return Ok(()) };
        let Some(resource) = parameter(challenge, "resource") else { return Ok(()) };
        if same_audience(resource, &self.audience) {
            return Ok(());
        }
        let cause = format!("the service asks for a token for {resource}, not for {}", self.audience);
        Err(Error::new(ErrorKind::Auth, call.operation, cause).with_context("url", shown(&call.url)))
    }
}

/// The address of a service: `https:`, or `http:` on this machine and for its metadata service.
fn address(text: &str) -> Result<Url> {
    let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, format!("use address {text:?}"), cause));
    let Ok(url) = Url::parse(text) else { return refuse("it is no URL") };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host.eq_ignore_ascii_case("localhost")
        || host == "169.254.169.254"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => return refuse("it must begin with https: (http: is for this machine only)"),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return refuse("it has a query, a fragment or a user name");
    }
    Ok(url)
}

/// A number from 0 to 1 by chance.
pub(super) fn chance() -> f64 {
    let mut bytes = [0_u8; 2];
    let _ = rand::fill(&mut bytes);
    f64::from(u16::from_ne_bytes(bytes)) / f64::from(u16::MAX)
}

/// A parameter of a challenge, with or without quotes.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    challenge.split([',', ' ']).find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

fn same_audience(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(base: Option<&str>) -> Door {
        let usual = "https://management.azure.com";
        let options = DoorOptions {
            service: Service::ResourceManager,
            usual,
            base,
            identity: None,
            tokens: None,
            audience: usual,
        };
        Door::new(&AzureOptions::default(), options).unwrap()
    }

    #[test]
    fn poll_addresses_keep_their_query_and_stay_with_the_service() {
        let given = "https://management.azure.com/subscriptions/s/ops/1?api-version=1&t=2&c=A%2Fb%3d&s=~x_-";
        assert_eq!(door(None).given_url("poll", given).unwrap().as_str(), given);
        let other = door(Some("https://localhost:8443/arm"));
        assert_eq!(
            other.given_url("poll", given).unwrap().as_str(),
            "https://localhost:8443/arm/subscriptions/s/ops/1?api-version=1&t=2&c=A%2Fb%3d&s=~x_-"
        );
        let regional = "https://westus2.management.azure.com/x?y";
        assert_eq!(door(None).given_url("poll", regional).unwrap().as_str(), regional);
        for bad in [
            "https://evil.example/x",
            "https://evilmanagement.azure.com/",
            "http://management.azure.com/",
            "x",
        ] {
            assert_eq!(door(None).given_url("poll", bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in ["https://a.example", "http://127.0.0.1:1", "http://localhost:1/x", "http://[::1]:1"] {
            address(good).unwrap();
        }
        for bad in [
            "http://a.example",
            "ftp://localhost",
            "localhost",
            "https://a.example?x=1",
            "https://u@a.example",
        ] {
            assert_eq!(address(bad).unwrap_err().kind(), ErrorKind::Config, "{bad}");
        }
    }

    #[test]
    fn a_challenge_is_read() {
        let challenge =
            r#"Bearer authorization="https://login.windows.net/t", resource="https://vault.azure.net""#;
        assert_eq!(parameter(challenge, "resource"), Some("https://vault.azure.net"));
    }
}
