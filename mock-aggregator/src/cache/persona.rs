//! The personas of the cache: which real cache it imitates, and the behaviour that goes with it.

use axum::http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Uri};
use mock_publisher::idle::Timeouts;
use std::time::Duration;
use strum::{Display, EnumString, VariantArray};

/// The cache that is imitated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, Display, VariantArray)]
#[strum(serialize_all = "kebab-case", parse_err_ty = BadPersona, parse_err_fn = bad_persona)]
pub enum Persona {
    /// No persona: the cache writes no headers and keeps its entries for ever.
    #[default]
    None,
    /// nginx as the operators' guide configures it.
    Nginx,
    /// Cloudflare with everything cached.
    Cloudflare,
    /// Fastly, which is Varnish.
    Fastly,
    /// The headers of nginx for hits that are as slow as misses.
    #[strum(to_string = "false-hit", serialize = "liar")]
    FalseHit,
}

/// Text that names no persona.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no cache persona: use none, nginx, cloudflare, fastly or false-hit")]
pub struct BadPersona(String);

fn bad_persona(text: &str) -> BadPersona {
    BadPersona(text.to_owned())
}

/// How the cache behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// The cache that is imitated.
    pub persona: Persona,
    /// How long an answer is kept; `None` for ever.
    pub ttl: Option<Duration>,
    /// How long an answer is kept that is not requested; `None` for ever.
    pub idle_ttl: Option<Duration>,
    /// How long a 404 is kept; `None` for not at all.
    pub negative_ttl: Option<Duration>,
    /// How long a 200 is kept that has no `Cache-Control`; `None` for not at all.
    pub unmarked_ttl: Option<Duration>,
    /// Whether the cache decides about conditions and ranges, and passes none of them on.
    pub decides_conditions: bool,
    /// Whether an entry that has expired is served if the aggregator answers 500, 502, 503 or 504.
    pub serves_stale: bool,
    /// Whether a request with any `Cache-Control` bypasses the cache.
    pub bypass: bool,
    /// Whether every `Origin` has entries of its own, as `Vary` says.
    pub per_origin: bool,
    /// How long after a read its entry can be served.
    pub fill_delay: Duration,
    /// When connections without a request end.
    pub timeouts: Timeouts,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self::of(Persona::None)
    }
}

/// The headers that the aggregator names in `Vary`.
const VARYING: [HeaderName; 3] = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS];
const HOUR: Duration = Duration::from_secs(3600);
/// The `max-age` that the aggregator sends.
const DAY: Duration = Duration::from_secs(86_400);

/// The defaults of nginx: `keepalive_timeout` and `client_header_timeout`.
const NGINX_TIMEOUTS: Timeouts =
    Timeouts { keepalive: Some(Duration::from_secs(75)), header: Some(Duration::from_secs(60)) };

impl CacheConfig {
    /// The behaviour of a persona.
    #[must_use]
    pub fn of(persona: Persona) -> Self {
        let none = Self {
            persona,
            ttl: None,
            idle_ttl: None,
            negative_ttl: None,
            unmarked_ttl: None,
            decides_conditions: false,
            serves_stale: false,
            bypass: false,
            per_origin: false,
            fill_delay: Duration::ZERO,
            timeouts: Timeouts::default(),
        };
        let with_negative_ttl =
            |negative| Self { ttl: Some(DAY), negative_ttl: Some(negative), ..none.clone() };
        match persona {
            Persona::None => none,
            Persona::Nginx | Persona::FalseHit => Self {
                idle_ttl: Some(HOUR),
                unmarked_ttl: Some(Duration::from_secs(600)),
                decides_conditions: true,
                serves_stale: true,
                bypass: true,
                per_origin: true,
                timeouts: NGINX_TIMEOUTS,
                ..with_negative_ttl(Duration::from_secs(60))
            },
            Persona::Cloudflare => with_negative_ttl(Duration::from_secs(180)),
            Persona::Fastly => Self { per_origin: true, ..with_negative_ttl(HOUR) },
        }
    }

    /// The cache key of a request.
    pub(super) fn key(&self, uri: &Uri, headers: &HeaderMap) -> String {
        let address = match self.persona {
            // Without a persona, the query is part of the key only where it changes the bytes.
            Persona::None if !uri.path().ends_with("/byte-range") => uri.path(),
            _ => uri.path_and_query().map_or(uri.path(), |address| address.as_str()),
        };
        let mut key = address.to_owned();
        for name in VARYING.into_iter().filter(|_| self.per_origin) {
            if let Some(value) = headers.get(&name) {
                key.push_str(&format!(" {name}: {}", String::from_utf8_lossy(value.as_bytes())));
            }
        }
        key
    }

    /// Whether hits are answered without the aggregator, so that it neither admits them nor makes them fail.
    pub(crate) fn answers_hits(&self) -> bool {
        match self.persona {
            Persona::Nginx | Persona::Cloudflare | Persona::Fastly => true,
            Persona::None | Persona::FalseHit => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_persona_is_parsed_from_its_name() {
        for persona in Persona::VARIANTS {
            assert_eq!(persona.to_string().parse(), Ok(*persona));
        }
        assert_eq!("liar".parse(), Ok(Persona::FalseHit));
        assert!("varnish".parse::<Persona>().unwrap_err().to_string().contains("fastly"));
    }

    #[test]
    fn every_persona_but_none_keeps_404s_and_expires_blobs() {
        for persona in Persona::VARIANTS {
            let config = CacheConfig::of(*persona);
            assert_eq!(config.negative_ttl.is_some() && config.ttl == Some(DAY), *persona != Persona::None);
            assert_eq!(config.bypass, matches!(persona, Persona::Nginx | Persona::FalseHit));
        }
    }

    #[test]
    fn the_key_is_the_address_and_for_some_personas_the_origin() {
        let blob = "/v1/blobs/x?strict_consistency_check=true";
        let part = "/v1/blobs/x/byte-range?start=0&length=1";
        let site = HeaderMap::from_iter([(ORIGIN, "https://a".parse().unwrap())]);
        let rows = [
            (Persona::None, blob, &site, "/v1/blobs/x"),
            (Persona::None, part, &site, part),
            (Persona::Cloudflare, blob, &site, blob),
            (Persona::Nginx, blob, &site, "/v1/blobs/x?strict_consistency_check=true origin: https://a"),
            (Persona::Nginx, blob, &HeaderMap::new(), blob),
        ];
        for (persona, address, headers, expected) in rows {
            let key = CacheConfig::of(persona).key(&address.parse().unwrap(), headers);
            assert_eq!(key, expected, "{persona}");
        }
    }
}
