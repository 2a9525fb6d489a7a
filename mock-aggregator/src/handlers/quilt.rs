//! Files in quilts: one by its patch ID, one by its name, or the list of all.

use crate::read::{ReadRequest, internal};
use crate::response::add_attributes;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::blocking::blocking;
use mock_publisher::quilt::{Patch, PatchId, QuiltError, QuiltReader, Tags};
use serde::Serialize;

const IDENTIFIER: HeaderName = HeaderName::from_static("x-quilt-patch-identifier");

/// One file of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ListedPatch {
    identifier: String,
    patch_id: PatchId,
    tags: Tags,
}

/// `GET /v1/blobs/by-quilt-patch-id/{quilt_patch_id}`.
pub(crate) async fn get_patch(Path(id): Path<PatchId>, read: ReadRequest) -> Result<Response, ApiError> {
    if let Some(response) = read.short_circuit(None).await {
        return Ok(response);
    }
    let columns = id.columns();
    let work = move |mut quilt: QuiltReader| {
        let (start, end) = columns.ok_or_else(|| ApiError::internal("the patch ID has no valid tail"))?;
        quilt.patch_at(start, end).map_err(quilt_error)
    };
    let patch = with_quilt(&read, id.quilt, work).await?;
    read.wait(1, patch.bytes.len() as u64).await;
    Ok(send(&read, id.quilt, patch))
}

/// `GET /v1/blobs/by-quilt-id/{quilt_id}/{identifier}`. A real aggregator goes to the network twice: for the index,
/// then for the file.
pub(crate) async fn get_file(
    Path((id, identifier)): Path<(BlobId, String)>,
    read: ReadRequest,
) -> Result<Response, ApiError> {
    if let Some(response) = read.short_circuit(None).await {
        return Ok(response);
    }
    let work = move |mut quilt: QuiltReader| {
        let index = quilt.index().map_err(quilt_error)?;
        let absent = || {
            let message = format!("there is no {identifier:?} in the quilt {id}");
            ApiError::daemon(ErrorStatus::NotFound, "QUILT_PATCH_NOT_FOUND", message)
        };
        quilt.patch(index.named(&identifier).ok_or_else(absent)?).map_err(quilt_error)
    };
    let patch = with_quilt(&read, id, work).await?;
    read.wait(2, patch.bytes.len() as u64).await;
    Ok(send(&read, id, patch))
}

/// `GET /v1/quilts/{quilt_id}/patches`.
pub(crate) async fn get_list(Path(id): Path<BlobId>, read: ReadRequest) -> Result<Response, ApiError> {
    if let Some(response) = read.short_circuit(None).await {
        return Ok(response);
    }
    let index = with_quilt(&read, id, |mut quilt| quilt.index().map_err(quilt_error)).await?;
    read.wait(1, 0).await;
    let patches = index.0.into_iter().map(|entry| ListedPatch {
        patch_id: PatchId::new(id, entry.start, entry.end),
        identifier: entry.identifier,
        tags: entry.tags,
    });
    Ok(Json(patches.collect::<Vec<_>>()).into_response())
}

fn quilt_error(error: QuiltError) -> ApiError {
    ApiError::internal(error.to_string())
}

/// Does blocking work with a quilt on a thread for it.
async fn with_quilt<T: Send + 'static>(
    read: &ReadRequest,
    id: BlobId,
    work: impl FnOnce(QuiltReader) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let blob = read.open(id).await?;
    let work = move || QuiltReader::new(blob.bytes, blob.record.size).map_err(quilt_error).and_then(work);
    blocking(work).await.map_err(internal)?
}

/// The bytes of a file; its ETag is that of its quilt.
fn send(read: &ReadRequest, quilt: BlobId, patch: Patch) -> Response {
    let length = patch.bytes.len() as u64;
    let body = match read.method == Method::HEAD {
        true => Body::empty(),
        false => read.stream(stream::iter([Ok(Bytes::from(patch.bytes))]).boxed(), 0, length),
    };
    let mut response = read.success(quilt, Some(length), body);
    let headers = response.headers_mut();
    headers.extend(printable(&patch.identifier).map(|name| (IDENTIFIER, name)));
    let config = &read.aggregator.0.config;
    let allowed = |key: &str| config.all_tags || config.allowed_attributes.allows(key);
    add_attributes(headers, &patch.tags, allowed);
    response
}

/// A name as a header, if it is printable ASCII.
fn printable(name: &str) -> Option<HeaderValue> {
    let printable = name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    HeaderValue::from_str(name).ok().filter(|_| printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_printable_name_becomes_a_header() {
        for (name, expected) in
            [("a.txt", true), ("a b/c~", true), ("ä", false), ("a\nb", false), ("a\tb", false)]
        {
            assert_eq!(printable(name).is_some(), expected, "{name:?}");
        }
    }
}
