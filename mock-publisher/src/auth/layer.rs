//! The demand for a token, made before anybody is let in: the query first, then the header, then the token.

use super::Auth;
use crate::api_error::ApiError;
use crate::query::PutQuery;
use crate::token::Bearer;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Lets a request on only with a token.
pub(crate) async fn demand(State(auth): State<Arc<Auth>>, request: Request, next: Next) -> Response {
    match check(&auth, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => *refusal,
    }
}

fn check(auth: &Auth, request: &Request) -> Result<(), Box<Response>> {
    let Query(query) = Query::<PutQuery>::try_from_uri(request.uri())
        .map_err(|refusal| Box::new(refusal.into_response()))?;
    let header = |name| request.headers().get(name).map(|value: &axum::http::HeaderValue| value.as_bytes());
    let bearer = Bearer::read(header(AUTHORIZATION)).map_err(|refusal| Box::new(refusal.into_response()))?;
    let missing = || {
        let text = "Header of type `authorization` was missing";
        Box::new((StatusCode::BAD_REQUEST, text).into_response())
    };
    let token = bearer.token().ok_or_else(missing)?;
    let length = header(CONTENT_LENGTH).and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let refuse = |refusal| Box::new(ApiError::from(refusal).into_response());
    auth.admit(token, &query, length, now_ms).map_err(refuse)
}
