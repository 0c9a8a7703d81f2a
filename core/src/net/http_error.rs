//! Errors of the HTTP client as an administrator understands them.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::Url;
use rustls::{AlertDescription, CertificateError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{Error, ErrorKind, Retry};
use crate::limits::RETRY_PAUSE;

/// How far an exchange had come.
pub(super) enum Phase {
    /// No status line yet.
    Head,
    /// So many bytes of the body have arrived.
    Body(usize),
}

/// Where a request went, and by which proxy.
pub(super) struct Way<'a> {
    pub(super) url: &'a Url,
    pub(super) proxy: Option<&'a str>,
}

/// The error of an exchange that got no whole answer.
pub(super) fn described(
    operation: &str,
    way: Way<'_>,
    is_repeatable: bool,
    timeout: Duration,
    phase: Phase,
    error: reqwest::Error,
) -> Error {
    let host = way.url.host_str().unwrap_or_default();
    let connecting = error.is_connect();
    let mut names_proxy = false;
    let (kind, mut cause) = if let Some(tls) = find::<rustls::Error>(&error) {
        tls_cause(host, tls)
    } else if error.is_timeout() {
        let seconds = timeout.as_secs_f64();
        match phase {
            _ if connecting => (ErrorKind::TimedOut, format!("no connection to {host} in time")),
            Phase::Head => (ErrorKind::TimedOut, format!("no answer within {seconds} s")),
            Phase::Body(bytes) => {
                (ErrorKind::TimedOut, format!("no whole answer within {seconds} s; {bytes} bytes came"))
            }
        }
    } else if connecting {
        names_proxy = way.proxy.is_some();
        (ErrorKind::Unavailable, connect_cause(&way, &error))
    } else {
        match phase {
            Phase::Body(bytes) => (ErrorKind::Protocol, format!("the answer broke off after {bytes} bytes")),
            Phase::Head => (ErrorKind::Protocol, format!("the connection broke: {}", deepest(&error))),
        }
    };
    if let Some(proxy) = way.proxy.filter(|_| !names_proxy) {
        cause.push_str(&format!("; the connection goes through the proxy {proxy}, {NAMED_BY}"));
    }
    let speaks_no_tls = matches!(find::<rustls::Error>(&error), Some(rustls::Error::InvalidMessage(_)));
    // A request that may have arrived is repeated only where repeating cannot change anything.
    let retry = match kind {
        ErrorKind::Certificate | ErrorKind::Auth => Retry::Never,
        _ if speaks_no_tls => Retry::Never,
        // The time that ran out was pause enough.
        ErrorKind::TimedOut if connecting || is_repeatable => Retry::Now,
        _ if connecting || is_repeatable => Retry::After(RETRY_PAUSE),
        _ => {
            cause.push_str("; whether the change was made is not known");
            Retry::Never
        }
    };
    // `without_url`: the address is in the context already.
    Error::new(kind, operation, cause)
        .with_context("url", way.url.as_str())
        .with_retry(retry)
        .with_source(error.without_url())
}

