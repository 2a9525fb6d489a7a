//! The routes of an aggregator; each has a door of its own, so that one that is full leaves the others alone.

use crate::aggregator::Aggregator;
use crate::front::front;
use crate::{concat, control, get, part, quilt, stream};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};
use mock_publisher::admit::admit;

/// The routes of an aggregator, without what every mock has.
pub fn router(aggregator: &Aggregator) -> Router {
    let guarded = |handler: MethodRouter<Aggregator>| {
        let admit = from_fn_with_state(aggregator.door(), admit);
        handler.route_layer(admit).route_layer(from_fn_with_state(aggregator.clone(), front))
    };
    let concat = guarded(get(concat::get_concat)).merge(guarded(post(concat::post_concat)));
    Router::new()
        .route("/v1/blobs/{blob_id}", guarded(get(get::get_blob)))
        .route("/v1/blobs/by-object-id/{blob_object_id}", guarded(get(get::get_object)))
        .route("/v1/blobs/{blob_id}/byte-range", guarded(get(part::get_part)))
        .route("/v1/blobs/by-quilt-patch-id/{quilt_patch_id}", guarded(get(quilt::get_patch)))
        .route("/v1/blobs/by-quilt-id/{quilt_id}/{identifier}", guarded(get(quilt::get_file)))
        .route("/v1/quilts/{quilt_id}/patches", guarded(get(quilt::get_list)))
        .route("/v1alpha/blobs/{blob_id}/stream", guarded(get(stream::get_stream)))
        .route("/v1alpha/blobs/concat", concat)
        .route("/mock/objects/{object_id}/attributes", put(control::put_attributes))
        .with_state(aggregator.clone())
}
