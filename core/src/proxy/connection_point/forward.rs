//! One request: out of the tunnel, to a server inside, and its answer back.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http_body_util::{BodyExt, Empty};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::time::timeout;

use super::Inside;
use super::upstream::{BoxError, RequestBody, Upload, UpstreamBody, UpstreamFailure};
use crate::limits::UPSTREAM_RESPONSE_TIMEOUT;
use crate::proxy::headers::{self, REQUEST_ID, STATUS_WORDS};
use crate::proxy::mapping::ExternalPath;
use crate::proxy::tunnel::receiving::{Asked, RequestHead, TunnelBody};
use crate::proxy::tunnel::sending::{Outgoing, SendFailure, send_body};

/// The server inside wants a certificate that the connection point does not have (Microsoft's words).
const CERTIFICATE_REQUIRED: &str = "CMGConnector_Clientcertificaterequired";
/// The server inside does not let the connection point in (Microsoft's words).
const FORBIDDEN: &str = "CMGConnector_Forbidden";
/// No server inside could be reached, or it gave no answer.
const UNAVAILABLE: &str = "CMGConnector_ServiceUnavailable";
/// This connection point does not know the role.
const NOT_FOUND: &str = "CMGConnector_NotFound";
/// The server inside did not answer in time.
const TIMED_OUT: &str = "CMGConnector_Timeout";

/// Serves one request of an instance.
pub(super) async fn serve(inside: Arc<Inside>, asked: Asked) {
    let started = Instant::now();
    let Asked { request, head, mut respond } = asked;
    let (parts, body) = request.into_parts();
    let id = parts.headers.get(REQUEST_ID).cloned();
    let id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or("-");
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().map(str::to_owned);
    let Ok(external) = ExternalPath::read(&path) else {
        return refuse(&mut respond, StatusCode::NOT_FOUND, NOT_FOUND);
    };
    let routes = inside.routes();
    let Some((mapping, endpoint)) = routes.find(&external) else {
        return refuse(&mut respond, StatusCode::NOT_FOUND, NOT_FOUND);
    };
    let counter = inside.traffic.endpoint(mapping.published.id, endpoint);
    counter.requests.fetch_add(1, Ordering::Relaxed);
    let target = Target { addresses: &mapping.internal, rest: external.rest, query: query.as_deref() };
    let (body, upload): (RequestBody, Upload) = if body.is_over() {
        (no_body(), Upload::default())
    } else {
        let guard = Arc::new(());
        let upload = Arc::downgrade(&guard);
        let body = TunnelBody::new(body, Arc::clone(&counter.bytes_in), guard);
        (Box::pin(body.map_err(BoxError::from)), upload)
    };
    let answer = tokio::select! {
        answer = timeout(UPSTREAM_RESPONSE_TIMEOUT, send(&inside, parts, &head, (body, upload), target)) => answer,
        // The client has gone: dropping the request closes the connection to the server inside.
        _ = poll_fn(|context| respond.poll_stopped(context)) => {
            counter.cancelled.fetch_add(1, Ordering::Relaxed);
            return;
        }
    };
    match answer {
        Ok(Ok(response)) => {
            let status = response.status();
            pass_back(&inside, response, respond, &counter.bytes_out).await;
            tracing::debug!(request = id, role = mapping.published.id, endpoint, status = status.as_u16(), took = ?started.elapsed(), "answered");
        }
        Ok(Err(failure)) => {
            counter.failures.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(request = id, role = mapping.published.id, endpoint, error = %failure.cause, "no answer from inside");
            refuse(&mut respond, failure.status, failure.words);
        }
        Err(_) => {
            counter.failures.fetch_add(1, Ordering::Relaxed);
            refuse(&mut respond, StatusCode::GATEWAY_TIMEOUT, TIMED_OUT);
        }
    }
}

fn no_body() -> RequestBody {
    Box::pin(Empty::new().map_err(|never| match never {}))
}

struct Target<'a> {
    addresses: &'a [crate::proxy::InternalAddress],
    rest: &'a str,
    query: Option<&'a str>,
}

