//! Reads the JSON of Walrus responses: tolerant of unknown fields, strict about those that are used.

use serde::Deserialize;
use serde_json::Value;

use crate::sample::{Stored, StoredKind};

/// The longest blob ID that is accepted; a real one has 43 characters.
const MAX_BLOB_ID: usize = 128;

/// A JSON object that responds to an upload.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StoreResponse {
    /// The blob is stored.
    Stored(Stored),
    /// It is not, although the status is 2xx.
    Error(Refusal),
    /// No response of a publisher, and what is missing or wrong.
    Unexpected(String),
}

/// The error object of Walrus: all fields are optional, because proxies imitate it badly.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The machine-readable reason (`BLOB_NOT_FOUND`), or the phase in which a store failed.
    pub(super) reason: Option<String>,
    /// The domain of the reason (`daemon.walrus.space`).
    pub(super) domain: Option<String>,
    /// The status as a word (`NOT_FOUND`).
    pub(super) status: Option<String>,
    /// A text for people.
    pub(super) message: Option<String>,
}

/// What is used of a response to an upload; `null` is as good as absent, and a field that stands there twice is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadBody {
    newly_created: Option<Value>,
    already_certified: Option<Value>,
    error: Option<Value>,
    marked_invalid: Option<Value>,
}

/// Reads the body of a response to an upload; `None` when it is not a JSON object.
pub(super) fn store_response(body: &[u8]) -> Option<StoreResponse> {
    // serde also reads a struct from an array of its fields.
    let is_object = serde_json::from_slice::<serde_json::Map<String, Value>>(body).is_ok();
    is_object.then(|| match serde_json::from_slice(body) {
        Ok(body) => result(&body).unwrap_or_else(StoreResponse::Unexpected),
        Err(error) => StoreResponse::Unexpected(error.to_string()),
    })
}

/// What happened to the blob. An error counts whatever else is there.
///
/// # Errors
/// Says what is missing or wrong.
fn result(body: &UploadBody) -> Result<StoreResponse, String> {
    match body {
        UploadBody { error: Some(error), .. } => Ok(StoreResponse::Error(Refusal::of(error))),
        UploadBody { marked_invalid: Some(_), .. } => Ok(StoreResponse::Error(Refusal {
            message: Some("the blob is marked as invalid".to_owned()),
            ..Refusal::default()
        })),
        UploadBody { newly_created: Some(_), already_certified: Some(_), .. } => {
            Err("it has both newlyCreated and alreadyCertified".to_owned())
        }
        UploadBody { newly_created: Some(new), .. } => {
            let kind = stored_kind(&new["resourceOperation"]);
            let blob_id = blob_id(new, "/blobObject/blobId")?;
            Ok(StoreResponse::Stored(Stored { blob_id, kind, cost: new["cost"].as_u64() }))
        }
        UploadBody { already_certified: Some(known), .. } => {
            let blob_id = blob_id(known, "/blobId")?;
            Ok(StoreResponse::Stored(Stored { blob_id, kind: StoredKind::Existing, cost: None }))
        }
        _ => Err("it has neither newlyCreated nor alreadyCertified".to_owned()),
    }
}

/// Reads the body of an error response; `None` when it is not one of Walrus.
pub(super) fn refusal(body: &[u8]) -> Option<Refusal> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Value,
    }
    let refusal = Refusal::of(&serde_json::from_slice::<Envelope>(body).ok()?.error);
    (refusal.status.is_some() || refusal.reason.is_some()).then_some(refusal)
}

