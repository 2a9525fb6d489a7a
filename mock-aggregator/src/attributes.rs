//! The attributes of an object as headers of an answer: those whose names are allowed, and never over what is there.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeSet;

/// The names that a real aggregator lets through if it is told nothing else.
const USUAL: [&str; 7] = [
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
        Self::new(USUAL)
    }
}

impl AllowList {
    /// A list of these names; case does not matter.
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

/// Adds what is allowed, has the form of a header, and is not there yet.
pub(crate) fn add<'a>(
    headers: &mut HeaderMap,
    pairs: impl IntoIterator<Item = (&'a String, &'a String)>,
    allowed: impl Fn(&str) -> bool,
) {
    for (key, value) in pairs {
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
    fn what_is_allowed_is_added_and_what_is_there_stays() {
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
        add(&mut headers, &attributes, |key| list.allows(key));
        let mut found: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, [("content-language", "en"), ("content-type", "a/b")]);
        assert!(AllowList::new(["X-Own"]).allows("x-oWn") && !AllowList::new(["X-Own"]).allows("link"));
    }
}
