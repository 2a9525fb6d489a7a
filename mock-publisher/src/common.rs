//! What every mock answers besides its own routes: status, API description, counters, fault profile, CORS.

use crate::profile::{Profile, ProfileHandle};
use crate::request_metrics::count_requests;
pub use crate::request_metrics::is_control;
use crate::stats::{Stats, prometheus};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::{Any, CorsLayer};

/// For how long browsers may cache the answer to a preflight.
const MAX_AGE: Duration = Duration::from_secs(86_400);

type Shared = (Arc<Stats>, Arc<ProfileHandle>);

/// Adds the common routes and layers to a server's own routes; `page` is the answer of `/v1/api`, and `front` puts before
/// all of them what the counts are to see.
pub fn with_common_routes(
    routes: Router,
    stats: Arc<Stats>,
    profile: Arc<ProfileHandle>,
    page: String,
    front: impl FnOnce(Router) -> Router,
) -> Router {
    let cors = CorsLayer::new().allow_origin(Any).allow_methods(Any).allow_headers(Any).max_age(MAX_AGE);
    let shared: Shared = (stats, profile);
    let common = Router::new()
        .route("/status", get(|| async { "OK" }))
        .route("/v1/api", get(async || Html(page)))
        .route("/mock/stats", get(async |State((stats, _)): State<Shared>| Json(stats.snapshot())))
        .route("/mock/arrivals", get(async |State((stats, _)): State<Shared>| Json(stats.arrivals())))
        .route("/mock/reset", post(reset))
        .route("/mock/weather", get(active_profile).post(replace_profile))
        .route("/metrics", get(metrics))
        .with_state(shared.clone());
    front(routes.merge(common).layer(cors)).layer(from_fn_with_state(shared, count_requests))
}

async fn reset(State((stats, _)): State<Shared>) -> StatusCode {
    stats.reset();
    StatusCode::NO_CONTENT
}

async fn metrics(State((stats, _)): State<Shared>) -> impl IntoResponse {
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], prometheus::text(&stats.snapshot()))
}

async fn active_profile(State((_, handle)): State<Shared>) -> Response {
    Json(&handle.current().profile).into_response()
}

/// Replaces the active profile as a whole, at once, and answers with the new one.
async fn replace_profile(State((stats, handle)): State<Shared>, text: String) -> Response {
    match Profile::parse(&text, handle.role()) {
        Ok(profile) => handle.set(profile),
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("the weather is unchanged: {error}\n")).into_response();
        }
    }
    active_profile(State((stats, handle))).await
}
