//! The cache at work: it looks before the aggregator is asked, and keeps what comes back.

use super::key::key;
use super::show::show;
use super::{Copy, Face, Found, Front, Shelf, Terms};
use crate::aggregator::Aggregator;
use crate::clock::millis;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mock_publisher::admission::Bypass;
use mock_publisher::profile::wait_until;
use std::sync::Arc;
use tokio::time::Instant;

/// The longest document of a failure that is kept, in bytes.
const LONGEST: usize = 64 << 10;

/// What the cache did about a request.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// It had nothing.
    Miss,
    /// It had something too old.
    Expired,
    /// The client did not want it.
    Bypass,
    /// It had a copy.
    Hit(Arc<Copy>),
}

impl Outcome {
    fn of(front: &Front, shelf: &Shelf, key: &str, headers: &HeaderMap, now_ms: u64) -> Self {
        if front.bypass && headers.contains_key(CACHE_CONTROL) {
            return Self::Bypass;
        }
        match shelf.look(key, now_ms) {
            Found::Nothing => Self::Miss,
            Found::Stale => Self::Expired,
            Found::Fresh(copy) => Self::Hit(copy),
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Miss => "MISS",
            Self::Expired => "EXPIRED",
            Self::Bypass => "BYPASS",
            Self::Hit(_) => "HIT",
        }
    }

    /// The copy that answers.
    pub(super) fn copy(&self) -> Option<&Copy> {
        match self {
            Self::Hit(copy) => Some(copy),
            _ => None,
        }
    }

    /// Whether there is one.
    pub(crate) fn is_hit(&self) -> bool {
        self.copy().is_some()
    }
}

/// Answers from the cache what it has, and fills it with what it has not.
pub(crate) async fn front(
    State(aggregator): State<Aggregator>,
    mut request: Request,
    next: Next,
) -> Response {
    let inner = &aggregator.0;
    let (front, now_ms) = (&inner.config.front, inner.config.clock.now_ms());
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let key = key(front, request.uri(), request.headers());
    let outcome = Outcome::of(front, &inner.shelf, &key, request.headers(), now_ms);
    let failure = outcome.copy().and_then(|copy| copy.failure.clone());
    let mut response = match failure {
        Some(text) => kept_failure(&aggregator, text).await,
        None => {
            request.extensions_mut().insert(outcome.clone());
            if outcome.is_hit() && !matches!(front.face, Face::None | Face::Liar) {
                request.extensions_mut().insert(Bypass);
            }
            next.run(request).await
        }
    };
    let kept = is_kept(front, &response);
    if kept && !outcome.is_hit() {
        response = keep(&aggregator, key, response, !matches!(outcome, Outcome::Miss)).await;
    }
    show(response.headers_mut(), front.face, &outcome, kept, now_ms);
    response
}

/// Whether an answer is of a sort that caches keep.
fn is_kept(front: &Front, response: &Response) -> bool {
    match response.status() {
        StatusCode::OK => response.headers().contains_key(CACHE_CONTROL),
        StatusCode::NOT_FOUND => front.negative_ttl.is_some(),
        _ => false,
    }
}

/// A 404 from the cache, as fast as a hit.
async fn kept_failure(aggregator: &Aggregator, text: Bytes) -> Response {
    let start = Instant::now();
    let inner = &aggregator.0;
    let profile = &inner.profile.current().profile;
    let latency = match inner.config.front.face {
        Face::Liar => &profile.not_found,
        _ => &profile.cached_read.latency,
    };
    wait_until(start + profile.latency(latency, 0)).await;
    inner.stats.blobs.negative_hits.add(1);
    let kind = HeaderValue::from_static("application/json");
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, kind)], text).into_response()
}

/// Keeps an answer, if its length is known before it is sent.
async fn keep(aggregator: &Aggregator, key: String, response: Response, replace: bool) -> Response {
    let inner = &aggregator.0;
    let front = &inner.config.front;
    let (parts, body) = response.into_parts();
    let is_failure = parts.status == StatusCode::NOT_FOUND;
    let (failure, size, body) = match is_failure {
        false => (None, announced(&parts.headers), body),
        true => match to_bytes(body, LONGEST).await {
            Ok(text) => (Some(text.clone()), Some(text.len() as u64), Body::from(text)),
            Err(_) => (None, None, Body::empty()),
        },
    };
    if let Some(size) = size {
        let ttl = if is_failure { front.negative_ttl } else { front.ttl };
        let terms = Terms {
            after_ms: millis(front.fill_after),
            ttl_ms: ttl.map(millis),
            idle_ms: front.idle.map(millis),
        };
        let kind = parts.headers.get(CONTENT_TYPE).cloned();
        let copy = Copy::new(kind, failure, inner.config.clock.now_ms());
        inner.stats.blobs.evicted.add(inner.shelf.fill(key, copy, size, terms, replace));
    }
    Response::from_parts(parts, body)
}

/// The length that an answer announces.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
