//! Files in quilts, read by patch ID, by name and as a list (contract §1.5, §1.6, §5.5).

use crate::raw::{ask, get, put, stored};
use mock_publisher::quilt::{Quilt, QuiltFile, Tags};
use std::time::{Duration, Instant};
use tests::Bottle;

fn file(identifier: &str, tags: &[(&str, &str)], bytes: &'static str) -> QuiltFile {
    let tags: Tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    QuiltFile { identifier: identifier.to_owned(), tags, bytes: bytes.into() }
}

/// Stores a quilt as a blob, and gives its ID.
async fn quilt(bottle: &Bottle, files: Vec<QuiltFile>) -> String {
    stored(bottle.publisher_url(), &Quilt::of(files).unwrap().to_bytes()).await
}

async fn two_files(bottle: &Bottle) -> String {
    let tags = [("content-type", "text/plain"), ("kind", "note"), ("etag", "mine")];
    quilt(bottle, vec![file("b.txt", &[], "hello"), file("a.txt", &tags, "world!!")]).await
}

async fn list(bottle: &Bottle, id: &str) -> serde_json::Value {
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1/quilts/{id}/patches"), &[]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert_eq!((reply.header("etag"), reply.header("cache-control")), (None, None));
    assert_eq!(reply.header("x-content-type-options"), None);
    reply.json()
}

#[tokio::test]
async fn the_list_has_every_file_in_order() {
    let bottle = Bottle::start();
    let id = two_files(&bottle).await;
    let list = list(&bottle, &id).await;
    let rows = list.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["identifier"], &rows[1]["identifier"]), (&"a.txt".into(), &"b.txt".into()));
    assert_eq!(rows[0]["tags"]["kind"], "note");
    assert_eq!(rows[1]["tags"], serde_json::json!({}));
    let columns = |row: &serde_json::Value| row["patch_id"].as_str().unwrap()[42..].to_owned();
    assert_eq!(columns(&rows[0])[1..], *"BAQACAA");
    assert_eq!(columns(&rows[1])[1..], *"BAgADAA");
    let head = ask(bottle.aggregator_url(), &format!("HEAD /v1/quilts/{id}/patches"), &[]).await;
    assert_eq!(head.answer(), (200, ""));
}

#[tokio::test]
async fn a_file_by_patch_id_and_by_name_is_the_same() {
    let bottle = Bottle::start();
    let id = two_files(&bottle).await;
    let list = list(&bottle, &id).await;
    let patch = list[0]["patch_id"].as_str().unwrap();
    for target in [format!("by-quilt-patch-id/{patch}?cb=1"), format!("by-quilt-id/{id}/a.txt?cb=1")] {
        let line = format!("GET /v1/blobs/{target}");
        let reply = ask(bottle.aggregator_url(), &line, &[("range", "bytes=0-1")]).await;
        assert_eq!(reply.answer(), (200, "world!!"), "{target}: no query, no ranges");
        assert_eq!((reply.header("etag"), reply.content_length()), (Some(id.as_str()), 7));
        assert_eq!(reply.header("x-quilt-patch-identifier"), Some("a.txt"));
        assert_eq!((reply.header("content-type"), reply.header("kind")), (Some("text/plain"), None));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let asked = ask(bottle.aggregator_url(), &line, &[("accept", "a/b")]).await;
        assert_eq!(asked.header("content-type"), Some("a/b"));
        let head = ask(bottle.aggregator_url(), &format!("HEAD /v1/blobs/{target}"), &[]).await;
        assert_eq!((head.answer(), head.content_length()), ((200, ""), 7));
    }
    let grid = get(bottle.aggregator_url(), &id).await;
    assert_eq!((grid.status, grid.content_length()), (200, 445_556), "the quilt is a blob as well");
}

#[tokio::test]
async fn a_file_by_name_takes_two_round_trips_and_by_patch_id_one() {
    let once = Duration::from_millis(150);
    let bottle = Bottle::builder()
        .aggregator(move |config| config.profile.first_read.latency = format!("{once:?}").parse().unwrap())
        .start();
    let id = two_files(&bottle).await;
    let list = list(&bottle, &id).await;
    let patch = format!("by-quilt-patch-id/{}", list[0]["patch_id"].as_str().unwrap());
    let name = format!("by-quilt-id/{id}/a.txt");
    // The second time it is cached.
    for (target, least) in [(&patch, once), (&name, 2 * once), (&name, Duration::ZERO)] {
        let start = Instant::now();
        assert_eq!(get(bottle.aggregator_url(), target).await.answer(), (200, "world!!"));
        assert!(start.elapsed() >= least, "{target}: {:?}", start.elapsed());
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (3, 1), "the list was a read as well");
}

