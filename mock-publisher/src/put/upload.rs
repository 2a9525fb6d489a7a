//! What stores of blobs and of quilts share: the request around the body, the checks after it, the store, the answer.

use crate::admission::Ticket;
use crate::api_error::{ApiError, ErrorStatus};
use crate::auth::Bearer;
use crate::blocking::blocking;
use crate::body_fault::with_fault;
use crate::chain::MAX_EPOCHS;
use crate::connection::Abort;
use crate::encoding::encoded_length;
use crate::fault::Fault;
use crate::publisher::Publisher;
use crate::query::PutQuery;
use crate::responses::BlobStoreResult;
use crate::store::{Spool, StoreRequest, Stored};
use crate::throttle::{size_delay, throttle, wait_until};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// A store without its body.
pub(crate) struct Upload {
    pub(super) publisher: Publisher,
    pub(super) ticket: Ticket,
    query: PutQuery,
    bearer: Bearer,
}

/// Why a store ends early.
pub(super) enum UploadError {
    /// The body is larger than allowed.
    TooLarge,
    /// The body is not valid HTTP.
    BadBody(axum::Error),
    /// The client closed the connection before its body was complete.
    ClientGone,
    /// The publisher refuses.
    Failure(ApiError),
    /// The framework refuses.
    Rejected(Box<Response>),
}

/// How a store ended that was accepted.
pub(super) enum Outcome {
    /// The blob is stored.
    Stored(Stored),
    /// It is not; this is sent with status 200.
    Failed(BlobStoreResult),
}

impl FromRequestParts<Publisher> for Upload {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, publisher: &Publisher) -> Result<Self, Response> {
        let Extension(ticket) = Extension::<Ticket>::from_request_parts(parts, publisher)
            .await
            .map_err(IntoResponse::into_response)?;
        let Query(query) = Query::<PutQuery>::from_request_parts(parts, publisher)
            .await
            .map_err(IntoResponse::into_response)?;
        let bearer =
            Bearer::from_request_parts(parts, publisher).await.map_err(IntoResponse::into_response)?;
        Ok(Self { publisher: publisher.clone(), ticket, query, bearer })
    }
}

impl Upload {
    /// The body, throttled as the profile says.
    pub(super) fn throttled(&self, body: Body) -> Body {
        match self.ticket.profile().store.body_per_mib {
            Duration::ZERO => body,
            per_mib => Body::from_stream(throttle(body.into_data_stream().boxed(), per_mib)),
        }
    }

    /// Notes that a body of `size` bytes was received just now. Gives when its store is due to end.
    pub(super) fn received(&mut self, size: u64) -> Instant {
        self.ticket.set_size(size);
        let profile = self.ticket.profile();
        let latency = profile.latency(&profile.store.latency, self.ticket.n);
        Instant::now() + latency + size_delay(profile.store.per_mib, size)
    }

    /// Makes the checks that a real publisher makes once it has the body, waits for the end, and stores the blob.
    pub(super) async fn store(
        &self,
        spool: Spool,
        due: Instant,
        is_quilt: bool,
    ) -> Result<Outcome, UploadError> {
        self.bearer.check_size(spool.size())?;
        self.check_persistence()?;
        self.check_epochs()?;
        wait_until(due).await;
        if self.ticket.fault == Some(Fault::ErrorObject) {
            self.publisher.0.stats.fault(Fault::ErrorObject);
            return Ok(Outcome::Failed(self.error_object(spool).await?));
        }
        if encoded_length(spool.size()).is_none() {
            let error_msg = "the blob is too large to be encoded".to_owned();
            let failure_phase = "encode_blob";
            return Ok(Outcome::Failed(BlobStoreResult::Error { blob_id: None, failure_phase, error_msg }));
        }
        Ok(Outcome::Stored(self.commit(spool, is_quilt).await?))
    }

    /// Refuses a blob that is to be both deletable and permanent.
    pub(super) fn check_persistence(&self) -> Result<(), ApiError> {
        if self.query.deletable && self.query.permanent {
            let message = "a blob cannot be both deletable and permanent";
            return Err(ApiError::daemon(ErrorStatus::InvalidArgument, "INVALID_BLOB_PERSISTENCE", message));
        }
        Ok(())
    }

    fn check_epochs(&self) -> Result<(), ApiError> {
        let epochs = self.query.epochs;
        if epochs == 0 || epochs > MAX_EPOCHS {
            let message = format!("{epochs} epochs ahead: the network takes 1 to {MAX_EPOCHS}");
            return Err(ApiError::internal(message));
        }
        Ok(())
    }

