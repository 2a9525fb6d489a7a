//! Stores that reuse resources of the publisher's wallet: operations and prices (contract §2.2, §4.5).

use crate::raw::{ask, connect, exchange, get, head, put};
use mock_publisher::reuse::ObjectPool;
use serde_json::{Value, json};
use tests::{Bottle, Prices};

const LENGTH: u64 = 66_034_000;
const UNITS: u64 = 63;

pub(crate) fn bottle(reuse: &[&str]) -> Bottle {
    let pool = ObjectPool::new(reuse.iter().map(|spec| spec.parse().unwrap()).collect()).unwrap();
    Bottle::builder()
        .publisher(|config| {
            config.epoch = 10;
            config.object_pool = pool;
        })
        .start()
}

#[tokio::test]
async fn every_operation_has_its_price_and_only_an_extended_blob_was_certified_before() {
    let scratch = json!({"registerFromScratch": {"encodedLength": LENGTH, "epochsAhead": 5}});
    let rows: [(&[&str], Value, u64, Value); 5] = [
        (&[], scratch, UNITS * 520_000, Value::Null),
        (&["storage=100%"], json!({"reuseStorage": {"encodedLength": LENGTH}}), UNITS * 20_000, Value::Null),
        (&["registration=1"], json!({"reuseRegistration": {"encodedLength": LENGTH}}), 0, Value::Null),
        (
            &["extend=1"],
            json!({"reuseAndExtend": {"encodedLength": LENGTH, "epochsExtended": 4}}),
            UNITS * 400_000,
            json!(10),
        ),
        (
            &["extend-uncertified=1"],
            json!({"reuseAndExtendNonCertified": {"encodedLength": LENGTH, "epochsExtended": 4}}),
            UNITS * 400_000,
            Value::Null,
        ),
    ];
    for (reuse, operation, cost, certified) in rows {
        let bottle = bottle(reuse);
        let url = bottle.publisher_url();
        let answer = put(url, "?epochs=5&reuse_resources=true", b"x").await.json();
        let created = &answer["newlyCreated"];
        assert_eq!((&created["resourceOperation"], &created["cost"]), (&operation, &json!(cost)));
        assert_eq!(created["blobObject"]["certifiedEpoch"], certified, "{operation}");
        assert_eq!(created["blobObject"]["storage"]["endEpoch"], 15);
        let id = created["blobObject"]["blobId"].as_str().unwrap();
        assert_eq!(get(bottle.aggregator_url(), id).await.answer(), (200, "x"));
        for query in ["", "?reuse_resources=true&force=true"] {
            let other = put(url, query, b"x").await.json();
            let operation = &other["newlyCreated"]["resourceOperation"];
            assert!(operation["registerFromScratch"].is_object(), "{query}: {operation}");
        }
    }
}

#[tokio::test]
async fn an_object_that_lives_long_enough_is_already_certified() {
    let bottle = bottle(&["extend=1"]);
    let answer = put(bottle.publisher_url(), "?reuse_resources=true", b"x").await.json();
    let certified = &answer["alreadyCertified"];
    assert!(certified["object"].as_str().unwrap().starts_with("0x"), "{answer}");
    assert_eq!((certified.get("event"), &certified["endEpoch"]), (None, &json!(11)));
    let stores = bottle.publisher_stats().stores;
    assert_eq!((stores.newly_created, stores.already_certified), (0, 1));
}

#[tokio::test]
async fn operations_have_the_configured_shares() {
    let bottle = bottle(&["storage=30%", "registration=30%"]);
    let mut seen = std::collections::BTreeMap::new();
    for n in 0..60_u8 {
        let answer = put(bottle.publisher_url(), "?reuse_resources=true", &[n]).await.json();
        let operation = answer["newlyCreated"]["resourceOperation"].as_object().unwrap();
        *seen.entry(operation.keys().next().unwrap().clone()).or_insert(0) += 1;
    }
    let count = |name: &str| seen.get(name).copied().unwrap_or(0);
    assert_eq!(count("reuseStorage") + count("reuseRegistration") + count("registerFromScratch"), 60);
    assert!(
        (8..=30).contains(&count("reuseStorage")) && (8..=30).contains(&count("reuseRegistration")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn prices_change_between_two_stores() {
    let bottle = bottle(&[]);
    let url = bottle.publisher_url();
    let cost = async |query| put(url, query, b"x").await.json()["newlyCreated"]["cost"].as_u64();
    let post = async |body: &str| {
        let length = body.len().to_string();
        let head = head("POST /mock/prices", &[("content-length", &length)]);
        exchange(connect(url).await, format!("{head}{body}").as_bytes()).await.unwrap()
    };
    assert_eq!(cost("").await, Some(UNITS * 120_000));
    assert_eq!(post(r#"{"storage":100,"write":2000}"#).await.status, 200);
    assert_eq!(cost("").await, Some(132_300), "17 bytes or fewer for one epoch");
    assert_eq!(post(r#"{"write":0}"#).await.answer(), (200, r#"{"storage":100,"write":0}"#));
    assert_eq!(cost("?epochs=5").await, Some(UNITS * 500));
    for bad in ["", "{\"price\":1}", "{\"write\":-1}", "storage=1"] {
        let refused = post(bad).await;
        assert!(refused.status == 400 && refused.text().starts_with("the prices are unchanged: "), "{bad}");
    }
    let now = ask(url, "GET /mock/prices", &[]).await;
    assert_eq!(now.answer(), (200, r#"{"storage":100,"write":0}"#));
    bottle.set_prices(Prices { storage: 1, write: 1 });
    assert_eq!(cost("").await, Some(UNITS * 2));
}
