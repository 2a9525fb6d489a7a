//! `PUT /v1/quilts`: parts in, one blob laid out of them, stored and answered like any other.

use super::finish::{answered, ask, check, commit, due, error_object, plain, slowly};
use super::multipart::files;
use super::refusal::Refusal;
use crate::admission::Ticket;
use crate::api_error::{ApiError, ErrorStatus};
use crate::fault::Fault;
use crate::profile::wait_until;
use crate::publisher::Publisher;
use crate::query::PutQuery;
use crate::quilt::{File, Index, Quilt};
use crate::store::{Ask, Intake};
use crate::token::Bearer;
use crate::wire::{Answer, QuiltAnswer};
use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Query, Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::spawn_blocking;

/// The handler.
pub(crate) async fn put_quilt(
    State(publisher): State<Publisher>,
    Extension(mut ticket): Extension<Ticket>,
    Query(query): Query<PutQuery>,
    bearer: Bearer,
    request: Request,
) -> Response {
    match store(&publisher, &mut ticket, &query, &bearer, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.answer(&ticket),
    }
}

async fn store(
    publisher: &Publisher,
    ticket: &mut Ticket,
    query: &PutQuery,
    bearer: &Bearer,
    request: Request,
) -> Result<Response, Refusal> {
    let config = &publisher.0.config;
    let files = receive(request, ticket).await?;
    let sent = files.iter().map(|file| file.bytes.len() as u64).sum();
    ticket.set_size(sent);
    let due = due(ticket, sent);
    if let Some(response) = publisher.0.put_quilt.short_circuit(ticket).await {
        return Ok(response);
    }
    let (index, intake) = lay_out(publisher, files).await?;
    bearer.check_size(intake.size())?;
    check(query)?;
    wait_until(due).await;
    if ticket.fault == Some(Fault::ErrorObject) {
        publisher.0.stats.fault(Fault::ErrorObject);
        let error = error_object(publisher, intake, "the mock was asked to fail").await?;
        return Ok(plain(QuiltAnswer::failed(error).to_json()));
    }
    let ask = Ask { quilt: true, ..ask(publisher, ticket, query) };
    let stored = commit(publisher.clone(), intake, ask).await?;
    let answer = QuiltAnswer::to(stored.blob_id(), &index, Answer::to(stored, &config.prices, query.share()));
    Ok(answered(publisher, ticket, answer.to_json()))
}

/// The files of a body. Whatever is wrong with them is the client's fault, unless it went away.
async fn receive(request: Request, ticket: &Ticket) -> Result<Vec<File>, Refusal> {
    let left = Arc::new(AtomicBool::new(false));
    let (route, gone) = (Arc::clone(&ticket.route), Arc::clone(&left));
    let request = request.map(|body| {
        let counted = slowly(body, ticket)
            .into_data_stream()
            .inspect_ok(move |piece| route.bytes_in.add(piece.len() as u64));
        Body::from_stream(counted.inspect_err(move |_| gone.store(true, Ordering::Relaxed)))
    });
    let parts = Multipart::from_request(request, &())
        .await
        .map_err(|no| Refusal::Refused(Box::new(no.into_response())))?;
    files(parts)
        .await
        .map_err(|bad| if left.load(Ordering::Relaxed) { Refusal::Left } else { malformed(bad).into() })
}

/// Lays the files out, and takes the grid in as a blob.
async fn lay_out(publisher: &Publisher, files: Vec<File>) -> Result<(Index, Intake), Refusal> {
    let mut intake = publisher.0.writer.intake();
    let work = move || {
        let quilt = Quilt::of(files).map_err(malformed)?;
        let full = intake.push(quilt.to_bytes().into());
        if full {
            intake.settle()?;
        }
        Ok((quilt.index, intake))
    };
    spawn_blocking(work).await.map_err(io::Error::other)?
}

fn malformed(why: impl Display) -> ApiError {
    ApiError::daemon(
        ErrorStatus::InvalidArgument,
        "MALFORMED_REQUEST",
        format!("malformed quilt request: {why}"),
    )
}
