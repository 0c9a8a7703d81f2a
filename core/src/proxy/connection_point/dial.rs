//! From the connection point to an instance: TCP, perhaps through a proxy, and TLS.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::options::{InstanceAddress, TunnelProxy};
use crate::limits::{CONNECT_TIMEOUT, PROXY_ANSWER_BYTES_MAX, TUNNEL_UNSENT_BYTES};
use crate::net::gateway_tls::TUNNEL_PROTOCOL;

/// Tries the addresses of an instance in their order.
pub(super) async fn dial(
    instance: &InstanceAddress,
    proxy: Option<&TunnelProxy>,
    tls: &Arc<ClientConfig>,
) -> Result<(TlsStream<TcpStream>, String), String> {
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
) -> Result<TlsStream<TcpStream>, String> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let target = proxy.map_or(address, |proxy| proxy.address.as_str());
    let mut socket = TcpStream::connect(target).await.map_err(|error| error.to_string())?;
    prepare(&socket);
    if let Some(proxy) = proxy {
        ask_proxy(&mut socket, address, proxy).await?;
    }
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, socket).await;
    let stream = stream.map_err(|error| error.to_string())?;
    match stream.get_ref().1.alpn_protocol() {
        Some(TUNNEL_PROTOCOL) => Ok(stream),
        _ => Err("it is no instance of a gateway: it does not know the tunnel's protocol".into()),
    }
}

/// Sockets of a tunnel: no waiting for more, and little unsent in the kernel, where nobody can overtake.
pub(in crate::proxy) fn prepare(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    let socket = socket2::SockRef::from(socket);
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(30));
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_notsent_lowat(TUNNEL_UNSENT_BYTES);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = TUNNEL_UNSENT_BYTES;
}

/// RFC 9110, 9.3.6.
async fn ask_proxy(socket: &mut TcpStream, address: &str, proxy: &TunnelProxy) -> Result<(), String> {
    let mut request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n");
    if let Some((user, password)) = &proxy.credentials {
        let text = zeroize::Zeroizing::new(format!("{user}:{}", password.expose()));
        request.push_str(&format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(text.as_bytes())));
    }
    request.push_str("\r\n");
    let request = zeroize::Zeroizing::new(request);
    let failed = |error: std::io::Error| format!("the proxy {}: {error}", proxy.address);
    socket.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    // Byte for byte: what follows the answer belongs to TLS.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= PROXY_ANSWER_BYTES_MAX {
            return Err(format!("the proxy {} answers more than a head", proxy.address));
        }
        answer.push(socket.read_u8().await.map_err(failed)?);
    }
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).into_owned();
    let mut words = line.split(' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    match words.next().and_then(|word| word.parse::<u16>().ok()) {
        Some(200..=299) if is_http => Ok(()),
        Some(407) if is_http => Err(format!("the proxy {} wants other credentials: {line}", proxy.address)),
        _ => Err(format!("the proxy {} does not connect: {line}", proxy.address)),
    }
}
