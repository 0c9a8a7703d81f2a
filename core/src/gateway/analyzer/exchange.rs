//! One request over a connection that is there, and its answer.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper::header::HeaderMap;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::limits::ANALYZER_ANSWER_BYTES_MAX;
use crate::secret::Secret;

/// What a server answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The reason phrase, where it is not the usual one.
    pub(super) words: String,
    pub(super) headers: HeaderMap,
    /// The beginning of the body.
    pub(super) body: Bytes,
    /// When it came.
    pub(super) received: Instant,
}

impl Answer {
    /// Status and words as a person reads them.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.status, self.words).trim_end().to_owned()
    }
}

/// What to ask for.
pub(super) struct Question<'a> {
    pub(super) host: &'a str,
    pub(super) target: &'a str,
    pub(super) token: Option<&'a Secret>,
    pub(super) time: Duration,
}

/// Gets one document; the connection is not used again.
pub(super) async fn get<S>(stream: S, question: &Question<'_>) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limit = question.time;
    match timeout(limit, get_within(stream, question)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}

async fn get_within<S>(stream: S, question: &Question<'_>) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut request =
        Request::get(question.target).header("host", question.host).header("connection", "close");
    if let Some(token) = question.token {
        request = request.header("authorization", format!("Bearer {}", token.expose()));
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| whole(&error))?;
    let driver = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| whole(&error));
    let answer = match answer {
        Ok(answer) => answer,
        Err(cause) => {
            // What the connection broke on says more than that it broke.
            let broke = timeout(Duration::from_millis(200), driver).await;
            return Err(match broke {
                Ok(Ok(Err(error))) => whole(&error),
                _ => cause,
            });
        }
    };
    let received = Instant::now();
    let (head, mut body) = answer.into_parts();
    let mut content = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { break };
        if let Some(data) = frame.data_ref() {
            let room = ANALYZER_ANSWER_BYTES_MAX.saturating_sub(content.len());
            content.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            if content.len() >= ANALYZER_ANSWER_BYTES_MAX {
                break;
            }
        }
    }
    driver.abort();
    let words = head.extensions.get::<ReasonPhrase>().map(ReasonPhrase::as_bytes).unwrap_or_default();
    Ok(Answer {
        status: head.status.as_u16(),
        words: String::from_utf8_lossy(words).into_owned(),
        headers: head.headers,
        body: content.into(),
        received,
    })
}

/// An error with everything behind it, each cause once.
pub(super) fn whole(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = cause.source();
    }
    text
}
