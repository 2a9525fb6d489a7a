//! Reads the response headers in which caches describe themselves; tolerant, since malformed ones are common.

use std::time::UNIX_EPOCH;

use super::http1::Head;
use crate::sample::cache::{
    CacheEvidence, CacheStatus,
    StatusHeader::{self, Age, CfCacheStatus, XCache, XCacheHits, XCacheStatus, XVarnish},
};

/// The longest token that is interpreted, in bytes; those of real caches are far shorter.
const MAX_TOKEN: usize = 64;

/// What a response's headers say about the caches that it passed.
///
/// A hit at any layer counts, the outermost layer first: when a layer answers from its own copy, the headers within that copy
/// describe the time when it was stored. When every layer forwarded the request, the outermost one is reported.
pub(super) fn evidence(head: &Head<'_>) -> CacheEvidence {
    let layer =
        |header: StatusHeader, read: fn(&[u8]) -> CacheStatus| (outermost(head, header, read), header);
    let age = number(head, "age");
    let aged = if age.is_some_and(|age| age > 0) { CacheStatus::Hit } else { CacheStatus::Unknown };
    // Outermost first: content delivery networks stand in front of an operator's own nginx or Varnish.
    let layers = [
        layer(StatusHeader::CacheStatus, member),
        layer(CfCacheStatus, token),
        layer(XCache, token),
        layer(XCacheStatus, token),
        layer(XVarnish, transactions),
    ];
    // Less reliable: where an origin's clock is slow, even misses have an age.
    let less_reliable = [[layer(XCacheHits, hits)], [(aged, Age)]];
    let reported = reported(&layers).or_else(|| less_reliable.iter().find_map(|layer| reported(layer)));
    let (cache_status, status_header) = reported.unzip();
    CacheEvidence { cache_status: cache_status.unwrap_or_default(), status_header, age, date: date(head) }
}

/// The first hit among the layers, or else the first that is known.
fn reported(layers: &[(CacheStatus, StatusHeader)]) -> Option<(CacheStatus, StatusHeader)> {
    let hit = layers.iter().find(|(cache_status, _)| cache_status.from_cache());
    hit.or_else(|| layers.iter().find(|(cache_status, _)| *cache_status != CacheStatus::Unknown)).copied()
}

/// The status of the outermost cache in one header, to which each cache appends itself.
fn outermost(head: &Head<'_>, header: StatusHeader, read: fn(&[u8]) -> CacheStatus) -> CacheStatus {
    let cache_statuses = head.all(header.into()).flat_map(|line| split(line, b',')).map(read);
    cache_statuses.fold(CacheStatus::Unknown, |inner, outer| {
        if outer.from_cache() || (outer != CacheStatus::Unknown && !inner.from_cache()) {
            outer
        } else {
            inner
        }
    })
}

/// One member of `Cache-Status`: the cache's name and parameters, of which `hit` and `fwd` say what it did (RFC 9211 §2).
fn member(text: &[u8]) -> CacheStatus {
    let mut parts = split(text, b';');
    let name = parts.next().unwrap_or_default();
    let (mut hit, mut expired, mut revalidated, mut forward, mut bare) = (false, false, false, None, true);
    for part in parts {
        bare = false;
        let (key, value) = match part.iter().position(|byte| *byte == b'=') {
            Some(at) => (part[..at].trim_ascii(), part[at + 1..].trim_ascii()),
            None => (part, &b"?1"[..]),
        };
        match key {
            b"hit" => hit = value == b"?1",
            b"fwd" => forward = Some(value),
            b"fwd-status" => revalidated = value == b"304",
            b"ttl" => expired = value.starts_with(b"-"),
            _ => {}
        }
    }
    match (hit, forward) {
        (true, _) if expired => CacheStatus::Stale,
        (true, _) => CacheStatus::Hit,
        (false, Some(b"bypass" | b"method" | b"request")) => CacheStatus::Bypass,
        (false, Some(_)) if revalidated => CacheStatus::Stale,
        (false, Some(_)) => CacheStatus::Miss,
        // Some servers send a bare token such as HIT.
        (false, None) if bare => token(name),
        (false, None) => CacheStatus::Unknown,
    }
}

/// A token of a cache's own: `HIT`, `Miss from cloudfront`, `TCP_REFRESH_HIT from a1-2-3-4`, `NONE/UNKNOWN` and so on.
fn token(text: &[u8]) -> CacheStatus {
    // Only the first word: a host name may follow, which may contain anything.
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'/' | b':' | b';' | b'=' | b'('));
    let token = &text[..end.unwrap_or(text.len())];
    if token.len() > MAX_TOKEN {
        return CacheStatus::Unknown;
    }
    let has =
        |part: &str| token.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    let any = |parts: &[&str]| parts.iter().any(|part| has(part));
    let refreshed = any(&["REFRESH", "EXPIRED"]);
    if any(&["PASS", "DYNAMIC", "NOCACHE", "NO_CACHE", "NOSTORE", "NONE", "UNCACHEABLE"]) {
        CacheStatus::Bypass
    } else if refreshed && any(&["HIT", "UNMODIFIED"]) || any(&["STALE", "REVALIDATED", "UPDATING"]) {
        CacheStatus::Stale
    } else if refreshed || any(&["MISS", "UNCACHED"]) {
        CacheStatus::Miss
    } else if any(&["HIT", "CACHED"]) {
        CacheStatus::Hit
    } else {
        CacheStatus::Unknown
    }
}

