//! What every mock answers besides its own routes: status, description, counts, CORS.

use crate::profile::{ProfileHandle, api};
use crate::request_metrics::count_requests;
use crate::stats::{Stats, metrics};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::{Any, CorsLayer};

/// Browsers may remember what is allowed for a day.
const MAX_AGE: Duration = Duration::from_secs(86_400);

/// Adds the common routes and layers to a server's own routes; `page` is what it says of itself.
pub fn with_common_routes(
    routes: Router,
    stats: Arc<Stats>,
    profile: Arc<ProfileHandle>,
    page: String,
) -> Router {
    let cors = CorsLayer::new().allow_origin(Any).allow_methods(Any).allow_headers(Any).max_age(MAX_AGE);
    let counts = Arc::clone(&stats);
    let tell = move || std::future::ready(Json(counts.snapshot()));
    let counts = Arc::clone(&stats);
    let arrivals = move || std::future::ready(Json(counts.arrivals()));
    let counts = Arc::clone(&stats);
    let metrics = move || {
        let text = metrics::text(&counts.snapshot());
        std::future::ready(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
    };
    routes
        .route("/status", get(|| async { "OK" }))
        .route("/v1/api", get(move || std::future::ready(Html(page.clone()))))
        .route("/mock/stats", get(tell))
        .route("/mock/arrivals", get(arrivals))
        .route("/mock/weather", api::route(Arc::clone(&profile)))
        .route("/metrics", get(metrics))
        .layer(cors)
        .layer(from_fn_with_state((stats, profile), count_requests))
}
