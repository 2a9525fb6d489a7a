//! True blob IDs over real sockets: those that the network would give.

use crate::raw::{get, put};
use mock_publisher::blob_id::BlobIdScheme;
use std::time::Instant;
use tests::Bottle;

#[tokio::test]
async fn s4_4_a_blob_has_its_true_name_and_gets_it_once() {
    let bottle = Bottle::builder().publisher(|config| config.blob_id = BlobIdScheme::Real).start();
    let mut took = Vec::new();
    for _ in 0..2 {
        let start = Instant::now();
        let answer = put(bottle.publisher_url(), "", b"some other string").await.json();
        took.push(start.elapsed());
        let id = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
        assert_eq!(answer["newlyCreated"]["blobObject"]["blobId"], id);
        assert_eq!(get(bottle.aggregator_url(), id).await.said(), (200, "some other string"));
    }
    assert!(took[1] < took[0] / 2, "the second name is remembered: {took:?}");
}

#[tokio::test]
async fn s5_4_a_quilt_has_its_true_name_and_its_files_have_theirs() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.blob_id = BlobIdScheme::Real;
            config.epoch = 412;
        })
        .start();
    let sayings: &[u8] = br#"[{"identifier":"a.txt","tags":{"kind":"note","content-type":"text/plain"}}]"#;
    let parts = [("b.txt", &b"hello"[..]), ("_metadata", sayings), ("a.txt", b"world!!")];
    let reply = crate::quilt_store::put(&bottle, &parts).await;
    let captured = include_str!("../fixtures/quilt-store.json");
    let volatile = |text: &str| {
        let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
        let object = json.pointer_mut("/blobStoreResult/newlyCreated/blobObject").unwrap();
        object["id"].take();
        object["storage"]["id"].take();
        json
    };
    assert_eq!(volatile(reply.text()), volatile(captured));
}
