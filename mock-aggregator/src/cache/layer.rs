//! The middleware of the cache: it looks up requests before the aggregator sees them, and keeps answers.

use super::headers::{CacheOutcome, write_headers};
use super::lru::{Entry, Lookup, Ttls};
use super::persona::{CacheConfig, Persona};
use crate::aggregator::Aggregator;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mock_publisher::admission::Bypass;
use mock_publisher::clock::millis;
use mock_publisher::throttle::wait_until;
use tokio::time::Instant;

/// The longest document of a 404 that is kept, in bytes.
const MAX_NOT_FOUND: usize = 64 << 10;

/// Answers from the cache if it has an entry, and otherwise keeps the aggregator's answer. The bytes of a hit come from
/// the aggregator all the same, which gets the outcome as an extension and takes the time of a hit.
pub(crate) async fn serve_from_cache(
    State(aggregator): State<Aggregator>,
    mut request: Request,
    next: Next,
) -> Response {
    let inner = &aggregator.0;
    let (config, now_ms) = (&inner.config.cache, inner.config.clock.now_ms());
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let key = config.key(request.uri(), request.headers());
    let outcome = lookup(&aggregator, &key, request.headers(), now_ms);
    let not_found = outcome.entry().and_then(|entry| entry.not_found.clone());
    let mut response = match not_found {
        Some(document) => cached_not_found(&aggregator, document).await,
        None => {
            request.extensions_mut().insert(outcome.clone());
            if outcome.is_hit() && !matches!(config.persona, Persona::None | Persona::FalseHit) {
                request.extensions_mut().insert(Bypass);
            }
            next.run(request).await
        }
    };
    let cacheable = is_cacheable(config, &response);
    if cacheable && !outcome.is_hit() {
        response = keep(&aggregator, key, response, !matches!(outcome, CacheOutcome::Miss)).await;
    }
    write_headers(response.headers_mut(), config.persona, &outcome, cacheable, now_ms);
    response
}

fn lookup(aggregator: &Aggregator, key: &str, headers: &HeaderMap, now_ms: u64) -> CacheOutcome {
    if aggregator.0.config.cache.bypass && headers.contains_key(CACHE_CONTROL) {
        return CacheOutcome::Bypass;
    }
    match aggregator.0.lru.get(key, now_ms) {
        Lookup::Absent => CacheOutcome::Miss,
        Lookup::Expired => CacheOutcome::Expired,
        Lookup::Fresh(entry) => CacheOutcome::Hit(entry),
    }
}

/// Whether caches keep answers of this kind.
fn is_cacheable(config: &CacheConfig, response: &Response) -> bool {
    match response.status() {
        StatusCode::OK => response.headers().contains_key(CACHE_CONTROL),
        StatusCode::NOT_FOUND => config.negative_ttl.is_some(),
        _ => false,
    }
}

/// A 404 from the cache, as fast as a hit.
async fn cached_not_found(aggregator: &Aggregator, document: Bytes) -> Response {
    let start = Instant::now();
    let inner = &aggregator.0;
    let profile = &inner.profile.current().profile;
    let latency = match inner.config.cache.persona {
        Persona::FalseHit => &profile.not_found,
        _ => &profile.cached_read.latency,
    };
    wait_until(start + profile.latency(latency, 0)).await;
    inner.stats.blobs.negative_hits.add(1);
    let content_type = HeaderValue::from_static("application/json");
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, content_type)], document).into_response()
}

/// Keeps an answer, unless its length is unknown before it is sent.
async fn keep(aggregator: &Aggregator, key: String, response: Response, replace: bool) -> Response {
    let inner = &aggregator.0;
    let config = &inner.config.cache;
    let (parts, body) = response.into_parts();
    let is_not_found = parts.status == StatusCode::NOT_FOUND;
    let (not_found, size, body) = match is_not_found {
        false => (None, content_length(&parts.headers), body),
        true => match to_bytes(body, MAX_NOT_FOUND).await {
            Ok(document) => (Some(document.clone()), Some(document.len() as u64), Body::from(document)),
            Err(_) => (None, None, Body::empty()),
        },
    };
    if let Some(size) = size {
        let ttl = if is_not_found { config.negative_ttl } else { config.ttl };
        let ttls = Ttls {
            fill_delay_ms: millis(config.fill_delay),
            ttl_ms: ttl.map(millis),
            idle_ms: config.idle_ttl.map(millis),
        };
        let content_type = parts.headers.get(CONTENT_TYPE).cloned();
        let entry = Entry::new(content_type, not_found, inner.config.clock.now_ms());
        inner.stats.blobs.evicted.add(inner.lru.insert(key, entry, size, ttls, replace));
    }
    Response::from_parts(parts, body)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
