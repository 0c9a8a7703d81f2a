//! From the connection point to an instance: TCP, perhaps through a proxy, and TLS.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::options::{InstanceAddress, TunnelProxy};
use crate::limits::{CONNECT_TIMEOUT, TUNNEL_BATCH_BYTES};
use crate::net::ConnectProxy;
use crate::net::gateway_tls::TUNNEL_PROTOCOL;
use crate::net::tls_stream::{self, TlsStream};
use crate::proxy::socket_settings;

/// Tries the addresses of an instance in their order.
pub(super) async fn dial(
    instance: &InstanceAddress,
    proxy: Option<&TunnelProxy>,
    tls: &Arc<ClientConfig>,
) -> Result<(Box<TlsStream<TcpStream>>, String), String> {
    let mut causes = Vec::new();
    for address in &instance.candidates {
        match timeout(CONNECT_TIMEOUT, dial_one(address, proxy, tls)).await {
            Ok(Ok(stream)) => return Ok((stream, address.clone())),
            Ok(Err(cause)) => causes.push(format!("{address}: {cause}")),
            Err(_) => causes.push(format!("{address}: no connection within {CONNECT_TIMEOUT:?}")),
        }
    }
    Err(causes.join("; "))
}

async fn dial_one(
    address: &str,
    proxy: Option<&TunnelProxy>,
    tls: &Arc<ClientConfig>,
) -> Result<Box<TlsStream<TcpStream>>, String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let target = proxy.map_or(address, |proxy| proxy.address.as_str());
    let mut socket = TcpStream::connect(target).await.map_err(|error| error.to_string())?;
    socket_settings::tunnel(&socket);
    if let Some(proxy) = proxy {
        let login = proxy.login.as_ref().map(|(method, credentials)| (*method, credentials));
        ConnectProxy { address: &proxy.address, login }.connect(&mut socket, address).await?;
    }
    let established = tls_stream::connect(socket, Arc::clone(tls), name).await;
    let mut established = established.map_err(|error| error.to_string())?;
    established.stream.set_unsent_max(TUNNEL_BATCH_BYTES);
    match established.alpn.as_deref() {
        Some(TUNNEL_PROTOCOL) => Ok(established.stream),
        _ => Err("it is no instance of a gateway: it does not know the tunnel's protocol".into()),
    }
}
