//! What the headers of real caches, malformed ones, and those that only look like a cache's say.

use super::*;
use crate::client::http1::with_head;

/// The evidence of these header lines.
fn of(lines: &[&str]) -> CacheEvidence {
    with_head(200, lines, |head| evidence(head, &[]))
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
    ("cdn-cache: HIT", Hit),
    ("cdn-cache: EXPIRED", Miss),
    ("x-vercel-cache: HIT", Hit),
    ("x-vercel-cache: PRERENDER", Hit),
    ("x-vercel-cache: REVALIDATED", Stale),
    ("x-vercel-cache: MISS", Miss),
    ("x-proxy-cache: HIT", Hit),
    ("x-proxy-cache: REVALIDATE", Stale),
    ("x-proxy-cache: BYPASS", Bypass),
    ("server-timing: cdn-cache; desc=HIT, edge; dur=1", Hit),
    ("server-timing: edge;dur=3, cdn-cache;desc=MISS", Miss),
    ("server-timing: cache;desc=\"hit-front\", host;desc=\"cp3066\"", Hit),
    ("server-timing: cfCacheStatus;desc=\"REVALIDATED\"", Stale),
    ("server-timing: cache-miss, db;dur=53", Miss),
    ("server-timing: cache;desc=\"Cache Read\";dur=23.2", Unknown),
    ("server-timing: db;desc=HIT", Unknown),
    ("age: 30", Hit),
    ("age: 0", Unknown),
];

/// Caches of which no more is known than that their names have the word `cache`.
const UNKNOWN_CACHES: &[(&str, CacheStatus)] = &[
    ("x-acme-cache: HIT", Hit),
    ("x-acme_cache_state: hit-fresh", Hit),
    ("cache: miss", Miss),
    ("x-litespeed-cache: hit,private", Hit),
    ("x-fastcgi-cache: EXPIRED", Miss),
    ("x-nextjs-cache: STALE", Stale),
    ("x-acme-cache: MISS, HIT", Hit),
    ("x-acme-cache: whitepaper", Unknown),
    ("x-acme-cache: 1", Unknown),
    ("x-acme-cache: enabled", Unknown),
    ("x-cache-key: hit", Unknown),
    ("x-cache-lookup: HIT from squid:3128", Unknown),
    ("cache-control: public, stale-while-revalidate=3600", Unknown),
    ("cdn-cache-control: stale-if-error=60", Unknown),
    ("cache-tag: hit", Unknown),
    ("x-cachet: HIT", Unknown),
    ("x-edge-result: HIT", Unknown),
    ("x-cache-whose-name-is-much-too-long: HIT", Unknown),
];

#[test]
fn each_vendors_tokens_are_recognised() {
    for &(line, cache_status) in STANDARD_AND_CLOUDFLARE.iter().chain(OTHERS).chain(UNKNOWN_CACHES) {
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
            StatusHeader::CF_CACHE_STATUS,
        ),
        // A network that bypasses does not hide the operator's own cache.
        (
            &["cf-cache-status: DYNAMIC", "x-cache-status: HIT"],
            CacheStatus::Hit,
            StatusHeader::X_CACHE_STATUS,
        ),
        (
            &["cf-cache-status: MISS", "x-cache-status: STALE"],
            CacheStatus::Stale,
            StatusHeader::X_CACHE_STATUS,
        ),
        (
            &["cf-cache-status: MISS", "x-cache-status: BYPASS"],
            CacheStatus::Miss,
            StatusHeader::CF_CACHE_STATUS,
        ),
        (&["x-cache: MISS", "x-cache: HIT"], CacheStatus::Hit, StatusHeader::X_CACHE),
        (&["x-cache: MISS", "x-cache-hits: 1", "age: 30"], CacheStatus::Miss, StatusHeader::X_CACHE),
        (&["x-varnish: 2 1", "x-cache: MISS"], CacheStatus::Hit, StatusHeader::X_VARNISH),
        (&["x-acme-cache: HIT", "x-cache: MISS"], CacheStatus::Miss, StatusHeader::X_CACHE),
        (&["server-timing: cdn-cache;desc=HIT", "age: 9"], CacheStatus::Hit, StatusHeader::SERVER_TIMING),
        (
            &["cache-status: a; hit", "cache-status: b; fwd=miss"],
            CacheStatus::Hit,
            StatusHeader::CACHE_STATUS,
        ),
        (
            &["cache-status: a;detail=x", "x-cache-hits: 0", "age: 5"],
            CacheStatus::Miss,
            StatusHeader::X_CACHE_HITS,
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
fn a_header_that_the_user_names_comes_first_and_may_count_hits() {
    let own = StatusHeader::new("X-Edge-Result").unwrap();
    let of = |lines: &[&str]| with_head(200, lines, |head| evidence(head, &[own]));
    for (line, cache_status) in [
        ("X-Edge-Result: Hit", Hit),
        ("x-edge-result: miss", Miss),
        ("x-edge-result: 3", Hit),
        ("x-edge-result: 0", Miss),
    ] {
        let evidence = of(&["x-cache: HIT", "x-cache: MISS", line]);
        assert_eq!((evidence.cache_status, evidence.status_header), (cache_status, Some(own)), "{line}");
    }
    let unread = of(&["x-cache: HIT", "x-edge-result: ?"]);
    assert_eq!((unread.cache_status, unread.status_header), (Hit, Some(StatusHeader::X_CACHE)));
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
        "server-timing: ;;,=",
        "server-timing: cache;desc=\"HIT",
        "x-acme-cache: -_-",
        "age: -5",
        "age: 99999999999999999999",
        "age: soon",
        "date: yesterday",
    ] {
        let expected = if line.ends_with("fwd") { CacheStatus::Miss } else { CacheStatus::Unknown };
        let evidence = of(&[line]);
        assert_eq!((evidence.cache_status, evidence.age, evidence.date), (expected, None, None), "{line}");
    }
    assert_eq!(of(&[&format!("x-cache: {}", "HIT".repeat(50))]).cache_status, CacheStatus::Unknown);
}

#[test]
fn age_and_date_are_kept_beside_the_status() {
    let evidence = of(&["age: 30", "date: Thu, 01 Jan 1970 00:01:00 GMT", "x-cache: HIT"]);
    assert_eq!(
        (evidence.age, evidence.date, evidence.status_header),
        (Some(30), Some(60), Some(StatusHeader::X_CACHE))
    );
}
