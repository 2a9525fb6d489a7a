//! `PUT /v1/blobs`: body in, checks, latency, store, answer out, in the order of the real one.

use super::finish::{answered, ask, check, commit, due, error_object, plain, slowly, too_large};
use super::refusal::Refusal;
use crate::admission::Ticket;
use crate::encoding::encoded_length;
use crate::fault::Fault;
use crate::profile::wait_until;
use crate::publisher::Publisher;
use crate::query::PutQuery;
use crate::store::Intake;
use crate::token::Bearer;
use crate::wire::Answer;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::Response;
use http_body_util::BodyExt;
use std::io;
use tokio::task::spawn_blocking;

/// The handler.
pub(crate) async fn put_blob(
    State(publisher): State<Publisher>,
    Extension(mut ticket): Extension<Ticket>,
    Query(query): Query<PutQuery>,
    bearer: Bearer,
    body: Body,
) -> Response {
    match store(&publisher, &mut ticket, &query, &bearer, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.answer(&ticket),
    }
}

async fn store(
    publisher: &Publisher,
    ticket: &mut Ticket,
    query: &PutQuery,
    bearer: &Bearer,
    body: Body,
) -> Result<Response, Refusal> {
    let config = &publisher.0.config;
    let intake = receive(publisher.0.writer.intake(), body, config.max_body_size, ticket).await?;
    ticket.set_size(intake.size());
    let due = due(ticket, intake.size());
    if let Some(response) = publisher.0.put.short_circuit(ticket).await {
        return Ok(response);
    }
    bearer.check_size(intake.size())?;
    check(query)?;
    wait_until(due).await;
    if ticket.fault == Some(Fault::ErrorObject) {
        publisher.0.stats.fault(Fault::ErrorObject);
        let error = error_object(publisher, intake, "the mock was asked to fail").await?;
        return Ok(plain(error.to_json()));
    }
    if encoded_length(intake.size()).is_none() {
        return Ok(plain(too_large().to_json()));
    }
    let ask = ask(publisher, ticket, query);
    let stored = commit(publisher.clone(), intake, ask).await?;
    let answer = Answer::to(stored, &config.prices, query.share());
    Ok(answered(publisher, ticket, answer.to_json()))
}

/// Takes a body in piece by piece, up to `limit` bytes.
async fn receive(mut intake: Intake, body: Body, limit: u64, ticket: &Ticket) -> Result<Intake, Refusal> {
    let mut body = slowly(body, ticket);
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        ticket.route.bytes_in.add(piece.len() as u64);
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
