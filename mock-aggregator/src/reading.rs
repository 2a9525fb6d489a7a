//! One read under way: what every read route does on its way from the request to the bytes.

use crate::aggregator::Aggregator;
use crate::clock::millis;
use crate::front::{Face, Outcome};
use crate::mirror::content_type;
use crate::sized::sized;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use mock_publisher::admit::Visit;
use mock_publisher::blob_id::BlobId;
use mock_publisher::failure::{Failure, Status};
use mock_publisher::fault::Fault;
use mock_publisher::spoil::{Pieces, Spoil};
use mock_publisher::store::{Blob, ObjectEntry, Record, Store, Whole};
use mock_publisher::weather::{Pace, by_size, slowed, until};
use std::io;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// How long caches may keep a blob.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=86400, stale-while-revalidate=3600");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A read under way.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) aggregator: Aggregator,
    pub(crate) visit: Visit,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    outcome: Outcome,
    start: Instant,
}

impl FromRequestParts<Aggregator> for Reading {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, aggregator: &Aggregator) -> Result<Self, Failure> {
        let start = Instant::now();
        let visit = parts.extensions.get::<Visit>().cloned();
        let mut visit = visit.ok_or_else(|| Failure::internal("a read came in by no door"))?;
        if visit.weather().faults.ask_sizes() {
            sized(parts, &aggregator.0.store, &mut visit).await;
        }
        Ok(Self {
            visit,
            aggregator: aggregator.clone(),
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            outcome: parts.extensions.get().cloned().unwrap_or(Outcome::Miss),
            start,
        })
    }
}

/// A failure for which nothing was planned.
pub(crate) fn broken(error: impl Into<io::Error>) -> Failure {
    Failure::internal(format!("the blob cannot be read: {}", error.into()))
}

/// What a blob that is not there is answered with.
pub(crate) fn absent(what: impl std::fmt::Display) -> Failure {
    Failure::daemon(Status::NotFound, "BLOB_NOT_FOUND", format!("there is no blob {what}"))
}

