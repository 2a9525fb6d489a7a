//! What a test may change behind the aggregator's back: the attributes of objects, which a real owner sets on the chain.

use crate::aggregator::Aggregator;
use crate::object_id::ObjectId;
use crate::parsed::Parsed;
use crate::reading::broken;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use mock_publisher::api_error::ApiError;
use mock_publisher::store::Attributes;
use std::io;
use tokio::task::spawn_blocking;

/// `PUT /mock/objects/{object_id}/attributes`, with an object of text by text: 204, or 404 if there is no such object.
pub(crate) async fn put_attributes(
    State(aggregator): State<Aggregator>,
    Path(Parsed(id)): Path<Parsed<ObjectId>>,
    Json(attributes): Json<Attributes>,
) -> Result<StatusCode, ApiError> {
    let store = aggregator.0.store.clone();
    let work = move || store.set_attributes(id.as_str(), attributes);
    let known = spawn_blocking(work).await.map_err(io::Error::other).flatten().map_err(broken)?;
    Ok(if known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })
}
