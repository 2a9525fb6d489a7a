//! The middleware of the cache: it looks up requests before the aggregator sees them, and keeps answers.

use super::conditions::{Conditions, Verdict};
use super::headers::{CacheOutcome, NGINX, write_headers, write_server};
use super::keep::keep;
use super::lru::{Document, Entry, Lookup};
use super::persona::{CacheConfig, Persona};
use crate::aggregator::Aggregator;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use mock_publisher::admission::Bypass;
use mock_publisher::common::is_control;
use mock_publisher::proxy_page;
use mock_publisher::throttle::wait_until;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// Answers from the cache if it has an entry, and otherwise keeps the aggregator's answer. The bytes of a blob that is a hit
/// come from the aggregator all the same, which gets the outcome as an extension and takes the time of a hit.
pub(crate) async fn serve_from_cache(
    State(aggregator): State<Aggregator>,
    mut request: Request,
    next: Next,
) -> Response {
    let config = &aggregator.0.config.cache;
    if is_control(request.uri().path()) {
        return next.run(request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = next.run(request).await;
        write_server(response.headers_mut(), config.persona);
        return response;
    }
    let key = config.key(request.uri(), request.headers());
    let conditions = config.decides_conditions.then(|| {
        // What is kept is the answer to a GET.
        *request.method_mut() = Method::GET;
        Conditions::take(request.headers_mut())
    });
    let (outcome, mut response) = answer(&aggregator, key, request, next).await;
    if response.status() == StatusCode::OK
        && let Some(conditions) = conditions
    {
        response = match conditions.verdict(response.headers().get(ETAG)) {
            Verdict::Send => response,
            Verdict::NotModified => not_modified(response),
            Verdict::PreconditionFailed => proxy_page(412, "Precondition Failed", NGINX),
        };
    }
    let cacheable = is_cacheable(config, &response);
    let (status, now_ms) = (response.status(), aggregator.0.config.clock.now_ms());
    write_headers(response.headers_mut(), status, config.persona, &outcome, cacheable, now_ms);
    response
}

/// The answer from the cache, or from the aggregator, and then it is kept.
async fn answer(
    aggregator: &Aggregator,
    key: String,
    mut request: Request,
    next: Next,
) -> (CacheOutcome, Response) {
    let config = &aggregator.0.config.cache;
    let outcome = lookup(aggregator, &key, request.headers());
    let stale = match &outcome {
        CacheOutcome::Hit(entry) | CacheOutcome::Stale(entry) | CacheOutcome::Updating(entry) => {
            let entry = Arc::clone(entry);
            return (outcome.clone(), from_entry(aggregator, &entry, outcome, request, next).await);
        }
        CacheOutcome::Expired(entry) => Some(Arc::clone(entry)).filter(|_| config.serves_stale),
        CacheOutcome::Miss | CacheOutcome::Bypass => None,
    };
    let is_update = matches!(outcome, CacheOutcome::Expired(_));
    let _update = is_update.then(|| Update { aggregator: aggregator.clone(), key: key.clone() });
    request.extensions_mut().insert(outcome.clone());
    let (parts, body) = request.into_parts();
    let again = stale.map(|entry| (entry, Request::from_parts(parts.clone(), Body::empty()), next.clone()));
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Some((entry, request, next)) = again
        && matches!(response.status().as_u16(), 500 | 502 | 503 | 504)
    {
        let outcome = CacheOutcome::Stale(Arc::clone(&entry));
        return (outcome.clone(), from_entry(aggregator, &entry, outcome, request, next).await);
    }
    let replaces = !matches!(outcome, CacheOutcome::Miss);
    let response = match is_cacheable(config, &response) {
        true => keep(aggregator, key, response, replaces).await,
        false => response,
    };
    (outcome, response)
}

fn lookup(aggregator: &Aggregator, key: &str, headers: &HeaderMap) -> CacheOutcome {
    let inner = &aggregator.0;
    if inner.config.cache.bypass && headers.contains_key(CACHE_CONTROL) {
        return CacheOutcome::Bypass;
    }
    match inner.lru.get(key, inner.config.clock.now_ms()) {
        Lookup::Absent => CacheOutcome::Miss,
        Lookup::Updating(entry) if inner.config.cache.serves_stale => CacheOutcome::Updating(entry),
        Lookup::Expired(entry) | Lookup::Updating(entry) => CacheOutcome::Expired(entry),
        Lookup::Fresh(entry) => CacheOutcome::Hit(entry),
    }
}

/// The update of an entry that has expired, under way until this is dropped.
struct Update {
    aggregator: Aggregator,
    key: String,
}

impl Drop for Update {
    fn drop(&mut self) {
        self.aggregator.0.lru.end_update(&self.key);
    }
}

/// Whether caches keep answers of this kind.
fn is_cacheable(config: &CacheConfig, response: &Response) -> bool {
    match response.status() {
        StatusCode::OK => config.unmarked_ttl.is_some() || response.headers().contains_key(CACHE_CONTROL),
        StatusCode::NOT_FOUND => config.negative_ttl.is_some(),
        _ => false,
    }
}

/// The answer of an entry.
async fn from_entry(
    aggregator: &Aggregator,
    entry: &Entry,
    outcome: CacheOutcome,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(document) = &entry.document {
        return kept_document(aggregator, document).await;
    }
    request.extensions_mut().insert(outcome);
    if aggregator.0.config.cache.answers_hits() {
        request.extensions_mut().insert(Bypass);
    }
    next.run(request).await
}

/// A document from the cache, as fast as a hit.
async fn kept_document(aggregator: &Aggregator, document: &Document) -> Response {
    let start = Instant::now();
    let inner = &aggregator.0;
    let profile = &inner.profile.current().profile;
    let latency = match inner.config.cache.persona {
        Persona::FalseHit => &profile.not_found,
        Persona::None | Persona::Nginx | Persona::Cloudflare | Persona::Fastly => {
            &profile.cached_read.latency
        }
    };
    let n = inner.documents.fetch_add(1, Ordering::Relaxed);
    wait_until(start + profile.latency(latency, n)).await;
    if document.status == StatusCode::NOT_FOUND {
        inner.stats.blobs.negative_hits.add(1);
    }
    (document.status, document.headers.clone(), document.bytes.clone()).into_response()
}

/// The 304 for an answer, with those of its headers that are not about the body.
fn not_modified(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_TYPE);
    // Of no known length, or the answer to a HEAD would announce one of 0.
    Response::from_parts(parts, Body::from_stream(stream::empty::<io::Result<Bytes>>()))
}