/// `X-Varnish` has the ID of this transaction and, on a hit, that of the one which had stored the copy.
fn transactions(text: &[u8]) -> CacheStatus {
    let mut count = 0;
    for id in text.split(u8::is_ascii_whitespace).filter(|id| !id.is_empty()) {
        if !id.iter().all(u8::is_ascii_digit) {
            return CacheStatus::Unknown;
        }
        count += 1;
    }
    match count {
        1 => CacheStatus::Miss,
        2 => CacheStatus::Hit,
        _ => CacheStatus::Unknown,
    }
}

/// How often a copy has been used, this time included.
fn hits(text: &[u8]) -> CacheStatus {
    match digits(text) {
        Some(0) => CacheStatus::Miss,
        Some(_) => CacheStatus::Hit,
        None => CacheStatus::Unknown,
    }
}

/// The trimmed parts of a list; a separator within quotes does not count.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        *byte == separator && !quoted
    });
    parts.map(<[u8]>::trim_ascii)
}

fn digits(text: &[u8]) -> Option<u64> {
    // `parse` would accept a sign.
    std::str::from_utf8(text).ok().filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))?.parse().ok()
}

fn number(head: &Head<'_>, name: &str) -> Option<u64> {
    digits(head.get(name)?.trim_ascii())
}

