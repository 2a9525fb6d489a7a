//! Reads the response headers in which caches describe themselves; tolerant, since malformed ones are common.

use std::time::UNIX_EPOCH;

use super::http1::Head;
use crate::sample::cache::{CacheEvidence, CacheStatus, StatusHeader};

/// The longest token that is interpreted, in bytes; those of real caches are far shorter.
const MAX_TOKEN: usize = 64;

/// Reads the value of a header, or of one member of a list.
type Read = fn(&[u8]) -> CacheStatus;

/// Headers of known caches and how they are read, outermost first: content delivery networks stand in front of an operator's
/// own nginx or Varnish.
const KNOWN: [(StatusHeader, Read); 8] = [
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
        // The name is copied, which the other headers of each response shall not cost.
        let header = is_about_the_source.then(|| StatusHeader::new(name)).flatten()?;
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
#[path = "cache_headers_tests.rs"]
mod tests;
