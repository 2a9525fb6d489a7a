//! `/v1alpha/blobs/concat`: several blobs as one body. A blob that cannot be read ends the connection.

use crate::read::ReadRequest;
use crate::request::{Checks, ConcatBody, ConcatQuery, ObjectId};
use crate::response::add_attributes;
use axum::Json;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::body_fault::{BodyFault, ByteStream};
use mock_publisher::connection::Abort;
use mock_publisher::fault::Fault;
use mock_publisher::store::{Attributes, byte_stream};
use ring::digest::{SHA256, digest};
use std::io;
use tokio::time::Instant;

/// `GET`, with IDs between commas.
pub(crate) async fn get_concat(Query(query): Query<ConcatQuery>, read: ReadRequest) -> Response {
    respond(read, query.into_parts()).await
}

/// `POST`, with IDs in a JSON document.
pub(crate) async fn post_concat(read: ReadRequest, Json(body): Json<ConcatBody>) -> Response {
    respond(read, body.into_parts()).await
}

async fn respond(read: ReadRequest, (ids, checks): (Vec<String>, Checks)) -> Response {
    if ids.is_empty() {
        return (StatusCode::BAD_REQUEST, "at least one ID is needed").into_response();
    }
    match checks.validate() {
        Ok(()) => concat(read, ids).await.unwrap_or_else(IntoResponse::into_response),
        Err(failure) => failure.into_response(),
    }
}

async fn concat(read: ReadRequest, ids: Vec<String>) -> Result<Response, ApiError> {
    let mut blobs = Vec::new();
    let mut attributes = Attributes::new();
    for (n, text) in ids.iter().enumerate() {
        let (id, own) = resolve(&read, text).await?;
        blobs.push(id);
        if n == 0 {
            attributes = own;
        }
    }
    if let Some(fault @ (Fault::Internal | Fault::Unavailable)) = read.ticket.fault {
        // A real aggregator has sent status 200 before it finds that a blob is unreadable.
        read.aggregator.0.stats.fault(fault);
        read.ticket.delay().await;
        return Ok(read.ticket.abort(Abort::Close));
    }
    if let Some(response) = read.short_circuit(None).await {
        return Ok(response);
    }
    let length = total_length(&read, &blobs).await;
    let mut rest = concatenated(read.clone(), blobs);
    let first = match rest.next().await {
        Some(Err(_)) => return Ok(read.ticket.abort(Abort::Close)),
        first => first,
    };
    let body = read.stream(stream::iter(first).chain(rest).boxed(), 0, length);
    let mut response = read.success(etag(&ids), None, body);
    if let Some(fault) = BodyFault::of(&read.ticket, length) {
        response.extensions_mut().insert(fault);
    }
    let allowed = &read.aggregator.0.config.allowed_attributes;
    add_attributes(response.headers_mut(), &attributes, |key| allowed.allows(key));
    Ok(response)
}

/// The blob that an ID means, and the attributes of the object if it is an object ID.
async fn resolve(read: &ReadRequest, text: &str) -> Result<(BlobId, Attributes), ApiError> {
    if let Ok(id) = text.parse() {
        return Ok((id, Attributes::new()));
    }
    let neither = |_| {
        let message = format!("`{text}` is neither a blob ID nor an object ID");
        ApiError::daemon(ErrorStatus::InvalidArgument, "INVALID_ID_FORMAT", message)
    };
    let id: ObjectId = text.parse().map_err(neither)?;
    let unknown = || {
        let message = format!("the object {id} cannot be resolved");
        ApiError::daemon(ErrorStatus::NotFound, "OBJECT_ID_RESOLUTION_FAILED", message)
    };
    let object = read.object(id.clone()).await?;
    object.map(|object| (object.blob_id, object.attributes)).ok_or_else(unknown)
}

/// Bytes of the blobs that can be read, which decides where a fault damages the body; 0 without a fault.
async fn total_length(read: &ReadRequest, blobs: &[BlobId]) -> u64 {
    let mut total = 0;
    if read.ticket.fault.is_some() {
        for id in blobs {
            total += read.open(*id).await.map_or(0, |blob| blob.record.size);
        }
    }
    total
}

/// The bytes of the blobs one after another, each opened when the one before it was sent.
fn concatenated(read: ReadRequest, blobs: Vec<BlobId>) -> ByteStream {
    let open = move |id| {
        let read = read.clone();
        async move {
            let start = Instant::now();
            let blob = read.open(id).await.map_err(|failure| io::Error::other(failure.message))?;
            let size = blob.record.size;
            read.wait_from(start, 1, size).await;
            Ok::<_, io::Error>(byte_stream(blob.bytes, 0, size))
        }
    };
    stream::iter(blobs).then(open).try_flatten().boxed()
}

/// The ETag of a list of IDs: a hash of the list as the client wrote it.
fn etag(ids: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, ids.join(",").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_is_the_hash_of_the_list_as_written() {
        let ids = ["a".to_owned(), "b".to_owned()];
        assert_eq!(etag(&ids), "HrfFTVKDG7_olCrwscVrdAlSOlntbKmcEXT-9-sywbU");
    }
}
