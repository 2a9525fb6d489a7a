//! The `Authorization` header, which a publisher looks at even when it asks for none.

use crate::api_error::{AUTH, ApiError};
use crate::auth::Claims;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

/// The bearer token of a request, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer(Option<String>);

impl Bearer {
    /// Reads a header value; any scheme but `Bearer` is refused.
    ///
    /// # Errors
    /// Status and text of the refusal.
    pub fn read(header: Option<&[u8]>) -> Result<Self, (StatusCode, &'static str)> {
        let Some(value) = header else { return Ok(Self(None)) };
        let text = std::str::from_utf8(value).ok();
        let token =
            text.and_then(|text| text.split_once(' ')).filter(|pair| pair.0.eq_ignore_ascii_case("bearer"));
        match token {
            Some((_, token)) => Ok(Self(Some(token.to_owned()))),
            None => Err((StatusCode::BAD_REQUEST, "invalid HTTP header (authorization)")),
        }
    }

    /// The token, if there is one.
    pub(crate) fn token(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Holds the size of a body against what the token allows, whether or not anybody asked for a token.
    ///
    /// # Errors
    /// A token that is none, or that allows another size.
    pub fn check_size(&self, size: u64) -> Result<(), ApiError> {
        let Some(token) = &self.0 else { return Ok(()) };
        let not_one = || ApiError { domain: AUTH, ..ApiError::internal("the bearer token is not a JWT") };
        Ok(Claims::unverified(token).ok_or_else(not_one)?.check_size(Some(size))?)
    }
}

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::read(parts.headers.get(AUTHORIZATION).map(|value| value.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn jwt(payload: &str) -> String {
        format!(
            "Bearer {}.{}.sig",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode(payload)
        )
    }

    #[test]
    fn only_bearer_tokens_pass_the_header() {
        for good in [None, Some("Bearer x"), Some("bearer x.y.z"), Some("BEARER x")] {
            assert!(Bearer::read(good.map(str::as_bytes)).is_ok(), "{good:?}");
        }
        for bad in ["Basic dXNlcjpwYXNz", "Bearer", "token", ""] {
            let refusal = Bearer::read(Some(bad.as_bytes()));
            assert_eq!(
                refusal,
                Err((StatusCode::BAD_REQUEST, "invalid HTTP header (authorization)")),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_token_is_held_against_the_size_of_the_body() {
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
            let refusal = Bearer::read(Some(header.as_bytes())).unwrap().check_size(10).err();
            assert_eq!(refusal.as_ref().map(|failure| failure.reason), reason, "{header}");
            assert!(refusal.is_none_or(|failure| failure.domain == AUTH));
        }
    }
}
