//! `GET /v1/blobs/{blob_id}/byte-range`: a part of a blob as a whole answer, which is what caches keep.

use crate::query::PartQuery;
use crate::reading::Reading;
use axum::extract::{Path, Query};
use axum::response::Response;
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;

/// The handler.
pub(crate) async fn get_part(
    Path(id): Path<BlobId>,
    Query(part): Query<PartQuery>,
    reading: Reading,
) -> Result<Response, ApiError> {
    let end = end(part).ok_or_else(bad_part)?;
    let error = ApiError::internal("the part cannot be read at the moment");
    if let Some(response) = reading.short_circuit(Some(error)).await {
        return Ok(response);
    }
    let blob = reading.find_whole(id).await?;
    if end > blob.record().size {
        return Err(bad_part());
    }
    reading.wait(part.length).await;
    let body = reading.body(blob, part.start, part.length);
    let tag = format!("{id}-{}-{}", part.start, part.length);
    Ok(reading.success(tag, Some(part.length), body))
}

/// The byte after the part, if the part has one.
fn end(part: PartQuery) -> Option<u64> {
    part.start.checked_add(part.length).filter(|_| part.length > 0)
}

fn bad_part() -> ApiError {
    let message = "a part must have a length and lie inside the blob";
    ApiError::daemon(ErrorStatus::InvalidArgument, "INVALID_BYTE_RANGE", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_length_and_an_end() {
        let rows = [(0, 1, Some(1)), (5, 0, None), (u64::MAX, 1, None), (u64::MAX - 1, 1, Some(u64::MAX))];
        for (start, length, expected) in rows {
            assert_eq!(end(PartQuery { start, length }), expected);
        }
    }
}
