//! The routes of an aggregator; each has a door of its own, so that one that is full leaves the others alone.

use crate::aggregator::Aggregator;
use crate::front::front;
use crate::{concat, control, get, part, quilt, stream};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};
use mock_publisher::admit::admit;
use mock_publisher::weather::Task;

/// The routes of an aggregator, without what every mock has.
pub fn router(aggregator: &Aggregator) -> Router {
    let guarded = |task: Task, handler: MethodRouter<Aggregator>| {
        let admit = from_fn_with_state(aggregator.door(task), admit);
        handler.route_layer(admit).route_layer(from_fn_with_state(aggregator.clone(), front))
    };
    let concat = guarded(Task::Concat, get(concat::get_concat))
        .merge(guarded(Task::Concat, post(concat::post_concat)));
    Router::new()
        .route("/v1/blobs/{blob_id}", guarded(Task::Read, get(get::get_blob)))
        .route("/v1/blobs/by-object-id/{blob_object_id}", guarded(Task::ReadObject, get(get::get_object)))
        .route("/v1/blobs/{blob_id}/byte-range", guarded(Task::ReadRange, get(part::get_part)))
        .route(
            "/v1/blobs/by-quilt-patch-id/{quilt_patch_id}",
            guarded(Task::ReadPatch, get(quilt::get_patch)),
        )
        .route("/v1/blobs/by-quilt-id/{quilt_id}/{identifier}", guarded(Task::ReadFile, get(quilt::get_file)))
        .route("/v1/quilts/{quilt_id}/patches", guarded(Task::ListPatches, get(quilt::get_list)))
        .route("/v1alpha/blobs/{blob_id}/stream", guarded(Task::Stream, get(stream::get_stream)))
        .route("/v1alpha/blobs/concat", concat)
        .route("/mock/objects/{object_id}/attributes", put(control::put_attributes))
        .with_state(aggregator.clone())
}
