//! The OpenAPI document at `/v1/api`, compared with the routes and answers of the servers (contract §1.1, §1.8).

use crate::raw::{self, Reply, ask, connect, exchange, head, put};
use crate::{quilt_store, reuse};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::Bottle;

/// The document inside the page of a server.
async fn document(url: &str) -> Value {
    let reply = ask(url, "GET /v1/api?ignored=1", &[]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let page = reply.text();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Redoc.init("), "{page}");
    let line = page.lines().find(|line| line.starts_with('{')).expect("a document on a line of its own");
    serde_json::from_str(line.trim_end_matches(',')).unwrap()
}

/// `METHOD /path` of everything that a document describes.
fn routes(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &Value)| {
        let lines =
            item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase()));
        lines.collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

const READS: [&str; 9] = [
    "GET /v1/blobs/{blob_id}",
    "GET /v1/blobs/by-object-id/{blob_object_id}",
    "GET /v1/blobs/{blob_id}/byte-range",
    "GET /v1/blobs/by-quilt-patch-id/{quilt_patch_id}",
    "GET /v1/blobs/by-quilt-id/{quilt_id}/{identifier}",
    "GET /v1/quilts/{quilt_id}/patches",
    "GET /v1alpha/blobs/{blob_id}/stream",
    "GET /v1alpha/blobs/concat",
    "POST /v1alpha/blobs/concat",
];
const STORES: [&str; 2] = ["PUT /v1/blobs", "PUT /v1/quilts"];

#[tokio::test]
async fn every_route_is_described_where_it_is_served() {
    let (two, one) = (Bottle::start(), Bottle::builder().daemon().start());
    let rows: [(&str, Vec<&str>); 3] = [
        (two.publisher_url(), STORES.to_vec()),
        (two.aggregator_url(), READS.to_vec()),
        (one.publisher_url(), [READS.as_slice(), &STORES].concat()),
    ];
    for (url, mut expected) in rows {
        expected.push("GET /status");
        let document = document(url).await;
        assert_eq!(routes(&document), expected.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(document["openapi"], "3.1.0");
    }
}

/// Whether an answer is one that the document has for this route.
fn holds(document: &Value, route: &str, reply: &Reply) -> Result<(), String> {
    let (method, path) = route.split_once(' ').unwrap();
    let answer = &document["paths"][path][method.to_lowercase()]["responses"][reply.status.to_string()];
    let kind = reply.header("content-type").unwrap_or("*/*");
    let Some(form) = answer["content"].get(kind) else {
        return Err(format!("{} as {kind} is not described", reply.status));
    };
    if kind != "application/json" {
        return Ok(());
    }
    let mut schema = json!({ "components": document["components"] });
    schema["allOf"] = json!([form["schema"]]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator
        .validate(&reply.json())
        .map_err(|error| format!("{error} at {}: {}", error.instance_path(), reply.text()))
}

#[tokio::test]
async fn every_answer_is_as_described() {
    let bottle = Bottle::builder().daemon().start();
    let url = bottle.publisher_url();
    let document = document(url).await;
    let quilt = quilt_store::put(&bottle, &[("a", b"x"), ("b c", b"y")]).await;
    let object = &quilt.json()["blobStoreResult"]["newlyCreated"]["blobObject"];
    let (id, object) = (object["blobId"].as_str().unwrap(), object["id"].as_str().unwrap());
    let patch = quilt.json()["storedQuiltBlobs"][0]["quiltPatchId"].as_str().unwrap().to_owned();
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    let (blob, range) = (format!("GET /v1/blobs/{id}"), [("range", "bytes=0-")]);
    let mut answers = vec![(STORES[1], quilt)];
    for (route, line, headers) in [
        (READS[0], blob.clone(), &[][..]),
        (READS[0], blob.clone(), &[("range", "bytes=0-1")]),
        (READS[0], blob.clone(), &range),
        (READS[0], format!("{blob}?cb=1"), &[]),
        (READS[0], format!("{blob}?strict_consistency_check=true&skip_consistency_check=true"), &[]),
        (READS[0], format!("GET /v1/blobs/{absent}"), &[]),
        (READS[1], format!("GET /v1/blobs/by-object-id/{object}"), &[]),
        (READS[1], "GET /v1/blobs/by-object-id/0x1".to_owned(), &[]),
        (READS[2], format!("{blob}/byte-range?start=0&length=1"), &[]),
        (READS[2], format!("{blob}/byte-range?start=0&length=0"), &[]),
        (READS[3], format!("GET /v1/blobs/by-quilt-patch-id/{patch}"), &[]),
        (READS[3], "GET /v1/blobs/by-quilt-patch-id/zz".to_owned(), &[]),
        (READS[4], format!("GET /v1/blobs/by-quilt-id/{id}/b%20c"), &[]),
        (READS[4], format!("GET /v1/blobs/by-quilt-id/{id}/d"), &[]),
        (READS[5], format!("GET /v1/quilts/{id}/patches"), &[]),
        (READS[5], format!("GET /v1/quilts/{absent}/patches"), &[]),
        (READS[6], format!("GET /v1alpha/blobs/{id}/stream"), &[]),
        (READS[7], format!("GET /v1alpha/blobs/concat?ids={id},{id}"), &[]),
        (READS[7], "GET /v1alpha/blobs/concat?ids=zz".to_owned(), &[]),
        ("GET /status", "GET /status".to_owned(), &[]),
    ] {
        answers.push((route, ask(url, &line, headers).await));
    }
    for (kind, body) in [("application/json", "{"), ("text/plain", "{}"), ("application/json", "{}")] {
        let headers = [("content-type", kind), ("content-length", &body.len().to_string())];
        let request = head("POST /v1alpha/blobs/concat", &headers) + body;
        answers.push((READS[8], exchange(connect(url).await, request.as_bytes()).await.unwrap()));
    }
    for query in [
        "",
        "?share=true",
        "?permanent=true",
        "?permanent=true",
        "?x",
        "?epochs=0",
        "?deletable=true&permanent=true",
    ] {
        answers.push((STORES[0], put(url, query, b"z").await));
    }
    let token = [("authorization", "Bearer an-api-key")];
    answers.push((STORES[0], raw::try_put(url, "", &token, b"z").await.unwrap()));
    for (route, reply) in &answers {
        assert_eq!(holds(&document, route, reply), Ok(()), "{route} {}", reply.status);
    }
}

#[tokio::test]
async fn every_operation_is_as_described() {
    for find in ["storage=1", "registration=1", "extend=1", "extend-uncertified=1"] {
        let bottle = reuse::bottle(&[find]);
        let document = document(bottle.publisher_url()).await;
        for query in ["?epochs=3&reuse_resources=true", "?reuse_resources=true"] {
            let reply = put(bottle.publisher_url(), query, b"x").await;
            assert_eq!(holds(&document, STORES[0], &reply), Ok(()), "{find}");
        }
    }
    let bottle = Bottle::builder().publisher_faults(&["error-object=1"]).start();
    let reply = put(bottle.publisher_url(), "", b"x").await;
    assert_eq!(holds(&document(bottle.publisher_url()).await, STORES[0], &reply), Ok(()));
    let wrong = json!({"newlyCreated": {"blob_object": {}}});
    let reply = Reply { body: wrong.to_string().into_bytes(), ..reply };
    assert!(holds(&document(bottle.publisher_url()).await, STORES[0], &reply).is_err(), "it can fail");
}
