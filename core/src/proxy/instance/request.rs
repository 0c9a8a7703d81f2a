//! One request of a client: judged, and sent down a tunnel.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Version};
use tokio::sync::Notify;

use super::Shared;
use super::activity::Activity;
use super::client::Client;
use super::reply::{Refused, ReplyBody, refuse, show_status_words};
use super::slot::Slot;
use super::trust::Active;
use super::{self_description, token};
use crate::limits::{FORWARD_ATTEMPTS_MAX, TUNNEL_WAIT, TUNNEL_WAITING_MAX};
use crate::proxy::headers::{self, REQUEST_ID};
use crate::proxy::mapping::{Authentication, ExternalPath, ExternalTarget, PathRefusal};
use crate::proxy::tunnel::mux::Broken;
use crate::proxy::tunnel::receiving::TunnelBody;
use crate::proxy::tunnel::sending::{Outgoing, ask, send_body};

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Answers one request of a client.
pub(super) async fn answer(
    shared: Arc<Shared>,
    client: Arc<Client>,
    activity: Arc<Activity>,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let id = shared.request_ids.next();
    let method = request.method().clone();
    let has_body = !request.body().is_end_stream();
    let slot = shared.slots.take(client.key, &shared.limits, activity.begin());
    let outcome = match &slot {
        Some(_) => judge(&shared, &client, &request),
        None => Err(Refused::BUSY),
    };
    let (endpoint, result) = match outcome {
        Ok(Judged::Answer(response)) => (String::new(), Ok(response)),
        Ok(Judged::Forward { active, endpoint, body_max }) => {
            let job = Job { shared: &shared, client: &client, activity: &activity, active: &active, id: &id };
            (endpoint, job.forward(request, body_max, slot).await)
        }
        Err(refused) => (String::new(), Err(refused)),
    };
    let response = result.unwrap_or_else(|refused| {
        shared.metrics.refused(refused.words);
        if has_body {
            activity.give_up_body();
        }
        tracing::info!(request = id, client = %client.address, %method, status = refused.status.as_u16(), words = refused.words, "refused");
        refuse(refused)
    });
    shared.metrics.answered(response.status());
    tracing::debug!(request = id, client = %client.address, %method, endpoint, status = response.status().as_u16(), "answered");
    response
}

enum Judged {
    Answer(Response<ReplyBody>),
    Forward { active: Arc<Active>, endpoint: String, body_max: Option<u64> },
}

/// Decides whether a request may pass, by its head.
fn judge(shared: &Shared, client: &Client, request: &Request<Incoming>) -> Result<Judged, Refused> {
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Refused::BAD_METHOD);
    }
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Err(Refused::BAD_PATH);
    }
    let path = ExternalPath::read(request.uri().path()).map_err(|refusal| match refusal {
        PathRefusal::Escaping => Refused::BAD_PATH,
        PathRefusal::NotOurs => Refused::NOT_FOUND,
    })?;
    let active = shared.active();
    match path.target {
        ExternalTarget::Role(_) if active.configuration.is_stopped => return Err(Refused::STOPPED),
        ExternalTarget::Role(_) => {}
        ExternalTarget::ServiceMetadata => {
            return Ok(Judged::Answer(self_description::metadata(shared, &active)));
        }
        ExternalTarget::AadAuthInfo => {
            return self_description::entra(&active, request.uri().query()).map(Judged::Answer);
        }
    }
    let (published, endpoint) = active.table.find(&path).ok_or(Refused::NOT_FOUND)?;
    match path.authentication {
        Authentication::MutualAuth if !client.has_certificate() => return Err(Refused::NO_CERTIFICATE),
        Authentication::MutualAuth if !client.is_trusted(&shared.clients) => {
            return Err(Refused::NOT_TRUSTED);
        }
        Authentication::MutualAuth => {}
        Authentication::ServerAuth => token::check(&active, request.headers())?,
    }
    let body_max = published.request_body_bytes_max;
    if body_max.is_some_and(|max| request.body().size_hint().lower() > max) {
        return Err(Refused::TOO_LARGE);
    }
    let endpoint = endpoint.to_owned();
    Ok(Judged::Forward { active, endpoint, body_max })
}

struct Job<'a> {
    shared: &'a Arc<Shared>,
    client: &'a Arc<Client>,
    activity: &'a Arc<Activity>,
    active: &'a Active,
    id: &'a str,
}

