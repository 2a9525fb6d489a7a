//! The names of response headers in which caches describe themselves.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most bytes of a name. It is kept in every sample, so that it has a fixed size; the longest of known caches have 26.
const MAX_NAME: usize = 31;

/// A response header in which a cache says where a response came from, by its name in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusHeader {
    /// Followed by zeros.
    name: [u8; MAX_NAME],
    length: u8,
}

impl StatusHeader {
    /// RFC 9211.
    pub const CACHE_STATUS: Self = Self::known("cache-status");
    /// Cloudflare.
    pub const CF_CACHE_STATUS: Self = Self::known("cf-cache-status");
    /// Bunny.
    pub const CDN_CACHE: Self = Self::known("cdn-cache");
    /// Vercel.
    pub const X_VERCEL_CACHE: Self = Self::known("x-vercel-cache");
    /// Fastly, CloudFront, Akamai, Squid and many more.
    pub const X_CACHE: Self = Self::known("x-cache");
    /// nginx, as its documentation names it.
    pub const X_CACHE_STATUS: Self = Self::known("x-cache-status");
    /// nginx, as many hosts configure it.
    pub const X_PROXY_CACHE: Self = Self::known("x-proxy-cache");
    /// Varnish.
    pub const X_VARNISH: Self = Self::known("x-varnish");
    /// Fastly.
    pub const X_CACHE_HITS: Self = Self::known("x-cache-hits");
    /// Akamai, Shopify, Wikimedia: entries about a cache.
    pub const SERVER_TIMING: Self = Self::known("server-timing");
    /// Only when there is no other.
    pub const AGE: Self = Self::known("age");
    /// All headers that are too many to be counted apart; no header can have this name.
    pub const OTHERS: Self = Self::known("other headers");

    /// `None` when `name` is empty or longer than any that is known.
    pub fn new(name: &str) -> Option<Self> {
        (1..=MAX_NAME).contains(&name.len()).then(|| Self::known(&name.to_ascii_lowercase()))
    }

    const fn known(text: &str) -> Self {
        let (text, mut name, mut at) = (text.as_bytes(), [0; MAX_NAME], 0);
        while at < text.len() {
            name[at] = text[at];
            at += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a longer name would not fit into the array")]
        let length = text.len() as u8;
        Self { name, length }
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.name[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl FromStr for StatusHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err("is not a header name, as in X-My-Cache".to_owned());
        }
        Self::new(name).ok_or_else(|| format!("is longer than {MAX_NAME} characters"))
    }
}

/// The name as it is usually written: `X-Cache`, `CF-Cache-Status`.
impl fmt::Display for StatusHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::OTHERS {
            return f.write_str(self.as_str());
        }
        for (position, word) in self.as_str().split('-').enumerate() {
            let capitals = if matches!(word, "cf" | "cdn") { word.len() } else { word.len().min(1) };
            let dash = if position == 0 { "" } else { "-" };
            let (first, rest) = word.split_at_checked(capitals).unwrap_or((word, ""));
            write!(f, "{dash}{}{rest}", first.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

impl fmt::Debug for StatusHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for StatusHeader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StatusHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == Self::OTHERS.as_str() {
            return Ok(Self::OTHERS);
        }
        text.parse().map_err(|reason| de::Error::custom(format!("`{}` {reason}", text.escape_debug())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_written_as_usual() {
        for (text, name, shown) in [
            ("CF-Cache-Status", "cf-cache-status", "CF-Cache-Status"),
            (" x-edge-RESULT ", "x-edge-result", "X-Edge-Result"),
            ("CDN-Cache", "cdn-cache", "CDN-Cache"),
            ("-x-", "-x-", "-X-"),
            (&"a".repeat(MAX_NAME), &"a".repeat(MAX_NAME), &format!("A{}", "a".repeat(MAX_NAME - 1))),
        ] {
            let header: StatusHeader = text.parse().unwrap();
            assert_eq!((header.as_str(), &*header.to_string()), (name, shown));
            let document = serde_json::to_value(header).unwrap();
            assert_eq!(document, name);
            assert_eq!(serde_json::from_value::<StatusHeader>(document).unwrap(), header);
        }
        for wrong in ["", " ", "x cache", "x:", "ü", "x\n-y", &"a".repeat(MAX_NAME + 1)] {
            assert!(wrong.parse::<StatusHeader>().is_err(), "{wrong:?}");
        }
        let others = serde_json::to_value(StatusHeader::OTHERS).unwrap();
        assert_eq!(serde_json::from_value::<StatusHeader>(others).unwrap(), StatusHeader::OTHERS);
        assert!("other headers".parse::<StatusHeader>().is_err());
    }
}
