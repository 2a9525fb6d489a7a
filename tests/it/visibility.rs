//! When a stored blob can be read: after a fixed delay or one drawn for each blob, and behind a cache that keeps the 404 of
//! a read that came too early.

use crate::raw::{get, stored};
use mock_aggregator::cache::{CacheConfig, Persona};
use mock_publisher::blob_id::BlobId;
use mock_publisher::clock::Clock;
use mock_publisher::draw;
use mock_publisher::profile::{Latency, Profile};
use std::time::Duration;
use tests::Bottle;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

async fn status(bottle: &Bottle, id: &str) -> u16 {
    get(bottle.aggregator_url(), id).await.status
}

#[tokio::test]
async fn a_blob_is_readable_after_a_fixed_delay() {
    let clock = Clock::manual();
    let bottle = Bottle::builder().clock(&clock).aggregator_weather("visible_after = \"10s\"").start();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    for (wait, expected) in [(Duration::ZERO, 404), (10 * SECOND - MILLISECOND, 404), (MILLISECOND, 200)] {
        clock.advance(wait);
        assert_eq!(status(&bottle, &id).await, expected, "{wait:?} later");
    }
}

#[tokio::test]
async fn each_blob_is_readable_after_the_delay_that_it_drew() {
    let clock = Clock::manual();
    let delay: Latency = "uniform:1s..100s".parse().unwrap();
    let profile = Profile { seed: 7, visible_after: delay, ..Profile::default() };
    let of_blob = |id: &str| profile.latency(&delay, draw::key(id.parse::<BlobId>().unwrap().as_bytes()));
    let change = profile.clone();
    let bottle = Bottle::builder().clock(&clock).aggregator(|config| config.profile = change).start();
    let mut blobs = Vec::new();
    for n in 0..20_u8 {
        let id = stored(bottle.publisher_url(), &[n]).await;
        // Ages are whole milliseconds.
        blobs.push((of_blob(&id).as_millis(), id));
    }
    blobs.sort();
    assert!(blobs.windows(2).any(|pair| pair[0].0 + 1000 < pair[1].0), "the delays differ");
    let mut now = 0;
    for (delay, id) in &blobs {
        clock.advance(Duration::from_millis(u64::try_from(delay - 1 - now).unwrap()));
        assert_eq!(status(&bottle, id).await, 404, "{delay} ms");
        clock.advance(MILLISECOND);
        assert_eq!(status(&bottle, id).await, 200, "{delay} ms");
        now = *delay;
    }
}

#[tokio::test]
async fn the_404_of_an_early_read_hides_a_blob_for_the_negative_ttl() {
    let clock = Clock::manual();
    let cache = CacheConfig { negative_ttl: Some(30 * SECOND), ..CacheConfig::of(Persona::Nginx) };
    let bottle = Bottle::builder()
        .clock(&clock)
        .aggregator_weather("visible_after = \"5s\"")
        .aggregator(|config| config.cache = cache)
        .start();
    let asked = stored(bottle.publisher_url(), b"asked for at once").await;
    let not_asked = stored(bottle.publisher_url(), b"asked for when it is there").await;
    assert_eq!(status(&bottle, &asked).await, 404);
    clock.advance(6 * SECOND);
    assert_eq!([status(&bottle, &asked).await, status(&bottle, &not_asked).await], [404, 200]);
    clock.advance(24 * SECOND - MILLISECOND);
    assert_eq!(status(&bottle, &asked).await, 404);
    clock.advance(MILLISECOND);
    assert_eq!(status(&bottle, &asked).await, 200);
}
