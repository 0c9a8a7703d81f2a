//! Asks an instance over HTTPS whether it serves, as a client would.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::cert::Certificate;
use crate::error::{Error, ErrorKind, Result};
use crate::net::gateway_tls;
use crate::proxy::Pin;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks for `ServiceMetadata`, which needs no client certificate; the instance must show this very certificate.
pub(super) async fn ready(address: SocketAddr, service_name: &str, certificate: &Certificate) -> Result<()> {
    let operation = format!("ask the instance at {address}");
    let failed = |cause: String| Error::new(ErrorKind::Unavailable, operation.as_str(), cause);
    let ask = async {
        let stream = TcpStream::connect(address).await.map_err(|error| failed(error.to_string()))?;
        let name =
            ServerName::try_from(service_name.to_owned()).map_err(|error| failed(error.to_string()))?;
        let config = gateway_tls::pinned_client(vec![Pin::of(certificate).bytes()])?;
        let mut stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| failed(format!("it does not show the certificate of the gateway: {error}")))?;
        let request = format!(
            "GET /CCM_Proxy_ServerAuth/ServiceMetadata HTTP/1.1\r\nHost: {service_name}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.map_err(|error| failed(error.to_string()))?;
        let mut head = [0_u8; 12];
        stream.read_exact(&mut head).await.map_err(|error| failed(error.to_string()))?;
        match &head {
            b"HTTP/1.1 200" => Ok(()),
            other => Err(failed(format!("it answered {}", String::from_utf8_lossy(other)))),
        }
    };
    match tokio::time::timeout(TIMEOUT, ask).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(ErrorKind::TimedOut, operation.as_str(), "no answer within 5 s")),
    }
}
