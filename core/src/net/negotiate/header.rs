//! `WWW-Authenticate: Negotiate …`, and the same of proxies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::HeaderName;

/// What a server's headers say about a scheme.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::net) enum Challenge {
    /// The server does not offer it.
    Absent,
    /// It offers it without a token.
    Offered,
    /// It goes on with this token.
    Token(Vec<u8>),
}

/// Reads the challenge of a scheme out of the headers of an answer; a list in one header is taken apart.
pub(in crate::net) fn challenge(headers: &HeaderMap, name: &HeaderName, scheme: &str) -> Challenge {
    let mut found = Challenge::Absent;
    for value in headers.get_all(name) {
        for part in value.to_str().unwrap_or_default().split(',') {
            let part = part.trim();
            let (given, rest) = part.split_once(' ').unwrap_or((part, ""));
            if !given.eq_ignore_ascii_case(scheme) {
                continue;
            }
            match STANDARD.decode(rest.trim()) {
                Ok(token) if !token.is_empty() => return Challenge::Token(token),
                _ => found = Challenge::Offered,
            }
        }
    }
    found
}

/// The schemes that a server offers, for messages.
pub(crate) fn offered(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for value in headers.get_all(name) {
        // A parameter has a `=`; a scheme stands at the beginning or after a comma.
        for part in value.to_str().unwrap_or_default().split(',') {
            let name = part.trim().split(' ').next().unwrap_or_default();
            let is_scheme = !name.is_empty() && !name.contains(['=', '"']) && name.len() <= 32;
            if is_scheme && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use hyper::header::WWW_AUTHENTICATE;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn challenges_are_found_in_every_shape() {
        let found = |values: &[&str]| challenge(&headers(values), &WWW_AUTHENTICATE, "Negotiate");
        assert_eq!(found(&[]), Challenge::Absent);
        assert_eq!(found(&["Basic realm=\"Negotiate x\""]), Challenge::Absent);
        assert_eq!(found(&["Kerberos", "negotiate"]), Challenge::Offered);
        assert_eq!(found(&["Negotiate YWJj"]), Challenge::Token(b"abc".to_vec()));
        assert_eq!(found(&["Negotiate, Basic realm=\"x\""]), Challenge::Offered);
        assert_eq!(found(&["Negotiate", "Negotiate YWJj"]), Challenge::Token(b"abc".to_vec()));
        assert_eq!(found(&["Negotiate ???"]), Challenge::Offered);
        assert_eq!(
            offered(&headers(&["Negotiate", "Basic realm=\"a\", charset=\"UTF-8\""]), &WWW_AUTHENTICATE),
            ["Negotiate", "Basic"]
        );
    }
}
