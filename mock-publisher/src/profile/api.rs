//! `/mock/weather`: the weather of a running server, told and changed.

use super::{Profile, ProfileHandle};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use std::sync::Arc;

/// `GET` returns the active profile; `POST` replaces it as a whole, at once, and returns the new one.
pub fn route<S: Clone + Send + Sync + 'static>(handle: Arc<ProfileHandle>) -> MethodRouter<S> {
    let active = Arc::clone(&handle);
    let get_profile = move || std::future::ready(active_profile(&active));
    let replace = move |text: String| std::future::ready(replace(&handle, &text));
    get(get_profile).post(replace)
}

fn active_profile(handle: &ProfileHandle) -> Response {
    Json(handle.current().profile.document()).into_response()
}

fn replace(handle: &ProfileHandle, text: &str) -> Response {
    match Profile::parse(text, handle.role()) {
        Ok(profile) => {
            handle.set(profile);
            active_profile(handle)
        }
        Err(error) => {
            (StatusCode::BAD_REQUEST, format!("the weather stays as it is: {error}\n")).into_response()
        }
    }
}
