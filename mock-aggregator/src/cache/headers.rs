//! What the cache did about a request, and the headers in which each persona reports it.

use super::lru::Entry;
use super::persona::Persona;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
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
    Expired(Arc<Entry>),
    /// The client asked for a bypass.
    Bypass,
    /// It had an entry.
    Hit(Arc<Entry>),
    /// Its entry had expired, and is served because the aggregator has failed.
    Stale(Arc<Entry>),
    /// Its entry had expired, and is served because another request is updating it.
    Updating(Arc<Entry>),
}

impl CacheOutcome {
    /// The entry that is served.
    pub(super) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Hit(entry) | Self::Stale(entry) | Self::Updating(entry) => Some(entry),
            Self::Miss | Self::Expired(_) | Self::Bypass => None,
        }
    }

    /// The byte of the blob that was changed when it was kept.
    pub(crate) fn corrupted_at(&self) -> Option<u64> {
        self.entry()?.corrupted_at
    }

    /// Whether an entry is served.
    pub(crate) fn is_hit(&self) -> bool {
        self.entry().is_some()
    }
}

/// The nginx that is imitated: Debian's, with the default `server_tokens on`.
pub(super) const NGINX: &str = "nginx/1.22.1";

/// Adds the name of the proxy, which all that it passes on carries.
pub(super) fn write_server(headers: &mut HeaderMap, persona: Persona) {
    match persona {
        Persona::Nginx | Persona::FalseHit => set(headers, "server", NGINX),
        Persona::Cloudflare => set(headers, "server", "cloudflare"),
        Persona::None | Persona::Fastly => {}
    }
}

/// Whether `add_header` of nginx, without `always`, applies to an answer.
fn is_added_to(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 201 | 204 | 206 | 301 | 302 | 303 | 304 | 307 | 308)
}

/// Adds the headers of a persona to an answer. `cacheable` says whether caches keep answers of this kind.
pub(super) fn write_headers(
    headers: &mut HeaderMap,
    status: StatusCode,
    persona: Persona,
    outcome: &CacheOutcome,
    cacheable: bool,
    now_ms: u64,
) {
    write_server(headers, persona);
    match persona {
        Persona::None => return,
        Persona::Nginx | Persona::FalseHit => {
            if is_added_to(status) {
                set(headers, "x-cache-status", outcome.into());
            }
        }
        Persona::Cloudflare => {
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
    // The cache's own answers, 304 and 412, are none of an entry.
    let is_of_entry = status.is_success() || status == StatusCode::NOT_FOUND;
    if let Some(entry) = outcome.entry().filter(|_| is_of_entry) {
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
        write_headers(&mut headers, StatusCode::OK, persona, outcome, cacheable, 90_000);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn every_persona_reports_the_outcome_in_its_own_headers() {
        let entry = Arc::new(Entry::new(Some("a/b".parse().unwrap()), 60_000));
        let hit = CacheOutcome::Hit(Arc::clone(&entry));
        assert_eq!(written(Persona::None, &hit, true), ["content-type: b/c"]);
        let nginx = ["content-type: a/b", "server: nginx/1.22.1", "x-cache-status: HIT"];
        assert_eq!(written(Persona::Nginx, &hit, true), nginx);
        assert_eq!(written(Persona::FalseHit, &hit, true), nginx);
        for (outcome, word) in [
            (CacheOutcome::Miss, "x-cache-status: MISS"),
            (CacheOutcome::Expired(Arc::clone(&entry)), "x-cache-status: EXPIRED"),
            (CacheOutcome::Stale(Arc::clone(&entry)), "x-cache-status: STALE"),
            (CacheOutcome::Updating(Arc::clone(&entry)), "x-cache-status: UPDATING"),
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
        let expired = written(Persona::Fastly, &CacheOutcome::Expired(entry), true);
        assert!(expired.contains(&"x-cache: MISS".to_owned()));
        let cloudflare = written(Persona::Cloudflare, &hit, true);
        assert_eq!((cloudflare[0].as_str(), cloudflare[1].as_str()), ("age: 30", "cf-cache-status: HIT"));
        let dynamic = written(Persona::Cloudflare, &CacheOutcome::Miss, false);
        assert!(dynamic.contains(&"cf-cache-status: DYNAMIC".to_owned()));
    }

    #[test]
    fn nginx_adds_its_header_to_no_error() {
        for (status, has_header) in
            [(200, true), (304, true), (206, true), (400, false), (404, false), (503, false)]
        {
            let (mut headers, status) = (HeaderMap::new(), StatusCode::from_u16(status).unwrap());
            write_headers(&mut headers, status, Persona::Nginx, &CacheOutcome::Miss, true, 0);
            assert_eq!(headers.contains_key("x-cache-status"), has_header, "{status}");
            assert_eq!(headers["server"], NGINX);
        }
    }
}
