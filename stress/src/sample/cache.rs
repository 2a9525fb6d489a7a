//! What the headers of a download say of the caches in front: a claim, to be held against the times.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one answer's headers say of caches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheEvidence {
    /// Where the answer comes from.
    pub cache_status: CacheStatus,
    /// Which header said so; `None` when none said anything.
    pub status_header: Option<StatusHeader>,
    /// `Age`: for how many seconds a cache has had the answer.
    pub age: Option<u64>,
    /// `Date`: when the answer was made, in seconds since 1970.
    pub date: Option<u64>,
}

/// Where an answer comes from, as its headers have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheStatus {
    /// From a cache.
    Hit,
    /// From a cache whose copy was too old, or had to be confirmed at the origin.
    Stale,
    /// From the origin, because no cache had it.
    Miss,
    /// From the origin, because caches do not keep such answers or were not to be asked.
    Bypass,
    /// Nothing is said.
    #[default]
    Unknown,
}

/// A header that tells of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusHeader {
    /// `Cache-Status`, of RFC 9211.
    CacheStatus,
    /// `CF-Cache-Status`: Cloudflare.
    CfCacheStatus,
    /// `X-Cache`: Fastly, CloudFront, Akamai, Squid and many more.
    XCache,
    /// `X-Cache-Hits`: Fastly.
    XCacheHits,
    /// `X-Cache-Status`: nginx.
    XCacheStatus,
    /// `X-Varnish`: Varnish.
    XVarnish,
    /// `Age`, when no other says anything.
    Age,
}

impl CacheStatus {
    /// Whether a cache gave the body.
    pub const fn from_cache(self) -> bool {
        matches!(self, CacheStatus::Hit | CacheStatus::Stale)
    }

    /// Its name in documents, `hit`.
    pub const fn label(self) -> &'static str {
        match self {
            CacheStatus::Hit => "hit",
            CacheStatus::Stale => "stale",
            CacheStatus::Miss => "miss",
            CacheStatus::Bypass => "bypass",
            CacheStatus::Unknown => "unknown",
        }
    }

    /// The claim of this name.
    pub fn from_label(label: &str) -> Option<Self> {
        let all = [
            CacheStatus::Hit,
            CacheStatus::Stale,
            CacheStatus::Miss,
            CacheStatus::Bypass,
            CacheStatus::Unknown,
        ];
        all.into_iter().find(|cache_status| cache_status.label() == label)
    }
}

impl StatusHeader {
    /// The header's name as it is usually written.
    pub const fn name(self) -> &'static str {
        match self {
            StatusHeader::CacheStatus => "Cache-Status",
            StatusHeader::CfCacheStatus => "CF-Cache-Status",
            StatusHeader::XCache => "X-Cache",
            StatusHeader::XCacheHits => "X-Cache-Hits",
            StatusHeader::XCacheStatus => "X-Cache-Status",
            StatusHeader::XVarnish => "X-Varnish",
            StatusHeader::Age => "Age",
        }
    }
}

impl fmt::Display for StatusHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_named_in_documents_as_in_text() {
        for cache_status in [
            CacheStatus::Hit,
            CacheStatus::Stale,
            CacheStatus::Miss,
            CacheStatus::Bypass,
            CacheStatus::Unknown,
        ] {
            assert_eq!(CacheStatus::from_label(cache_status.label()), Some(cache_status));
            assert_eq!(serde_json::to_value(cache_status).unwrap(), cache_status.label());
        }
        assert_eq!(CacheStatus::from_label("HIT"), None);
        assert_eq!(serde_json::to_value(StatusHeader::CfCacheStatus).unwrap(), "cf-cache-status");
    }
}
