//! The `Authorization` header of a store: the extractor of the bearer token, and the middleware that requires one.

use super::claims::Claims;
use super::verifier::Verifier;
use crate::api_error::{AUTH, ApiError};
use crate::query::PutQuery;
use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The bearer token of a request, if it has one. The real publisher parses it even when it requires none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer(Option<String>);

/// Status and text of a header that is refused.
type BadHeader = (StatusCode, &'static str);

impl Bearer {
    /// Parses the header; any scheme but `Bearer` is refused.
    fn parse(headers: &HeaderMap) -> Result<Self, BadHeader> {
        let Some(value) = headers.get(AUTHORIZATION) else { return Ok(Self(None)) };
        let text = std::str::from_utf8(value.as_bytes()).ok();
        let token =
            text.and_then(|text| text.split_once(' ')).filter(|pair| pair.0.eq_ignore_ascii_case("bearer"));
        match token {
            Some((_, token)) => Ok(Self(Some(token.to_owned()))),
            None => Err((StatusCode::BAD_REQUEST, "invalid HTTP header (authorization)")),
        }
    }

    /// Compares the size of a body with the claims of the token, whether or not a token is required.
    pub(crate) fn check_size(&self, size: u64) -> Result<(), ApiError> {
        let Some(token) = &self.0 else { return Ok(()) };
        let no_jwt = || ApiError { domain: AUTH, ..ApiError::internal("the bearer token is not a JWT") };
        Ok(Claims::unverified(token).ok_or_else(no_jwt)?.check_size(Some(size))?)
    }
}

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = BadHeader;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, BadHeader> {
        Self::parse(&parts.headers)
    }
}

/// Lets only requests with an acceptable token through. It runs before admission: a request that is then refused has
/// spent its token.
pub(crate) async fn require_token(
    State(verifier): State<Arc<Verifier>>,
    request: Request,
    next: Next,
) -> Response {
    match check(&verifier, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => *refusal,
    }
}

/// Checks the query first, then the header, then the token.
fn check(verifier: &Verifier, request: &Request) -> Result<(), Box<Response>> {
    let Query(query) = Query::<PutQuery>::try_from_uri(request.uri())
        .map_err(|rejection| Box::new(rejection.into_response()))?;
    let bearer = Bearer::parse(request.headers()).map_err(|bad| Box::new(bad.into_response()))?;
    let missing = || {
        let text = "Header of type `authorization` was missing";
        Box::new((StatusCode::BAD_REQUEST, text).into_response())
    };
    let token = bearer.0.ok_or_else(missing)?;
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let refuse = |error| Box::new(ApiError::from(error).into_response());
    verifier.accept(&token, &query, length).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn bearer(header: &str) -> Result<Bearer, BadHeader> {
        Bearer::parse(&HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]))
    }

    fn jwt(payload: &str) -> String {
        format!(
            "Bearer {}.{}.sig",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode(payload)
        )
    }

    #[test]
    fn only_the_bearer_scheme_is_accepted() {
        assert_eq!(Bearer::parse(&HeaderMap::new()), Ok(Bearer(None)));
        for good in ["Bearer x", "bearer x.y.z", "BEARER x"] {
            assert!(bearer(good).is_ok(), "{good:?}");
        }
        for bad in ["Basic dXNlcjpwYXNz", "Bearer", "token", ""] {
            let refused = Err((StatusCode::BAD_REQUEST, "invalid HTTP header (authorization)"));
            assert_eq!(bearer(bad), refused, "{bad}");
        }
    }

    #[test]
    fn the_claims_of_a_token_limit_the_size_of_the_body() {
        let rows = [
            ("Bearer an-api-key".to_owned(), Some("INTERNAL_ERROR")),
            (jwt(r#"{"exp":1}"#), Some("INTERNAL_ERROR")),
            (jwt(r#"{"exp":1.5,"jti":"a"}"#), Some("INTERNAL_ERROR")),
            (jwt(r#"{"exp":1,"jti":"a"}"#), None),
            (jwt(r#"{"exp":1,"jti":"a","max_size":10}"#), None),
            (jwt(r#"{"exp":1,"jti":"a","max_size":9}"#), Some("INVALID_SIZE")),
            (jwt(r#"{"exp":1,"jti":"a","size":10}"#), None),
            (jwt(r#"{"exp":1,"jti":"a","size":11}"#), Some("INVALID_SIZE")),
            (jwt(r#"{"exp":1,"jti":"a","size":10,"max_size":10}"#), Some("INCONSISTENT_TOKEN")),
        ];
        for (header, reason) in rows {
            let refusal = bearer(&header).unwrap().check_size(10).err();
            assert_eq!(refusal.as_ref().map(|failure| failure.reason), reason, "{header}");
            assert!(refusal.is_none_or(|failure| failure.domain == AUTH));
        }
    }
}
