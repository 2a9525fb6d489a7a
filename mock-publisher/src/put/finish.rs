//! What stores of blobs and of quilts have in common once their bytes are there.

use crate::admission::Ticket;
use crate::api_error::{ApiError, ErrorStatus};
use crate::body_fault::BodyFault;
use crate::encoding::MAX_EPOCHS;
use crate::fault::Fault;
use crate::profile::{size_delay, throttle};
use crate::publisher::Publisher;
use crate::query::PutQuery;
use crate::store::{Ask, Intake, Stored};
use crate::wire::Answer;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use std::io;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// When a store of so many bytes is over whose last byte came just now.
pub(super) fn due(ticket: &Ticket, size: u64) -> Instant {
    let profile = ticket.profile();
    Instant::now()
        + profile.latency(&profile.store.latency, ticket.n)
        + size_delay(profile.store.per_mib, size)
}

/// A body that comes no faster than the weather lets it.
pub(super) fn slowly(body: Body, ticket: &Ticket) -> Body {
    match ticket.profile().store.body_per_mib {
        Duration::ZERO => body,
        per_mib => Body::from_stream(throttle(body.into_data_stream(), per_mib)),
    }
}

/// What the query asks of the store.
pub(super) fn ask(publisher: &Publisher, ticket: &Ticket, query: &PutQuery) -> Ask {
    Ask {
        epoch: publisher.0.epoch(),
        epochs: query.epochs,
        ends_ms: publisher.0.ends_ms(query.epochs),
        permanent: query.permanent,
        force: query.force,
        reuse: query.reuse_resources,
        keep: publisher.0.config.keep_objects && query.owner.is_none(),
        existing: publisher.0.is_existing(ticket),
        find: publisher.0.config.wallet.find(ticket.profile().seed, ticket.n),
        quilt: false,
    }
}

/// What a real publisher finds out only once it has the body.
pub(super) fn check(query: &PutQuery) -> Result<(), ApiError> {
    if query.deletable && query.permanent {
        let message = "a blob cannot be both deletable and permanent";
        return Err(ApiError::daemon(ErrorStatus::InvalidArgument, "INVALID_BLOB_PERSISTENCE", message));
    }
    if query.epochs == 0 || query.epochs > MAX_EPOCHS {
        let message = format!("{} epochs ahead: the network takes 1 to {MAX_EPOCHS}", query.epochs);
        return Err(ApiError::internal(message));
    }
    Ok(())
}

/// Stores the blob and counts it, even if the client goes away meanwhile.
pub(super) async fn commit(publisher: Publisher, intake: Intake, ask: Ask) -> io::Result<Stored> {
    let work = move || {
        let size = intake.size();
        let stored = publisher.0.writer.commit(intake, &ask)?;
        let blobs = &publisher.0.stats.blobs;
        match stored {
            Stored::New(..) => blobs.newly_created.add(1),
            Stored::Already(..) | Stored::Owned(..) => blobs.already_certified.add(1),
        }
        blobs.bytes_stored.add(size);
        Ok(stored)
    };
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The answer to a store that failed after it was accepted.
pub(super) async fn error_object(publisher: &Publisher, intake: Intake, why: &str) -> io::Result<Answer> {
    let writer = publisher.0.writer.clone();
    let name = move || writer.name(intake);
    let blob_id = Some(spawn_blocking(name).await.map_err(io::Error::other)??);
    Ok(Answer::Error { blob_id, failure_phase: "check_blob_is_blocked", error_msg: why.to_owned() })
}

/// The answer to a store of a blob that is too large to get a name.
pub(super) fn too_large() -> Answer {
    let error_msg = "the blob is too large to be encoded".to_owned();
    Answer::Error { blob_id: None, failure_phase: "encode_blob", error_msg }
}

/// The answer to a store that was done, spoiled if the request's fault says so.
pub(super) fn answered(publisher: &Publisher, ticket: &Ticket, mut text: Vec<u8>) -> Response {
    let stats = &publisher.0.stats;
    if ticket.fault == Some(Fault::MalformedJson) {
        stats.fault(Fault::MalformedJson);
        text.truncate(text.len() / 2);
    }
    let length = text.len() as u64;
    let Some(body_fault) = BodyFault::of(ticket.fault, ticket.profile(), ticket.n, length) else {
        return json(length, text.into());
    };
    if let Some(fault) = ticket.fault {
        stats.fault(fault);
    }
    json(length, body_fault.apply(stream::iter([Ok(Bytes::from(text))]).boxed(), length, ticket))
}

/// A document that is sent as it is.
pub(super) fn plain(text: Vec<u8>) -> Response {
    json(text.len() as u64, text.into())
}

fn json(length: u64, body: Body) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    (headers, body).into_response()
}
