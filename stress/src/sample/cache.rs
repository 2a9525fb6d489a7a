//! What the headers of a download say about the caches in front of the origin; the report compares it with the times.

use serde::{Deserialize, Serialize};

pub use crate::plan::cache_header::StatusHeader;

/// What one response's headers say about caches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheEvidence {
    /// The source of the response.
    pub cache_status: CacheStatus,
    /// The header that says so; `None` when there is none.
    pub status_header: Option<StatusHeader>,
    /// `Age`: for how many seconds a cache has had the response.
    pub age: Option<u64>,
    /// `Date`: when the response was generated, in seconds since 1970.
    pub date: Option<u64>,
}

/// The source of a response, according to its headers.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum CacheStatus {
    /// From a cache.
    Hit,
    /// From a cache whose copy was expired, or was revalidated at the origin.
    Stale,
    /// From the origin, because no cache had it.
    Miss,
    /// From the origin, because caches do not store such responses or were not to be used.
    Bypass,
    /// The headers do not say.
    #[default]
    Unknown,
}

impl CacheStatus {
    /// Whether a cache delivered the body.
    pub const fn from_cache(self) -> bool {
        matches!(self, CacheStatus::Hit | CacheStatus::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_same_name_as_text_and_in_documents() {
        for cache_status in [
            CacheStatus::Hit,
            CacheStatus::Stale,
            CacheStatus::Miss,
            CacheStatus::Bypass,
            CacheStatus::Unknown,
        ] {
            let name = cache_status.to_string();
            assert_eq!(name.parse(), Ok(cache_status));
            assert_eq!(serde_json::to_value(cache_status).unwrap(), name);
        }
        assert!("HIT".parse::<CacheStatus>().is_err());
    }
}
