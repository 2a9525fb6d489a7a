//! Answers of the mocks, compared with captured ones of the real servers: the same text but for IDs and messages.

use crate::raw::{self, Reply};
use tests::Bottle;

/// The captured answer of this name.
fn captured(name: &str) -> String {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text with every string blanked that differs from run to run: IDs of objects, blobs and events, messages.
fn blanked(text: &str) -> String {
    const VOLATILE: [&str; 6] = ["id", "blobId", "txDigest", "message", "errorMsg", "sharedBlobObject"];
    let (mut parts, mut key) = (Vec::new(), "");
    for (n, part) in text.split('"').enumerate() {
        let is_value = n % 2 == 1 && parts.last() == Some(&":");
        parts.push(if is_value && VOLATILE.contains(&key) { "…" } else { part });
        if n % 2 == 1 && !is_value {
            key = part;
        }
    }
    parts.join("\"")
}

fn same(reply: &Reply, fixture: &str) {
    assert_eq!(reply.header("content-type"), Some("application/json"), "{fixture}");
    assert_eq!(blanked(reply.text()), blanked(&captured(fixture)), "{fixture}");
}

#[test]
fn blanking_keeps_keys_and_other_values() {
    let text = r#"{"error":{"blobId":"abc","failurePhase":"p","n":7,"id":null}}"#;
    assert_eq!(blanked(text), r#"{"error":{"blobId":"…","failurePhase":"p","n":7,"id":null}}"#);
}

#[tokio::test]
async fn stores_are_answered_as_captured() {
    let bottle = Bottle::builder().publisher(|config| config.epoch = 412).start();
    let url = bottle.publisher_url();
    let bytes = b"some other string";
    same(&raw::put(url, "?epochs=5", bytes).await, "newly-created");
    same(&raw::put(url, "?epochs=5&share=true", bytes).await, "newly-created-shared");
    raw::put(url, "?epochs=18&permanent=true", bytes).await;
    same(&raw::put(url, "?permanent=true", bytes).await, "already-certified-event");
    same(&raw::put(url, "?permanent=true&deletable=true", bytes).await, "failure-persistence");
}

#[tokio::test]
async fn failures_are_answered_as_captured() {
    for (fault, fixture) in [
        ("error-object=1", "error-object"),
        ("500=1", "failure-internal"),
        ("504=1", "failure-confirmations"),
    ] {
        let bottle = Bottle::builder().publisher_faults(&[fault]).start();
        same(&raw::put(bottle.publisher_url(), "", b"x").await, fixture);
    }
    let bottle = Bottle::builder().aggregator_faults(&["503=1"]).start();
    let id = raw::stored(bottle.publisher_url(), b"x").await;
    same(&raw::get(bottle.aggregator_url(), &id).await, "failure-unavailable");
    let bottle = Bottle::start();
    let url = bottle.aggregator_url();
    same(&raw::get(url, &id).await, "failure-not-found");
    let both = "?strict_consistency_check=true&skip_consistency_check=true";
    same(&raw::get(url, &format!("{id}{both}")).await, "failure-consistency");
    same(&raw::ask(url, &format!("GET /v1/blobs/{id}"), &[("range", "bytes=1-")]).await, "failure-range");
}

#[test]
fn every_captured_answer_is_one_line_of_json() {
    let folder = format!("{}/fixtures", env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("report-")) {
            continue; // A document of the tool, not an answer.
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains('\n'), "{}", path.display());
        serde_json::from_str::<serde_json::Value>(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seen += 1;
    }
    assert!(seen >= 17, "{seen}");
}
