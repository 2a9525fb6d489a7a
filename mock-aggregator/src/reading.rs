//! One read under way: what every read route does on its way from the request to the bytes.

use crate::aggregator::Aggregator;
use crate::clock::millis;
use crate::front::{Face, Outcome};
use crate::mirror::content_type;
use crate::sized::set_size;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use mock_publisher::admission::Ticket;
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::body_fault::{BodyFault, ByteStream};
use mock_publisher::fault::Fault;
use mock_publisher::profile::{ServiceTime, size_delay, throttled, wait_until};
use mock_publisher::store::{Blob, ObjectEntry, Record, Store, Whole};
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
    pub(crate) ticket: Ticket,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    outcome: Outcome,
    start: Instant,
}

impl FromRequestParts<Aggregator> for Reading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, aggregator: &Aggregator) -> Result<Self, ApiError> {
        let start = Instant::now();
        let ticket = parts.extensions.get::<Ticket>().cloned();
        let mut ticket = ticket.ok_or_else(|| ApiError::internal("a read came in by no door"))?;
        if ticket.profile().faults.depends_on_size() {
            set_size(parts, &aggregator.0.store, &mut ticket).await;
        }
        Ok(Self {
            ticket,
            aggregator: aggregator.clone(),
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            outcome: parts.extensions.get().cloned().unwrap_or(Outcome::Miss),
            start,
        })
    }
}

/// A failure for which nothing was planned.
pub(crate) fn broken(error: impl Into<io::Error>) -> ApiError {
    ApiError::internal(format!("the blob cannot be read: {}", error.into()))
}

/// What a blob that is not there is answered with.
pub(crate) fn absent(what: impl std::fmt::Display) -> ApiError {
    ApiError::daemon(ErrorStatus::NotFound, "BLOB_NOT_FOUND", format!("there is no blob {what}"))
}

/// A number by which a blob draws: whoever asks, it draws the same.
fn number(id: &BlobId) -> u64 {
    id.as_bytes().iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

impl Reading {
    /// The fault that stands in for the whole read, if its fault is one of those. `trouble` is what this route says
    /// when the network cannot be read; `None` for the usual answers.
    pub(crate) async fn short_circuit(&self, error: Option<ApiError>) -> Option<Response> {
        let inner = &self.aggregator.0;
        match (self.ticket.fault, error) {
            (Some(fault @ (Fault::Unavailable | Fault::Internal)), Some(error)) => {
                inner.stats.fault(fault);
                self.ticket.delay().await;
                Some(error.into_response())
            }
            _ => inner.admission.short_circuit(&self.ticket).await,
        }
    }

    /// The blob, if there is one that may be read and is neither late nor over; to find out that there is none takes its
    /// time.
    pub(crate) async fn find(&self, id: BlobId) -> Result<Blob, ApiError> {
        let look = async {
            self.unblocked(id)?;
            let blob = self.fetch(move |store| store.read(&id)).await?.ok_or_else(|| absent(id))?;
            self.judge(id, &blob.record)?;
            Ok(blob)
        };
        self.in_time(look.await).await
    }

    /// The same for a blob that is sent as it is.
    pub(crate) async fn find_whole(&self, id: BlobId) -> Result<Whole, ApiError> {
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
    async fn in_time<T>(&self, found: Result<T, ApiError>) -> Result<T, ApiError> {
        if found.as_ref().is_err_and(|failure| failure.status == ErrorStatus::NotFound) {
            let profile = self.ticket.profile();
            wait_until(self.start + profile.latency(&profile.not_found, self.ticket.n)).await;
        }
        found
    }

    /// Asks the store, where waiting for the disk holds nobody up.
    async fn fetch<T: Send + 'static>(
        &self,
        work: impl FnOnce(Store) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = self.aggregator.0.store.clone();
        spawn_blocking(move || work(store)).await.map_err(io::Error::other).flatten().map_err(broken)
    }

    fn unblocked(&self, id: BlobId) -> Result<(), ApiError> {
        match self.aggregator.0.config.blocked.has(&id) {
            false => Ok(()),
            true => Err(ApiError::daemon(
                ErrorStatus::Forbidden,
                "FORBIDDEN_BLOB",
                format!("the blob {id} is blocked"),
            )),
        }
    }

    /// Whether a blob that is there can be read now and here.
    fn judge(&self, id: BlobId, record: &Record) -> Result<(), ApiError> {
        let inner = &self.aggregator.0;
        let config = &inner.config;
        let now_ms = config.clock.now_ms();
        if record.ends_ms.is_some_and(|end| end <= now_ms) {
            return Err(absent(id));
        }
        let profile = self.ticket.profile();
        let age_ms = now_ms.saturating_sub(record.stored_at_ms);
        if age_ms < millis(profile.latency(&profile.visible_after, number(&id))) {
            return Err(absent(id));
        }
        if age_ms < millis(profile.not_yet_for)
            && profile.faults.is_late(profile.seed, &id, self.ticket.context())
        {
            inner.stats.fault(Fault::NotYet);
            return Err(absent(id));
        }
        match config.max_blob_size.filter(|most| record.size > *most) {
            None => Ok(()),
            Some(most) => {
                let message = format!("the blob {id} is larger than the {most} bytes that are read here");
                Err(ApiError::daemon(ErrorStatus::SizeExceeded, "BLOB_TOO_LARGE", message))
            }
        }
    }

    /// What is known of an object.
    pub(crate) async fn object(&self, address: String) -> Result<Option<ObjectEntry>, ApiError> {
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
        let (profile, counts) = (self.ticket.profile(), &self.aggregator.0.stats.blobs);
        let pace = self.pace();
        let times = if self.is_copy() { 1 } else { times };
        wait_until(
            start + profile.latency(&pace.latency, self.ticket.n) * times + size_delay(pace.per_mib, bytes),
        )
        .await;
        if self.is_copy() { counts.cached_reads.add(1) } else { counts.first_reads.add(1) }
    }

    /// Whether the cache answers, and is one.
    fn is_copy(&self) -> bool {
        self.outcome.is_hit() && self.aggregator.0.config.front.face != Face::Liar
    }

    /// How long this read takes.
    pub(crate) fn pace(&self) -> &ServiceTime {
        let profile = self.ticket.profile();
        if self.is_copy() { &profile.cached_read } else { &profile.first_read }
    }

    /// Bytes of a blob, spoiled if the request's fault says so; none for a HEAD.
    pub(crate) fn body(&self, whole: Whole, from: u64, length: u64) -> Body {
        if self.method == Method::HEAD {
            return Body::empty();
        }
        // In one piece, unless somebody wants to do something to it on its way.
        let plain = self.ticket.fault.is_none() && self.pace().body_per_mib.is_zero();
        match whole.in_memory(from, length) {
            Some(bytes) if plain => Body::from(bytes),
            _ => self.spoiled(whole.stream(from, length), length),
        }
    }

    /// Pieces on their way out, as slow as the weather is, spoiled if the request's fault says so.
    pub(crate) fn spoiled(&self, pieces: ByteStream, length: u64) -> Body {
        let pieces = throttled(pieces, self.pace().body_per_mib);
        match (
            self.ticket.fault,
            BodyFault::of(self.ticket.fault, self.ticket.profile(), self.ticket.n, length),
        ) {
            (Some(fault), Some(body_fault)) => {
                self.aggregator.0.stats.fault(fault);
                body_fault.apply(pieces, length, &self.ticket)
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
