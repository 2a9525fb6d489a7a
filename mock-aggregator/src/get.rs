//! `GET /v1/blobs/{blob_id}`: checks, store, cache, latency, headers, bytes, in the order of the real one.

use crate::aggregator::Aggregator;
use crate::mirror::content_type;
use crate::query::GetQuery;
use crate::range::Span;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use mock_publisher::admit::Visit;
use mock_publisher::blob_id::BlobId;
use mock_publisher::failure::{Failure, Status};
use mock_publisher::fault::Fault;
use mock_publisher::spoil::Spoil;
use mock_publisher::store::{Blob, pieces};
use mock_publisher::weather::until;
use std::io;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// How long caches may keep a blob.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=86400, stale-while-revalidate=3600");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The handler.
pub(crate) async fn get_blob(
    State(aggregator): State<Aggregator>,
    Extension(visit): Extension<Visit>,
    Path(id): Path<BlobId>,
    Query(query): Query<GetQuery>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let answer = match query.check().and_then(|()| span(&headers)) {
        Ok(span) => read(&aggregator, &visit, id, span, &method).await,
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(mut response) => {
            let kind = content_type(&method, &headers).filter(|_| response.status().is_success());
            response.headers_mut().extend(kind.map(|kind| (CONTENT_TYPE, kind)));
            response
        }
        Err(failure) => failure.into_response(),
    }
}

/// The range that is asked for, if one is.
fn span(headers: &HeaderMap) -> Result<Option<Span>, Failure> {
    let read = |header: &HeaderValue| Span::parse(header.as_bytes()).ok_or_else(bad_range);
    headers.get(RANGE).map(read).transpose()
}

fn bad_range() -> Failure {
    let message = "the range must be bytes=START-END with both ends inside the blob";
    Failure::daemon(Status::RangeNotSatisfiable, "INVALID_BYTE_RANGE", message)
}

async fn read(
    aggregator: &Aggregator,
    visit: &Visit,
    id: BlobId,
    span: Option<Span>,
    method: &Method,
) -> Result<Response, Failure> {
    let start = Instant::now();
    if let Some(response) = aggregator.0.get.instead(visit).await {
        return Ok(response);
    }
    let blob = find(aggregator, id).await?;
    let size = blob.record.size;
    let length = span.map_or(Some(size), |span| span.within(size)).ok_or_else(bad_range)?;
    let whole = span.is_none().then_some(size);
    wait(aggregator, visit, id, start, whole).await;
    let from = span.map_or(0, |span| span.start);
    let body = match method == Method::HEAD {
        true => Body::empty(),
        false => bytes(aggregator, visit, blob, from, length),
    };
    Ok(success(id, span, size, length, body))
}

/// The blob, if there is one and it is not late.
async fn find(aggregator: &Aggregator, id: BlobId) -> Result<Blob, Failure> {
    let absent = || Failure::daemon(Status::NotFound, "BLOB_NOT_FOUND", format!("there is no blob {id}"));
    let broken = |error: io::Error| Failure::internal(format!("the blob {id} cannot be read: {error}"));
    let store = aggregator.0.store.clone();
    let found =
        spawn_blocking(move || store.read(&id)).await.map_err(io::Error::other).flatten().map_err(broken)?;
    let blob = found.ok_or_else(absent)?;
    let weather = &aggregator.0.config.weather;
    let young = u128::from(blob.record.age_ms()) < weather.not_yet_for.as_millis();
    if young && weather.faults.is_late(weather.seed, &id) {
        aggregator.0.stats.fault(Fault::NotYet);
        return Err(absent());
    }
    Ok(blob)
}

/// Waits as long as the read takes. A whole blob that was read goes into the cache.
async fn wait(aggregator: &Aggregator, visit: &Visit, id: BlobId, start: Instant, whole: Option<u64>) {
    let inner = &aggregator.0;
    let (config, counts) = (&inner.config, &inner.stats.blobs);
    let hit = inner.cache.hit(&id);
    let latency = if hit { &config.cached_read_latency } else { &config.first_read_latency };
    until(start + config.weather.latency(latency, visit.n)).await;
    if hit {
        counts.cached_reads.add(1);
        return;
    }
    counts.first_reads.add(1);
    if let Some(size) = whole {
        counts.evicted.add(inner.cache.fill(id, size));
    }
}

/// The bytes of the answer, spoiled if the request's fault says so.
fn bytes(aggregator: &Aggregator, visit: &Visit, blob: Blob, from: u64, length: u64) -> Body {
    let pieces = pieces(blob.bytes, from, length);
    let weather = &aggregator.0.config.weather;
    match (visit.fault, Spoil::of(visit.fault, weather, visit.n, length)) {
        (Some(fault), Some(spoil)) => {
            aggregator.0.stats.fault(fault);
            spoil.apply(pieces.boxed(), length, visit)
        }
        _ => Body::from_stream(pieces),
    }
}

fn success(id: BlobId, span: Option<Span>, size: u64, length: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(CACHE_CONTROL, CACHE);
    // A bare ID is no valid entity tag; the real one sends it so.
    headers.extend(HeaderValue::try_from(id.to_string()).ok().map(|tag| (ETAG, tag)));
    if let Some(span) = span {
        let range = format!("bytes {}-{}/{size}", span.start, span.end);
        headers.extend(HeaderValue::try_from(range).ok().map(|range| (CONTENT_RANGE, range)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}