#[tokio::test]
async fn all_tags_become_headers_on_request() {
    let bottle = Bottle::builder().aggregator(|config| config.all_tags = true).start();
    let id = two_files(&bottle).await;
    let reply = get(bottle.aggregator_url(), &format!("by-quilt-id/{id}/a.txt")).await;
    assert_eq!((reply.header("kind"), reply.header("etag")), (Some("note"), Some(id.as_str())));
}

#[tokio::test]
async fn names_may_be_anything_that_a_path_can_encode() {
    let bottle = Bottle::start();
    let files = vec![file("ä", &[], "umlaut"), file("dir/a b", &[], "slash"), file("_x", &[], "")];
    let id = quilt(&bottle, files).await;
    let rows = [
        ("%C3%A4", 200, "umlaut", None),
        ("dir%2Fa%20b", 200, "slash", Some("dir/a b")),
        ("_x", 200, "", Some("_x")),
        ("dir/a%20b", 404, "", None),
    ];
    for (name, status, text, shown) in rows {
        let reply = get(bottle.aggregator_url(), &format!("by-quilt-id/{id}/{name}")).await;
        assert_eq!(reply.answer(), (status, text), "{name}");
        assert_eq!(reply.header("x-quilt-patch-identifier"), shown);
    }
    let bad = get(bottle.aggregator_url(), &format!("by-quilt-id/{id}/%ff")).await;
    assert_eq!(bad.answer(), (400, "Invalid URL: Invalid UTF-8 in `identifier`"));
}

#[tokio::test]
async fn an_absent_file_and_a_blob_that_is_no_quilt_have_different_errors() {
    let bottle = Bottle::start();
    let id = two_files(&bottle).await;
    let blob = stored(bottle.publisher_url(), b"no quilt").await;
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    let rows = [
        (format!("by-quilt-id/{id}/c.txt"), 404, "QUILT_PATCH_NOT_FOUND"),
        (format!("by-quilt-id/{absent}/a.txt"), 404, "BLOB_NOT_FOUND"),
        (format!("by-quilt-id/{blob}/a.txt"), 500, "INTERNAL_ERROR"),
        (
            "by-quilt-patch-id/gwbafFw5BdyBcACRIMHkg20NGiNl9Ak5T1AB0IpEkBABAQACAA".to_owned(),
            404,
            "BLOB_NOT_FOUND",
        ),
    ];
    for (target, status, reason) in rows {
        let reply = get(bottle.aggregator_url(), &target).await;
        assert_eq!((reply.status, reply.reason().as_str()), (status, reason), "{target}");
    }
    let list = list(&bottle, &id).await;
    let patch = list[0]["patch_id"].as_str().unwrap();
    // Another version, a tail that is too short, a column where no file begins.
    for (tail, why) in [("CAQACAA", "version"), ("BAQAC", "tail"), ("BBQAGAA", "column")] {
        let reply = get(bottle.aggregator_url(), &format!("by-quilt-patch-id/{}{tail}", &patch[..43])).await;
        assert_eq!(
            (reply.status, reply.reason().as_str()),
            (500, "INTERNAL_ERROR"),
            "{why}: {}",
            reply.text()
        );
    }
    for (target, place) in [
        ("/v1/blobs/by-quilt-patch-id/zz", "quilt_patch_id"),
        ("/v1/blobs/by-quilt-id/zz/a.txt", "quilt_id"),
        ("/v1/quilts/zz/patches", "quilt_id"),
    ] {
        let text = format!("Invalid URL: Cannot parse `{place}` with value `zz`: failed to parse a blob ID");
        let reply = ask(bottle.aggregator_url(), &format!("GET {target}"), &[]).await;
        assert_eq!(reply.answer(), (400, text.as_str()));
    }
    let absent = ask(bottle.aggregator_url(), &format!("GET /v1/quilts/{absent}/patches"), &[]).await;
    assert_eq!((absent.status, absent.reason().as_str()), (404, "BLOB_NOT_FOUND"));
    assert_eq!(put(bottle.publisher_url(), "", b"alive").await.status, 200);
}
