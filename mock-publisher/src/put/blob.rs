//! `PUT /v1/blobs`: receives the body, then checks and stores it in the order of the real publisher.

use super::upload::{Outcome, Upload, UploadError, failed};
use crate::blocking::blocking;
use crate::store::Spool;
use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt;

/// The handler.
pub(crate) async fn put_blob(mut upload: Upload, body: Body) -> Response {
    match store(&mut upload, body).await {
        Ok(response) => response,
        Err(error) => error.respond(&upload.ticket),
    }
}

async fn store(upload: &mut Upload, body: Body) -> Result<Response, UploadError> {
    let spool = receive(upload, body).await?;
    let due = upload.received(spool.size());
    if let Some(response) = upload.publisher.0.put.short_circuit(&upload.ticket).await {
        return Ok(response);
    }
    Ok(match upload.store(spool, due, false).await? {
        Outcome::Stored(stored) => upload.respond(&upload.result(stored)),
        Outcome::Failed(error) => failed(&error),
    })
}

/// Spools a body piece by piece, up to the largest one allowed.
async fn receive(upload: &Upload, body: Body) -> Result<Spool, UploadError> {
    let inner = &upload.publisher.0;
    let (mut spool, mut body) = (inner.writer.spool(), upload.throttled(body));
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        upload.ticket.route.bytes_in.add(piece.len() as u64);
        if spool.size() + piece.len() as u64 > inner.config.max_body_size {
            return Err(UploadError::TooLarge);
        }
        if spool.push(piece) {
            let flush = move || spool.flush().map(|()| spool);
            spool = blocking(flush).await??;
        }
    }
    Ok(spool)
}
