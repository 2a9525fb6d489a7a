//! Real blob IDs: those that the network would compute.

use crate::raw::{get, put};
use mock_publisher::blob_id::BlobIdScheme;
use std::time::Instant;
use tests::Bottle;

#[tokio::test]
async fn the_real_id_of_a_blob_is_computed_once() {
    let bottle = Bottle::builder().publisher(|config| config.blob_id = BlobIdScheme::Real).start();
    let mut took = Vec::new();
    for _ in 0..2 {
        let start = Instant::now();
        let answer = put(bottle.publisher_url(), "", b"some other string").await.json();
        took.push(start.elapsed());
        let id = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
        assert_eq!(answer["newlyCreated"]["blobObject"]["blobId"], id);
        assert_eq!(get(bottle.aggregator_url(), id).await.answer(), (200, "some other string"));
    }
    assert!(took[1] < took[0] / 2, "the second ID is remembered: {took:?}");
}

#[tokio::test]
async fn a_quilt_and_its_patches_have_their_real_ids() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.blob_id = BlobIdScheme::Real;
            config.epoch = 412;
        })
        .start();
    let metadata: &[u8] = br#"[{"identifier":"a.txt","tags":{"kind":"note","content-type":"text/plain"}}]"#;
    let parts = [("b.txt", &b"hello"[..]), ("_metadata", metadata), ("a.txt", b"world!!")];
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
