//! The routes of an aggregator; each has a door of its own, so that one that is full leaves the others alone.

use crate::aggregator::Aggregator;
use crate::front::front;
use crate::{concat, control, get, part, quilt, stream};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};
use mock_publisher::admission::admit;
use mock_publisher::profile::RouteKind;

/// The routes of an aggregator, without what every mock has.
pub fn router(aggregator: &Aggregator) -> Router {
    let guarded = |route_kind: RouteKind, handler: MethodRouter<Aggregator>| {
        let admit = from_fn_with_state(aggregator.admission(route_kind), admit);
        handler.route_layer(admit).route_layer(from_fn_with_state(aggregator.clone(), front))
    };
    let concat = guarded(RouteKind::Concat, get(concat::get_concat))
        .merge(guarded(RouteKind::Concat, post(concat::post_concat)));
    Router::new()
        .route("/v1/blobs/{blob_id}", guarded(RouteKind::Read, get(get::get_blob)))
        .route(
            "/v1/blobs/by-object-id/{blob_object_id}",
            guarded(RouteKind::ReadObject, get(get::get_object)),
        )
        .route("/v1/blobs/{blob_id}/byte-range", guarded(RouteKind::ReadRange, get(part::get_part)))
        .route(
            "/v1/blobs/by-quilt-patch-id/{quilt_patch_id}",
            guarded(RouteKind::ReadPatch, get(quilt::get_patch)),
        )
        .route(
            "/v1/blobs/by-quilt-id/{quilt_id}/{identifier}",
            guarded(RouteKind::ReadFile, get(quilt::get_file)),
        )
        .route("/v1/quilts/{quilt_id}/patches", guarded(RouteKind::ListPatches, get(quilt::get_list)))
        .route("/v1alpha/blobs/{blob_id}/stream", guarded(RouteKind::Stream, get(stream::get_stream)))
        .route("/v1alpha/blobs/concat", concat)
        .route("/mock/objects/{object_id}/attributes", put(control::put_attributes))
        .with_state(aggregator.clone())
}
