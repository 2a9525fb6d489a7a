//! The headers of a successful read: those that every one has, the content type, and attributes of objects.

use axum::body::Body;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use std::collections::BTreeSet;
use std::fmt::Display;

/// How long caches may keep a blob.
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=86400, stale-while-revalidate=3600");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The attributes that a real aggregator turns into headers unless configured otherwise.
const DEFAULT_ATTRIBUTES: [&str; 7] = [
    "content-type",
    "authorization",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "link",
];

/// Which attributes become headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowList(BTreeSet<String>);

impl Default for AllowList {
    fn default() -> Self {
        Self::new(DEFAULT_ATTRIBUTES)
    }
}

impl AllowList {
    /// A list of these names, which are not case-sensitive.
    pub fn new<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(names.into_iter().map(|name| name.as_ref().to_ascii_lowercase()).collect())
    }

    /// Whether this name is on it.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        self.0.contains(&name.to_ascii_lowercase())
    }

    /// The names on it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The answer to a read that succeeded; `request` is its method and headers. It has no `Content-Length` if the length
/// is not known before the body is sent.
pub(crate) fn success(
    request: (&Method, &HeaderMap),
    etag: impl Display,
    length: Option<u64>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.extend(length.map(|length| (CONTENT_LENGTH, HeaderValue::from(length))));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(CACHE_CONTROL, CACHEABLE);
    // Without quotation marks it is not a valid entity tag; the real aggregator sends it so.
    headers.extend(HeaderValue::try_from(etag.to_string()).ok().map(|etag| (ETAG, etag)));
    headers.extend(content_type(request).map(|value| (CONTENT_TYPE, value)));
    response
}

/// The content type of an answer: `Accept` without wildcards, else the `Content-Type` of a GET's (empty) body, else none.
fn content_type((method, headers): (&Method, &HeaderMap)) -> Option<HeaderValue> {
    let definite = headers.get(ACCEPT).filter(|accept| !accept.as_bytes().contains(&b'*'));
    let own = || headers.get(CONTENT_TYPE).filter(|_| method == Method::GET);
    definite.or_else(own).cloned()
}

/// Adds the attributes that are allowed, are valid headers, and are not set already.
pub(crate) fn add_attributes<'a>(
    headers: &mut HeaderMap,
    attributes: impl IntoIterator<Item = (&'a String, &'a String)>,
    allowed: impl Fn(&str) -> bool,
) {
    for (key, value) in attributes {
        let name = HeaderName::try_from(key.as_str()).ok().filter(|_| allowed(key));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn allowed_attributes_are_added_and_present_headers_stay() {
        let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let attributes: BTreeMap<String, String> = [
            ("Content-Type", "a/b"),
            ("etag", "mine"),
            ("link", "bad\nvalue"),
            ("content language", "x"),
            ("Content-Language", "de"),
            ("x-own", "y"),
        ]
        .map(pair)
        .into();
        let list = AllowList::default();
        let mut headers =
            HeaderMap::from_iter([("content-language".parse().unwrap(), "en".parse().unwrap())]);
        add_attributes(&mut headers, &attributes, |key| list.allows(key));
        let mut found: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, [("content-language", "en"), ("content-type", "a/b")]);
        assert!(AllowList::new(["X-Own"]).allows("x-oWn") && !AllowList::new(["X-Own"]).allows("link"));
    }

    #[test]
    fn the_client_chooses_the_content_type() {
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
            let answer = content_type((&method, &headers));
            assert_eq!(
                answer.as_ref().map(|value| value.to_str().unwrap()),
                expected,
                "{method} {accept:?} {own:?}"
            );
        }
    }
}
