//! Secrets in every encoding, whole and cut off, and what is no secret.

use super::*;
use crate::fixtures;

fn knowing(secrets: &[&str]) -> Redactor {
    let mut redactor = Redactor::default();
    secrets.iter().for_each(|secret| redactor.register(secret));
    redactor
}

fn plan_to(publishers: &[&str]) -> Plan {
    Plan { publishers: publishers.iter().map(|one| one.parse().unwrap()).collect(), ..fixtures::plan(1) }
}

fn header(name: &str, value: &str) -> Redactor {
    let mut redactor = Redactor::default();
    redactor.header(&Header { name: name.to_owned(), value: Secret::new(value) });
    redactor
}

#[test]
fn a_secret_is_replaced_in_every_encoding() {
    const SECRET: &str = "s3cret/+ü\"key";
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let json = serde_json::to_string(SECRET).unwrap();
    let upper = SECRET.to_ascii_uppercase();
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
    let unicode: String = SECRET.chars().map(|char| format!("\\u{:04X}", u32::from(char))).collect();
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let twice: String = url::form_urlencoded::byte_serialize(form.as_bytes()).collect();
    let html = SECRET.replace('"', "&quot;");
    let redactor = knowing(&[SECRET]);
    for form in [SECRET, &percent, json.trim_matches('"'), &upper, &hex, &unicode, &form, &twice, &html] {
        let text = format!("before {form} behind {form}");
        assert_eq!(redactor.text(&text), "before [redacted] behind [redacted]", "{form}");
    }
}

#[test]
fn base64_is_found_at_every_alignment_in_both_alphabets_and_goes_whole() {
    for secret in ["s3cret", "??>>~~ü", "longer-than-a-block"] {
        let redactor = knowing(&[secret]);
        for before in ["", "x", "xy", "me:"] {
            for behind in ["", "z", "zz", ":"] {
                let text = format!("{before}{secret}{behind}");
                for encoded in [
                    BASE64_STANDARD.encode(&text),
                    BASE64_STANDARD_NO_PAD.encode(&text),
                    BASE64_URL_SAFE.encode(&text),
                    BASE64_URL_SAFE_NO_PAD.encode(&text),
                ] {
                    let text_of_server = format!("Basic {encoded}, no");
                    assert_eq!(redactor.text(&text_of_server), "Basic [redacted], no", "{text}");
                    let escaped = text_of_server.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F");
                    assert_eq!(redactor.text(&escaped), "Basic [redacted], no", "{text}");
                }
            }
        }
    }
}

#[test]
fn a_secret_that_a_cut_has_shortened_is_known_by_its_beginning() {
    let token = "eyJhbGciOiJIUzI1NiJ9.".repeat(30);
    let redactor = knowing(&[&token]);
    for before in [0, 1, 100, 280, 295] {
        let cut = one_line(&format!("{}{token}", "x".repeat(before)));
        let expected = "x".repeat(before);
        let redacted = redactor.text(&cut).into_owned();
        assert!(redacted.starts_with(&expected), "{redacted}");
        assert!(!redacted.contains("eyJh"), "{redacted}");
    }
    assert_eq!(redactor.text("no cut: eyJh"), "no cut: eyJh");
}

#[test]
fn headers_give_their_credentials_and_not_their_schemes() {
    for (name, value, text, expected) in [
        ("Authorization", "Bearer t0ken-1", "Bearer t0ken-1", "Bearer [redacted]"),
        ("authorization", "Basic bWU6czNjcmV0", "me:s3cret s3cret", "[redacted] [redacted]"),
        ("Authorization", "t0ken-1", "is t0ken-1", "is [redacted]"),
        ("Cookie", "sid=abcdefgh; theme=dark", "sid abcdefgh, dark", "sid [redacted], dark"),
        ("X-Key", "a  b c", "a b c", "[redacted]"),
        ("X-Short", "abc", "abc", "abc"),
        ("Accept-Encoding", "gzip", "gzip", "gzip"),
    ] {
        assert_eq!(header(name, value).text(text), expected, "{name}: {value}");
    }
}

#[test]
fn a_login_gives_its_password_and_a_user_that_is_a_token() {
    let plan = plan_to(&["http://someone:s3cret@h", "http://t0ken:x@h", "http://only-user@h"]);
    let redactor = Redactor::of(&plan);
    let message = "someone s3cret, t0ken, only-user, c29tZW9uZTpzM2NyZXQ=";
    assert_eq!(redactor.text(message), "someone [redacted], [redacted], [redacted], [redacted]");
}

#[test]
fn reason_and_message_of_a_failure_stay_lines_of_limited_length() {
    let failure = Failure {
        reason: Some("s3cret".to_owned()),
        ..Failure::new(FailureClass::Auth, "keys ".repeat(55) + "s3cret")
    };
    let Outcome::Failed(kept) = knowing(&["s3cret", "keys"]).outcome(Outcome::Failed(failure)) else {
        panic!("it stays a failure");
    };
    assert_eq!(kept.reason.as_deref(), Some("[redacted]"));
    assert!(kept.message.chars().count() <= 300 && !kept.message.contains("s3cret"), "{kept}");
}

#[test]
fn a_blob_id_that_is_a_secret_is_no_id() {
    let stored = |blob_id: &str| {
        Outcome::Stored(crate::sample::Stored {
            blob_id: blob_id.to_owned(),
            kind: crate::sample::StoredKind::New,
            cost: None,
        })
    };
    let redactor = knowing(&["a-long-secret", "abcd"]);
    assert!(matches!(redactor.outcome(stored("x-a-long-secret")), Outcome::Failed(_)));
    assert!(redactor.outcome(stored("abcd")).is_success());
}
