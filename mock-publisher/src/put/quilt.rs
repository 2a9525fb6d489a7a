//! `PUT /v1/quilts`: receives the parts, lays them out as one blob, then checks and stores it like any other.

use super::quilt_parts::files;
use super::upload::{Outcome, Upload, UploadError, failed};
use crate::api_error::{ApiError, ErrorStatus};
use crate::blocking::blocking;
use crate::publisher::Publisher;
use crate::quilt::{Index, Quilt, QuiltFile};
use crate::responses::QuiltStoreResult;
use crate::store::Spool;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The handler.
pub(crate) async fn put_quilt(mut upload: Upload, request: Request) -> Response {
    match store(&mut upload, request).await {
        Ok(response) => response,
        Err(error) => error.respond(&upload.ticket),
    }
}

async fn store(upload: &mut Upload, request: Request) -> Result<Response, UploadError> {
    let files = receive(upload, request).await?;
    let due = upload.received(files.iter().map(|file| file.bytes.len() as u64).sum());
    if let Some(response) = upload.publisher.0.put_quilt.short_circuit(&upload.ticket).await {
        return Ok(response);
    }
    // Before the quilt is built, which can fail for reasons of its own.
    upload.check_persistence()?;
    let (index, spool) = lay_out(&upload.publisher, files).await?;
    Ok(match upload.store(spool, due, true).await? {
        Outcome::Stored(stored) => {
            upload.respond(&QuiltStoreResult::of(stored.blob_id(), &index, upload.result(stored)))
        }
        Outcome::Failed(error) => failed(&QuiltStoreResult::failed(error)),
    })
}

/// The files of a body. All errors in it are the client's, unless the connection failed.
async fn receive(upload: &Upload, request: Request) -> Result<Vec<QuiltFile>, UploadError> {
    let gone = Arc::new(AtomicBool::new(false));
    let (route, failed) = (Arc::clone(&upload.ticket.route), Arc::clone(&gone));
    let request = request.map(|body| {
        let counted = upload
            .throttled(body)
            .into_data_stream()
            .inspect_ok(move |piece| route.bytes_in.add(piece.len() as u64));
        Body::from_stream(counted.inspect_err(move |_| failed.store(true, Ordering::Relaxed)))
    });
    let parts = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| UploadError::Rejected(Box::new(rejection.into_response())))?;
    files(parts).await.map_err(|bad| match gone.load(Ordering::Relaxed) {
        true => UploadError::ClientGone,
        false => malformed(bad).into(),
    })
}

/// Lays the files out, and spools the grid.
async fn lay_out(publisher: &Publisher, files: Vec<QuiltFile>) -> Result<(Index, Spool), UploadError> {
    let mut spool = publisher.0.writer.spool();
    let work = move || {
        let quilt = Quilt::of(files).map_err(malformed)?;
        if spool.push(quilt.to_bytes().into()) {
            spool.flush()?;
        }
        Ok((quilt.index, spool))
    };
    blocking(work).await?
}

fn malformed(why: impl Display) -> ApiError {
    ApiError::daemon(
        ErrorStatus::InvalidArgument,
        "MALFORMED_REQUEST",
        format!("malformed quilt request: {why}"),
    )
}
