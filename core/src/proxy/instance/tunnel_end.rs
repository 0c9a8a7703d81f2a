//! The instance's end of one connection of a tunnel.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::SendStream;
use h2::client::SendRequest;
use hyper::{Method, Request};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::Shared;
use super::sessions::Session;
use crate::limits::{CONTROL_QUEUE_MAX, TUNNEL_HELLO_TIMEOUT};
use crate::proxy::configuration::{Configuration, Parts};
use crate::proxy::tunnel::control::{self, CONTROL_PATH, Incoming};
use crate::proxy::tunnel::liveness::until_dead;
use crate::proxy::tunnel::message::{Hello, LANGUAGE, Message};
use crate::proxy::tunnel::{Flow, http2};

/// Serves one connection of a tunnel to its end.
pub(super) async fn serve(shared: Arc<Shared>, stream: TlsStream<TcpStream>, address: SocketAddr) {
    let flow = Flow::new();
    let handshake = timeout(TUNNEL_HELLO_TIMEOUT, http2::requesting().handshake::<_, Bytes>(stream)).await;
    let Ok(Ok((send, mut connection))) = handshake else { return };
    let ping_pong = connection.ping_pong();
    let cause = tokio::select! {
        ended = connection => match ended {
            Ok(()) => "the connection point closed the connection".to_owned(),
            Err(error) => error.to_string(),
        },
        cause = until_dead(ping_pong, shared.ping, &flow.round_trip) => cause,
        cause = converse(&shared, send, &flow) => cause,
    };
    // Requests on it learn of the end as the connection is dropped.
    flow.credits.close();
    tracing::warn!(%address, %cause, "a connection of a tunnel ended");
}

/// The control stream to its end: hello, then whatever comes.
async fn converse(shared: &Arc<Shared>, mut send: SendRequest<Bytes>, flow: &Arc<Flow>) -> String {
    let opened = timeout(TUNNEL_HELLO_TIMEOUT, open(&mut send, flow)).await;
    let (hello, mut incoming, stream) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(cause)) => return cause,
        Err(_) => return format!("no hello within {TUNNEL_HELLO_TIMEOUT:?}"),
    };
    let session = Session::new(hello, send, Arc::clone(flow));
    if let Err(cause) = shared.sessions.add(Arc::clone(&session)) {
        return cause;
    }
    let _removed = Removed(shared, &session);
    let hello = &session.hello;
    tracing::info!(connection_point = hello.connection_point, connection = hello.connection, "tunnel up");
    let (queue, queued) = mpsc::channel(CONTROL_QUEUE_MAX);
    tokio::select! {
        sent = control::send(stream, queued, flow) => match sent {
            // Our half is over; the connection point closes.
            Ok(()) => std::future::pending().await,
            Err(error) => error.to_string(),
        },
        cause = listen(shared, &session, &mut incoming, queue) => cause,
        () = session.end.notified() => "a later session took its place".to_owned(),
    }
}

/// Takes a session out again, however it ends.
struct Removed<'a>(&'a Shared, &'a Arc<Session>);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        self.0.sessions.remove(self.1);
    }
}

async fn open(
    send: &mut SendRequest<Bytes>,
    flow: &Flow,
) -> Result<(Hello, Incoming, SendStream<Bytes>), String> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("https://cmgateway{CONTROL_PATH}").parse().unwrap_or_default();
    let (response, stream) = send.send_request(request, false).map_err(|error| error.to_string())?;
    let response = response.await.map_err(|error| error.to_string())?;
    let mut incoming = Incoming::new(response.into_body());
    match incoming.next(flow).await? {
        Some(Message::Hello(hello)) if hello.language == LANGUAGE => Ok((hello, incoming, stream)),
        Some(Message::Hello(hello)) => {
            Err(format!("it speaks version {} of the tunnel, not {LANGUAGE}", hello.language))
        }
        _ => Err("it did not begin with hello".into()),
    }
}

async fn listen(
    shared: &Arc<Shared>,
    session: &Arc<Session>,
    incoming: &mut Incoming,
    queue: mpsc::Sender<Message>,
) -> String {
    let mut parts = Parts::default();
    let mut news = shared.news.subscribe();
    let mut refused = None;
    loop {
        news.borrow_and_update();
        let _ = queue.send(Message::Report(shared.report(refused.clone()))).await;
        let message = tokio::select! {
            message = incoming.next(&session.flow) => message,
            _ = news.changed() => continue,
        };
        match message {
            Ok(Some(Message::Part(bytes))) => {
                if let Err(cause) = parts.add(bytes) {
                    return cause;
                }
            }
            Ok(Some(Message::Configuration(text))) => {
                let applied = match Configuration::decode(&text, &mut parts) {
                    Ok(configuration) => shared.apply(configuration).await,
                    Err(error) => Err(error),
                };
                refused = applied.err().map(|error| error.to_string());
                if let Some(error) = &refused {
                    tracing::error!(%error, "a configuration is not taken; the old one stays");
                }
            }
            Ok(Some(Message::Draining)) => session.drain(),
            Ok(Some(_)) => {}
            Ok(None) if session.is_draining() => break,
            Ok(None) => return "the control stream ended".into(),
            Err(cause) => return cause,
        }
    }
    // The last requests were answered. Our half ends with the queue, and the connection point closes.
    drop(queue);
    sleep(TUNNEL_HELLO_TIMEOUT).await;
    "the connection point stopped".into()
}
