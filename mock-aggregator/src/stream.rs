//! `GET /v1alpha/blobs/{blob_id}/stream`: a blob that is sent while it is still being fetched.

use crate::reading::Reading;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::profile::throttled;

/// Marks an answer that is streamed.
const STREAMING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-walrus-streaming"), HeaderValue::from_static("true"));

/// The handler. It has no query and no ranges, and whatever else goes wrong has one name.
pub(crate) async fn get_stream(Path(id): Path<BlobId>, reading: Reading) -> Result<Response, ApiError> {
    if !reading.aggregator.0.config.streams {
        return Err(broken("streaming is not supported by a client with several wallets"));
    }
    if let Some(response) = reading.short_circuit(Some(broken("the mock was asked to fail"))).await {
        return Ok(response);
    }
    let blob = reading.find_whole(id).await.map_err(|failure| match failure.status {
        ErrorStatus::Internal => broken(&failure.message),
        _ => failure,
    })?;
    let size = blob.record().size;
    reading.wait(0).await;
    // What takes others their time before the first byte, this route does while it sends.
    let body = match reading.method == Method::HEAD {
        true => Body::empty(),
        false => reading.spoiled(throttled(blob.stream(0, size), reading.pace().per_mib), size),
    };
    let mut response = reading.success(id, Some(size), body);
    response.headers_mut().extend([STREAMING]);
    Ok(response)
}

fn broken(why: &str) -> ApiError {
    ApiError::daemon(ErrorStatus::Internal, "SLIVER_RETRIEVAL_FAILED", why)
}
