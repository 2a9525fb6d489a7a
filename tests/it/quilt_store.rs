//! Stores of quilts: the answer, the layout of the stored blob, and what is refused.

use crate::raw::{self, Reply};
use mock_publisher::quilt::{PatchId, QuiltReader};
use serde_json::json;
use std::io::Write;
use tests::Bottle;

const PUT_QUILT: &str = "PUT /v1/quilts";
const KIND: (&str, &str) = ("content-type", "multipart/form-data; boundary=XX");

/// The name of a part and its bytes.
type Part<'a> = (&'a str, &'a [u8]);

/// A multipart body of these parts.
fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head = format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(&[head.as_bytes(), bytes, b"\r\n"].concat());
    }
    [body, b"--XX--\r\n".to_vec()].concat()
}

async fn send(bottle: &Bottle, query: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let length = body.len().to_string();
    let headers = [headers, &[("content-length", length.as_str())]].concat();
    let head = raw::head(&format!("PUT /v1/quilts{query}"), &headers);
    let bytes = [head.as_bytes(), body].concat();
    raw::exchange(raw::connect(bottle.publisher_url()).await, &bytes).await.unwrap()
}

pub(crate) async fn put(bottle: &Bottle, parts: &[Part<'_>]) -> Reply {
    send(bottle, "", &[KIND], &body(parts)).await
}

const METADATA: &[u8] =
    br#"[{"identifier":"a.txt","tags":{"kind":"note","content-type":"text/plain"}},{"identifier":"x"}]"#;

#[tokio::test]
async fn the_answer_is_the_captured_one_but_for_ids() {
    let bottle = Bottle::builder().publisher(|config| config.epoch = 412).start();
    let reply = put(&bottle, &[("b.txt", b"hello"), ("_metadata", METADATA), ("a.txt", b"world!!")]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let captured = include_str!("../fixtures/quilt-store.json");
    let answer = reply.json();
    let names = |text: &str, id: &str| text.replace(id, "gwbafFw5BdyBcACRIMHkg20NGiNl9Ak5T1AB0IpEkBA");
    let object = &answer["blobStoreResult"]["newlyCreated"]["blobObject"];
    let id = object["blobId"].as_str().unwrap();
    let text = names(reply.text(), id).replace(
        object["id"].as_str().unwrap(),
        "0x5f0a3c1be27d4466b0c8c1d9a7e35512908f64d2ab7713ce40d1f6e8930b2a17",
    );
    let fixture: serde_json::Value = serde_json::from_str(captured).unwrap();
    let mut ours: serde_json::Value = serde_json::from_str(&text).unwrap();
    let storage = "/blobStoreResult/newlyCreated/blobObject/storage/id";
    *ours.pointer_mut(storage).unwrap() = fixture.pointer(storage).unwrap().clone();
    for n in 0..2 {
        let path = format!("/storedQuiltBlobs/{n}/quiltPatchId");
        let patch: PatchId = answer.pointer(&path).unwrap().as_str().unwrap().parse().unwrap();
        let real: PatchId = fixture.pointer(&path).unwrap().as_str().unwrap().parse().unwrap();
        assert_eq!((patch.quilt.to_string().as_str(), patch.columns()), (id, real.columns()));
        *ours.pointer_mut(&path).unwrap() = fixture.pointer(&path).unwrap().clone();
    }
    assert_eq!(ours, fixture);
    assert!(reply.text().starts_with(r#"{"blobStoreResult":{"newlyCreated":{"blobObject":{"id":"0x"#));
    assert!(reply.text().contains(r#""range":[1,2]},{"identifier":"b.txt","quiltPatchId":""#));
}

#[tokio::test]
async fn the_stored_blob_is_the_quilt() {
    let bottle = Bottle::start();
    let large = vec![9; 3_000];
    let reply = put(&bottle, &[("_metadata", METADATA), ("a.txt", b"world!!"), ("ü / b", &large)]).await;
    let answer = reply.json();
    let id = answer["blobStoreResult"]["newlyCreated"]["blobObject"]["blobId"].as_str().unwrap();
    let grid = raw::get(bottle.aggregator_url(), id).await.body;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&grid).unwrap();
    let mut reader = QuiltReader::new(file, grid.len() as u64).unwrap();
    let index = reader.index().unwrap();
    assert_eq!(index.named("a.txt").unwrap().tags["kind"], "note");
    for (stored, bytes) in
        answer["storedQuiltBlobs"].as_array().unwrap().iter().zip([&b"world!!"[..], &large])
    {
        let entry = index.named(stored["identifier"].as_str().unwrap()).unwrap();
        assert_eq!(stored["range"], json!([entry.start, entry.end]));
        assert_eq!(reader.patch(entry).unwrap().bytes, bytes);
    }
    let object = answer["blobStoreResult"]["newlyCreated"]["blobObject"]["id"].as_str().unwrap();
    let store = mock_publisher::store::Store::open(bottle.store()).unwrap();
    assert_eq!(store.object(object).unwrap().unwrap().attributes["_walrusBlobType"], "quilt");
}

#[tokio::test]
async fn files_that_make_no_quilt_are_a_malformed_request() {
    let bottle = Bottle::builder().publisher(|config| config.max_quilt_body_size = 200_000).start();
    let names: Vec<String> = (0..667).map(|n| n.to_string()).collect();
    let many: Vec<Part<'_>> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let twice = br#"[{"identifier":"a"},{"identifier":"a"}]"#;
    let rows: [(&[Part<'_>], &str); 9] = [
        (&[], "at least one file"),
        (&[("_metadata", b"[]")], "at least one file"),
        (&[("a", b"x"), ("_metadata", b"{}")], "failed to parse `_metadata`"),
        (&[("a", b"x"), ("_metadata", twice)], "duplicate identifier"),
        (&[("a", b"x"), ("a", b"y")], "duplicate identifier"),
        (&[("a ", b"x")], "whitespace"),
        (&[("", b"x")], "empty"),
        (&many, "at most 666 files"),
        (&[("a", &[0; 200_000])], "multipart body"),
    ];
    for (parts, why) in rows {
        let reply = put(&bottle, parts).await;
        assert_eq!((reply.status, reply.reason().as_str()), (400, "MALFORMED_REQUEST"), "{why}");
        assert_eq!(reply.json()["error"]["status"], "INVALID_ARGUMENT");
        assert!(reply.text().contains(why), "{why}: {}", reply.text());
    }
    let whole = body(&[("a", b"x")]);
    for length in [0, 1, 10, whole.len() - 10, whole.len() - 5] {
        let reply = send(&bottle, "", &[KIND], &whole[..length]).await;
        assert_eq!((reply.status, reply.reason().as_str()), (400, "MALFORMED_REQUEST"), "{length}");
    }
    assert_eq!(bottle.publisher_stats().stores.newly_created, 0);
}

#[tokio::test]
async fn a_body_that_is_not_multipart_is_refused_as_text() {
    let bottle = Bottle::start();
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "multipart/form-data")]] {
        let reply = send(&bottle, "", headers, b"x").await;
        assert_eq!(
            reply.answer(),
            (400, "Invalid `boundary` for `multipart/form-data` request"),
            "{headers:?}"
        );
    }
    let reply = send(&bottle, "?foo=1", &[KIND], &body(&[("a", b"x")])).await;
    assert_eq!(reply.answer(), (400, "Failed to deserialize query string: unknown field `foo`"));
}

#[tokio::test]
async fn quilts_are_stored_like_blobs() {
    let bottle = Bottle::start();
    let files = body(&[("a", b"x")]);
    let rows = [
        ("?permanent=true", 200, "newlyCreated"),
        ("?permanent=true", 200, "alreadyCertified"),
        ("?share=true", 200, "sharedBlobObject"),
        ("?permanent=true&deletable=true", 400, "INVALID_BLOB_PERSISTENCE"),
        ("?epochs=54", 500, "INTERNAL_ERROR"),
    ];
    for (query, status, text) in rows {
        let reply = send(&bottle, query, &[KIND], &files).await;
        assert_eq!(reply.status, status, "{query}");
        assert!(reply.text().contains(text), "{query}: {}", reply.text());
        assert!(
            status != 200 || reply.text().contains(r#""storedQuiltBlobs":[{"identifier":"a""#),
            "{query}"
        );
    }
    let route = bottle.publisher_stats().route(PUT_QUILT);
    assert_eq!((route.admitted, route.bytes_in), (5, 5 * files.len() as u64));
    let failing = Bottle::builder().publisher_faults(&["error-object=1"]).start();
    let reply = put(&failing, &[("a", b"x")]).await;
    assert!(reply.text().starts_with(r#"{"blobStoreResult":{"error":{"blobId":""#), "{}", reply.text());
    assert!(reply.text().ends_with(r#","storedQuiltBlobs":[]}"#), "{}", reply.text());
}

#[tokio::test]
async fn a_token_limits_the_size_of_the_grid() {
    let bottle = Bottle::start();
    // {"alg":"HS256"} and {"exp":1,"jti":"a","max_size":445555} or 445556
    let rows = [
        ("eyJleHAiOjEsImp0aSI6ImEiLCJtYXhfc2l6ZSI6NDQ1NTU1fQ", 400),
        ("eyJleHAiOjEsImp0aSI6ImEiLCJtYXhfc2l6ZSI6NDQ1NTU2fQ", 200),
    ];
    for (claims, status) in rows {
        let bearer = format!("Bearer eyJhbGciOiJIUzI1NiJ9.{claims}.x");
        let reply = send(&bottle, "", &[KIND, ("authorization", &bearer)], &body(&[("a", b"x")])).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test]
async fn quilts_and_blobs_have_separate_limits() {
    use mock_publisher::admission::Limits;
    use tokio::io::AsyncWriteExt;
    let bottle =
        Bottle::builder().publisher(|config| config.limits = Limits { concurrent: 1, buffer: 0 }).start();
    let mut inside = Vec::new();
    for n in 1..=2 {
        let mut stream = raw::connect(bottle.publisher_url()).await;
        stream.write_all(raw::head(PUT_QUILT, &[KIND, ("content-length", "5")]).as_bytes()).await.unwrap();
        while bottle.publisher_stats().route(PUT_QUILT).admitted < n {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await; // sleep: between two checks
        }
        inside.push(stream);
    }
    assert_eq!(put(&bottle, &[("a", b"x")]).await.status, 429);
    raw::stored(bottle.publisher_url(), b"x").await;
}

#[tokio::test]
async fn contradictory_persistence_is_refused_before_the_quilt_is_built() {
    let bottle = Bottle::start();
    let query = "?deletable=true&permanent=true";
    for parts in [&[("a", b"x".as_slice())][..], &[], &[("a", b"x"), ("a", b"y")]] {
        let reply = send(&bottle, query, &[KIND], &body(parts)).await;
        assert_eq!((reply.status, reply.reason().as_str()), (400, "INVALID_BLOB_PERSISTENCE"), "{parts:?}");
    }
    let reply = send(&bottle, query, &[KIND], &body(&[("_metadata", b"[")])).await;
    assert_eq!(reply.reason(), "MALFORMED_REQUEST", "the body is read before");
}

#[tokio::test]
async fn metadata_is_bounded_before_it_is_parsed() {
    let bottle = Bottle::start();
    let of_size = |size: usize| format!("[{}]", " ".repeat(size - 2)).into_bytes();
    let (half, most) = (of_size(4 << 20), of_size(8 << 20));
    let more = of_size((4 << 20) + 1);
    let file = ("a", b"x".as_slice());
    assert_eq!(put(&bottle, &[("_metadata", &most), file]).await.status, 200);
    assert_eq!(put(&bottle, &[("_metadata", &half), file, ("_metadata", &half)]).await.status, 200);
    let refused = put(&bottle, &[("_metadata", &half), file, ("_metadata", &more)]).await;
    assert_eq!((refused.status, refused.reason().as_str()), (400, "MALFORMED_REQUEST"));
    assert!(refused.text().contains("`_metadata` is larger than 8388608 bytes"), "{}", refused.text());
}
