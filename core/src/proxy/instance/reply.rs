//! Answers of the instance itself, and the body of any answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use super::activity::Taking;
use super::sessions::OpenRequest;
use super::slot::Slot;
use crate::limits::RETRY_AFTER_SECONDS;
use crate::proxy::headers::STATUS_WORDS;
use crate::proxy::tunnel::mux::Broken;
use crate::proxy::tunnel::receiving::TunnelBody;

/// The body of an answer: the instance's own, or what comes out of the tunnel.
pub(super) enum ReplyBody {
    Own(Option<Bytes>),
    Tunnel(TunnelBody<(OpenRequest, Option<Slot>)>, Option<Taking>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            ReplyBody::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            ReplyBody::Tunnel(body, taking) => {
                let polled = Pin::new(body).poll_frame(context);
                if let Some(taking) = taking {
                    taking.asked(matches!(polled, Poll::Ready(Some(_))));
                }
                polled
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ReplyBody::Own(bytes) => bytes.is_none(),
            ReplyBody::Tunnel(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ReplyBody::Own(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            ReplyBody::Tunnel(body, _) => body.size_hint(),
        }
    }
}

/// Why the instance itself answers: a status and words of Microsoft's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) words: &'static str,
}

impl Refused {
    pub(super) const BAD_PATH: Refused = refused(StatusCode::BAD_REQUEST, "CMGService_Bad_Path");
    pub(super) const BAD_METHOD: Refused =
        refused(StatusCode::METHOD_NOT_ALLOWED, "CMGService_Method_Not_Allowed");
    pub(super) const NOT_FOUND: Refused = refused(StatusCode::NOT_FOUND, "CMGService_Not_Found");
    pub(super) const NO_CERTIFICATE: Refused =
        refused(StatusCode::FORBIDDEN, "CMGService_Clientcertificaterequired");
    pub(super) const NOT_TRUSTED: Refused =
        refused(StatusCode::FORBIDDEN, "CMGService_Clientcertificate_Not_Trusted");
    /// Microsoft's own words.
    pub(super) const INVALID_TOKEN: Refused = refused(StatusCode::UNAUTHORIZED, "CMGService_Invalid_Token");
    pub(super) const TENANT: Refused = refused(StatusCode::FORBIDDEN, "CMGService_Unknown_Tenant");
    pub(super) const TOO_LARGE: Refused =
        refused(StatusCode::PAYLOAD_TOO_LARGE, "CMGService_Content_Too_Large");
    pub(super) const STOPPED: Refused = refused(StatusCode::SERVICE_UNAVAILABLE, "CMGService_Stopped");
    pub(super) const BUSY: Refused = refused(StatusCode::SERVICE_UNAVAILABLE, "CMGService_Busy");
    pub(super) const NO_TUNNEL: Refused =
        refused(StatusCode::SERVICE_UNAVAILABLE, "CMGService_No_Connection_Point");
    pub(super) const NO_ANSWER: Refused = refused(StatusCode::BAD_GATEWAY, "CMGService_No_Answer");
}

const fn refused(status: StatusCode, words: &'static str) -> Refused {
    Refused { status, words }
}

/// An answer of the instance itself: the words are the reason phrase and the body.
pub(super) fn refuse(refused: Refused) -> Response<ReplyBody> {
    let mut response = own(refused.status, "text/plain", Bytes::from_static(refused.words.as_bytes()));
    response.extensions_mut().insert(ReasonPhrase::from_static(refused.words.as_bytes()));
    if refused.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    if refused.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// An answer with this content.
pub(super) fn own(status: StatusCode, content_type: &'static str, content: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Own(Some(content)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Turns the status words of a connection point into the reason phrase.
pub(super) fn show_status_words(response: &mut Response<ReplyBody>) {
    let Some(words) = response.headers_mut().remove(STATUS_WORDS) else { return };
    if let Ok(phrase) = ReasonPhrase::try_from(words.as_bytes()) {
        response.extensions_mut().insert(phrase);
    }
    // A connection point that answers itself sends no body.
    let own = matches!(response.body(), ReplyBody::Tunnel(body, _) if body.is_end_stream());
    if own && !response.headers().contains_key(header::CONTENT_LENGTH) {
        *response.body_mut() = ReplyBody::Own(Some(Bytes::copy_from_slice(words.as_bytes())));
    }
}
