//! An embedded site, served as an AdminService over HTTPS.
//!
//! Any HTTP client, and every script written for a real AdminService, can be pointed at a rehearsal this way.

mod connection;
mod document;
mod etag;
mod method;
mod query_options;
mod reply;
mod resource;
mod route;
mod strict_json;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::resource::Service;
use crate::error::{Error, ErrorKind, Result};
use crate::net::http::check_token;
use crate::net::{PemSource, server_config};
use crate::secret::Secret;
use crate::site::EmbeddedSite;

/// Where an AdminService listens, who it says it is, and whom it lets in.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The address to listen on; port 0 takes a free one.
    pub address: SocketAddr,
    /// The server's certificate, then its intermediates, PEM.
    pub certificate_chain_pem: PemSource,
    /// The private key of the first certificate, PEM, not encrypted.
    pub key_pem: PemSource,
    /// What a client must send as `Authorization: Bearer`.
    pub token: Secret,
}

/// A running AdminService that serves an embedded site.
///
/// Dropping it stops it as [`AdminServiceServer::stop`] does, without waiting for the end.
#[derive(Debug)]
pub struct AdminServiceServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl AdminServiceServer {
    /// Serves an embedded site as an AdminService over HTTPS.
    ///
    /// It listens when this returns; requests are served by tasks of the current tokio runtime.
    ///
    /// # Errors
    /// `certificate` for a certificate or key that cannot be used, `not_found` for a missing file, `config` for a
    /// token that is empty or has blanks, `unavailable` where the address cannot be listened on.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use cmgateway::Secret;
    /// use cmgateway::net::PemSource;
    /// use cmgateway::site::{AdminServiceServer, EmbeddedSite, ServerOptions, SiteCode};
    /// # let folder = std::env::temp_dir().join(format!("cmgateway-doc-server-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    /// # let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// let site = EmbeddedSite::create(folder.join("site.db"), &SiteCode::new("GF1")?).await?;
    /// let server = AdminServiceServer::start(
    ///     site,
    ///     ServerOptions {
    ///         address: "127.0.0.1:0".parse().unwrap(),
    ///         certificate_chain_pem: PemSource::bytes(chain),
    ///         key_pem: PemSource::bytes(key),
    ///         token: Secret::new("rehearsal"),
    ///     },
    /// )
    /// .await?;
    /// assert!(server.url().ends_with("/AdminService"));
    /// server.stop().await;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), cmgateway::Error>(()) }).unwrap();
    /// ```
    pub async fn start(site: EmbeddedSite, options: ServerOptions) -> Result<Self> {
        let operation = format!("serve a site on {}", options.address);
        check_token(&options.token, &operation)?;
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Unavailable, operation.as_str(), error.to_string()).with_source(error)
        };
        let (chain, key) = (options.certificate_chain_pem, options.key_pem);
        // The files are read on a thread that may wait.
        let tls = tokio::task::spawn_blocking(move || server_config(&chain, &key))
            .await
            .map_err(|error| Error::new(ErrorKind::Stopped, operation.as_str(), error.to_string()))??;
        let listener = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        let service = Arc::new(Service { site, token: options.token, address });
        let task = tokio::spawn(connection::accept(listener, tls, service, stopped));
        Ok(AdminServiceServer { address, stop, task })
    }

    /// The address it listens on, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, as `connect` takes it.
    ///
    /// It has the IP address; a client may have to use the name in the certificate instead. Where it listens on every
    /// address of the machine (`0.0.0.0`, `::`), which is none to connect to, the host is `localhost`.
    pub fn url(&self) -> String {
        match self.address.ip().is_unspecified() {
            true => format!("https://localhost:{}/AdminService", self.address.port()),
            false => format!("https://{}/AdminService", self.address),
        }
    }

    /// Stops accepting, lets open requests end for a limited time, and closes.
    ///
    /// The time is [`SHUTDOWN_TIMEOUT`](crate::limits::SHUTDOWN_TIMEOUT).
    pub async fn stop(self) {
        // Both fail only where the tasks are gone already.
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}
