//! Where a run sends its load: base URLs, headers, and the secrets in them.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The base address of a publisher or an aggregator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The address without user name and password; its path ends in a slash.
    pub url: Url,
    /// `user:password` from the address, sent as basic authorization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Secret>,
}

impl Target {
    /// The address of `path` (`v1/blobs`, `status`) below this base; a path prefix is kept.
    ///
    /// # Errors
    /// When `path` cannot be part of a URL.
    pub fn at(&self, path: &str) -> Result<Url, url::ParseError> {
        self.url.join(path)
    }

    /// Whether it is on this machine, by its address: a loopback one, or `localhost`.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether the exchange goes over TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    /// Parses `http://` and `https://` addresses, with or without a trailing slash.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text.trim()).map_err(|error| not_an_address(text, error))?;
        if url.cannot_be_a_base() {
            // `localhost:31415` is a URL, too: one with the scheme `localhost`.
            return Err(NO_SCHEME.to_owned());
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the scheme `{}` is not supported; use http:// or https://", url.scheme()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("has a query or a fragment; name the base address only, without ? and #".to_owned());
        }
        let credentials = credentials(&url);
        // An http(s) URL always has a host, so neither setter can refuse.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self { url, credentials })
    }
}

/// The commonest mistake.
const NO_SCHEME: &str =
    "is not a whole address; write it with http:// or https://, as in http://localhost:31415";

/// Does not repeat the text: it may hold a password.
fn not_an_address(text: &str, error: url::ParseError) -> String {
    if text.contains("://") { format!("is not a URL: {error}") } else { NO_SCHEME.to_owned() }
}

fn credentials(url: &Url) -> Option<Secret> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |part: &str| percent_decode(part);
    let (user, password) = (decode(url.username()), decode(url.password().unwrap_or_default()));
    Some(Secret::new(format!("{user}:{password}")))
}

/// Undoes `%41`-style escapes; what is not an escape stays.
fn percent_decode(text: &str) -> String {
    // The query parser of `url` decodes exactly this, once `+` is kept from meaning a blank.
    let query = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

/// A request header; its value is secret, because it often holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The header's name.
    pub name: String,
    /// The header's value.
    pub value: Secret,
}

/// Headers that no user may set: they would change how requests are framed, where they go, or what part of a blob is answered.
pub const RESERVED_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A text that is only sent: it is never printed and never written to a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What stands in documents instead of a secret.
    pub const REDACTED: &'static str = "[redacted]";

    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to be sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_changes_nothing_and_a_path_prefix_is_kept() {
        for (base, expected) in [
            ("http://h:1", "http://h:1/v1/blobs"),
            ("http://h:1/", "http://h:1/v1/blobs"),
            ("https://h/walrus/pub", "https://h/walrus/pub/v1/blobs"),
            ("https://h/walrus/pub/", "https://h/walrus/pub/v1/blobs"),
        ] {
            let target: Target = base.parse().unwrap();
            assert_eq!(target.at("v1/blobs").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn user_and_password_are_kept_for_the_wire_and_shown_nowhere() {
        let target: Target = "https://me:p%40ss+word@h/x".parse().unwrap();
        assert_eq!(target.credentials.as_ref().unwrap().reveal(), "me:p@ss+word");
        let shown = format!("{target} {target:?} {}", serde_json::to_string(&target).unwrap());
        assert!(!shown.contains("p@ss") && !shown.contains("p%40ss"), "{shown}");
    }

    #[test]
    fn what_is_not_a_base_address_is_refused_without_being_repeated() {
        for wrong in
            ["", "localhost:31415", "127.0.0.1:80", "ftp://h", "http://", "http://h/?x=1", "http://h/#a"]
        {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
        assert!(!"me:secret@h".parse::<Target>().unwrap_err().contains("secret"));
    }
}
