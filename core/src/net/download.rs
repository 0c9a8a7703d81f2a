//! One file from an address, of limited size.

use std::time::Duration;

use bytes::Bytes;

use super::authenticated_http::Authentication;
use super::http::{HttpClient, HttpOptions, HttpRequest, Method, Url};
use super::tls::TrustedRoots;
use crate::error::{Error, ErrorKind, Result};

/// What to get, and how much of it at most.
pub(crate) struct Download<'a> {
    /// `<verb> <thing>` for errors.
    pub(crate) operation: &'a str,
    pub(crate) url: &'a Url,
    pub(crate) accept: &'static str,
    pub(crate) trusted_roots: TrustedRoots,
    pub(crate) timeout: Duration,
    pub(crate) bytes_max: usize,
}

impl Download<'_> {
    /// Gets it; an answer other than 200 is an error.
    pub(crate) async fn get(self) -> Result<Bytes> {
        let client = HttpClient::new(HttpOptions {
            server: self.url.clone(),
            trusted_roots: self.trusted_roots,
            authentication: Authentication::None,
            identity: None,
            timeout: self.timeout,
            response_bytes_max: self.bytes_max,
        })?;
        let request = HttpRequest {
            operation: self.operation,
            method: Method::GET,
            url: self.url,
            accept: self.accept,
            content: None,
            token: None,
            headers: &[],
            is_repeatable: true,
            if_match: None,
        };
        let answer = client.send(request).await?;
        if answer.status != 200 {
            let cause = format!("the server answered {}", answer.status);
            return Err(Error::new(ErrorKind::Unavailable, self.operation, cause)
                .with_context("url", self.url.as_str()));
        }
        Ok(answer.body)
    }
}
