//! `PUT /v1/blobs`: body in, checks, latency, store, answer out, in the order of the real one.

use crate::admit::Visit;
use crate::connection::Cut;
use crate::encoding::{MAX_EPOCHS, encoded_length};
use crate::failure::{Failure, Status};
use crate::fault::Fault;
use crate::publisher::Publisher;
use crate::query::PutQuery;
use crate::spoil::Spoil;
use crate::store::{Ask, Intake, Stored};
use crate::token::Bearer;
use crate::weather::until;
use crate::wire::Answer;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;
use std::error::Error;
use std::io;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// Why a store ends early.
enum Refusal {
    /// The body is larger than allowed.
    TooLarge,
    /// The body is not one.
    Garbled(axum::Error),
    /// The client went away before its body was complete.
    Left,
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Failed(Failure::internal(format!("the store failed: {error}")))
    }
}

impl From<axum::Error> for Refusal {
    fn from(error: axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(here) = cause {
            if here
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() != io::ErrorKind::InvalidInput)
            {
                return Self::Left;
            }
            cause = here.source();
        }
        Self::Garbled(error)
    }
}

impl Refusal {
    fn answer(self, visit: &Visit) -> Response {
        match self {
            Self::Left => visit.unanswered(Cut::Close),
            Self::Garbled(error) => {
                (StatusCode::BAD_REQUEST, format!("Failed to buffer the request body: {error}"))
                    .into_response()
            }
            Self::TooLarge => {
                let text = "Failed to buffer the request body: length limit exceeded";
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::Failed(failure) => failure.into_response(),
        }
    }
}

/// The handler.
pub(crate) async fn put_blob(
    State(publisher): State<Publisher>,
    Extension(visit): Extension<Visit>,
    Query(query): Query<PutQuery>,
    bearer: Bearer,
    body: Body,
) -> Response {
    match store(&publisher, &visit, &query, &bearer, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.answer(&visit),
    }
}

async fn store(
    publisher: &Publisher,
    visit: &Visit,
    query: &PutQuery,
    bearer: &Bearer,
    body: Body,
) -> Result<Response, Refusal> {
    let config = &publisher.0.config;
    let intake = receive(publisher.0.writer.intake(), body, config.max_body_size, visit).await?;
    let due = Instant::now() + config.weather.latency(&config.store_latency, visit.n);
    if let Some(response) = publisher.0.put.instead(visit).await {
        return Ok(response);
    }
    bearer.check_size(intake.size())?;
    check(query)?;
    until(due).await;
    if visit.fault == Some(Fault::ErrorObject) {
        publisher.0.stats.fault(Fault::ErrorObject);
        return Ok(error_object(&intake, "the mock was asked to fail"));
    }
    if encoded_length(intake.size()).is_none() {
        return Ok(error_object(&intake, "the blob is too large to be encoded"));
    }
    let ask = ask(publisher, visit, query);
    let stored = commit(publisher.clone(), intake, ask).await?;
    let answer = Answer::to(stored, &config.prices, query.share());
    Ok(answered(publisher, visit, answer.to_json()))
}

/// What the query asks of the store.
fn ask(publisher: &Publisher, visit: &Visit, query: &PutQuery) -> Ask {
    Ask {
        epoch: publisher.0.epoch(),
        epochs: query.epochs,
        permanent: query.permanent,
        force: query.force,
        reuse: query.reuse_resources,
        keep: publisher.0.config.keep_objects && query.owner.is_none(),
        existing: publisher.0.is_existing(visit.n),
        quilt: false,
    }
}

/// Takes a body in piece by piece, up to `limit` bytes.
async fn receive(mut intake: Intake, mut body: Body, limit: u64, visit: &Visit) -> Result<Intake, Refusal> {
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        visit.route.bytes_in.add(piece.len() as u64);
        if intake.size() + piece.len() as u64 > limit {
            return Err(Refusal::TooLarge);
        }
        if intake.push(piece) {
            let settle = move || intake.settle().map(|()| intake);
            intake = spawn_blocking(settle).await.map_err(io::Error::other)??;
        }
    }
    Ok(intake)
}

/// What a real publisher finds out only once it has the body.
fn check(query: &PutQuery) -> Result<(), Failure> {
    if query.deletable && query.permanent {
        let message = "a blob cannot be both deletable and permanent";
        return Err(Failure::daemon(Status::InvalidArgument, "INVALID_BLOB_PERSISTENCE", message));
    }
    if query.epochs == 0 || query.epochs > MAX_EPOCHS {
        let message = format!("{} epochs ahead: the network takes 1 to {MAX_EPOCHS}", query.epochs);
        return Err(Failure::internal(message));
    }
    Ok(())
}

/// Stores the blob and counts it, even if the client goes away meanwhile.
async fn commit(publisher: Publisher, intake: Intake, ask: Ask) -> io::Result<Stored> {
    let work = move || {
        let size = intake.size();
        let stored = publisher.0.writer.commit(intake, &ask)?;
        let blobs = &publisher.0.stats.blobs;
        match stored {
            Stored::New(_) | Stored::Extended(..) => blobs.newly_created.add(1),
            Stored::Already(..) | Stored::Owned(..) => blobs.already_certified.add(1),
        }
        blobs.bytes_stored.add(size);
        Ok(stored)
    };
    spawn_blocking(work).await.map_err(io::Error::other)?
}

fn error_object(intake: &Intake, message: &str) -> Response {
    let blob_id = Some(intake.name());
    let answer =
        Answer::Error { blob_id, failure_phase: "check_blob_is_blocked", error_msg: message.to_owned() };
    let text = answer.to_json();
    json(text.len() as u64, text.into())
}

/// The answer to a store that was done, spoiled if the request's fault says so.
fn answered(publisher: &Publisher, visit: &Visit, mut text: Vec<u8>) -> Response {
    let stats = &publisher.0.stats;
    if visit.fault == Some(Fault::MalformedJson) {
        stats.fault(Fault::MalformedJson);
        text.truncate(text.len() / 2);
    }
    let length = text.len() as u64;
    let Some(spoil) = Spoil::of(visit.fault, &publisher.0.config.weather, visit.n, length) else {
        return json(length, text.into());
    };
    if let Some(fault) = visit.fault {
        stats.fault(fault);
    }
    json(length, spoil.apply(stream::iter([Ok(Bytes::from(text))]).boxed(), length, visit))
}

fn json(length: u64, body: Body) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    (headers, body).into_response()
}
