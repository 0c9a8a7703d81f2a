//! The instance's end of one connection of a tunnel.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio::time::timeout;

use super::Shared;
use super::sessions::Session;
use crate::limits::{CONTROL_QUEUE_MAX, INSTANCE_REPORT_INTERVAL, TUNNEL_HELLO_TIMEOUT};
use crate::net::tls_stream::TlsStream;
use crate::proxy::configuration::{Configuration, Parts};
use crate::proxy::tunnel::control::{self, CONTROL_PATH, Messages};
use crate::proxy::tunnel::drive::Drive;
use crate::proxy::tunnel::liveness::until_dead;
use crate::proxy::tunnel::message::{Hello, LANGUAGE, Message};
use crate::proxy::tunnel::mux::Mux;
use crate::proxy::tunnel::sending::{Outgoing, ask};

/// Serves one connection of a tunnel to its end.
pub(super) async fn serve(shared: Arc<Shared>, stream: Box<TlsStream<TcpStream>>, address: SocketAddr) {
    let mux = Mux::new();
    let cause = tokio::select! {
        cause = Drive::asking(stream, Arc::clone(&mux)) => cause,
        cause = until_dead(&mux, shared.ping) => cause,
        cause = converse(&shared, &mux) => cause,
    };
    // Requests on it learn of the end as the driver is dropped.
    tracing::warn!(%address, %cause, "a connection of a tunnel ended");
}

/// The control stream to its end: hello, then whatever comes.
async fn converse(shared: &Arc<Shared>, mux: &Arc<Mux>) -> String {
    let opened = timeout(TUNNEL_HELLO_TIMEOUT, greet(mux)).await;
    let (hello, mut incoming, stream) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(cause)) => return cause,
        Err(_) => return format!("no hello within {TUNNEL_HELLO_TIMEOUT:?}"),
    };
    let session = Session::new(hello, Arc::clone(mux));
    if let Err(cause) = shared.sessions.add(Arc::clone(&session)) {
        return cause;
    }
    let _removed = Removed(shared, &session);
    let hello = &session.hello;
    tracing::info!(connection_point = hello.connection_point, connection = hello.connection, "tunnel up");
    let (queue, queued) = mpsc::channel(CONTROL_QUEUE_MAX);
    tokio::select! {
        sent = control::send(stream, queued) => match sent {
            // Our half is over; the connection point closes.
            Ok(()) => std::future::pending().await,
            Err(_) => "the connection point wants no more on the control stream".to_owned(),
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

async fn greet(mux: &Arc<Mux>) -> Result<(Hello, Messages, Outgoing), String> {
    let path = PathAndQuery::from_static(CONTROL_PATH);
    let opened = ask(mux, &Method::POST, &path, &HeaderMap::new(), true);
    let Some((incoming, Some(outgoing))) = opened else { return Err("the connection is gone".into()) };
    let answer = incoming.answer().await.map_err(|broken| broken.to_string())?;
    let mut messages = Messages::new(answer.into_body());
    match messages.next().await? {
        Some(Message::Hello(hello)) if hello.language == LANGUAGE => Ok((hello, messages, outgoing)),
        Some(Message::Hello(hello)) => {
            Err(format!("it speaks version {} of the tunnel, not {LANGUAGE}", hello.language))
        }
        _ => Err("it did not begin with hello".into()),
    }
}

async fn listen(
    shared: &Arc<Shared>,
    session: &Arc<Session>,
    incoming: &mut Messages,
    queue: mpsc::Sender<Message>,
) -> String {
    let mut parts = Parts::default();
    let mut news = shared.news.subscribe();
    let mut refused = None;
    loop {
        news.borrow_and_update();
        let _ = queue.send(Message::Report(shared.report(refused.clone()))).await;
        let message = tokio::select! {
            message = incoming.next() => message,
            _ = news.changed() => continue,
            () = sleep(INSTANCE_REPORT_INTERVAL) => continue,
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
