//! Tables of tokens and of what they are refused for.

use super::*;
use axum::extract::Query;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use std::sync::Arc;

const NOW: u64 = 1_800_000_000;
const ADDRESS: &str = "0x2222222222222222222222222222222222222222222222222222222222222222";

fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
}

fn token(claims: &str) -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

fn query(text: &str) -> PutQuery {
    Query::try_from_uri(&format!("/v1/blobs?{text}").parse().unwrap()).unwrap().0
}

fn strict() -> Config {
    Config { secret: Some(b"secret".to_vec()), ..Config::default() }
}

/// A clock that stands at `NOW`.
fn clock() -> Clock {
    Clock::Manual(Arc::new((NOW * 1000).into()))
}

fn accept(config: &Config, token: &str) -> Result<(), TokenError> {
    Verifier::new(config.clone(), clock()).accept(token, &query(""), Some(10))
}

#[test]
fn any_of_three_flags_requires_tokens() {
    let off = Config::default();
    assert!(!off.is_active());
    let on = [strict(), Config { expiring_sec: 1, ..off.clone() }, Config { verify_upload: true, ..off }];
    assert!(on.iter().all(Config::is_active));
}

#[test]
fn every_defect_of_a_token_has_its_own_error() {
    let good = token(&format!(r#"{{"exp":{NOW},"jti":"a"}}"#));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let alg = |alg: &str| signed(&format!(r#"{{"alg":"{alg}"}}"#), &format!(r#"{{"exp":{NOW},"jti":"a"}}"#));
    let exp = |exp: i128| token(&format!(r#"{{"exp":{exp},"jti":"a"}}"#));
    let last_date = i128::from(*DATES.end());
    let rows = [
        (good.clone(), Ok(())),
        (exp(i128::from(NOW) - 60), Ok(())),
        (exp(i128::from(NOW) - 61), Err(TokenError::ExpiredSignature)),
        (exp(0), Err(TokenError::ExpiredSignature)),
        (exp(-1), Err(TokenError::NegativeExpiration)),
        (exp(-(1 << 63)), Err(TokenError::NegativeExpiration)),
        (exp(last_date), Ok(())),
        (exp(last_date + 1), Err(TokenError::InvalidTimestamp)),
        (exp((1 << 63) - 1), Err(TokenError::InvalidTimestamp)),
        (exp(1 << 63), Err(TokenError::InvalidToken)),
        (exp(1 << 64), Err(TokenError::InvalidToken)),
        (format!("{message}.{}", "A".repeat(43)), Err(TokenError::InvalidSignature)),
        (format!("{message}."), Err(TokenError::InvalidSignature)),
        (format!("{message}.{signature}="), Err(TokenError::InvalidToken)),
        (alg("HS512"), Err(TokenError::InvalidToken)),
        (alg("none"), Err(TokenError::InvalidToken)),
        (alg("XY"), Err(TokenError::InvalidToken)),
        (String::new(), Err(TokenError::InvalidToken)),
        ("an-api-key".into(), Err(TokenError::InvalidToken)),
        ("a.b.c".into(), Err(TokenError::InvalidToken)),
        (format!("x.{good}"), Err(TokenError::InvalidToken)),
    ];
    for (token, expected) in rows {
        assert_eq!(accept(&strict(), &token), expected, "{token}");
    }
}

#[test]
fn claims_have_their_types() {
    let rows = [
        (r#""jti":"a""#, Ok(())),
        (r#""jti":"a","nbf":9999999999999,"foo":[1]"#, Ok(())),
        (r#""jti":"a","aud":null"#, Ok(())),
        (r#""jti":"a","aud":1"#, Ok(())),
        (r#""jti":"a","aud":[1]"#, Ok(())),
        (r#""jti":"a","aud":{"a":"me"}"#, Ok(())),
        (r#""jti":"a","aud":["me"]"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","aud":[]"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","aud":1,"aud":2"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","jti":"b""#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","sub":7,"nbf":{},"iss":[{}]"#, Ok(())),
        (r#""jti":"a","sub":[]"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","nbf":[1]"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","iat":-5"#, Ok(())),
        (r#""foo":1"#, Err(TokenError::InvalidToken)),
        (r#""jti":7"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","aud":"me""#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","epochs":"1""#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","epochs":4294967296"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","size":-1"#, Err(TokenError::InvalidToken)),
        (r#""jti":"a","send_object_to":"0x1x""#, Err(TokenError::InvalidToken)),
    ];
    for (claims, expected) in rows {
        assert_eq!(accept(&strict(), &token(&format!(r#"{{"exp":{NOW},{claims}}}"#))), expected, "{claims}");
    }
    for exp in ["1.5", "1e3", "\"1\"", "null"] {
        let token = token(&format!(r#"{{"exp":{exp},"jti":"a"}}"#));
        assert_eq!(accept(&strict(), &token), Err(TokenError::InvalidToken), "{exp}");
    }
}

#[test]
fn without_a_secret_neither_signature_nor_end_is_checked() {
    let open = Config { verify_upload: true, ..Config::default() };
    let unsigned = token(r#"{"exp":1,"jti":"a","aud":"me"}"#);
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(accept(&open, &format!("{message}.whatever")), Ok(()));
    assert_eq!(accept(&open, "an-api-key"), Err(TokenError::InvalidToken));
    assert_eq!(accept(&open, &token(r#"{"exp":-1,"jti":"a"}"#)), Ok(()));
    let before_all_dates = token(&format!(r#"{{"exp":{},"jti":"a"}}"#, DATES.start() - 1));
    assert_eq!(accept(&open, &before_all_dates), Err(TokenError::InvalidTimestamp));
}

/// Claims, a query, the length of the body, and the result.
type Row<'a> = (&'a str, &'a str, Option<u64>, Result<(), TokenError>);

#[test]
fn claims_are_compared_with_the_request() {
    let to = format!(r#","send_object_to":"{ADDRESS}""#);
    let query_to = format!("send_object_to={ADDRESS}");
    let rows: [Row<'_>; 19] = [
        ("", "", None, Ok(())),
        (r#","size":10"#, "", Some(10), Ok(())),
        (r#","size":11"#, "", Some(10), Err(TokenError::InvalidSize)),
        (r#","size":11"#, "", None, Ok(())),
        (r#","max_size":10"#, "", Some(10), Ok(())),
        (r#","max_size":9"#, "", Some(10), Err(TokenError::InvalidSize)),
        (r#","max_size":9"#, "", None, Ok(())),
        (r#","size":10,"max_size":10"#, "", Some(10), Err(TokenError::InconsistentToken)),
        (r#","epochs":1"#, "", None, Ok(())),
        (r#","epochs":2"#, "", None, Err(TokenError::InvalidEpochs)),
        (r#","epochs":2"#, "epochs=2", None, Ok(())),
        (r#","max_epochs":5"#, "epochs=5", None, Ok(())),
        (r#","max_epochs":5"#, "epochs=6", None, Err(TokenError::InvalidEpochs)),
        (r#","epochs":1,"max_epochs":5"#, "", None, Err(TokenError::InconsistentToken)),
        (&to, &query_to, None, Ok(())),
        (&to, "", None, Err(TokenError::InvalidSendObjectTo)),
        (&to, "share=true", None, Err(TokenError::InvalidSendObjectTo)),
        (r#","max_size":9,"epochs":9"#, "", Some(10), Err(TokenError::InvalidSize)),
        (&format!(r#","epochs":9{to}"#), "", None, Err(TokenError::InvalidEpochs)),
    ];
    let config = Config { verify_upload: true, ..strict() };
    for (claims, text, length, expected) in rows {
        let verifier = Verifier::new(config.clone(), clock());
        let token = token(&format!(r#"{{"exp":{NOW},"jti":"a"{claims}}}"#));
        let accept = || verifier.accept(&token, &query(text), length);
        assert_eq!(accept(), expected, "{claims} {text}");
        let again = if expected.is_ok() { Err(TokenError::TokenAlreadyUsed) } else { expected };
        assert_eq!(accept(), again, "a token that did not fit can be used again: {claims}");
    }
}

#[test]
fn without_verify_upload_only_contradictory_sizes_are_refused() {
    let rows = [
        (r#","size":11,"epochs":9"#, Ok(())),
        (r#","epochs":1,"max_epochs":5"#, Ok(())),
        (r#","size":10,"max_size":10"#, Err(TokenError::InconsistentToken)),
    ];
    for (claims, expected) in rows {
        let token = token(&format!(r#"{{"exp":{NOW},"jti":"a"{claims}}}"#));
        assert_eq!(accept(&strict(), &token), expected, "{claims}");
    }
}

#[test]
fn a_lifetime_must_be_exact() {
    let config = Config { expiring_sec: 300, ..strict() };
    let rows = [
        (format!(r#","iat":{}"#, NOW - 300), Ok(())),
        (format!(r#","iat":{}"#, NOW - 299), Err(TokenError::InvalidExpiration)),
        (format!(r#","iat":{}"#, NOW + 300), Err(TokenError::InvalidExpiration)),
        (String::new(), Err(TokenError::InvalidExpiration)),
    ];
    for (iat, expected) in rows {
        assert_eq!(accept(&config, &token(&format!(r#"{{"exp":{NOW},"jti":"a"{iat}}}"#))), expected, "{iat}");
    }
    let open = Config { expiring_sec: 300, ..Config::default() };
    assert_eq!(accept(&open, &token(r#"{"exp":300,"jti":"a"}"#)), Ok(()), "a missing iat counts as 0");
}

#[test]
fn a_token_is_remembered_until_the_sweep_after_its_end() {
    let used = UsedTokens::new(2, Duration::from_secs(5));
    let rows = [
        ("a", 1_007, 1_000_000, Ok(())),
        ("a", 1_007, 1_004_000, Err(TokenError::TokenAlreadyUsed)),
        ("b", 2_000, 1_004_000, Ok(())),
        ("c", 2_000, 1_004_000, Err(TokenError::CacheFull)),
        ("a", 1_007, 1_005_000, Err(TokenError::TokenAlreadyUsed)),
        ("a", 1_007, 1_009_999, Err(TokenError::TokenAlreadyUsed)),
        ("c", 2_000, 1_010_000, Ok(())),
        ("a", 1_007, 1_010_000, Err(TokenError::CacheFull)),
    ];
    for (jti, exp, now_ms, expected) in rows {
        assert_eq!(used.insert(jti, exp, now_ms), expected, "{jti} at {now_ms}");
    }
    used.remove("c");
    assert_eq!(used.insert("c", 2_000, 1_010_000), Ok(()));
}

#[test]
fn a_token_that_ended_before_its_use_can_be_used_again_soon() {
    let used = UsedTokens::new(2, Duration::from_secs(5));
    assert_eq!(used.insert("a", 1, 1_001_000), Ok(()));
    assert_eq!(used.insert("a", 1, 1_004_999), Err(TokenError::TokenAlreadyUsed));
    assert_eq!(used.insert("a", 1, 1_005_000), Ok(()));
}