impl Job<'_> {
    async fn forward(
        &self,
        request: Request<Incoming>,
        body_max: Option<u64>,
        slot: Option<Slot>,
    ) -> Result<Response<ReplyBody>, Refused> {
        let (mut parts, body) = request.into_parts();
        // The path and query as the client sent them; who is asked is the connection point's business.
        let path = parts.uri.path_and_query().ok_or(Refused::BAD_PATH)?;
        self.dress(&mut parts.headers, parts.uri.authority().map(|authority| authority.as_str()));
        let has_body = !body.is_end_stream();
        let is_safe = !has_body && matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let mut body = Some(body).filter(|_| has_body);
        let mut tried = Vec::new();
        for _ in 0..FORWARD_ATTEMPTS_MAX {
            let chosen = self.shared.sessions.choose(&tried, TUNNEL_WAIT, TUNNEL_WAITING_MAX).await;
            let session = chosen.ok_or(Refused::NO_TUNNEL)?;
            tried.push(Arc::clone(&session));
            let open = session.begin();
            let Some((incoming, outgoing)) = ask(&session.mux, &parts.method, path, &parts.headers, has_body)
            else {
                self.shared.metrics.retries.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let too_large = Arc::new(Notify::new());
            if let (Some(body), Some(outgoing)) = (body.take(), outgoing) {
                self.pump(body, outgoing, body_max, &too_large);
            }
            let answer = match body_max {
                Some(_) => tokio::select! {
                    biased;
                    () = too_large.notified() => return Err(Refused::TOO_LARGE),
                    answer = incoming.answer() => answer,
                },
                None => incoming.answer().await,
            };
            match answer {
                Ok(response) => {
                    let moved = Arc::clone(&self.shared.metrics.bytes_out);
                    let guard = (open, slot);
                    let mut response = response.map(|incoming| {
                        ReplyBody::Tunnel(TunnelBody::new(incoming, moved, guard), self.activity.taking())
                    });
                    show_status_words(&mut response);
                    return Ok(response);
                }
                Err(Broken::NotDone) if !has_body => {}
                Err(_) if is_safe => {}
                Err(_) => return Err(Refused::NO_ANSWER),
            }
            self.shared.metrics.retries.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(request = self.id, "asks again on another tunnel");
        }
        Err(Refused::NO_ANSWER)
    }

    /// Takes out what a client must not say and puts in what the gateway says.
    fn dress(&self, headers: &mut HeaderMap, authority: Option<&str>) {
        headers::strip_hop_by_hop(headers);
        headers::strip_claims_about_the_client(headers);
        let host = headers.remove(header::HOST);
        let host = host.or_else(|| authority.and_then(|text| HeaderValue::from_str(text).ok()));
        if let Some(host) = host {
            headers.insert(FORWARDED_HOST, host);
        }
        if let Ok(address) = HeaderValue::from_str(&self.client.address.ip().to_string()) {
            headers.insert(FORWARDED_FOR, address);
        }
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        headers.insert(FORWARDED_PORT, HeaderValue::from(self.client.local.port()));
        if let Ok(id) = HeaderValue::from_str(self.id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(certificate) = self.client.headers(self.active) {
            headers.insert(CLIENT_CERT, certificate.leaf);
            if let Some(chain) = certificate.chain {
                headers.insert(CLIENT_CERT_CHAIN, chain);
            }
        }
    }

    /// Sends the body beside the answer, which may come before the body is over; tells where it is too large.
    fn pump(&self, body: Incoming, stream: Outgoing, body_max: Option<u64>, too_large: &Arc<Notify>) {
        let (moved, too_large) = (Arc::clone(&self.shared.metrics.bytes_in), Arc::clone(too_large));
        let activity = Arc::clone(self.activity);
        let receiving = activity.receiving();
        tokio::spawn(async move {
            let _receiving = receiving;
            let body = body.map_frame({
                let activity = Arc::clone(&activity);
                move |frame| {
                    activity.received();
                    frame
                }
            });
            let sent = match body_max {
                Some(max) => {
                    let max = usize::try_from(max).unwrap_or(usize::MAX);
                    let limited = Limited::new(body, max).map_err(move |error| {
                        if error.is::<LengthLimitError>() {
                            too_large.notify_one();
                        }
                        error
                    });
                    send_body(Box::pin(limited), stream, &moved).await
                }
                None => send_body(body, stream, &moved).await,
            };
            if let Err(failure) = sent {
                activity.give_up_body();
                tracing::debug!(?failure, "a request body did not go through");
            }
        });
    }
}