struct Failure {
    status: StatusCode,
    words: &'static str,
    cause: BoxError,
}

/// Tries the servers in turn, for as long as nothing can have been done twice.
async fn send(
    inside: &Inside,
    parts: Parts,
    head: &RequestHead,
    (body, upload): (RequestBody, Upload),
    target: Target<'_>,
) -> Result<Response<UpstreamBody>, Failure> {
    let is_safe =
        body.is_end_stream() && matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let upstreams = inside.upstreams();
    let order = upstreams.in_order(target.addresses);
    let mut unsent = Some(Request::from_parts(parts, body));
    let mut last = None;
    // A safe request gets a second chance on the only server: the idle connection may just have been closed.
    let again = order.first().copied().filter(|_| is_safe && order.len() == 1);
    for address in order.into_iter().chain(again) {
        let mut request = match unsent.take() {
            Some(request) => request,
            None if is_safe => match head.read() {
                Some(head) => head.map(|()| no_body()),
                None => break,
            },
            None => break,
        };
        headers::strip_hop_by_hop(request.headers_mut());
        let path = address.path_and_query(target.rest, target.query);
        match (path.parse::<Uri>(), HeaderValue::from_str(address.authority())) {
            (Ok(uri), Ok(host)) => {
                *request.uri_mut() = uri;
                request.headers_mut().insert(header::HOST, host);
            }
            _ => {
                return Err(Failure {
                    status: StatusCode::BAD_REQUEST,
                    words: NOT_FOUND,
                    cause: "no such address".into(),
                });
            }
        }
        match upstreams.send(address, request, &upload).await {
            Ok(response) => return Ok(response),
            Err(UpstreamFailure::NotSent(request, cause)) => {
                unsent = Some(*request);
                last = Some(cause);
            }
            Err(UpstreamFailure::Unknown(cause)) => last = Some(cause),
        }
    }
    let cause = last.unwrap_or_else(|| "there is no server".into());
    let (status, words) = match wants_certificate(&cause) {
        true => (StatusCode::FORBIDDEN, CERTIFICATE_REQUIRED),
        false => (StatusCode::BAD_GATEWAY, UNAVAILABLE),
    };
    Err(Failure { status, words, cause })
}

/// True where the server inside ended the handshake because of our certificate.
fn wants_certificate(cause: &BoxError) -> bool {
    use rustls::AlertDescription as Alert;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(cause.as_ref());
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        let tls = error.downcast_ref::<rustls::Error>().or_else(|| inner?.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::AlertReceived(alert)) = tls {
            return matches!(
                alert,
                Alert::CertificateRequired
                    | Alert::BadCertificate
                    | Alert::UnknownCA
                    | Alert::CertificateUnknown
                    | Alert::CertificateExpired
                    | Alert::CertificateRevoked
                    | Alert::AccessDenied
            );
        }
        next = error.source();
    }
    false
}

async fn pass_back(
    inside: &Inside,
    response: Response<UpstreamBody>,
    mut respond: Outgoing,
    moved: &std::sync::atomic::AtomicU64,
) {
    let (mut parts, body) = response.into_parts();
    headers::strip_hop_by_hop(&mut parts.headers);
    parts.headers.remove(STATUS_WORDS);
    if parts.status == StatusCode::FORBIDDEN {
        let words =
            if inside.has_identity.load(Ordering::Relaxed) { FORBIDDEN } else { CERTIFICATE_REQUIRED };
        parts.headers.insert(STATUS_WORDS, HeaderValue::from_static(words));
    }
    let is_empty = hyper::body::Body::is_end_stream(&body);
    if respond.answer(parts.status, &parts.headers, is_empty).is_err() || is_empty {
        return;
    }
    if let Err(SendFailure::Source(error)) = send_body(body, respond, moved).await {
        tracing::warn!(%error, "an answer from inside broke off");
    }
}

fn refuse(respond: &mut Outgoing, status: StatusCode, words: &'static str) {
    let mut headers = HeaderMap::new();
    headers.insert(STATUS_WORDS, HeaderValue::from_static(words));
    // Nobody may be there any more.
    let _ = respond.answer(status, &headers, true);
}
