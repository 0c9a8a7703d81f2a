//! Which headers pass, and which a gateway must not let through.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers that are about one connection and end with it (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    header::EXPECT,
];

/// Beginnings of headers by which proxies tell a server about the client; only the gateway may say that.
const ABOUT_THE_CLIENT: [&str; 15] = [
    "client-cert",
    "x-client-cert",
    "x-clientcert",
    "x-ssl-",
    "ssl-client",
    "x-tls-client",
    "x-arr-",
    "x-forwarded-",
    "x-original-",
    "x-real-ip",
    "x-client-ip",
    "x-cmgateway-",
    "x-proxy-client",
    "forwarded",
    "x-request-id",
];

/// What the gateway calls a request, in its logs and towards the management point.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Status words of a connection point, for the reason phrase of HTTP/1.1.
pub(super) const STATUS_WORDS: HeaderName = HeaderName::from_static("x-cmgateway-status");

/// Takes out what ends with a connection, and what `Connection` names.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let ends_here = |name: &&HeaderName| **name == header::TE || HOP_BY_HOP.contains(name);
    let found: Vec<HeaderName> = headers.keys().filter(ends_here).cloned().collect();
    // Most have none.
    if found.is_empty() {
        return;
    }
    // Trailers are what HTTP/2 lets `TE` ask for; over HTTP/1.1 `Connection` names `TE` (RFC 9110, 10.1.4).
    let trailers = headers.get(header::TE).is_some_and(|value| {
        value
            .to_str()
            .is_ok_and(|text| text.split(',').any(|each| each.trim().eq_ignore_ascii_case("trailers")))
    });
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    named.iter().chain(&found).for_each(|name| drop(headers.remove(name)));
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Takes out what a client says about itself in the gateway's words; some servers read `_` as `-`.
pub(super) fn strip_claims_about_the_client(headers: &mut HeaderMap) {
    let claims: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name.as_str())).cloned().collect();
    claims.iter().for_each(|name| drop(headers.remove(name)));
}

fn is_claim(name: &str) -> bool {
    let same = |given: u8, ours: u8| given == ours || (given == b'_' && ours == b'-');
    let begins = |with: &str| {
        name.len() >= with.len() && name.bytes().zip(with.bytes()).all(|(given, ours)| same(given, ours))
    };
    ABOUT_THE_CLIENT.iter().any(|with| begins(with))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn what_ends_with_a_connection_ends_here() {
        let mut found = headers(&[
            ("connection", "close, X-Odd, TE"),
            ("x-odd", "1"),
            ("te", "gzip, Trailers"),
            ("expect", "100-continue"),
            ("range", "bytes=0-1"),
            ("trailer", "x-sum"),
        ]);
        strip_hop_by_hop(&mut found);
        assert_eq!(found, headers(&[("te", "trailers"), ("range", "bytes=0-1"), ("trailer", "x-sum")]));
    }

    #[test]
    fn nobody_speaks_for_the_gateway() {
        let mut found = headers(&[
            ("client-cert", ":AA==:"),
            ("client_cert_chain", ":AA==:"),
            ("x-arr-clientcert", "x"),
            ("X_Forwarded-For", "1.2.3.4"),
            ("forwarded", "for=1.2.3.4"),
            ("x-cmgateway-status", "x"),
            ("ccmclientid", "kept"),
            ("clientcertainly", "kept"),
        ]);
        strip_claims_about_the_client(&mut found);
        assert_eq!(found, headers(&[("ccmclientid", "kept"), ("clientcertainly", "kept")]));
    }
}
