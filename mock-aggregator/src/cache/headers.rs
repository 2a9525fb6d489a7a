//! What the cache did about a request, and the headers in which each persona reports it.

use super::lru::Entry;
use super::persona::Persona;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use strum::IntoStaticStr;

/// What the cache did about a request; the name of the variant is the word of nginx and Cloudflare for it.
#[derive(Debug, Clone, IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
pub(crate) enum CacheOutcome {
    /// It had no entry.
    Miss,
    /// Its entry had expired.
    Expired,
    /// The client asked for a bypass.
    Bypass,
    /// It had an entry.
    Hit(Arc<Entry>),
}

impl CacheOutcome {
    /// The entry of a hit.
    pub(super) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Hit(entry) => Some(entry),
            _ => None,
        }
    }

    /// Whether the cache had an entry.
    pub(crate) fn is_hit(&self) -> bool {
        self.entry().is_some()
    }
}

/// Adds the headers of a persona to an answer. `cacheable` says whether caches keep answers of this kind.
pub(super) fn write_headers(
    headers: &mut HeaderMap,
    persona: Persona,
    outcome: &CacheOutcome,
    cacheable: bool,
    now_ms: u64,
) {
    match persona {
        Persona::None => return,
        Persona::Nginx | Persona::FalseHit => {
            set(headers, "server", "nginx");
            set(headers, "x-cache-status", outcome.into());
        }
        Persona::Cloudflare => {
            set(headers, "server", "cloudflare");
            set(headers, "cf-cache-status", if cacheable { outcome.into() } else { "DYNAMIC" });
            set(headers, "cf-ray", &format!("{:016x}-SEA", now_ms.rotate_left(16)));
        }
        Persona::Fastly => {
            let hits = outcome.entry().map_or(0, Entry::count_hit);
            set(headers, "via", "1.1 varnish");
            set(headers, "x-served-by", "cache-mock1-MCK");
            set(headers, "x-cache", if hits > 0 { "HIT" } else { "MISS" });
            set(headers, "x-cache-hits", &hits.to_string());
            set(headers, "age", "0");
        }
    }
    if let Some(entry) = outcome.entry() {
        write_entry_headers(headers, persona, entry, now_ms);
    }
}

/// The headers of the entry in place of those of the answer.
fn write_entry_headers(headers: &mut HeaderMap, persona: Persona, entry: &Entry, now_ms: u64) {
    headers.remove(CONTENT_TYPE);
    headers.extend(entry.content_type.clone().map(|value| (CONTENT_TYPE, value)));
    if matches!(persona, Persona::Cloudflare | Persona::Fastly) {
        set(headers, "age", &(now_ms.saturating_sub(entry.made_ms) / 1000).to_string());
    }
    if persona == Persona::Fastly {
        let made = UNIX_EPOCH + Duration::from_millis(entry.made_ms);
        set(headers, "date", &httpdate::fmt_http_date(made));
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(persona: Persona, outcome: &CacheOutcome, cacheable: bool) -> Vec<String> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, "b/c".parse().unwrap())]);
        write_headers(&mut headers, persona, outcome, cacheable, 90_000);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn every_persona_reports_the_outcome_in_its_own_headers() {
        let entry = Arc::new(Entry::new(Some("a/b".parse().unwrap()), None, 60_000));
        let hit = CacheOutcome::Hit(entry);
        assert_eq!(written(Persona::None, &hit, true), ["content-type: b/c"]);
        let nginx = ["content-type: a/b", "server: nginx", "x-cache-status: HIT"];
        assert_eq!(written(Persona::Nginx, &hit, true), nginx);
        assert_eq!(written(Persona::FalseHit, &hit, true), nginx);
        for (outcome, word) in [
            (CacheOutcome::Miss, "x-cache-status: MISS"),
            (CacheOutcome::Expired, "x-cache-status: EXPIRED"),
            (CacheOutcome::Bypass, "x-cache-status: BYPASS"),
        ] {
            assert_eq!(written(Persona::Nginx, &outcome, true)[2], word);
        }
        let fastly = [
            "age: 30",
            "content-type: a/b",
            "date: Thu, 01 Jan 1970 00:01:00 GMT",
            "via: 1.1 varnish",
            "x-cache-hits: 1",
            "x-cache: HIT",
            "x-served-by: cache-mock1-MCK",
        ];
        assert_eq!(written(Persona::Fastly, &hit, true), fastly);
        assert_eq!(written(Persona::Fastly, &hit, true)[4], "x-cache-hits: 2");
        let expired = written(Persona::Fastly, &CacheOutcome::Expired, true);
        assert!(expired.contains(&"x-cache: MISS".to_owned()));
        let cloudflare = written(Persona::Cloudflare, &hit, true);
        assert_eq!((cloudflare[0].as_str(), cloudflare[1].as_str()), ("age: 30", "cf-cache-status: HIT"));
        let dynamic = written(Persona::Cloudflare, &CacheOutcome::Miss, false);
        assert!(dynamic.contains(&"cf-cache-status: DYNAMIC".to_owned()));
    }
}