fn date(head: &Head<'_>) -> Option<u64> {
    let date = httpdate::parse_http_date(head.text("date")?).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::http1::with_head;

    /// The evidence of these header lines.
    fn of(lines: &[&str]) -> CacheEvidence {
        with_head(200, lines, evidence)
    }

    use CacheStatus::{Bypass, Hit, Miss, Stale, Unknown};

    const STANDARD_AND_CLOUDFLARE: &[(&str, CacheStatus)] = &[
        // RFC 9211; Netlify, Fastly and Squid send such.
        ("cache-status: ExampleCache; hit", Hit),
        ("cache-status: ExampleCache; hit; ttl=376", Hit),
        ("cache-status: ExampleCache; hit; ttl=-412", Stale),
        ("cache-status: ExampleCache; hit=?0; fwd=uri-miss; stored", Miss),
        ("cache-status: ExampleCache; fwd=miss; collapsed", Miss),
        ("cache-status: ExampleCache; fwd=stale; fwd-status=304", Stale),
        ("cache-status: ExampleCache; fwd=stale; fwd-status=200", Miss),
        ("cache-status: ExampleCache; fwd=bypass", Bypass),
        ("cache-status: ExampleCache; fwd=method", Bypass),
        ("cache-status: OriginCache; hit; ttl=1100, \"CDN, Company; hit\"; fwd=uri-miss", Hit),
        ("cache-status: \"Netlify Edge\"; fwd=miss", Miss),
        ("cache-status: \"a \\\" b; hit\"; fwd=miss; detail=\"x, y; hit\"", Miss),
        ("cache-status: squid1.example;detail=mismatch", Unknown),
        ("cache-status: HIT", Hit),
        ("cf-cache-status: HIT", Hit),
        ("cf-cache-status: MISS", Miss),
        ("cf-cache-status: EXPIRED", Miss),
        ("cf-cache-status: REVALIDATED", Stale),
        ("cf-cache-status: UPDATING", Stale),
        ("cf-cache-status: DYNAMIC", Bypass),
        ("cf-cache-status: NONE/UNKNOWN", Bypass),
    ];

    const OTHERS: &[(&str, CacheStatus)] = &[
        ("x-cache: HIT", Hit),
        ("x-cache: MISS", Miss),
        ("x-cache: HIT, MISS", Hit),
        ("x-cache: MISS, HIT", Hit),
        ("x-cache: MISS, MISS", Miss),
        ("x-cache: Hit from cloudfront", Hit),
        ("x-cache: Miss from cloudfront", Miss),
        ("x-cache: RefreshHit from cloudfront", Stale),
        ("x-cache: Error from cloudfront", Unknown),
        ("x-cache: MISS from hitchcock.example", Miss),
        ("x-cache: HIT from miss-moneypenny:3128", Hit),
        ("x-cache: TCP_HIT from a23-4-5-6.deploy.akamaitechnologies.com (AkamaiGHost/11)", Hit),
        ("x-cache: TCP_MEM_HIT from a23-4-5-6", Hit),
        ("x-cache: TCP_MISS from a23-4-5-6", Miss),
        ("x-cache: TCP_REFRESH_HIT from a23-4-5-6", Stale),
        ("x-cache: TCP_REFRESH_MISS from a23-4-5-6", Miss),
        ("x-cache: TCP_EXPIRED_HIT from a23-4-5-6", Stale),
        ("x-cache: CONFIG_NOCACHE", Bypass),
        ("x-cache: hit-for-pass", Bypass),
        ("x-cache: uncached", Miss),
        ("x-cache-hits: 0, 1", Hit),
        ("x-cache-hits: 0", Miss),
        ("x-cache-status: HIT", Hit),
        ("x-cache-status: hit", Hit),
        ("x-cache-status: EXPIRED", Miss),
        ("x-cache-status: STALE", Stale),
        ("x-cache-status: BYPASS", Bypass),
        ("x-varnish: 32774 3", Hit),
        ("x-varnish: 32774", Miss),
        ("age: 30", Hit),
        ("age: 0", Unknown),
    ];

    #[test]
    fn each_vendors_tokens_are_recognised() {
        for &(line, cache_status) in STANDARD_AND_CLOUDFLARE.iter().chain(OTHERS) {
            let evidence = of(&[line]);
            assert_eq!(evidence.cache_status, cache_status, "{line}");
            let status_header =
                evidence.status_header.map(|status_header| status_header.to_string().to_lowercase());
            assert_eq!(
                status_header.as_deref().unwrap_or(""),
                if cache_status == Unknown { "" } else { line.split_once(':').unwrap().0 }
            );
        }
    }

    #[test]
    fn the_outermost_hit_is_reported() {
        for (lines, cache_status, status_header) in [
            // Headers within a cached copy describe the time when it was stored.
            (
                &["cf-cache-status: HIT", "x-cache-status: MISS"][..],
                CacheStatus::Hit,
                StatusHeader::CfCacheStatus,
            ),
            // A network that bypasses does not hide the operator's own cache.
            (
                &["cf-cache-status: DYNAMIC", "x-cache-status: HIT"],
                CacheStatus::Hit,
                StatusHeader::XCacheStatus,
            ),
            (
                &["cf-cache-status: MISS", "x-cache-status: STALE"],
                CacheStatus::Stale,
                StatusHeader::XCacheStatus,
            ),
            (
                &["cf-cache-status: MISS", "x-cache-status: BYPASS"],
                CacheStatus::Miss,
                StatusHeader::CfCacheStatus,
            ),
            (&["x-cache: MISS", "x-cache: HIT"], CacheStatus::Hit, StatusHeader::XCache),
            (&["x-cache: MISS", "x-cache-hits: 1", "age: 30"], CacheStatus::Miss, StatusHeader::XCache),
            (&["x-varnish: 2 1", "x-cache: MISS"], CacheStatus::Hit, StatusHeader::XVarnish),
            (
                &["cache-status: a; hit", "cache-status: b; fwd=miss"],
                CacheStatus::Hit,
                StatusHeader::CacheStatus,
            ),
            (
                &["cache-status: a;detail=x", "x-cache-hits: 0", "age: 5"],
                CacheStatus::Miss,
                StatusHeader::XCacheHits,
            ),
        ] {
            let evidence = of(lines);
            assert_eq!(
                (evidence.cache_status, evidence.status_header),
                (cache_status, Some(status_header)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn malformed_headers_are_ignored() {
        for line in [
            "cache-status: ",
            "cache-status: ;;;,,=",
            "cache-status: a; fwd",
            "cache-status: \"unclosed; hit, b; hit",
            "x-cache: ",
            "x-cache: ,,",
            "x-cache: \u{fffd}\u{1F600}",
            "x-cache-hits: -1",
            "x-cache-hits: many",
            "x-varnish: 1 2 3",
            "x-varnish: a b",
            "age: -5",
            "age: 99999999999999999999",
            "age: soon",
            "date: yesterday",
        ] {
            let expected = if line.ends_with("fwd") { CacheStatus::Miss } else { CacheStatus::Unknown };
            let evidence = of(&[line]);
            assert_eq!(
                (evidence.cache_status, evidence.age, evidence.date),
                (expected, None, None),
                "{line}"
            );
        }
        assert_eq!(of(&[&format!("x-cache: {}", "HIT".repeat(50))]).cache_status, CacheStatus::Unknown);
    }

    #[test]
    fn age_and_date_are_kept_beside_the_status() {
        let evidence = of(&["age: 30", "date: Thu, 01 Jan 1970 00:01:00 GMT", "x-cache: HIT"]);
        assert_eq!(
            (evidence.age, evidence.date, evidence.status_header),
            (Some(30), Some(60), Some(StatusHeader::XCache))
        );
    }
}
