//! The routes of a mock publisher, and serving them until shutdown.

use crate::admission::{Admission, admit};
use crate::auth;
use crate::common::with_common_routes;
use crate::openapi;
use crate::price_route::{change_prices, prices};
use crate::publisher::Publisher;
use crate::put::{put_blob, put_quilt};
use crate::server::{self, Endpoint};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, put};
use std::convert::identity;
use std::sync::Arc;

/// The routes of a publisher, without what every mock has.
pub fn router(publisher: &Publisher) -> Router {
    let inner = &publisher.0;
    let guarded = |route: MethodRouter<Publisher>, admission: &Arc<Admission>| {
        let route = route.route_layer(from_fn_with_state(Arc::clone(admission), admit));
        match &inner.verifier {
            Some(verifier) => {
                route.route_layer(from_fn_with_state(Arc::clone(verifier), auth::require_token))
            }
            None => route,
        }
    };
    let limit = usize::try_from(inner.config.max_quilt_body_size).unwrap_or(usize::MAX);
    let quilts = put(put_quilt).route_layer(DefaultBodyLimit::max(limit));
    Router::new()
        .route("/v1/blobs", guarded(put(put_blob), &inner.put))
        .route("/v1/quilts", guarded(quilts, &inner.put_quilt))
        .route("/mock/prices", get(prices).post(change_prices))
        .with_state(publisher.clone())
}

/// Serves a publisher until `shutdown` is ready; exchanges in flight get a second more.
pub async fn serve(port: impl Into<Endpoint>, publisher: Publisher, shutdown: impl Future<Output = ()>) {
    let (stats, profile) = (Arc::clone(&publisher.0.stats), Arc::clone(&publisher.0.profile));
    // The document is part of this crate and always one; a test reads it.
    let page = openapi::page("Walrus Publisher", &[openapi::PUBLISHER]).unwrap_or_default();
    let routes = with_common_routes(router(&publisher), Arc::clone(&stats), profile, page, identity);
    server::run(port.into(), routes, stats, shutdown).await;
}
