//! The tables that hold the decisions about tokens.

use super::*;
use axum::extract::Query;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

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

fn admit(config: &Config, token: &str) -> Result<(), Refusal> {
    Auth::new(config.clone()).admit(token, &query(""), Some(10), NOW * 1000)
}

#[test]
fn s3_5_1_any_of_three_flags_switches_tokens_on() {
    let off = Config::default();
    assert!(!off.is_active());
    let on = [strict(), Config { expiring_sec: 1, ..off.clone() }, Config { verify_upload: true, ..off }];
    assert!(on.iter().all(Config::is_active));
}

#[test]
fn s3_5_5_what_is_wrong_with_a_token_is_told_apart() {
    let good = token(&format!(r#"{{"exp":{NOW},"jti":"a"}}"#));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let alg = |alg: &str| signed(&format!(r#"{{"alg":"{alg}"}}"#), &format!(r#"{{"exp":{NOW},"jti":"a"}}"#));
    let exp = |exp: u64| token(&format!(r#"{{"exp":{exp},"jti":"a"}}"#));
    let rows = [
        (good.clone(), Ok(())),
        (exp(NOW - 60), Ok(())),
        (exp(NOW - 61), Err(Refusal::Expired)),
        (exp(LAST_DATE), Ok(())),
        (exp(LAST_DATE + 1), Err(Refusal::InvalidTimestamp)),
        (exp(u64::MAX), Err(Refusal::InvalidTimestamp)),
        (format!("{message}.{}", "A".repeat(43)), Err(Refusal::InvalidSignature)),
        (format!("{message}."), Err(Refusal::InvalidSignature)),
        (format!("{message}.{signature}="), Err(Refusal::InvalidToken)),
        (alg("HS512"), Err(Refusal::InvalidToken)),
        (alg("none"), Err(Refusal::InvalidToken)),
        (alg("XY"), Err(Refusal::InvalidToken)),
        (String::new(), Err(Refusal::InvalidToken)),
        ("an-api-key".into(), Err(Refusal::InvalidToken)),
        ("a.b.c".into(), Err(Refusal::InvalidToken)),
        (format!("x.{good}"), Err(Refusal::InvalidToken)),
    ];
    for (token, expected) in rows {
        assert_eq!(admit(&strict(), &token), expected, "{token}");
    }
}

#[test]
fn s3_5_3_claims_have_their_types() {
    let rows = [
        (r#""jti":"a""#, Ok(())),
        (r#""jti":"a","nbf":9999999999999,"foo":[1]"#, Ok(())),
        (r#""jti":"a","aud":null"#, Ok(())),
        (r#""foo":1"#, Err(Refusal::InvalidToken)),
        (r#""jti":7"#, Err(Refusal::InvalidToken)),
        (r#""jti":"a","aud":"me""#, Err(Refusal::InvalidToken)),
        (r#""jti":"a","epochs":"1""#, Err(Refusal::InvalidToken)),
        (r#""jti":"a","epochs":4294967296"#, Err(Refusal::InvalidToken)),
        (r#""jti":"a","size":-1"#, Err(Refusal::InvalidToken)),
        (r#""jti":"a","send_object_to":"0x1x""#, Err(Refusal::InvalidToken)),
    ];
    for (claims, expected) in rows {
        assert_eq!(admit(&strict(), &token(&format!(r#"{{"exp":{NOW},{claims}}}"#))), expected, "{claims}");
    }
    for exp in ["1.5", "\"1\"", "null", "-1"] {
        let token = token(&format!(r#"{{"exp":{exp},"jti":"a"}}"#));
        assert_eq!(admit(&strict(), &token), Err(Refusal::InvalidToken), "{exp}");
    }
}

#[test]
fn s3_5_1_without_a_secret_neither_signature_nor_end_is_looked_at() {
    let open = Config { verify_upload: true, ..Config::default() };
    let unsigned = token(r#"{"exp":1,"jti":"a","aud":"me"}"#);
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(admit(&open, &format!("{message}.whatever")), Ok(()));
    assert_eq!(admit(&open, "an-api-key"), Err(Refusal::InvalidToken));
}

/// Claims, a query, the length of the body, and what comes of them.
type Row<'a> = (&'a str, &'a str, Option<u64>, Result<(), Refusal>);

#[test]
fn s3_5_4_claims_are_held_against_the_request() {
    let to = format!(r#","send_object_to":"{ADDRESS}""#);
    let query_to = format!("send_object_to={ADDRESS}");
    let rows: [Row<'_>; 19] = [
        ("", "", None, Ok(())),
        (r#","size":10"#, "", Some(10), Ok(())),
        (r#","size":11"#, "", Some(10), Err(Refusal::InvalidSize)),
        (r#","size":11"#, "", None, Ok(())),
        (r#","max_size":10"#, "", Some(10), Ok(())),
        (r#","max_size":9"#, "", Some(10), Err(Refusal::InvalidSize)),
        (r#","max_size":9"#, "", None, Ok(())),
        (r#","size":10,"max_size":10"#, "", Some(10), Err(Refusal::Inconsistent)),
        (r#","epochs":1"#, "", None, Ok(())),
        (r#","epochs":2"#, "", None, Err(Refusal::InvalidEpochs)),
        (r#","epochs":2"#, "epochs=2", None, Ok(())),
        (r#","max_epochs":5"#, "epochs=5", None, Ok(())),
        (r#","max_epochs":5"#, "epochs=6", None, Err(Refusal::InvalidEpochs)),
        (r#","epochs":1,"max_epochs":5"#, "", None, Err(Refusal::Inconsistent)),
        (&to, &query_to, None, Ok(())),
        (&to, "", None, Err(Refusal::InvalidSendObjectTo)),
        (&to, "share=true", None, Err(Refusal::InvalidSendObjectTo)),
        (r#","max_size":9,"epochs":9"#, "", Some(10), Err(Refusal::InvalidSize)),
        (&format!(r#","epochs":9{to}"#), "", None, Err(Refusal::InvalidEpochs)),
    ];
    let config = Config { verify_upload: true, ..strict() };
    for (claims, asked, length, expected) in rows {
        let auth = Auth::new(config.clone());
        let token = token(&format!(r#"{{"exp":{NOW},"jti":"a"{claims}}}"#));
        let admit = || auth.admit(&token, &query(asked), length, NOW * 1000);
        assert_eq!(admit(), expected, "{claims} {asked}");
        let again = if expected.is_ok() { Err(Refusal::AlreadyUsed) } else { expected };
        assert_eq!(admit(), again, "a token that did not fit can be used again: {claims}");
    }
}

#[test]
fn s3_5_4_without_verify_upload_only_contradictory_sizes_are_seen() {
    let rows = [
        (r#","size":11,"epochs":9"#, Ok(())),
        (r#","epochs":1,"max_epochs":5"#, Ok(())),
        (r#","size":10,"max_size":10"#, Err(Refusal::Inconsistent)),
    ];
    for (claims, expected) in rows {
        let token = token(&format!(r#"{{"exp":{NOW},"jti":"a"{claims}}}"#));
        assert_eq!(admit(&strict(), &token), expected, "{claims}");
    }
}

#[test]
fn s3_5_1_a_lifetime_is_exact_or_wrong() {
    let config = Config { expiring_sec: 300, ..strict() };
    let rows = [
        (format!(r#","iat":{}"#, NOW - 300), Ok(())),
        (format!(r#","iat":{}"#, NOW - 299), Err(Refusal::InvalidExpiration)),
        (format!(r#","iat":{}"#, NOW + 300), Err(Refusal::InvalidExpiration)),
        (String::new(), Err(Refusal::InvalidExpiration)),
    ];
    for (iat, expected) in rows {
        assert_eq!(admit(&config, &token(&format!(r#"{{"exp":{NOW},"jti":"a"{iat}}}"#))), expected, "{iat}");
    }
    let open = Config { expiring_sec: 300, ..Config::default() };
    assert_eq!(admit(&open, &token(r#"{"exp":300,"jti":"a"}"#)), Ok(()), "a missing iat counts as 0");
}
