//! An HTTP proxy on the way: asked to `CONNECT` (RFC 9110, 9.3.6), by a name and password, a Kerberos ticket or NTLM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::credentials::{AuthMethod, Credentials};
use super::negotiate::{Challenge, ContextOptions, SecurityContext, challenge, offered};
use crate::background;
use crate::limits::{AUTHENTICATION_LEGS_MAX, PROXY_ANSWER_BYTES_MAX};
use crate::secret::Secret;

/// A proxy, and who asks it.
pub(crate) struct ConnectProxy<'a> {
    /// `host:port`.
    pub(crate) address: &'a str,
    pub(crate) login: Option<(AuthMethod, &'a Credentials)>,
}

/// What the proxy said, without its body.
struct Answer {
    status: u16,
    line: String,
    headers: HeaderMap,
}

impl ConnectProxy<'_> {
    /// Asks the proxy at the other end of the socket for a connection to `host:port`; afterwards the socket is that
    /// connection.
    pub(crate) async fn connect<S>(&self, socket: &mut S, target: &str) -> Result<(), String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let answer = match &self.login {
            None => self.ask(socket, target, None).await?,
            Some((AuthMethod::Basic, credentials)) => {
                let basic = credentials.basic().map_err(|error| error.cause().to_owned())?;
                self.ask(socket, target, Some(basic)).await?
            }
            Some((method, credentials)) => self.negotiate(socket, target, *method, credentials).await?,
        };
        let Answer { status, line, headers } = answer;
        match status {
            200..=299 => Ok(()),
            407 => {
                let offers = offered(&headers, &PROXY_AUTHENTICATE).join(", ");
                Err(self.said(&format!("it wants other credentials (it offers {offers}): {line}")))
            }
            _ => Err(self.said(&format!("it does not connect: {line}"))),
        }
    }

    async fn negotiate<S>(
        &self,
        socket: &mut S,
        target: &str,
        method: AuthMethod,
        credentials: &Credentials,
    ) -> Result<Answer, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let host = self.address.rsplit_once(':').map_or(self.address, |(host, _)| host);
        let options = ContextOptions {
            method,
            credentials,
            host: host.trim_matches(['[', ']']),
            // The way to the proxy is plain: there is no TLS to bind to.
            channel_bindings: None,
            sealing: false,
        };
        let mut context = SecurityContext::new(options).map_err(|error| self.said(error.cause()))?;
        let mut theirs = None;
        for _ in 0..AUTHENTICATION_LEGS_MAX {
            let told = theirs.take();
            // Kerberos waits for a KDC.
            let stepped =
                background::run("ask a proxy", move || context.step(told).map(|ours| (context, ours)));
            let ours;
            (context, ours) = stepped.await.map_err(|error| self.said(error.cause()))?;
            let Some(ours) = ours else { break };
            let value = Secret::new(format!("Negotiate {}", STANDARD.encode(ours)));
            let answer = self.ask(socket, target, Some(value)).await?;
            match challenge(&answer.headers, &PROXY_AUTHENTICATE, "Negotiate") {
                Challenge::Token(token) if answer.status == 407 => {
                    self.skip_body(socket, &answer).await?;
                    theirs = Some(token);
                }
                _ => return Ok(answer),
            }
        }
        Err(self.said("it keeps on asking for another token"))
    }

    async fn ask<S>(
        &self,
        socket: &mut S,
        target: &str,
        authorization: Option<Secret>,
    ) -> Result<Answer, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = zeroize::Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
        if let Some(value) = authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(value.expose());
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let failed = |error: std::io::Error| self.said(&error.to_string());
        socket.write_all(request.as_bytes()).await.map_err(failed)?;
        let mut head = Vec::new();
        // Byte for byte: what follows the head belongs to TLS.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= PROXY_ANSWER_BYTES_MAX {
                return Err(self.said("its answer has no end"));
            }
            head.push(socket.read_u8().await.map_err(failed)?);
        }
        read_head(&head).ok_or_else(|| self.said("it does not answer in HTTP/1.1"))
    }

    /// Reads over the body of a refusal, so that the next leg can go over the same connection.
    async fn skip_body<S: AsyncRead + Unpin>(&self, socket: &mut S, answer: &Answer) -> Result<(), String> {
        let text = |name: HeaderName| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let closes = text(CONNECTION).is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let length = text(CONTENT_LENGTH).map_or(Some(0), |value| value.trim().parse::<usize>().ok());
        let Some(length) = length.filter(|length| !closes && *length <= PROXY_ANSWER_BYTES_MAX) else {
            return Err(self.said("it closes the connection, which the authentication is bound to"));
        };
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.map_err(|error| self.said(&error.to_string()))?;
        Ok(())
    }

    fn said(&self, cause: &str) -> String {
        format!("the proxy {}: {cause}", self.address)
    }
}

fn read_head(head: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let line = lines.next()?;
    let mut words = line.split(' ');
    let status = words.next().filter(|word| word.starts_with("HTTP/1.")).and(words.next())?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) =
            (name.trim().parse::<HeaderName>(), HeaderValue::from_str(value.trim()))
        {
            headers.append(name, value);
        }
    }
    Some(Answer { status, line: line.to_owned(), headers })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &'static [u8]) -> Result<(), String> {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 16);
        let proxy = tokio::spawn(async move {
            theirs.write_all(answer).await.unwrap();
            let mut asked = vec![0; 4096];
            let count = theirs.read(&mut asked).await.unwrap();
            asked.truncate(count);
            String::from_utf8(asked).unwrap()
        });
        let credentials = Credentials::password("anna", Secret::new("secret")).unwrap();
        let login = Some((AuthMethod::Basic, &credentials));
        let result = ConnectProxy { address: "proxy:3128", login }.connect(&mut ours, "gw:443").await;
        drop(ours);
        let asked = proxy.await.unwrap();
        assert_eq!(
            asked,
            "CONNECT gw:443 HTTP/1.1\r\nHost: gw:443\r\nProxy-Authorization: Basic YW5uYTpzZWNyZXQ=\r\n\r\n"
        );
        result
    }

    #[tokio::test]
    async fn only_a_success_is_a_connection() {
        assert_eq!(answered(b"HTTP/1.1 200 Connection established\r\n\r\n").await, Ok(()));
        let refused =
            answered(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n");
        let refused = refused.await.unwrap_err();
        assert_eq!(
            refused,
            "the proxy proxy:3128: it wants other credentials (it offers Negotiate, NTLM): HTTP/1.1 407 No"
        );
        assert!(answered(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap_err().contains("403"));
        assert!(answered(b"SSH-2.0-OpenSSH\r\n\r\n").await.unwrap_err().contains("does not answer in HTTP"));
        assert!(answered(b"HTTP/1.1 200 OK\r\n").await.is_err(), "cut off");
    }
}
