//! Metrics and health, over plain HTTP on an address that clients cannot reach.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::Shared;
use crate::limits::{ACCEPT_PAUSE, ADMIN_CONNECTIONS_MAX, SERVER_IDLE_TIMEOUT, SERVER_REQUEST_TIMEOUT};
use crate::proxy::tunnel::told;

/// Serves `/metrics` (Prometheus), `/live` and `/health` until the instance stops.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let mut stop = shared.stop.subscribe();
    let places = Arc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = told(&mut stop) => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((socket, _)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = answer(&shared, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(SERVER_REQUEST_TIMEOUT);
            let _ =
                timeout(SERVER_IDLE_TIMEOUT, builder.serve_connection(TokioIo::new(socket), service)).await;
            drop(place);
        });
    }
}

fn answer(shared: &Shared, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let gauges = shared.gauges();
    let is_healthy = gauges.configuration > 0 && gauges.tunnels > 0;
    let (status, content) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, shared.metrics.text(&gauges)),
        (&Method::GET | &Method::HEAD, "/live") => (StatusCode::OK, "alive\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/health") if is_healthy => (StatusCode::OK, "healthy\n".to_owned()),
        (&Method::GET | &Method::HEAD, "/health") => {
            let cause = if gauges.tunnels == 0 { "no connection point\n" } else { "no configuration\n" };
            (StatusCode::SERVICE_UNAVAILABLE, cause.to_owned())
        }
        (&Method::GET | &Method::HEAD, _) => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(content)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
