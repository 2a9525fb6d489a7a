//! The published OpenAPI files compared with what the servers send: equal where the files are right, and different where
//! the contract lists them as wrong (§2.8).

use crate::raw::{ask, get, put};
use crate::{quilt_store, reuse};
use serde_json::{Map, Value, json};
use tests::Bottle;

/// Paths and schemas of the published file of a daemon, without its prose.
fn published() -> Value {
    serde_json::from_str(include_str!("../openapi/published.json")).unwrap()
}

/// Whether something is what the published schema of this name says.
fn fits(name: &str, instance: &Value) -> bool {
    let schema = json!({
        "components": { "schemas": published()["schemas"] },
        "$ref": format!("#/components/schemas/{name}"),
    });
    jsonschema::validator_for(&schema).unwrap().is_valid(instance)
}

/// The published names of fields that are sent under another name.
const RENAMED: [&str; 10] = [
    "blob_id",
    "end_epoch",
    "blob_object",
    "resource_operation",
    "shared_blob_object",
    "encoded_length",
    "epochs_ahead",
    "epochs_extended",
    "failure_phase",
    "error_msg",
];

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| all + &word[..1].to_uppercase() + &word[1..])
}

/// An answer with its fields under their published names. Those of objects on the chain are published as they are sent.
fn translated(value: &Value, on_chain: bool) -> Value {
    let fields = |object: &Map<String, Value>| {
        let field = |(key, value): (&String, &Value)| {
            let name = RENAMED.iter().find(|name| !on_chain && camel(name) == **key);
            let on_chain = on_chain || key == "blobObject";
            (name.map_or(key.clone(), |name| (*name).to_owned()), translated(value, on_chain))
        };
        object.iter().map(field).collect()
    };
    value.as_object().map_or_else(|| value.clone(), |object| Value::Object(fields(object)))
}

#[tokio::test]
async fn what_is_published_right_is_what_is_sent() {
    let bottle = Bottle::start();
    let stored = put(bottle.publisher_url(), "?share=true", b"x").await.json();
    let created = &stored["newlyCreated"];
    let quilt = quilt_store::put(&bottle, &[("a", b"x")]).await.json();
    let absent = get(bottle.aggregator_url(), "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk").await.json();
    let broken = put(bottle.publisher_url(), "?epochs=0", b"x").await.json();
    let rows = [
        ("Blob", &created["blobObject"]),
        ("StorageResource", &created["blobObject"]["storage"]),
        ("BlobId", &created["blobObject"]["blobId"]),
        ("ObjectID", &created["sharedBlobObject"]),
        ("EncodingType", &created["blobObject"]["encodingType"]),
        ("Epoch", &created["blobObject"]["registeredEpoch"]),
        ("StoredQuiltPatch", &quilt["storedQuiltBlobs"][0]),
        ("Status", &absent),
        ("Status", &broken),
    ];
    for (name, instance) in rows {
        assert!(fits(name, instance), "{name}: {instance}");
        assert!(!fits(name, &json!([])), "{name} would let anything pass");
    }
}

#[tokio::test]
async fn results_are_published_under_names_that_no_server_sends() {
    let bottle = Bottle::start();
    let url = bottle.publisher_url();
    let mut results = Vec::new();
    for query in ["", "?share=true", "?permanent=true"] {
        results.push(put(url, query, b"x").await.json());
    }
    for find in ["storage=1", "registration=1", "extend=1", "extend-uncertified=1"] {
        let bottle = reuse::bottle(&[find]);
        for query in ["?reuse_resources=true&epochs=3", "?reuse_resources=true"] {
            results.push(put(bottle.publisher_url(), query, b"x").await.json());
        }
    }
    let failing = Bottle::builder().publisher_faults(&["error-object=1"]).start();
    results.push(put(failing.publisher_url(), "", b"x").await.json());
    for sent in &results {
        assert!(!fits("BlobStoreResult", sent), "{sent}");
        assert!(fits("BlobStoreResult", &translated(sent, false)), "{}", translated(sent, false));
    }
    let operations = results.iter().filter_map(|sent| sent["newlyCreated"].get("resourceOperation"));
    for operation in operations {
        assert!(!fits("RegisterBlobOp", operation) && fits("RegisterBlobOp", &translated(operation, false)));
    }
    let quilt = quilt_store::put(&bottle, &[("a", b"x")]).await.json();
    assert!(!fits("QuiltStoreResult", &quilt) && fits("QuiltStoreResult", &translated(&quilt, false)));
}

#[tokio::test]
async fn events_and_patches_are_published_in_a_form_that_no_server_sends() {
    let bottle = Bottle::start();
    put(bottle.publisher_url(), "?permanent=true", b"x").await;
    let answer = put(bottle.publisher_url(), "?permanent=true", b"x").await.json();
    let event = &answer["alreadyCertified"]["event"];
    assert!(!fits("EventID", event), "the digest is text: {event}");
    assert!(fits("EventID", &json!({"txDigest": [1, 2], "eventSeq": event["eventSeq"]})));
    let quilt = quilt_store::put(&bottle, &[("a", b"x")]).await.json();
    let id = quilt["blobStoreResult"]["newlyCreated"]["blobObject"]["blobId"].as_str().unwrap();
    let list = ask(bottle.aggregator_url(), &format!("GET /v1/quilts/{id}/patches"), &[]).await.json();
    let mut item = list[0].clone();
    assert!(item["patch_id"].is_string() && !fits("QuiltPatchItem", &item), "the ID is text: {item}");
    item["patch_id"] = json!({"quiltId": id, "patchIdBytes": [1, 1, 0, 2, 0]});
    assert!(fits("QuiltPatchItem", &item));
}

/// Published parameters that no server knows by this name.
const UNKNOWN: [&str; 2] = ["send_or_share", "read_options"];

#[tokio::test]
async fn every_published_parameter_is_known_but_two() {
    let bottle = Bottle::builder().daemon().start();
    let url = bottle.publisher_url();
    let mut unknown = Vec::new();
    for (path, methods) in published()["paths"].as_object().unwrap() {
        for (method, item) in methods.as_object().unwrap() {
            let parameters = item["parameters"].as_array().unwrap().iter();
            for name in parameters.filter_map(|text| text.as_str()?.strip_prefix("query ")?.split(' ').next())
            {
                // No value that any of them takes: the answer distinguishes a bad value from a bad name.
                let needed = if path.ends_with("/concat") && name != "ids" { "ids=x&" } else { "" };
                let line = format!("{} {}?{needed}{name}=%00", method.to_uppercase(), concrete(path));
                let reply = ask(url, &line, &[]).await;
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                if text.contains("unknown field") {
                    unknown.push(name.to_owned());
                }
                assert!(reply.status == 400 || name == "quilt_version", "{line}: {text}");
            }
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    assert_eq!(unknown, {
        let mut known = UNKNOWN;
        known.sort_unstable();
        known
    });
}

/// A path in which every parameter has a value of the right form.
fn concrete(path: &str) -> String {
    let id = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    let object = format!("0x{}", "1".repeat(64));
    path.replace("{blob_id}", id)
        .replace("{quilt_id}", id)
        .replace("{blob_object_id}", &object)
        .replace("{identifier}", "a")
}
