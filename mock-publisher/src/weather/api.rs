//! `/mock/weather`: the weather of a running server, told and changed.

use super::{BadDocument, Sky, Weather};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use std::sync::Arc;

/// `GET` tells the weather; `POST` replaces it, whole and at once, and tells the new one.
pub fn route<S: Clone + Send + Sync + 'static>(sky: Arc<Sky>) -> MethodRouter<S> {
    let present = Arc::clone(&sky);
    let tell = move || std::future::ready(tell(&present));
    let change = move |text: String| std::future::ready(change(&sky, &text));
    get(tell).post(change)
}

fn tell(sky: &Sky) -> Response {
    Json(sky.now().weather.document()).into_response()
}

fn change(sky: &Sky, text: &str) -> Response {
    match Weather::parse(text, sky.role()) {
        Ok(weather) => {
            sky.set(weather);
            tell(sky)
        }
        Err(bad) => refuse(&bad),
    }
}

fn refuse(bad: &BadDocument) -> Response {
    (StatusCode::BAD_REQUEST, format!("the weather stays as it is: {bad}\n")).into_response()
}
