//! Epochs, prices, the wallet and the store limit of a publisher.

use crate::raw::{get, put, stored};
use mock_publisher::clock::Clock;
use serde_json::{Value, json};
use std::time::Duration;
use tests::Bottle;

fn lifetime(answer: &Value) -> [&Value; 3] {
    let object = &answer["newlyCreated"]["blobObject"];
    [&object["registeredEpoch"], &object["storage"]["startEpoch"], &object["storage"]["endEpoch"]]
}

#[tokio::test]
async fn cost_follows_the_prices() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.prices.storage = 100;
            config.prices.write = 2_000;
        })
        .start();
    let answer = put(bottle.publisher_url(), "", b"some other string").await.json();
    assert_eq!(answer["newlyCreated"]["cost"], 132_300);
}

#[tokio::test]
async fn more_epochs_than_can_be_paid_are_refused() {
    let bottle = Bottle::start();
    for (query, status) in [("?epochs=0", 500), ("?epochs=1", 200), ("?epochs=53", 200), ("?epochs=54", 500)]
    {
        let reply = put(bottle.publisher_url(), query, b"x").await;
        assert_eq!(reply.status, status, "{query}");
        assert!(status == 200 || reply.reason() == "INTERNAL_ERROR", "{query}");
    }
}

#[tokio::test]
async fn epochs_change_with_time() {
    let (clock, epoch) = (Clock::manual(), Duration::from_secs(50));
    let bottle = Bottle::builder()
        .clock(&clock)
        .publisher(move |config| {
            config.epoch = 412;
            config.epoch_duration = Some(epoch);
        })
        .start();
    for (wait, expected) in [(0, 412), (49, 412), (1, 413), (149, 415), (1, 416)] {
        clock.advance(Duration::from_secs(wait));
        let answer = put(bottle.publisher_url(), "?epochs=2", b"x").await.json();
        assert_eq!(lifetime(&answer), [&json!(expected), &json!(expected), &json!(expected + 2)]);
    }
}

#[tokio::test]
async fn a_jump_of_the_clock_does_not_hide_new_blobs() {
    let (clock, hour) = (Clock::manual(), Duration::from_secs(3600));
    let bottle = Bottle::builder()
        .clock(&clock)
        .publisher(|config| config.epoch_duration = Some(Duration::from_secs(60)))
        .start();
    let (publisher, aggregator) = (bottle.publisher_url(), bottle.aggregator_url());
    let before = stored(publisher, b"before").await;
    clock.advance(hour);
    let after = stored(publisher, b"after").await;
    assert_eq!(get(aggregator, &after).await.status, 200);
    assert_eq!(get(aggregator, &before).await.status, 404, "its epochs are over");
    clock.set_back(hour + hour);
    let long_before = stored(publisher, b"long before").await;
    assert_eq!(get(aggregator, &long_before).await.status, 200);
    clock.advance(Duration::from_secs(59));
    assert_eq!(get(aggregator, &long_before).await.status, 200);
}

#[tokio::test]
async fn a_blob_expires_with_the_last_of_its_paid_epochs() {
    let hour = Duration::from_secs(3600);
    let clock = Clock::manual();
    let bottle =
        Bottle::builder().clock(&clock).publisher(move |config| config.epoch_duration = Some(hour)).start();
    let url = bottle.publisher_url();
    put(url, "?epochs=2", b"x").await;
    let (short, long) = (stored(url, b"x").await, stored(url, b"y").await);
    put(url, "?permanent=true&epochs=5", b"y").await;
    let status = async |id: &str| get(bottle.aggregator_url(), id).await.status;
    clock.advance(hour * 2 - Duration::from_millis(1));
    assert_eq!((status(&short).await, status(&long).await), (200, 200), "the first object lives on");
    clock.advance(Duration::from_millis(1));
    assert_eq!((status(&short).await, status(&long).await), (404, 200));
    clock.advance(hour * 3);
    assert_eq!(get(bottle.aggregator_url(), &long).await.reason(), "BLOB_NOT_FOUND");
}

#[tokio::test]
async fn a_share_of_the_stores_finds_its_blob_existing() {
    let bottle = Bottle::builder().publisher(|config| config.existing_ratio = 1.0).start();
    let url = bottle.publisher_url();
    let answer = put(url, "?epochs=5", b"never seen before").await.json();
    assert_eq!(answer["alreadyCertified"]["endEpoch"], 6);
    assert_eq!(answer["alreadyCertified"]["event"]["eventSeq"], "0");
    let id = answer["alreadyCertified"]["blobId"].as_str().unwrap();
    let read = crate::raw::get(bottle.aggregator_url(), id).await;
    assert_eq!(read.answer(), (200, "never seen before"));
    assert!(put(url, "?force=true", b"x").await.json()["newlyCreated"].is_object());
    let half = Bottle::builder().publisher(|config| config.existing_ratio = 0.5).start();
    for n in 0..40_u8 {
        put(half.publisher_url(), "", &[n]).await;
    }
    let stores = half.publisher_stats().stores;
    assert_eq!(stores.newly_created + stores.already_certified, 40);
    assert!((10..=30).contains(&stores.already_certified), "{stores:?}");
}

#[tokio::test]
async fn objects_that_the_wallet_keeps_are_reused() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.epoch = 10;
            config.keep_objects = true;
        })
        .start();
    let url = bottle.publisher_url();
    let first = put(url, "?epochs=3", b"same").await.json();
    let id = &first["newlyCreated"]["blobObject"]["id"];
    let again = put(url, "?epochs=3&reuse_resources=true", b"same").await;
    assert_eq!(
        again.text(),
        format!(
            r#"{{"alreadyCertified":{{"blobId":{},"object":{id},"endEpoch":13}}}}"#,
            first["newlyCreated"]["blobObject"]["blobId"]
        )
    );
    let longer = put(url, "?epochs=5&reuse_resources=true", b"same").await.json();
    let created = &longer["newlyCreated"];
    assert_eq!((&created["blobObject"]["id"], &created["blobObject"]["certifiedEpoch"]), (id, &json!(10)));
    assert_eq!(created["blobObject"]["storage"]["endEpoch"], 15);
    let operation = json!({"reuseAndExtend": {"encodedLength": 66_034_000, "epochsExtended": 2}});
    assert_eq!((&created["resourceOperation"], &created["cost"]), (&operation, &json!(63 * 200_000)));
    for query in
        ["?epochs=3", "?epochs=3&reuse_resources=true&force=true", "?reuse_resources=true&permanent=true"]
    {
        let other = put(url, query, b"same").await.json();
        assert_ne!(&other["newlyCreated"]["blobObject"]["id"], id, "{query}");
        assert!(other["newlyCreated"].is_object(), "{query}");
    }
    let stock = Bottle::start();
    for query in ["", "?reuse_resources=true"] {
        assert!(
            put(stock.publisher_url(), query, b"same").await.json()["newlyCreated"].is_object(),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_full_store_refuses_new_blobs_and_accepts_known_ones() {
    let bottle = Bottle::builder().publisher(|config| config.store_limit = Some(2_048)).start();
    let url = bottle.publisher_url();
    stored(url, &[1; 1_000]).await;
    stored(url, &[1; 1_000]).await;
    stored(url, &[2; 1_048]).await;
    let full = put(url, "", b"x").await;
    assert_eq!((full.status, full.reason().as_str()), (500, "INTERNAL_ERROR"));
    assert!(
        full.text().contains("2KiB of --store-limit 2KiB are used, and the blob has 1B"),
        "{}",
        full.text()
    );
    stored(url, &[2; 1_048]).await;
}