/// Whether `id` can be a blob's ID: it becomes part of a path.
pub fn is_blob_id(id: &str) -> bool {
    (1..=MAX_BLOB_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// What became of storage and registration; from scratch where the response does not say.
fn stored_kind(operation: &Value) -> StoredKind {
    let kinds = [
        ("reuseStorage", StoredKind::ReuseStorage),
        ("reuseRegistration", StoredKind::ReuseRegistration),
        ("reuseAndExtend", StoredKind::ReuseAndExtend),
        ("reuseAndExtendNonCertified", StoredKind::ReuseAndExtendNonCertified),
    ];
    let named = kinds.into_iter().find(|(name, _)| operation.get(name).is_some()).map(|(_, kind)| kind);
    let is_new = operation.as_object().is_none_or(|operation| operation.contains_key("registerFromScratch"));
    // An operation of a later Walrus must not pass for the price of storing from scratch.
    named.unwrap_or(if is_new { StoredKind::New } else { StoredKind::ReuseStorage })
}

/// The blob ID at this place.
fn blob_id(object: &Value, pointer: &str) -> Result<String, String> {
    let field = pointer.replace('/', ".");
    match object.pointer(pointer) {
        Some(Value::String(id)) if is_blob_id(id) => Ok(id.clone()),
        Some(Value::String(id)) => Err(format!("`{id}` is not a blob ID")),
        Some(_) => Err(format!("{field} is not a string")),
        None => Err(format!("{field} is missing")),
    }
}

impl Refusal {
    fn of(error: &Value) -> Refusal {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let details = error.get("details").and_then(Value::as_array);
        let info = details.and_then(|details| details.iter().find(|detail| detail.get("reason").is_some()));
        Refusal {
            reason: info.and_then(|info| text(info, "reason")).or_else(|| text(error, "failurePhase")),
            domain: info.and_then(|info| text(info, "domain")),
            status: text(error, "status"),
            message: text(error, "message")
                .or_else(|| text(error, "errorMsg"))
                .or_else(|| error.as_str().map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";

    fn newly_created(operation: &str) -> String {
        format!(
            r#"{{"newlyCreated":{{"blobObject":{{"id":"0x5f0a","registeredEpoch":412,"blobId":"{ID}","size":17,
            "encodingType":"RS2","certifiedEpoch":null,"storage":{{"id":"0x91b7","startEpoch":412,"endEpoch":417,
            "storageSize":66034000}},"deletable":true}},"resourceOperation":{{{operation}}},"cost":32760000}}}}"#
        )
    }

    #[test]
    fn every_kind_of_storing_is_distinguished() {
        for (operation, kind) in [
            (r#""registerFromScratch":{"encodedLength":66034000,"epochsAhead":5}"#, StoredKind::New),
            (r#""reuseStorage":{"encodedLength":66034000}"#, StoredKind::ReuseStorage),
            (r#""reuseRegistration":{"encodedLength":66034000}"#, StoredKind::ReuseRegistration),
            (r#""reuseAndExtend":{"encodedLength":66034000,"epochsExtended":2}"#, StoredKind::ReuseAndExtend),
            (
                r#""reuseAndExtendNonCertified":{"encodedLength":66034000,"epochsExtended":2}"#,
                StoredKind::ReuseAndExtendNonCertified,
            ),
        ] {
            let expected = Stored { blob_id: ID.to_owned(), kind, cost: Some(32_760_000) };
            assert_eq!(
                store_response(newly_created(operation).as_bytes()),
                Some(StoreResponse::Stored(expected))
            );
        }
        for source in [r#""event":{"txDigest":"7Vt3mWq9","eventSeq":"0"}"#, r#""object":"0x5f0a""#] {
            let json = format!(r#"{{"alreadyCertified":{{"blobId":"{ID}",{source},"endEpoch":430}}}}"#);
            let expected = Stored { blob_id: ID.to_owned(), kind: StoredKind::Existing, cost: None };
            assert_eq!(store_response(json.as_bytes()), Some(StoreResponse::Stored(expected)));
        }
    }

    #[test]
    fn unused_fields_may_be_unknown_malformed_or_missing() {
        for json in [
            format!(r#"{{"newlyCreated":{{"blobObject":{{"blobId":"{ID}"}}}},"later":[1]}}"#),
            format!(
                r#"{{"newlyCreated":{{"blobObject":{{"blobId":"{ID}"}},"cost":"12","sharedBlobObject":"0x1"}}}}"#
            ),
        ] {
            let expected = Stored { blob_id: ID.to_owned(), kind: StoredKind::New, cost: None };
            assert_eq!(store_response(json.as_bytes()), Some(StoreResponse::Stored(expected)), "{json}");
        }
    }

    #[test]
    fn an_error_is_distinguished_from_other_json() {
        let json = r#"{"error":{"blobId":null,"failurePhase":"encode","errorMsg":"too large"}}"#;
        let Some(StoreResponse::Error(refusal)) = store_response(json.as_bytes()) else { panic!() };
        assert_eq!(
            (refusal.reason.as_deref(), refusal.message.as_deref()),
            (Some("encode"), Some("too large"))
        );
        let invalid = r#"{"markedInvalid":{"blobId":"x","event":{"txDigest":"y","eventSeq":"0"}}}"#;
        assert!(matches!(store_response(invalid.as_bytes()), Some(StoreResponse::Error(_))));
        for none in [
            "",
            "OK",
            "[]",
            "\"x\"",
            "{",
            "[null,null,null,null]",
            r#"[{"blobObject":{"blobId":"x"}},null,null,null]"#,
        ] {
            assert_eq!(store_response(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_clear_success_is_unexpected_and_says_why() {
        let new = format!(r#"{{"blobObject":{{"blobId":"{ID}"}}}}"#);
        let known = format!(r#"{{"blobId":"{ID}"}}"#);
        for (unexpected, why) in [
            ("{}".to_owned(), "neither"),
            (r#"{"newlyCreated":null}"#.to_owned(), "neither"),
            (r#"{"blobId":"x"}"#.to_owned(), "neither"),
            (format!(r#"{{"newlyCreated":{new},"alreadyCertified":{known}}}"#), "both"),
            (format!(r#"{{"newlyCreated":{new},"newlyCreated":{new}}}"#), "duplicate field"),
            (r#"{"newlyCreated":{}}"#.to_owned(), ".blobObject.blobId is missing"),
            (r#"{"newlyCreated":7}"#.to_owned(), ".blobObject.blobId is missing"),
            (format!(r#"{{"newlyCreated":[["{ID}"],null,1]}}"#), ".blobObject.blobId is missing"),
            (
                r#"{"newlyCreated":{"blobObject":{"blobId":7}}}"#.to_owned(),
                ".blobObject.blobId is not a string",
            ),
            (format!(r#"{{"alreadyCertified":{{"blobId":["{ID}"]}}}}"#), ".blobId is not a string"),
            (r#"{"alreadyCertified":{"blobId":null}}"#.to_owned(), ".blobId is not a string"),
            (r#"{"alreadyCertified":{"blobId":"../x"}}"#.to_owned(), "`../x` is not a blob ID"),
        ] {
            let Some(StoreResponse::Unexpected(reason)) = store_response(unexpected.as_bytes()) else {
                panic!("{unexpected}");
            };
            assert!(reason.contains(why), "{unexpected}: {reason}");
        }
    }

    #[test]
    fn an_error_beside_a_success_is_an_error() {
        let new = format!(r#""newlyCreated":{{"blobObject":{{"blobId":"{ID}"}}}}"#);
        for error in [
            r#""error":{"message":"no WAL"}"#,
            r#""error":"no WAL""#,
            r#""error":{}"#,
            r#""error":false"#,
            r#""markedInvalid":{}"#,
        ] {
            for json in [format!("{{{new},{error}}}"), format!("{{{error},{new}}}")] {
                assert!(matches!(store_response(json.as_bytes()), Some(StoreResponse::Error(_))), "{json}");
            }
        }
        let null = format!(r#"{{{new},"error":null,"alreadyCertified":null,"markedInvalid":null}}"#);
        assert!(matches!(store_response(null.as_bytes()), Some(StoreResponse::Stored(_))));
    }

    #[test]
    fn a_refusal_of_walrus_has_a_status_or_a_reason() {
        let walrus = r#"{"error":{"status":"INTERNAL","code":500,"message":"no WAL","details":[
            {"@type":"DebugInfo","stackEntries":[],"detail":"TraceID: 0"},
            {"@type":"ErrorInfo","reason":"INTERNAL_ERROR","domain":"daemon.walrus.space","metadata":{}}]}}"#;
        let refusal = refusal(walrus.as_bytes()).unwrap();
        assert_eq!(refusal.reason.as_deref(), Some("INTERNAL_ERROR"));
        assert_eq!(refusal.domain.as_deref(), Some("daemon.walrus.space"));
        assert_eq!(refusal.message.as_deref(), Some("no WAL"));
        for other in [r#"{"error":"nope"}"#, r#"{"error":{"message":"x"}}"#, r#"{"message":"x"}"#, "busy", ""]
        {
            assert_eq!(super::refusal(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_blob_id_is_short_and_fit_for_a_path() {
        assert!(is_blob_id(ID) && is_blob_id("a") && is_blob_id(&"x".repeat(128)));
        for wrong in ["", "a/b", "..", "a%2f", "a b", "a=", "a+b", "ü", "a\n", &"x".repeat(129)] {
            assert!(!is_blob_id(wrong), "{wrong}");
        }
    }
}
