//! A read in progress: the steps that all read routes share between the request and the bytes.

use crate::aggregator::Aggregator;
use crate::cache::{CacheOutcome, Persona};
use crate::request::ObjectId;
use crate::response::success;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use mock_publisher::admission::Ticket;
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::blocking::blocking;
use mock_publisher::body_fault::{BodyFault, ByteStream, corrupt, with_fault};
use mock_publisher::clock::millis;
use mock_publisher::draw;
use mock_publisher::fault::Fault;
use mock_publisher::profile::ServiceTime;
use mock_publisher::quilt::PatchId;
use mock_publisher::store::{Blob, Contents, ObjectEntry, Record, Store};
use mock_publisher::throttle::{size_delay, throttle, wait_until};
use std::fmt::Display;
use std::io;
use tokio::time::Instant;

/// A read in progress.
#[derive(Debug, Clone)]
pub(crate) struct ReadRequest {
    pub(crate) aggregator: Aggregator,
    pub(crate) ticket: Ticket,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    outcome: CacheOutcome,
    start: Instant,
}

impl FromRequestParts<Aggregator> for ReadRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, aggregator: &Aggregator) -> Result<Self, ApiError> {
        let start = Instant::now();
        let ticket = parts.extensions.get::<Ticket>().cloned();
        let mut ticket = ticket.ok_or_else(|| ApiError::internal("a read was not admitted"))?;
        if ticket.profile().faults.depends_on_size()
            && let Some(size) = size_of_blob(parts, &aggregator.0.store).await
        {
            ticket.set_size(size);
        }
        Ok(Self {
            ticket,
            aggregator: aggregator.clone(),
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            outcome: parts.extensions.get().cloned().unwrap_or(CacheOutcome::Miss),
            start,
        })
    }
}

/// The size of the blob that the path names, if it exists; for a file in a quilt, that of the quilt. It is looked up
/// only for fault rules that depend on sizes. An error is left to the read that follows.
async fn size_of_blob(parts: &mut Parts, store: &Store) -> Option<u64> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let params: Vec<_> = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let store = store.clone();
    let lookup = move || {
        params.iter().find_map(|(name, value)| {
            let id = match name.as_str() {
                "blob_id" | "quilt_id" => value.parse().ok()?,
                "quilt_patch_id" => value.parse::<PatchId>().ok()?.quilt,
                "blob_object_id" => store.object(value.parse::<ObjectId>().ok()?.as_str()).ok()??.blob_id,
                _ => return None,
            };
            store.record(&id).ok()?.map(|record| record.size)
        })
    };
    blocking(lookup).await.ok()?
}

/// A failure of the disk.
pub(crate) fn internal(error: impl Into<io::Error>) -> ApiError {
    ApiError::internal(format!("the blob cannot be read: {}", error.into()))
}

/// The answer for a blob that does not exist.
pub(crate) fn not_found(what: impl Display) -> ApiError {
    ApiError::daemon(ErrorStatus::NotFound, "BLOB_NOT_FOUND", format!("there is no blob {what}"))
}

impl ReadRequest {
    /// The answer of the request's fault, if the fault replaces the whole read. `unreadable` is what this route answers
    /// for the faults `500` and `503`; `None` for their usual answers.
    pub(crate) async fn short_circuit(&self, unreadable: Option<ApiError>) -> Option<Response> {
        let inner = &self.aggregator.0;
        match (self.ticket.fault, unreadable) {
            (Some(fault @ (Fault::Unavailable | Fault::Internal)), Some(failure)) => {
                inner.stats.fault(fault);
                self.ticket.delay().await;
                Some(failure.into_response())
            }
            _ => inner.admission.short_circuit(&self.ticket).await,
        }
    }

    /// Opens a blob, if it exists and may be read; a 404 takes the latency of the profile.
    pub(crate) async fn open(&self, id: BlobId) -> Result<Blob, ApiError> {
        let lookup = async {
            self.check_blocklist(id)?;
            let blob = self.blocking(move |store| store.read(&id)).await?.ok_or_else(|| not_found(id))?;
            self.check_readable(id, &blob.record)?;
            Ok(blob)
        };
        self.delay_not_found(lookup.await).await
    }

    /// The contents of a blob, from memory if possible; otherwise the same as `open`.
    pub(crate) async fn contents(&self, id: BlobId) -> Result<Contents, ApiError> {
        let lookup = async {
            self.check_blocklist(id)?;
            let contents = match self.aggregator.0.store.cached(&id) {
                Some(contents) => contents,
                None => {
                    self.blocking(move |store| store.contents(&id)).await?.ok_or_else(|| not_found(id))?
                }
            };
            self.check_readable(id, contents.record())?;
            Ok(contents)
        };
        self.delay_not_found(lookup.await).await
    }

    async fn delay_not_found<T>(&self, found: Result<T, ApiError>) -> Result<T, ApiError> {
        if found.as_ref().is_err_and(|failure| failure.status == ErrorStatus::NotFound) {
            let profile = self.ticket.profile();
            wait_until(self.start + profile.latency(&profile.not_found, self.ticket.n)).await;
        }
        found
    }

