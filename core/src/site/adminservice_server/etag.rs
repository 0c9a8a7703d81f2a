//! ETags: which state of an instance a client has seen.

use aws_lc_rs::digest;
use hyper::HeaderMap;
use hyper::header::IF_MATCH;
use serde_json::Value as Json;

/// The ETag of an instance's JSON, in its quotes; half a SHA-256.
pub(super) fn etag(instance: &Json) -> String {
    let hash = digest::digest(&digest::SHA256, instance.to_string().as_bytes());
    format!("\"{}\"", hex::encode(hash.as_ref().get(..16).unwrap_or_default()))
}

/// What `If-Match` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// No such header, or `*`: any state of an instance that exists.
    Any,
    /// One of these ETags.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Reads the header; an ETag that cannot be read matches nothing.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut etags = Vec::new();
        for value in headers.get_all(IF_MATCH) {
            // Ours have no comma.
            for etag in value.to_str().unwrap_or_default().split(',').map(str::trim) {
                if etag == "*" {
                    return IfMatch::Any;
                }
                // OData marks its ETags as weak and sends them in If-Match all the same.
                etags.push(etag.strip_prefix("W/").unwrap_or(etag).to_owned());
            }
        }
        if headers.contains_key(IF_MATCH) { IfMatch::OneOf(etags) } else { IfMatch::Any }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_in_every_form() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IF_MATCH, hyper::header::HeaderValue::from_static(value));
            }
            IfMatch::read(&headers)
        };
        let one_of = |etags: &[&str]| IfMatch::OneOf(etags.iter().map(|etag| (*etag).to_owned()).collect());
        assert_eq!(read(&[]), IfMatch::Any);
        assert_eq!(read(&["*"]), IfMatch::Any);
        assert_eq!(read(&["\"a\""]), one_of(&["\"a\""]));
        assert_eq!(read(&["W/\"a\", \"b\"", "\"c\""]), one_of(&["\"a\"", "\"b\"", "\"c\""]));
        assert_eq!(read(&["zzz"]), one_of(&["zzz"]));
        assert_eq!(read(&[""]), one_of(&[""]));
        let (a, b) = (serde_json::json!({"a": 1}), serde_json::json!({"a": 2}));
        assert_eq!(etag(&a), etag(&a));
        assert!(etag(&a) != etag(&b) && etag(&a).len() == 34);
    }
}
