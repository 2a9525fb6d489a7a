//! The `Authorization` header, which a publisher looks at even when it asks for none.

use crate::failure::{AUTH, Failure, Status};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The bearer token of a request, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer(Option<String>);

/// The claims that bind a body even where nobody checks signatures.
#[derive(Debug, Deserialize)]
struct Claims {
    #[serde(rename = "exp")]
    _exp: u64,
    #[serde(rename = "jti")]
    _jti: String,
    size: Option<u64>,
    max_size: Option<u64>,
}

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

    /// Holds the size of a body against what the token allows.
    ///
    /// # Errors
    /// A token that is none, or that allows another size.
    pub fn check_size(&self, size: u64) -> Result<(), Failure> {
        let Some(token) = &self.0 else { return Ok(()) };
        let refuse = |reason, message: &str| {
            Err(Failure { status: Status::FailedPrecondition, domain: AUTH, reason, message: message.into() })
        };
        match claims(token) {
            None => Err(Failure { domain: AUTH, ..Failure::internal("the bearer token is not a JWT") }),
            Some(Claims { size: Some(_), max_size: Some(_), .. }) => {
                refuse("INCONSISTENT_TOKEN", "the token has both size and max_size")
            }
            Some(Claims { size: Some(only), .. }) if size != only => {
                refuse("INVALID_SIZE", "the body is not of the size that the token allows")
            }
            Some(Claims { max_size: Some(most), .. }) if size > most => {
                refuse("INVALID_SIZE", "the body is larger than the token allows")
            }
            Some(_) => Ok(()),
        }
    }
}

/// The claims of a JWT whose signature nobody checks.
fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let json = |part| URL_SAFE_NO_PAD.decode(part).ok();
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&json(header)?).ok()?;
    serde_json::from_slice(&json(payload)?).ok().filter(|_| parts.next().is_none())
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

    fn jwt(payload: &str) -> String {
        format!(
            "Bearer {}.{}.sig",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
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
