//! Heads of requests and answers, and trailers, as bytes: lengths and texts, nothing packed.
//!
//! TLS is all the compression that a way between two machines of one owner needs, and HPACK costs more than the request.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, StatusCode, Uri};

/// Room for so many headers; there may be more.
const HEADERS_EXPECTED: usize = 8;
/// The status of an answer.
const STATUS_BYTES: usize = 2;
/// Before every text, its length.
const LENGTH_BYTES: usize = 4;

fn put_text(to: &mut BytesMut, text: &[u8]) {
    to.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
    to.extend_from_slice(text);
}

fn take_text(from: &mut Bytes) -> Option<Bytes> {
    let length = from.try_get_u32().ok()? as usize;
    if length > from.len() { None } else { Some(from.split_to(length)) }
}

/// Writes a request: method, path and query, headers.
pub(super) fn of_request(method: &Method, path: &PathAndQuery, headers: &HeaderMap) -> Bytes {
    let line = method.as_str().len() + path.as_str().len() + 2 * LENGTH_BYTES;
    let mut head = BytesMut::with_capacity(line + bytes_of(headers));
    put_text(&mut head, method.as_str().as_bytes());
    put_text(&mut head, path.as_str().as_bytes());
    put_headers(&mut head, headers);
    head.freeze()
}

/// Writes an answer: status, headers.
pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap) -> Bytes {
    let mut head = BytesMut::with_capacity(STATUS_BYTES + bytes_of(headers));
    head.put_u16(status.as_u16());
    put_headers(&mut head, headers);
    head.freeze()
}

/// Writes trailers.
pub(super) fn of_trailers(headers: &HeaderMap) -> Bytes {
    let mut head = BytesMut::with_capacity(bytes_of(headers));
    put_headers(&mut head, headers);
    head.freeze()
}

fn bytes_of(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2 * LENGTH_BYTES).sum()
}

fn put_headers(to: &mut BytesMut, headers: &HeaderMap) {
    for (name, value) in headers {
        put_text(to, name.as_str().as_bytes());
        put_text(to, value.as_bytes());
    }
}

/// Reads a request; nothing where it is none.
pub(super) fn request(mut head: Bytes) -> Option<Request<()>> {
    let method = take_text(&mut head)?;
    let path = PathAndQuery::from_maybe_shared(take_text(&mut head)?).ok()?;
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(&method).ok()?;
    *request.uri_mut() = Uri::from(path);
    *request.headers_mut() = trailers(head)?;
    Some(request)
}

/// Reads an answer; nothing where it is none.
pub(super) fn answer(mut head: Bytes) -> Option<Response<()>> {
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::from_u16(head.try_get_u16().ok()?).ok()?;
    *answer.headers_mut() = trailers(head)?;
    Some(answer)
}

/// Reads headers to the end; nothing where one is none.
pub(super) fn trailers(mut head: Bytes) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(HEADERS_EXPECTED);
    while !head.is_empty() {
        let name = take_text(&mut head)?;
        let value = take_text(&mut head)?;
        headers
            .try_append(HeaderName::from_bytes(&name).ok()?, HeaderValue::from_maybe_shared(value).ok()?)
            .ok()?;
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn heads_come_out_as_they_went_in() {
        let mut headers = HeaderMap::new();
        headers.append("x-one", HeaderValue::from_static("1"));
        headers.append("x-one", HeaderValue::from_static("2"));
        headers.append("content-length", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        let path = PathAndQuery::from_static("/a%20b?c=d");
        let read = request(of_request(&Method::from_bytes(b"BITS_POST").unwrap(), &path, &headers)).unwrap();
        assert_eq!((read.method().as_str(), read.uri().to_string().as_str()), ("BITS_POST", "/a%20b?c=d"));
        assert_eq!(read.headers(), &headers);
        let read = answer(of_answer(StatusCode::IM_A_TEAPOT, &headers)).unwrap();
        assert_eq!((read.status(), read.headers()), (StatusCode::IM_A_TEAPOT, &headers));
        assert_eq!(trailers(of_trailers(&headers)).unwrap(), headers);
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = Bytes::from(bytes);
            let _ = (request(bytes.clone()), answer(bytes.clone()), trailers(bytes));
        }
    }
}
