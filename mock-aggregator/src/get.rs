//! A blob by its name or by an object that stands for it: whole, or one range of it.

use crate::attributes;
use crate::object_id::ObjectId;
use crate::parsed::Parsed;
use crate::query::Checks;
use crate::range::Span;
use crate::reading::{Reading, absent};
use axum::extract::{Path, Query};
use axum::http::header::{CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;

/// `GET /v1/blobs/{blob_id}`.
pub(crate) async fn get_blob(
    Path(id): Path<BlobId>,
    Query(checks): Query<Checks>,
    reading: Reading,
) -> Result<Response, ApiError> {
    checks.refuse()?;
    let span = span(&reading.headers)?;
    match reading.short_circuit(None).await {
        Some(response) => Ok(response),
        None => read(&reading, id, span).await,
    }
}

/// `GET /v1/blobs/by-object-id/{blob_object_id}`.
pub(crate) async fn get_object(
    Path(Parsed(id)): Path<Parsed<ObjectId>>,
    Query(checks): Query<Checks>,
    reading: Reading,
) -> Result<Response, ApiError> {
    checks.refuse()?;
    let span = span(&reading.headers)?;
    if let Some(response) = reading.short_circuit(None).await {
        return Ok(response);
    }
    let object = reading.object(id.to_string()).await?.ok_or_else(|| absent(&id))?;
    let mut response = read(&reading, object.blob_id, span).await?;
    let allowed = &reading.aggregator.0.config.allowed_attributes;
    attributes::add(response.headers_mut(), &object.attributes, |key| allowed.allows(key));
    Ok(response)
}

/// The range that is asked for, if one is.
fn span(headers: &HeaderMap) -> Result<Option<Span>, ApiError> {
    let read = |header: &HeaderValue| Span::parse(header.as_bytes()).ok_or_else(bad_range);
    headers.get(RANGE).map(read).transpose()
}

fn bad_range() -> ApiError {
    let message = "the range must be bytes=START-END with both ends inside the blob";
    ApiError::daemon(ErrorStatus::RangeNotSatisfiable, "INVALID_BYTE_RANGE", message)
}

async fn read(reading: &Reading, id: BlobId, span: Option<Span>) -> Result<Response, ApiError> {
    let blob = reading.find_whole(id).await?;
    let size = blob.record().size;
    let length = span.map_or(Some(size), |span| span.within(size)).ok_or_else(bad_range)?;
    reading.wait(length).await;
    let body = reading.body(blob, span.map_or(0, |span| span.start), length);
    let mut response = reading.success(id, Some(length), body);
    if let Some(span) = span {
        let range = HeaderValue::try_from(format!("bytes {}-{}/{size}", span.start, span.end));
        response.headers_mut().extend(range.ok().map(|range| (CONTENT_RANGE, range)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}
