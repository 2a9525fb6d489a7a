//! What the headers of a download say of the caches in front: a claim, to be held against the times.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one answer's headers say of caches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheEvidence {
    /// Where the answer comes from.
    pub claim: Claim,
    /// Which header said so; `None` when none said anything.
    pub told_by: Option<Teller>,
    /// `Age`: for how many seconds a cache has had the answer.
    pub age: Option<u64>,
    /// `Date`: when the answer was made, in seconds since 1970.
    pub date: Option<u64>,
}

/// Where an answer comes from, as its headers have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
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
    Untold,
}

/// A header that tells of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teller {
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

impl Claim {
    /// Whether a cache gave the body.
    pub const fn from_cache(self) -> bool {
        matches!(self, Claim::Hit | Claim::Stale)
    }

    /// Its name in documents, `hit`.
    pub const fn label(self) -> &'static str {
        match self {
            Claim::Hit => "hit",
            Claim::Stale => "stale",
            Claim::Miss => "miss",
            Claim::Bypass => "bypass",
            Claim::Untold => "untold",
        }
    }

    /// The claim of this name.
    pub fn from_label(label: &str) -> Option<Self> {
        let all = [Claim::Hit, Claim::Stale, Claim::Miss, Claim::Bypass, Claim::Untold];
        all.into_iter().find(|claim| claim.label() == label)
    }
}

impl Teller {
    /// The header's name as it is usually written.
    pub const fn name(self) -> &'static str {
        match self {
            Teller::CacheStatus => "Cache-Status",
            Teller::CfCacheStatus => "CF-Cache-Status",
            Teller::XCache => "X-Cache",
            Teller::XCacheHits => "X-Cache-Hits",
            Teller::XCacheStatus => "X-Cache-Status",
            Teller::XVarnish => "X-Varnish",
            Teller::Age => "Age",
        }
    }
}

impl fmt::Display for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_named_in_documents_as_in_text() {
        for claim in [Claim::Hit, Claim::Stale, Claim::Miss, Claim::Bypass, Claim::Untold] {
            assert_eq!(Claim::from_label(claim.label()), Some(claim));
            assert_eq!(serde_json::to_value(claim).unwrap(), claim.label());
        }
        assert_eq!(Claim::from_label("HIT"), None);
        assert_eq!(serde_json::to_value(Teller::CfCacheStatus).unwrap(), "cf-cache-status");
    }
}
