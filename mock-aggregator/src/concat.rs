//! `/v1alpha/blobs/concat`: several blobs as one body. A blob that cannot be read ends the connection.

use crate::attributes;
use crate::object_id::ObjectId;
use crate::query::{Checks, ConcatBody, ConcatQuery};
use crate::reading::Reading;
use axum::Json;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::body_fault::ByteStream;
use mock_publisher::connection::Abort;
use mock_publisher::fault::Fault;
use mock_publisher::store::{Attributes, pieces};
use ring::digest::{SHA256, digest};
use std::io;
use tokio::time::Instant;

/// With GET: IDs between commas.
pub(crate) async fn get_concat(Query(query): Query<ConcatQuery>, reading: Reading) -> Response {
    let ids = query.ids.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    answer(reading, ids, query.checks.into()).await
}

/// With POST: IDs in a document.
pub(crate) async fn post_concat(reading: Reading, Json(body): Json<ConcatBody>) -> Response {
    let checks = body.checks();
    answer(reading, body.ids, checks).await
}

async fn answer(reading: Reading, ids: Vec<String>, checks: Checks) -> Response {
    if ids.is_empty() {
        return (StatusCode::BAD_REQUEST, "at least one ID is needed").into_response();
    }
    match checks.refuse() {
        Ok(()) => concat(reading, ids).await.unwrap_or_else(IntoResponse::into_response),
        Err(failure) => failure.into_response(),
    }
}

async fn concat(reading: Reading, ids: Vec<String>) -> Result<Response, ApiError> {
    let mut blobs = Vec::new();
    let mut attributes = Attributes::new();
    for (n, text) in ids.iter().enumerate() {
        let (id, own) = resolve(&reading, text).await?;
        blobs.push(id);
        if n == 0 {
            attributes = own;
        }
    }
    if let Some(fault @ (Fault::Internal | Fault::Unavailable)) = reading.ticket.fault {
        // The real one has said 200 by the time a blob turns out to be unreadable.
        reading.aggregator.0.stats.fault(fault);
        reading.ticket.delay().await;
        return Ok(reading.ticket.abort(Abort::Close));
    }
    if let Some(response) = reading.short_circuit(None).await {
        return Ok(response);
    }
    let total = total(&reading, &blobs).await;
    let mut rest = string_together(reading.clone(), blobs);
    let first = match rest.next().await {
        Some(Err(_)) => return Ok(reading.ticket.abort(Abort::Close)),
        first => first,
    };
    let body = reading.spoiled(stream::iter(first).chain(rest).boxed(), total);
    let mut response = reading.success(tag(&ids), None, body);
    let allowed = &reading.aggregator.0.config.allowed_attributes;
    attributes::add(response.headers_mut(), &attributes, |key| allowed.allows(key));
    Ok(response)
}

/// The blob that a text names, and the attributes of the object if the text names one.
async fn resolve(reading: &Reading, text: &str) -> Result<(BlobId, Attributes), ApiError> {
    if let Ok(id) = text.parse() {
        return Ok((id, Attributes::new()));
    }
    let neither = |_| {
        let message = format!("`{text}` is neither a blob ID nor an object ID");
        ApiError::daemon(ErrorStatus::InvalidArgument, "INVALID_ID_FORMAT", message)
    };
    let address: ObjectId = text.parse().map_err(neither)?;
    let object = reading.object(address.as_str().to_owned()).await?;
    let unknown = || {
        let message = format!("the object {address} cannot be resolved");
        ApiError::daemon(ErrorStatus::NotFound, "OBJECT_ID_RESOLUTION_FAILED", message)
    };
    object.map(|object| (object.blob_id, object.attributes)).ok_or_else(unknown)
}

/// Bytes of those blobs that can be read: where the damage of a fault goes.
async fn total(reading: &Reading, blobs: &[BlobId]) -> u64 {
    let mut total = 0;
    if reading.ticket.fault.is_some() {
        for id in blobs {
            total += reading.find(*id).await.map_or(0, |blob| blob.record.size);
        }
    }
    total
}

/// The bytes of the blobs one after another, each fetched when its turn comes.
fn string_together(reading: Reading, blobs: Vec<BlobId>) -> ByteStream {
    let open = move |id| {
        let reading = reading.clone();
        async move {
            let start = Instant::now();
            let blob = reading.find(id).await.map_err(|failure| io::Error::other(failure.message))?;
            let size = blob.record.size;
            reading.wait_from(start, 1, size).await;
            Ok::<_, io::Error>(pieces(blob.bytes, 0, size))
        }
    };
    stream::iter(blobs).then(open).try_flatten().boxed()
}

/// The tag of a list of IDs: a hash of the list as it was given.
fn tag(ids: &[String]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, ids.join(",").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_hash_of_the_list_as_given() {
        let ids = ["a".to_owned(), "b".to_owned()];
        assert_eq!(tag(&ids), "HrfFTVKDG7_olCrwscVrdAlSOlntbKmcEXT-9-sywbU");
    }
}
