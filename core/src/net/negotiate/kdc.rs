//! How a KDC is asked: one message and one answer over TCP, each after its length (RFC 4120, section 7.2.2).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use sspi::network_client::NetworkClient;
use sspi::{Error, ErrorKind, NetworkProtocol, NetworkRequest};

use crate::limits::{KDC_REPLY_BYTES_MAX, KDC_TIMEOUT};

/// Asks KDCs; it blocks, for a limited time.
pub(super) struct KdcClient;

impl NetworkClient for KdcClient {
    fn send(&self, request: &NetworkRequest) -> sspi::Result<Vec<u8>> {
        let failed = |cause: String| Error::new(ErrorKind::NoAuthenticatingAuthority, cause);
        if request.protocol != NetworkProtocol::Tcp {
            return Err(failed("a KDC is asked over TCP only".into()));
        }
        let host = request.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = request.url.port().unwrap_or(88);
        let failed = |error: std::io::Error| failed(format!("the KDC {host} port {port}: {error}"));
        exchange(&host, port, &request.data).map_err(failed)
    }
}

fn exchange(host: &str, port: u16, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let deadline = Instant::now() + KDC_TIMEOUT;
    let mut stream = connect(host, port, deadline)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(message)?;
    let mut length = [0; 4];
    read(&mut stream, &mut length, deadline)?;
    let count = u32::from_be_bytes(length) as usize;
    if count > KDC_REPLY_BYTES_MAX {
        let cause = format!("its answer says it has {count} bytes, {KDC_REPLY_BYTES_MAX} are read at most");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, cause));
    }
    let mut reply = vec![0; 4 + count];
    if let Some((head, body)) = reply.split_at_mut_checked(4) {
        head.copy_from_slice(&length);
        read(&mut stream, body, deadline)?;
    }
    Ok(reply)
}

fn connect(host: &str, port: u16, deadline: Instant) -> std::io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Fills the buffer; a peer that sends a byte now and then does not move the deadline.
fn read(stream: &mut TcpStream, mut buffer: &mut [u8], deadline: Instant) -> std::io::Result<()> {
    while !buffer.is_empty() {
        stream.set_read_timeout(Some(left(deadline)?))?;
        let count = stream.read(buffer)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(count..).unwrap_or_default();
    }
    Ok(())
}

fn left(deadline: Instant) -> std::io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}
