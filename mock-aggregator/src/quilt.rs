//! Files in quilts: one by the ID of its patch, one by its name, or the list of all.

use crate::attributes;
use crate::parsed::Parsed;
use crate::reading::{Reading, broken};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::quilt::{NotRead, Patch, PatchId, Reader, Tags};
use serde::Serialize;
use std::io;
use tokio::task::spawn_blocking;

const IDENTIFIER: HeaderName = HeaderName::from_static("x-quilt-patch-identifier");

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Item {
    identifier: String,
    patch_id: PatchId,
    tags: Tags,
}

/// `GET /v1/blobs/by-quilt-patch-id/{quilt_patch_id}`.
pub(crate) async fn get_patch(
    Path(Parsed(id)): Path<Parsed<PatchId>>,
    reading: Reading,
) -> Result<Response, ApiError> {
    if let Some(response) = reading.short_circuit(None).await {
        return Ok(response);
    }
    let columns = id.columns();
    let work = move |mut quilt: Reader| {
        let (start, end) = columns.ok_or_else(|| ApiError::internal("the patch ID has no valid tail"))?;
        quilt.patch_at(start, end).map_err(|error| ApiError::internal(error.to_string()))
    };
    let patch = open(&reading, id.quilt, work).await?;
    reading.wait(patch.bytes.len() as u64).await;
    Ok(answer(&reading, id.quilt, patch))
}

/// `GET /v1/blobs/by-quilt-id/{quilt_id}/{identifier}`.
pub(crate) async fn get_file(
    Path((id, identifier)): Path<(BlobId, String)>,
    reading: Reading,
) -> Result<Response, ApiError> {
    if let Some(response) = reading.short_circuit(None).await {
        return Ok(response);
    }
    let work = move |mut quilt: Reader| {
        let index = quilt.index().map_err(no_quilt)?;
        let absent = || {
            let message = format!("there is no {identifier:?} in the quilt {id}");
            ApiError::daemon(ErrorStatus::NotFound, "QUILT_PATCH_NOT_FOUND", message)
        };
        quilt.patch(index.named(&identifier).ok_or_else(absent)?).map_err(no_quilt)
    };
    let patch = open(&reading, id, work).await?;
    reading.wait_twice(patch.bytes.len() as u64).await;
    Ok(answer(&reading, id, patch))
}

/// `GET /v1/quilts/{quilt_id}/patches`.
pub(crate) async fn get_list(Path(id): Path<BlobId>, reading: Reading) -> Result<Response, ApiError> {
    if let Some(response) = reading.short_circuit(None).await {
        return Ok(response);
    }
    let index = open(&reading, id, |mut quilt: Reader| quilt.index().map_err(no_quilt)).await?;
    reading.wait(0).await;
    let items = index.0.into_iter().map(|entry| Item {
        patch_id: PatchId::new(id, entry.start, entry.end),
        identifier: entry.identifier,
        tags: entry.tags,
    });
    Ok(Json(items.collect::<Vec<_>>()).into_response())
}

fn no_quilt(error: NotRead) -> ApiError {
    ApiError::internal(error.to_string())
}

/// Works on a quilt, where waiting for the disk holds nobody up.
async fn open<T: Send + 'static>(
    reading: &Reading,
    id: BlobId,
    work: impl FnOnce(Reader) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let blob = reading.find(id).await?;
    let work = move || Reader::new(blob.bytes, blob.record.size).map_err(no_quilt).and_then(work);
    spawn_blocking(work).await.map_err(io::Error::other).map_err(broken)?
}

/// The bytes of a file, under the tag of its quilt.
fn answer(reading: &Reading, quilt: BlobId, patch: Patch) -> Response {
    let length = patch.bytes.len() as u64;
    let body = match reading.method == Method::HEAD {
        true => Body::empty(),
        false => reading.spoiled(stream::iter([Ok(Bytes::from(patch.bytes))]).boxed(), length),
    };
    let mut response = reading.success(quilt, Some(length), body);
    let headers = response.headers_mut();
    headers.extend(visible(&patch.identifier).map(|name| (IDENTIFIER, name)));
    let config = &reading.aggregator.0.config;
    let allowed = |key: &str| config.all_tags || config.allowed_attributes.allows(key);
    attributes::add(headers, &patch.tags, allowed);
    response
}

/// A name as a header, if all of it can be seen.
fn visible(name: &str) -> Option<HeaderValue> {
    let all = name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    HeaderValue::from_str(name).ok().filter(|_| all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_seen_is_no_header() {
        for (name, shown) in
            [("a.txt", true), ("a b/c~", true), ("ä", false), ("a\nb", false), ("a\tb", false)]
        {
            assert_eq!(visible(name).is_some(), shown, "{name:?}");
        }
    }
}