    /// Does blocking work with the store on a thread for it.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Store) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = self.aggregator.0.store.clone();
        blocking(move || work(store)).await.flatten().map_err(internal)
    }

    fn check_blocklist(&self, id: BlobId) -> Result<(), ApiError> {
        match self.aggregator.0.config.blocked.has(&id) && !self.is_answered_by_cache() {
            false => Ok(()),
            true => Err(ApiError::daemon(
                ErrorStatus::Forbidden,
                "FORBIDDEN_BLOB",
                format!("the blob {id} is blocked"),
            )),
        }
    }

    /// Checks that a blob has not expired, is visible already, and is not too large.
    fn check_readable(&self, id: BlobId, record: &Record) -> Result<(), ApiError> {
        let inner = &self.aggregator.0;
        let config = &inner.config;
        if self.is_answered_by_cache() {
            return Ok(());
        }
        let now_ms = config.clock.now_ms();
        if record.ends_ms.is_some_and(|end| end <= now_ms) {
            return Err(not_found(id));
        }
        let profile = self.ticket.profile();
        let age_ms = now_ms.saturating_sub(record.stored_at_ms);
        if age_ms < millis(profile.latency(&profile.visible_after, draw::key(id.as_bytes()))) {
            return Err(not_found(id));
        }
        if age_ms < millis(profile.not_yet_for)
            && profile.faults.is_not_yet_readable(profile.seed, &id, self.ticket.context())
        {
            inner.stats.fault(Fault::NotYet);
            return Err(not_found(id));
        }
        match config.max_blob_size.filter(|most| record.size > *most) {
            None => Ok(()),
            Some(most) => {
                let message = format!("the blob {id} is larger than the {most} bytes that are read here");
                Err(ApiError::daemon(ErrorStatus::SizeExceeded, "BLOB_TOO_LARGE", message))
            }
        }
    }

    /// The object with this ID.
    pub(crate) async fn object(&self, id: ObjectId) -> Result<Option<ObjectEntry>, ApiError> {
        self.blocking(move |store| store.object(id.as_str())).await
    }

    /// Waits as long as a read of `bytes` bytes takes that goes to the network this many times; a cache hit goes once.
    pub(crate) async fn wait(&self, round_trips: u32, bytes: u64) {
        self.wait_from(self.start, round_trips, bytes).await;
    }

    /// The same for a read that began at `start`.
    pub(crate) async fn wait_from(&self, start: Instant, round_trips: u32, bytes: u64) {
        let (profile, counts) = (self.ticket.profile(), &self.aggregator.0.stats.blobs);
        let (time, is_hit) = (self.service_time(), self.is_fast_hit());
        let round_trips = if is_hit { 1 } else { round_trips };
        let latency = profile.latency(&time.latency, self.ticket.n) * round_trips;
        wait_until(start + latency + size_delay(time.per_mib, bytes)).await;
        if is_hit { counts.cached_reads.add(1) } else { counts.first_reads.add(1) }
    }

    /// Whether a cache has an entry and does not ask the aggregator whether it is still right.
    fn is_answered_by_cache(&self) -> bool {
        self.outcome.is_hit() && self.aggregator.0.config.cache.answers_hits()
    }

    /// Whether the cache has an entry and is as fast as a cache.
    fn is_fast_hit(&self) -> bool {
        self.outcome.is_hit() && self.aggregator.0.config.cache.persona != Persona::FalseHit
    }

    /// How long this read takes.
    pub(crate) fn service_time(&self) -> &ServiceTime {
        let profile = self.ticket.profile();
        if self.is_fast_hit() { &profile.cached_read } else { &profile.first_read }
    }

    /// Bytes of a blob, damaged if the request's fault does that; none for a HEAD.
    pub(crate) fn body(&self, contents: Contents, start: u64, length: u64) -> Body {
        if self.method == Method::HEAD {
            return Body::empty();
        }
        // In one piece, unless it is damaged or slowed down.
        let is_whole = self.ticket.fault.is_none() && self.outcome.corrupted_at().is_none();
        let plain = is_whole && self.service_time().body_per_mib.is_zero();
        match contents.in_memory(start, length) {
            Some(bytes) if plain => Body::from(bytes),
            _ => self.stream(contents.stream(start, length), start, length),
        }
    }

    /// Pieces of `length` bytes from `start` on as a body, throttled as the profile says, damaged if the request's fault does
    /// that or if they were kept so.
    pub(crate) fn stream(&self, pieces: ByteStream, start: u64, length: u64) -> Body {
        let kept = self.outcome.corrupted_at().and_then(|offset| offset.checked_sub(start));
        let pieces = match kept {
            Some(offset) => corrupt(pieces, offset),
            None => pieces,
        };
        let pieces = throttle(pieces, self.service_time().body_per_mib);
        with_fault(pieces, length, &self.ticket, &self.aggregator.0.stats)
    }

    /// The answer to a read that succeeded; see `response::success`.
    pub(crate) fn success(&self, etag: impl Display, length: Option<u64>, body: Body) -> Response {
        let mut response = success((&self.method, &self.headers), etag, length, body);
        if let Some(fault) = length.and_then(|length| BodyFault::of(&self.ticket, length)) {
            response.extensions_mut().insert(fault);
        }
        response
    }
}