    /// The answer of the fault `error-object`: the blob gets an ID and is not stored.
    async fn error_object(&self, spool: Spool) -> io::Result<BlobStoreResult> {
        let writer = self.publisher.0.writer.clone();
        let blob_id = move || writer.blob_id(spool);
        let blob_id = blocking(blob_id).await??;
        Ok(BlobStoreResult::Error {
            blob_id: Some(blob_id),
            failure_phase: "check_blob_is_blocked",
            error_msg: "the mock was asked to fail".to_owned(),
        })
    }

    /// Stores the blob and counts it. On a blocking thread, which also finishes if the client closes the connection.
    async fn commit(&self, spool: Spool, is_quilt: bool) -> io::Result<Stored> {
        let (publisher, request) = (self.publisher.clone(), self.store_request(is_quilt));
        let work = move || {
            let size = spool.size();
            let stored = publisher.0.writer.commit(spool, &request)?;
            let blobs = &publisher.0.stats.blobs;
            match stored {
                Stored::Created(..) => blobs.newly_created.add(1),
                Stored::AlreadyCertified(..) | Stored::AlreadyOwned(..) => blobs.already_certified.add(1),
            }
            blobs.bytes_stored.add(size);
            Ok(stored)
        };
        blocking(work).await?
    }

    fn store_request(&self, is_quilt: bool) -> StoreRequest {
        let (inner, query, ticket) = (&self.publisher.0, &self.query, &self.ticket);
        StoreRequest {
            epoch: inner.epoch(),
            epochs: query.epochs,
            ends_ms: inner.ends_ms(query.epochs),
            now_ms: inner.config.clock.now_ms(),
            permanent: query.permanent,
            force: query.force,
            reuse: query.reuse_resources,
            resource: inner.config.object_pool.lookup(ticket.profile().seed, ticket.n),
            keep: inner.config.keep_objects && query.owner.is_none(),
            existing: inner.is_existing(ticket),
            quilt: is_quilt,
        }
    }

    /// What the answer says about a stored blob.
    pub(super) fn result(&self, stored: Stored) -> BlobStoreResult {
        BlobStoreResult::of(stored, &self.publisher.prices(), self.query.share())
    }

    /// The answer to a store that succeeded, damaged if the request's fault is one that damages bodies.
    pub(super) fn respond(&self, document: &impl Serialize) -> Response {
        let (stats, ticket) = (&self.publisher.0.stats, &self.ticket);
        let mut text = to_json(document);
        if ticket.fault == Some(Fault::MalformedJson) {
            stats.fault(Fault::MalformedJson);
            text.truncate(text.len() / 2);
        }
        let length = text.len() as u64;
        let body = match ticket.fault {
            None => text.into(),
            Some(_) => with_fault(stream::iter([Ok(Bytes::from(text))]).boxed(), length, ticket, stats),
        };
        json_response(length, body)
    }
}

/// The answer to a store that was accepted and failed: an error object with status 200.
pub(super) fn failed(document: &impl Serialize) -> Response {
    let text = to_json(document);
    json_response(text.len() as u64, text.into())
}

fn to_json(document: &impl Serialize) -> Vec<u8> {
    // The documents are structs of numbers and text, which always serialize.
    serde_json::to_vec(document).unwrap_or_default()
}

fn json_response(length: u64, body: Body) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    (headers, body).into_response()
}

impl From<ApiError> for UploadError {
    fn from(failure: ApiError) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> Self {
        Self::Failure(ApiError::internal(format!("the store failed: {error}")))
    }
}

impl From<axum::Error> for UploadError {
    /// An I/O error among the causes means that the connection failed, except `InvalidInput`, which is hyper's error
    /// for a body that is not valid.
    fn from(error: axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            let io_error = error.downcast_ref::<io::Error>();
            if io_error.is_some_and(|error| error.kind() != io::ErrorKind::InvalidInput) {
                return Self::ClientGone;
            }
            cause = error.source();
        }
        Self::BadBody(error)
    }
}

impl UploadError {
    /// The answer, if the client is still there to read it.
    pub(super) fn respond(self, ticket: &Ticket) -> Response {
        match self {
            Self::ClientGone => ticket.abort(Abort::Close),
            Self::BadBody(error) => {
                let text = format!("Failed to buffer the request body: {error}");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
            Self::TooLarge => {
                let text = "Failed to buffer the request body: length limit exceeded";
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::Failure(failure) => failure.into_response(),
            Self::Rejected(response) => *response,
        }
    }
}
