//! The routes of an aggregator, and serving them until shutdown: alone, or together with a publisher as a daemon.

use crate::aggregator::{Aggregator, Config};
use crate::cache::serve_from_cache;
use crate::handlers::{blob, concat, quilt};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};
use mock_publisher::admission::admit;
use mock_publisher::common::with_common_routes;
use mock_publisher::fault::{Role, RouteKind};
use mock_publisher::openapi;
use mock_publisher::profile::ProfileHandle;
use mock_publisher::server::{self, Endpoint};
use mock_publisher::stats::{Snapshot, Stats};
use mock_publisher::store::BadStore;
use mock_publisher::{Config as PublisherConfig, Publisher};
use std::sync::Arc;

/// The OpenAPI description of an aggregator's routes.
const DESCRIPTION: &str = include_str!("describe/aggregator.json");

/// The routes of an aggregator, without those that every mock has. Each has admission limits of its own, as in the real
/// one: a route that is full does not affect the others.
fn router(aggregator: &Aggregator) -> Router {
    let admitted = |route_kind: RouteKind, handler: MethodRouter<Aggregator>| {
        handler.route_layer(from_fn_with_state(aggregator.admission(route_kind), admit))
    };
    let concat = admitted(RouteKind::Concat, get(concat::get_concat))
        .merge(admitted(RouteKind::Concat, post(concat::post_concat)));
    Router::new()
        .route("/v1/blobs/{blob_id}", admitted(RouteKind::Read, get(blob::get_blob)))
        .route(
            "/v1/blobs/by-object-id/{blob_object_id}",
            admitted(RouteKind::ReadObject, get(blob::get_object)),
        )
        .route("/v1/blobs/{blob_id}/byte-range", admitted(RouteKind::ReadRange, get(blob::get_byte_range)))
        .route(
            "/v1/blobs/by-quilt-patch-id/{quilt_patch_id}",
            admitted(RouteKind::ReadPatch, get(quilt::get_patch)),
        )
        .route(
            "/v1/blobs/by-quilt-id/{quilt_id}/{identifier}",
            admitted(RouteKind::ReadFile, get(quilt::get_file)),
        )
        .route("/v1/quilts/{quilt_id}/patches", admitted(RouteKind::ListPatches, get(quilt::get_list)))
        .route("/v1alpha/blobs/{blob_id}/stream", admitted(RouteKind::Stream, get(blob::get_stream)))
        .route("/v1alpha/blobs/concat", concat)
        .route("/mock/objects/{object_id}/attributes", put(blob::put_attributes))
        .with_state(aggregator.clone())
}

/// Puts the cache in front of all routes, as a proxy is.
fn front(aggregator: &Aggregator) -> impl FnOnce(Router) -> Router + use<> {
    let aggregator = aggregator.clone();
    |routes| routes.layer(from_fn_with_state(aggregator, serve_from_cache))
}

/// Serves an aggregator until `shutdown` is ready; requests in progress get a grace period of a second.
pub async fn serve(port: impl Into<Endpoint>, aggregator: Aggregator, shutdown: impl Future<Output = ()>) {
    let (stats, profile) = (Arc::clone(&aggregator.0.stats), Arc::clone(&aggregator.0.profile));
    // The description is part of this crate and valid JSON; a test parses it.
    let page = openapi::page("Walrus Aggregator", &[DESCRIPTION]).unwrap_or_default();
    let front = front(&aggregator);
    let routes = with_common_routes(router(&aggregator), Arc::clone(&stats), profile, page, front);
    server::run(port.into(), routes, stats, shutdown).await;
}

/// Publisher and aggregator on one address, as the real daemon: the routes and limits of both, and one set of counts.
/// Clones are the same daemon.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// The half that stores; its counts are those of the daemon.
    pub publisher: Publisher,
    /// The half that reads; its counts are those of the daemon.
    pub aggregator: Aggregator,
    stats: Arc<Stats>,
}

impl Daemon {
    /// Opens the publisher's store for both. Blobs cannot be streamed: the real daemon's client does not support it.
    ///
    /// # Errors
    /// The directory cannot be created or written to.
    pub fn new(publisher: PublisherConfig, aggregator: Config) -> Result<Self, BadStore> {
        let stats = Stats::new("mock-daemon");
        let profile =
            ProfileHandle::new(Role::Daemon, publisher.profile.clone().and(aggregator.profile.clone()));
        let aggregator = Config { store: publisher.store.clone(), streams: false, ..aggregator };
        Ok(Self {
            publisher: Publisher::with_shared(publisher, Arc::clone(&stats), Arc::clone(&profile))?,
            aggregator: Aggregator::with_shared(aggregator, Arc::clone(&stats), profile)?,
            stats,
        })
    }

    /// What the daemon has counted so far.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.stats.snapshot()
    }
}

/// Serves a daemon until `shutdown` is ready; requests in progress get a grace period of a second.
pub async fn serve_daemon(port: impl Into<Endpoint>, daemon: Daemon, shutdown: impl Future<Output = ()>) {
    let routes = mock_publisher::router(&daemon.publisher).merge(router(&daemon.aggregator));
    // The descriptions are part of these crates and valid JSON; a test parses them.
    let page = openapi::page("Walrus Daemon", &[openapi::PUBLISHER, DESCRIPTION]).unwrap_or_default();
    let (stats, profile) = (daemon.stats, Arc::clone(daemon.aggregator.profile()));
    let routes = with_common_routes(routes, Arc::clone(&stats), profile, page, front(&daemon.aggregator));
    server::run(port.into(), routes, stats, shutdown).await;
}
