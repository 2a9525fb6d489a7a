//! The content type of a blob: whatever the client asked for, or none.

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method};

/// The content type to answer with: a definite `Accept`, else what the client says its own (empty) body is, else none.
pub(crate) fn content_type(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    let definite = headers.get(ACCEPT).filter(|accept| !accept.as_bytes().contains(&b'*'));
    let own = || headers.get(CONTENT_TYPE).filter(|_| method == Method::GET);
    definite.or_else(own).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_decides() {
        let rows = [
            (Method::GET, None, None, None),
            (Method::GET, Some("*/*"), None, None),
            (Method::GET, Some("text/html, image/png"), Some("a/b"), Some("text/html, image/png")),
            (Method::GET, Some("text/html,*/*;q=0.8"), Some("a/b"), Some("a/b")),
            (Method::GET, None, Some("a/b"), Some("a/b")),
            (Method::HEAD, None, Some("a/b"), None),
            (Method::HEAD, Some("image/png"), None, Some("image/png")),
        ];
        for (method, accept, own, expected) in rows {
            let given = [(ACCEPT, accept), (CONTENT_TYPE, own)];
            let headers =
                given.into_iter().filter_map(|(name, value)| Some((name, value?.parse().unwrap()))).collect();
            let answer = content_type(&method, &headers);
            assert_eq!(
                answer.as_ref().map(|value| value.to_str().unwrap()),
                expected,
                "{method} {accept:?} {own:?}"
            );
        }
    }
}
