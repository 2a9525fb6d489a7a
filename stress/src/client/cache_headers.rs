//! Reads the response headers in which caches describe themselves; tolerant, since malformed ones are common.

use std::time::UNIX_EPOCH;

use super::http1::Head;
use crate::sample::cache::{CacheEvidence, CacheStatus, StatusHeader};

/// The longest token that is interpreted, in bytes; those of real caches are far shorter.
const MAX_TOKEN: usize = 64;

/// Headers of known caches and how they are read, outermost first: content delivery networks stand in front of an operator's
/// own nginx or Varnish.
const KNOWN: [(StatusHeader, fn(&[u8]) -> CacheStatus); 8] = [
    (StatusHeader::CACHE_STATUS, member),
    (StatusHeader::CF_CACHE_STATUS, token),
    (StatusHeader::CDN_CACHE, token),
    (StatusHeader::X_VERCEL_CACHE, token),
    (StatusHeader::X_CACHE, token),
    (StatusHeader::X_CACHE_STATUS, token),
    (StatusHeader::X_PROXY_CACHE, token),
    (StatusHeader::X_VARNISH, transactions),
];

/// Words in the names of headers that are about a cache, but not about where this response came from. A `lookup` (Squid) may
/// have found a copy that was not used.
const NOT_ABOUT_THE_SOURCE: [&str; 5] = ["control", "key", "lookup", "tag", "tags"];

/// What a response's headers say about the caches that it passed; `own` are those that the user named, which come first.
///
/// A hit at any layer counts, the outermost layer first: when a layer answers from its own copy, the headers within that copy
/// describe the time when it was stored. When every layer forwarded the request, the outermost one is reported.
pub(super) fn evidence(head: &Head<'_>, own: &[StatusHeader]) -> CacheEvidence {
    let layer = |header: StatusHeader, read| (outermost(head.all(header.as_str()), read), header);
    let age = number(head, "age");
    let aged = if age.is_some_and(|age| age > 0) { CacheStatus::Hit } else { CacheStatus::Unknown };
    let named = own.iter().map(|header| layer(*header, token_or_hits));
    let known = KNOWN.into_iter().map(|(header, read)| layer(header, read));
    let reported = reported(named)
        .or_else(|| reported(known))
        // Less reliable, from here on: where an origin's clock is slow, even misses have an age.
        .or_else(|| reported([layer(StatusHeader::X_CACHE_HITS, hits)]))
        .or_else(|| reported(unknown_caches(head)))
        .or_else(|| reported([layer(StatusHeader::SERVER_TIMING, server_timing)]))
        .or_else(|| reported([(aged, StatusHeader::AGE)]));
    let (cache_status, status_header) = reported.unzip();
    CacheEvidence { cache_status: cache_status.unwrap_or_default(), status_header, age, date: date(head) }
}

/// The first hit among the layers, or else the first that is known.
fn reported(
    layers: impl IntoIterator<Item = (CacheStatus, StatusHeader)>,
) -> Option<(CacheStatus, StatusHeader)> {
    let known = layers.into_iter().filter(|(cache_status, _)| *cache_status != CacheStatus::Unknown);
    known.reduce(|one, other| if other.0.from_cache() && !one.0.from_cache() { other } else { one })
}

/// Headers with the word `cache` in their names whose values say hit or miss: the rule of Walrus' own script that infers caches,
/// with whole words.
fn unknown_caches<'a>(head: &'a Head<'_>) -> impl Iterator<Item = (CacheStatus, StatusHeader)> + 'a {
    head.fields().filter_map(|(name, value)| {
        let has = |word: &str| name.split(['-', '_']).any(|part| part.eq_ignore_ascii_case(word));
        let is_about_the_source = has("cache") && !NOT_ABOUT_THE_SOURCE.into_iter().any(has);
        let header = StatusHeader::new(name).filter(|_| is_about_the_source)?;
        Some((outermost([value], word), header))
    })
}

/// The status of the outermost cache in the lines of one header, to which each cache appends itself.
fn outermost<'a>(lines: impl IntoIterator<Item = &'a [u8]>, read: fn(&[u8]) -> CacheStatus) -> CacheStatus {
    let cache_statuses = lines.into_iter().flat_map(|line| split(line, b',')).map(read);
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

/// The first word of a value: a host name may follow, which may contain anything.
fn first_word(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'/' | b':' | b';' | b'=' | b'('));
    &text[..end.unwrap_or(text.len())]
}

/// A [`token`] of which a part is a word that nothing but a cache uses: `HIT`, `hit-front`, `TCP_MISS`. `whitepaper` is none.
fn word(text: &[u8]) -> CacheStatus {
    const WORDS: [&str; 8] =
        ["HIT", "MISS", "EXPIRED", "STALE", "UPDATING", "REVALIDATE", "REVALIDATED", "BYPASS"];
    let mut parts = first_word(text).split(|byte| matches!(byte, b'-' | b'_'));
    let is_word = parts.any(|part| WORDS.iter().any(|word| part.eq_ignore_ascii_case(word.as_bytes())));
    if is_word { token(text) } else { CacheStatus::Unknown }
}

/// A metric of `Server-Timing` about a cache, as in `cdn-cache; desc=HIT`, `cache;desc="hit-front"` or `cache-hit`.
fn server_timing(metric: &[u8]) -> CacheStatus {
    let mut parts = split(metric, b';');
    let name = parts.next().unwrap_or_default();
    if !name.windows(5).any(|window| window.eq_ignore_ascii_case(b"cache")) {
        return CacheStatus::Unknown;
    }
    let description = parts.find_map(|part| {
        let at = part.iter().position(|byte| *byte == b'=')?;
        part[..at].trim_ascii().eq_ignore_ascii_case(b"desc").then(|| part[at + 1..].trim_ascii())
    });
    let text = description.unwrap_or(name);
    word(text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text))
}

/// A token, or how often a copy has been used.
fn token_or_hits(text: &[u8]) -> CacheStatus {
    match token(text) {
        CacheStatus::Unknown => hits(text),
        known => known,
    }
}

/// A token of a cache's own: `HIT`, `Miss from cloudfront`, `TCP_REFRESH_HIT from a1-2-3-4`, `NONE/UNKNOWN` and so on.
fn token(text: &[u8]) -> CacheStatus {
    let token = first_word(text);
    if token.len() > MAX_TOKEN {
        return CacheStatus::Unknown;
    }
    let has =
        |part: &str| token.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    let any = |parts: &[&str]| parts.iter().any(|part| has(part));
    let refreshed = any(&["REFRESH", "EXPIRED"]);
    if any(&["PASS", "DYNAMIC", "NOCACHE", "NO_CACHE", "NOSTORE", "NONE", "UNCACHEABLE"]) {
        CacheStatus::Bypass
    } else if refreshed && any(&["HIT", "UNMODIFIED"]) || any(&["STALE", "REVALIDATE", "UPDATING"]) {
        CacheStatus::Stale
    } else if refreshed || any(&["MISS", "UNCACHED"]) {
        CacheStatus::Miss
    } else if any(&["HIT", "CACHED", "PRERENDER"]) {
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
        ("x-cache-of-a-name-that-nobody-has: HIT", Unknown),
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
            (Some(30), Some(60), Some(StatusHeader::X_CACHE))
        );
    }
}
