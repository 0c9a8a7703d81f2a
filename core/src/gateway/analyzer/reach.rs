//! Sockets and trusted connections, each within its time.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::exchange::whole;
use crate::limits::ANALYZER_AT_ONCE;

/// Connects within the time.
pub(super) async fn connect(address: impl ToSocketAddrs, time: Duration) -> Result<TcpStream, String> {
    match timeout(time, TcpStream::connect(address)).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {time:?}")),
    }
}

/// Connects and shakes hands with a server that these settings trust.
pub(super) async fn connect_tls(
    address: impl ToSocketAddrs,
    host: &str,
    config: Arc<ClientConfig>,
    time: Duration,
) -> Result<TlsStream<TcpStream>, String> {
    let socket = connect(address, time).await?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    match timeout(time, TlsConnector::from(config).connect(name, socket)).await {
        Ok(stream) => stream.map_err(|error| whole(&error)),
        Err(_) => Err(format!("no handshake within {time:?}")),
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
pub(super) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Does the same for each item, for some of them at once; answers come in the order of the items.
pub(super) async fn each<T, R, F>(items: Vec<T>, work: impl Fn(T) -> F) -> Vec<R>
where
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut done: Vec<(usize, R)> = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        if tasks.len() >= ANALYZER_AT_ONCE {
            done.extend(tasks.join_next().await.and_then(Result::ok));
        }
        let future = work(item);
        tasks.spawn(async move { (at, future.await) });
    }
    while let Some(result) = tasks.join_next().await {
        done.extend(result.ok());
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
