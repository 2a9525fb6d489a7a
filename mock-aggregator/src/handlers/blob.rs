//! Blobs by ID or object ID: whole, a range, or as a stream; and the attributes of objects.

use crate::aggregator::Aggregator;
use crate::read::{ReadRequest, internal, not_found};
use crate::request::{ByteRange, Checks, ObjectId, RangeQuery};
use crate::response::add_attributes;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use mock_publisher::api_error::{ApiError, ErrorStatus};
use mock_publisher::blob_id::BlobId;
use mock_publisher::blocking::blocking;
use mock_publisher::store::Attributes;
use mock_publisher::throttle::throttle;

/// Marks an answer as streamed.
const STREAMING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-walrus-streaming"), HeaderValue::from_static("true"));

/// `GET /v1/blobs/{blob_id}`.
pub(crate) async fn get_blob(
    Path(id): Path<BlobId>,
    Query(checks): Query<Checks>,
    read: ReadRequest,
) -> Result<Response, ApiError> {
    checks.validate()?;
    let range = range(&read.headers)?;
    match read.short_circuit(None).await {
        Some(response) => Ok(response),
        None => send(&read, id, range).await,
    }
}

/// `GET /v1/blobs/by-object-id/{blob_object_id}`.
pub(crate) async fn get_object(
    Path(id): Path<ObjectId>,
    Query(checks): Query<Checks>,
    read: ReadRequest,
) -> Result<Response, ApiError> {
    checks.validate()?;
    let range = range(&read.headers)?;
    if let Some(response) = read.short_circuit(None).await {
        return Ok(response);
    }
    let object = read.object(id.clone()).await?.ok_or_else(|| not_found(&id))?;
    let mut response = send(&read, object.blob_id, range).await?;
    let allowed = &read.aggregator.0.config.allowed_attributes;
    add_attributes(response.headers_mut(), &object.attributes, |key| allowed.allows(key));
    Ok(response)
}

/// The range that the client requests, if it requests one.
fn range(headers: &HeaderMap) -> Result<Option<ByteRange>, ApiError> {
    let parse = |header: &HeaderValue| ByteRange::parse(header.as_bytes()).ok_or_else(bad_range);
    headers.get(RANGE).map(parse).transpose()
}

fn bad_range() -> ApiError {
    let message = "the range must be bytes=START-END with both ends inside the blob";
    ApiError::daemon(ErrorStatus::RangeNotSatisfiable, "INVALID_BYTE_RANGE", message)
}

async fn send(read: &ReadRequest, id: BlobId, range: Option<ByteRange>) -> Result<Response, ApiError> {
    let contents = read.contents(id).await?;
    let size = contents.record().size;
    let length = range.map_or(Some(size), |range| range.length_within(size)).ok_or_else(bad_range)?;
    read.wait(1, length).await;
    let body = read.body(contents, range.map_or(0, |range| range.start), length);
    let mut response = read.success(id, Some(length), body);
    if let Some(range) = range {
        let value = HeaderValue::try_from(format!("bytes {}-{}/{size}", range.start, range.end));
        response.headers_mut().extend(value.ok().map(|value| (CONTENT_RANGE, value)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// `GET /v1/blobs/{blob_id}/byte-range`: a range as an answer with status 200, which caches keep.
pub(crate) async fn get_byte_range(
    Path(id): Path<BlobId>,
    Query(query): Query<RangeQuery>,
    read: ReadRequest,
) -> Result<Response, ApiError> {
    let bad = || {
        let message = "a part must have a length and lie inside the blob";
        ApiError::daemon(ErrorStatus::InvalidArgument, "INVALID_BYTE_RANGE", message)
    };
    let end = query.end().ok_or_else(bad)?;
    let unreadable = ApiError::internal("the part cannot be read at the moment");
    if let Some(response) = read.short_circuit(Some(unreadable)).await {
        return Ok(response);
    }
    let contents = read.contents(id).await?;
    if end > contents.record().size {
        return Err(bad());
    }
    read.wait(1, query.length).await;
    let body = read.body(contents, query.start, query.length);
    let etag = format!("{id}-{}-{}", query.start, query.length);
    Ok(read.success(etag, Some(query.length), body))
}

/// `GET /v1alpha/blobs/{blob_id}/stream`: a blob that is sent while it is fetched. The route has no query and no ranges,
/// and all failures that are not about the blob have one reason.
pub(crate) async fn get_stream(Path(id): Path<BlobId>, read: ReadRequest) -> Result<Response, ApiError> {
    let failed = |why: &str| ApiError::daemon(ErrorStatus::Internal, "SLIVER_RETRIEVAL_FAILED", why);
    if !read.aggregator.0.config.streams {
        return Err(failed("streaming is not supported by a client with several wallets"));
    }
    if let Some(response) = read.short_circuit(Some(failed("the mock was asked to fail"))).await {
        return Ok(response);
    }
    let contents = read.contents(id).await.map_err(|failure| match failure.status {
        ErrorStatus::Internal => failed(&failure.message),
        _ => failure,
    })?;
    let size = contents.record().size;
    read.wait(1, 0).await;
    // The time per MiB, which on other routes passes before the first byte, passes here while the body is sent.
    let body = match read.method == Method::HEAD {
        true => Body::empty(),
        false => read.stream(throttle(contents.stream(0, size), read.service_time().per_mib), 0, size),
    };
    let mut response = read.success(id, Some(size), body);
    response.headers_mut().extend([STREAMING]);
    Ok(response)
}

/// `PUT /mock/objects/{object_id}/attributes`, which a real owner does on the chain: the body is an object of text by
/// text. 204, or 404 if there is no such object.
pub(crate) async fn put_attributes(
    State(aggregator): State<Aggregator>,
    Path(id): Path<ObjectId>,
    Json(attributes): Json<Attributes>,
) -> Result<StatusCode, ApiError> {
    let store = aggregator.0.store.clone();
    let work = move || store.set_attributes(id.as_str(), attributes);
    let known = blocking(work).await.flatten().map_err(internal)?;
    Ok(if known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })
}
