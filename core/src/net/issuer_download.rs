//! Certificates of issuers, downloaded from where a certificate says that they are (AIA).

use std::time::{Duration, Instant};

use super::download::Download;
use super::http::Url;
use super::tls::TrustedRoots;
use crate::cert::{Certificate, Chain, build_chain, load_cer, load_p7b};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{ISSUER_DOWNLOAD_BYTES_MAX, ISSUER_DOWNLOAD_TIMEOUT, ISSUER_DOWNLOADS_MAX};

const OPERATION: &str = "fetch issuers";

/// One certificate file that was fetched or could not be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuerDownload {
    /// Where it is.
    pub url: String,
    /// Why it could not be used; `None` where it was.
    pub error: Option<String>,
}

/// A chain after its missing issuers were fetched, as far as they could be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FetchedChain {
    /// The chain; complete where its root was found.
    pub chain: Chain,
    /// What was tried, in its order.
    pub downloads: Vec<IssuerDownload>,
}

/// Completes the chain of a certificate by downloading what is missing from where its certificates say (AIA).
///
/// This is the only call that follows such an address, and only `http:` ones: a certificate vouches for itself, and `https:` would
/// need a chain for a chain. Redirects are not followed. The answer may be a certificate or a P7B. What is fetched is used only
/// where its key signed the certificate below it; nothing becomes trusted by it. An address in a stranger's certificate may point
/// anywhere, also into your own network: fetch for certificates that you have a reason to look into. `timeout` is for all
/// downloads together.
///
/// # Errors
/// None for what could not be fetched: that stands in [`FetchedChain::downloads`], and the chain says what is missing. `internal`
/// where there can be no HTTP client.
///
/// ```no_run
/// use cmgateway::{cert::load_cer_file, net::fetch_issuers};
/// # async fn example() -> cmgateway::Result<()> {
/// let server = load_cer_file("server.cer")?.remove(0);
/// let fetched = fetch_issuers(&server, &[], None).await?;
/// println!("{} certificates, complete: {}", fetched.chain.certificates.len(), fetched.chain.is_complete());
/// # Ok(()) }
/// ```
pub async fn fetch_issuers(
    leaf: &Certificate,
    others: &[Certificate],
    timeout: Option<Duration>,
) -> Result<FetchedChain> {
    let end = Instant::now().checked_add(timeout.unwrap_or(ISSUER_DOWNLOAD_TIMEOUT));
    let mut known = others.to_vec();
    let mut downloads: Vec<IssuerDownload> = Vec::new();
    loop {
        let chain = build_chain(leaf, &known);
        let last = chain.certificates.last().filter(|_| chain.missing.is_some());
        let next = last.and_then(|last| {
            let urls = last.ca_issuer_urls();
            urls.into_iter().find(|url| downloads.iter().all(|done| done.url != *url))
        });
        let left = end.map(|end| end.saturating_duration_since(Instant::now())).unwrap_or_default();
        let Some(url) = next.filter(|_| downloads.len() < ISSUER_DOWNLOADS_MAX && !left.is_zero()) else {
            return Ok(FetchedChain { chain, downloads });
        };
        let error = match fetch(&url, left).await {
            Ok(found) => {
                known.extend(found);
                None
            }
            Err(error) => Some(error.cause().to_owned()),
        };
        downloads.push(IssuerDownload { url, error });
    }
}

async fn fetch(url: &str, timeout: Duration) -> Result<Vec<Certificate>> {
    let refuse = |cause: String| Error::new(ErrorKind::Unsupported, OPERATION, cause);
    let url: Url = url.parse().map_err(|_| refuse("it is not an address".into()))?;
    if url.scheme() != "http" {
        return Err(refuse(format!("only http: addresses are followed, not {}:", url.scheme())));
    }
    let download = Download {
        operation: OPERATION,
        url: &url,
        accept: "application/pkix-cert, application/pkcs7-mime, */*",
        trusted_roots: TrustedRoots::default(),
        timeout,
        bytes_max: ISSUER_DOWNLOAD_BYTES_MAX,
    };
    let content = download.get().await?;
    // RFC 5280, 4.2.2.1: one certificate in DER, or a bag of them in PKCS #7.
    load_cer(&content).or_else(|error| load_p7b(&content).map_err(|_| error))
}