/// A number by which a blob draws: whoever asks, it draws the same.
fn number(id: &BlobId) -> u64 {
    id.as_bytes().iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

impl Reading {
    /// The fault that stands in for the whole read, if its fault is one of those. `trouble` is what this route says
    /// when the network cannot be read; `None` for the usual answers.
    pub(crate) async fn instead(&self, trouble: Option<Failure>) -> Option<Response> {
        let inner = &self.aggregator.0;
        match (self.visit.fault, trouble) {
            (Some(fault @ (Fault::Unavailable | Fault::Internal)), Some(trouble)) => {
                inner.stats.fault(fault);
                self.visit.linger().await;
                Some(trouble.into_response())
            }
            _ => inner.door.instead(&self.visit).await,
        }
    }

    /// The blob, if there is one that may be read and is neither late nor over; to find out that there is none takes its
    /// time.
    pub(crate) async fn find(&self, id: BlobId) -> Result<Blob, Failure> {
        let look = async {
            self.unblocked(id)?;
            let blob = self.fetch(move |store| store.read(&id)).await?.ok_or_else(|| absent(id))?;
            self.judge(id, &blob.record)?;
            Ok(blob)
        };
        self.in_time(look.await).await
    }

    /// The same for a blob that is sent as it is.
    pub(crate) async fn find_whole(&self, id: BlobId) -> Result<Whole, Failure> {
        let look = async {
            self.unblocked(id)?;
            let whole = match self.aggregator.0.store.recent(&id) {
                Some(whole) => whole,
                None => self.fetch(move |store| store.whole(&id)).await?.ok_or_else(|| absent(id))?,
            };
            self.judge(id, whole.record())?;
            Ok(whole)
        };
        self.in_time(look.await).await
    }

    /// What was found, as late as the network says that there is nothing.
    async fn in_time<T>(&self, found: Result<T, Failure>) -> Result<T, Failure> {
        if found.as_ref().is_err_and(|failure| failure.status == Status::NotFound) {
            let weather = self.visit.weather();
            until(self.start + weather.latency(&weather.not_found, self.visit.n)).await;
        }
        found
    }

    /// Asks the store, where waiting for the disk holds nobody up.
    async fn fetch<T: Send + 'static>(
        &self,
        work: impl FnOnce(Store) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = self.aggregator.0.store.clone();
        spawn_blocking(move || work(store)).await.map_err(io::Error::other).flatten().map_err(broken)
    }

    fn unblocked(&self, id: BlobId) -> Result<(), Failure> {
        match self.aggregator.0.config.blocked.has(&id) {
            false => Ok(()),
            true => {
                Err(Failure::daemon(Status::Forbidden, "FORBIDDEN_BLOB", format!("the blob {id} is blocked")))
            }
        }
    }

    /// Whether a blob that is there can be read now and here.
    fn judge(&self, id: BlobId, record: &Record) -> Result<(), Failure> {
        let inner = &self.aggregator.0;
        let config = &inner.config;
        let now_ms = config.clock.now_ms();
        if record.ends_ms.is_some_and(|end| end <= now_ms) {
            return Err(absent(id));
        }
        let weather = self.visit.weather();
        let age_ms = now_ms.saturating_sub(record.stored_at_ms);
        if age_ms < millis(weather.latency(&weather.visible_after, number(&id))) {
            return Err(absent(id));
        }
        if age_ms < millis(weather.not_yet_for)
            && weather.faults.is_late(weather.seed, &id, self.visit.occasion())
        {
            inner.stats.fault(Fault::NotYet);
            return Err(absent(id));
        }
        match config.max_blob_size.filter(|most| record.size > *most) {
            None => Ok(()),
            Some(most) => {
                let message = format!("the blob {id} is larger than the {most} bytes that are read here");
                Err(Failure::daemon(Status::SizeExceeded, "BLOB_TOO_LARGE", message))
            }
        }
    }

    /// What is known of an object.
    pub(crate) async fn object(&self, address: String) -> Result<Option<ObjectEntry>, Failure> {
        self.fetch(move |store| store.object(&address)).await
    }

    /// Waits as long as a read of so many bytes takes: a copy is faster, unless the cache only says that it has one.
    pub(crate) async fn wait(&self, bytes: u64) {
        self.wait_from(self.start, 1, bytes).await;
    }

    /// The same for a read that goes to the network twice: once to find out where, once to fetch.
    pub(crate) async fn wait_twice(&self, bytes: u64) {
        self.wait_from(self.start, 2, bytes).await;
    }

    /// The same for a read that began at `start` and goes to the network so many times.
    pub(crate) async fn wait_from(&self, start: Instant, times: u32, bytes: u64) {
        let (weather, counts) = (self.visit.weather(), &self.aggregator.0.stats.blobs);
        let pace = self.pace();
        let times = if self.is_copy() { 1 } else { times };
        until(start + weather.latency(&pace.latency, self.visit.n) * times + by_size(pace.per_mib, bytes))
            .await;
        if self.is_copy() { counts.cached_reads.add(1) } else { counts.first_reads.add(1) }
    }

    /// Whether the cache answers, and is one.
    fn is_copy(&self) -> bool {
        self.outcome.is_hit() && self.aggregator.0.config.front.face != Face::Liar
    }

    /// How long this read takes.
    pub(crate) fn pace(&self) -> &Pace {
        let weather = self.visit.weather();
        if self.is_copy() { &weather.cached_read } else { &weather.first_read }
    }

    /// Bytes of a blob, spoiled if the request's fault says so; none for a HEAD.
    pub(crate) fn body(&self, whole: Whole, from: u64, length: u64) -> Body {
        if self.method == Method::HEAD {
            return Body::empty();
        }
        // In one piece, unless somebody wants to do something to it on its way.
        let plain = self.visit.fault.is_none() && self.pace().body_per_mib.is_zero();
        match whole.in_memory(from, length) {
            Some(bytes) if plain => Body::from(bytes),
            _ => self.spoiled(whole.stream(from, length), length),
        }
    }

    /// Pieces on their way out, as slow as the weather is, spoiled if the request's fault says so.
    pub(crate) fn spoiled(&self, pieces: Pieces, length: u64) -> Body {
        let pieces = slowed(pieces, self.pace().body_per_mib);
        match (self.visit.fault, Spoil::of(self.visit.fault, self.visit.weather(), self.visit.n, length)) {
            (Some(fault), Some(spoil)) => {
                self.aggregator.0.stats.fault(fault);
                spoil.apply(pieces, length, &self.visit)
            }
            _ => Body::from_stream(pieces),
        }
    }

    /// The answer of a read that succeeded, without a length if none is known before it is sent.
    pub(crate) fn success(&self, tag: impl std::fmt::Display, length: Option<u64>, body: Body) -> Response {
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.extend(length.map(|length| (CONTENT_LENGTH, HeaderValue::from(length))));
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(CACHE_CONTROL, CACHE);
        // Without quotation marks it is no valid entity tag; the real one sends it so.
        headers.extend(HeaderValue::try_from(tag.to_string()).ok().map(|tag| (ETAG, tag)));
        headers.extend(content_type(&self.method, &self.headers).map(|kind| (CONTENT_TYPE, kind)));
        response
    }
}