/// The error of a connection of our own that did not come about.
pub(super) fn not_connected(operation: &str, url: &Url, error: Box<dyn StdError + Send + Sync>) -> Error {
    let host = url.host_str().unwrap_or_default();
    let inner: &(dyn StdError + 'static) = &*error;
    let (kind, cause) = match find::<rustls::Error>(inner) {
        Some(tls) => tls_cause(host, tls),
        None => {
            let port = url.port_or_known_default().unwrap_or_default();
            let is_refused = find::<io::Error>(inner)
                .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            let cause = match is_refused {
                true => format!("{host} refuses connections on port {port}; does the service run there?"),
                false => format!("no connection to {host} port {port}: {}", deepest(inner)),
            };
            (ErrorKind::Unavailable, cause)
        }
    };
    let retry = if kind == ErrorKind::Unavailable { Retry::After(RETRY_PAUSE) } else { Retry::Never };
    Error::new(kind, operation, cause).with_context("url", url.as_str()).with_retry(retry).with_source(error)
}

/// The error of a connection of our own that broke during an exchange.
pub(super) fn broken(operation: &str, url: &Url, is_read: bool, phase: Phase, error: hyper::Error) -> Error {
    let host = url.host_str().unwrap_or_default();
    let (kind, mut cause) = match (find::<rustls::Error>(&error), phase) {
        (Some(tls), _) => tls_cause(host, tls),
        (None, Phase::Body(bytes)) => {
            (ErrorKind::Protocol, format!("the answer broke off after {bytes} bytes"))
        }
        (None, Phase::Head) => (ErrorKind::Protocol, format!("the connection broke: {}", deepest(&error))),
    };
    let retry = match kind {
        ErrorKind::Certificate | ErrorKind::Auth => Retry::Never,
        _ if is_read => Retry::After(RETRY_PAUSE),
        _ => {
            cause.push_str("; whether the change was made is not known");
            Retry::Never
        }
    };
    Error::new(kind, operation, cause).with_context("url", url.as_str()).with_retry(retry).with_source(error)
}

fn tls_cause(host: &str, error: &rustls::Error) -> (ErrorKind, String) {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            (ErrorKind::Certificate, format!("the certificate of {host} {}", certificate_cause(reason)))
        }
        rustls::Error::NoCertificatesPresented => {
            (ErrorKind::Certificate, format!("{host} presented no certificate"))
        }
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => (ErrorKind::Auth, format!("{host} wants a client certificate: {error}")),
        rustls::Error::InvalidMessage(_) => {
            (ErrorKind::Protocol, format!("{host} does not speak TLS on this port: {error}"))
        }
        other => (ErrorKind::Protocol, format!("the TLS connection to {host} failed: {other}")),
    }
}

fn certificate_cause(reason: &CertificateError) -> String {
    use CertificateError as Reason;
    match reason {
        Reason::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            format!("is for other names: {}", presented.join(", "))
        }
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            "does not name this host".to_owned()
        }
        Reason::UnknownIssuer => {
            "is not issued by a trusted CA; give its CA certificate as trusted root if it is the right one"
                .to_owned()
        }
        Reason::BadSignature => {
            "is not signed by the trusted CA of that name; was the CA renewed with another key?".to_owned()
        }
        Reason::ExpiredContext { not_after, .. } => format!("expired on {}", day(not_after.as_secs())),
        Reason::Expired => "has expired".to_owned(),
        Reason::NotValidYetContext { not_before, .. } => {
            format!("is not valid before {}; is the clock right?", day(not_before.as_secs()))
        }
        Reason::NotValidYet => "is not valid yet; is the clock right?".to_owned(),
        Reason::Revoked => "is revoked".to_owned(),
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
            "is not for server authentication".to_owned()
        }
        other => format!("cannot be trusted: {other}"),
    }
}

fn day(unix_seconds: u64) -> String {
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("second {unix_seconds} of the Unix time"))
}

/// Who names a proxy.
const NAMED_BY: &str = "which the environment names (HTTPS_PROXY or ALL_PROXY)";

fn connect_cause(way: &Way<'_>, error: &reqwest::Error) -> String {
    let (host, port) = (way.url.host_str().unwrap_or_default(), way.url.port_or_known_default());
    let port = port.unwrap_or_default();
    let is_name_unknown = chain(error).any(|layer| layer.to_string() == "dns error");
    let is_refused =
        find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    match way.proxy {
        Some(proxy) if is_name_unknown => {
            format!("the name of the proxy {proxy}, {NAMED_BY}, cannot be resolved: {}", deepest(error))
        }
        Some(proxy) if is_refused => format!("the proxy {proxy}, {NAMED_BY}, refuses connections"),
        Some(proxy) => {
            let cause = deepest(error);
            format!("no connection to {host} port {port} through the proxy {proxy}, {NAMED_BY}: {cause}")
        }
        None if is_name_unknown => format!("the name {host} cannot be resolved: {}", deepest(error)),
        None if is_refused => {
            format!("{host} refuses connections on port {port}; does the service run there?")
        }
        None => format!("no connection to {host} port {port}: {}", deepest(error)),
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&layer| {
        // `io::Error::source` skips the error it wraps.
        match layer.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => layer.source(),
        }
    })
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(error).find_map(|layer| layer.downcast_ref::<T>())
}

fn deepest(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}
