//! The cache of the aggregator with each persona, by a clock that the test advances (contract §6).

use crate::raw::{Reply, ask, get, stored};
use mock_aggregator::cache::{CacheConfig, Persona};
use mock_publisher::admission::Limits;
use mock_publisher::clock::Clock;
use std::time::{Duration, Instant};
use tests::{Bottle, BottleBuilder, GET_BLOB};

const SECOND: Duration = Duration::from_secs(1);
const ABSENT: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";

fn bottle(cache: CacheConfig, clock: &Clock) -> BottleBuilder {
    Bottle::builder().clock(clock).aggregator(move |config| config.cache = cache)
}

async fn with(bottle: &Bottle, id: &str, headers: &[(&str, &str)]) -> Reply {
    ask(bottle.aggregator_url(), &format!("GET /v1/blobs/{id}"), headers).await
}

fn status(reply: &Reply) -> &str {
    reply.header("x-cache-status").unwrap()
}

#[tokio::test]
async fn s6_3_nginx_reports_hits_misses_bypasses_and_expiry() {
    let clock = Clock::manual();
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &clock).start();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    let none: &[(&str, &str)] = &[];
    let rows = [
        (0, none, "MISS"),
        (0, none, "HIT"),
        (0, &[("cache-control", "no-store")], "BYPASS"),
        (0, &[("origin", "https://a")], "MISS"),
        (0, &[("origin", "https://a")], "HIT"),
        (0, &[("range", "bytes=0-1")], "HIT"),
        (3599, none, "HIT"),
        (3600, none, "EXPIRED"),
        (0, none, "HIT"),
    ];
    for (n, (wait, headers, expected)) in rows.into_iter().enumerate() {
        clock.advance(wait * SECOND);
        let reply = with(&bottle, &id, headers).await;
        assert_eq!((status(&reply), reply.header("server")), (expected, Some("nginx")), "read {n}");
        assert_eq!(reply.text(), if reply.status == 206 { "wa" } else { "walrus" });
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (4, 5));
}

#[tokio::test]
async fn s6_3_a_404_is_kept_for_a_minute() {
    let clock = Clock::manual();
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &clock).start();
    let first = get(bottle.aggregator_url(), ABSENT).await;
    assert_eq!((first.status, status(&first)), (404, "MISS"));
    let again = get(bottle.aggregator_url(), ABSENT).await;
    assert_eq!((again.status, status(&again), &again.body), (404, "HIT", &first.body));
    assert_eq!(
        (again.reason().as_str(), again.header("content-type")),
        ("BLOB_NOT_FOUND", Some("application/json"))
    );
    clock.advance(59 * SECOND);
    assert_eq!(status(&get(bottle.aggregator_url(), ABSENT).await), "HIT");
    clock.advance(SECOND);
    assert_eq!(status(&get(bottle.aggregator_url(), ABSENT).await), "EXPIRED");
}

#[tokio::test]
async fn s6_4_a_cached_404_hides_a_blob_until_a_bypass_replaces_it() {
    let clock = Clock::manual();
    let cache = CacheConfig::of(Persona::Nginx);
    let bottle = bottle(cache, &clock)
        .aggregator(|config| config.profile.visible_after = "10s".parse().unwrap())
        .start();
    let early = stored(bottle.publisher_url(), b"early").await;
    let late = stored(bottle.publisher_url(), b"late").await;
    assert_eq!(get(bottle.aggregator_url(), &early).await.status, 404, "it is not visible yet");
    clock.advance(30 * SECOND);
    assert_eq!(get(bottle.aggregator_url(), &late).await.answer(), (200, "late"), "its 404 was not cached");
    let hidden = get(bottle.aggregator_url(), &early).await;
    assert_eq!((hidden.status, status(&hidden)), (404, "HIT"));
    let bypassed = with(&bottle, &early, &[("cache-control", "no-store")]).await;
    assert_eq!((bypassed.answer(), status(&bypassed)), ((200, "early"), "BYPASS"));
    let replaced = get(bottle.aggregator_url(), &early).await;
    assert_eq!(
        (replaced.answer(), status(&replaced)),
        ((200, "early"), "HIT"),
        "the answer of the bypass has replaced the 404"
    );
}

#[tokio::test]
async fn s6_2_the_first_client_chooses_the_content_type_for_all() {
    let bottle = bottle(CacheConfig::of(Persona::Cloudflare), &Clock::manual()).start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for accept in ["image/png", "text/html", "*/*"] {
        assert_eq!(with(&bottle, &id, &[("accept", accept)]).await.header("content-type"), Some("image/png"));
    }
}

#[tokio::test]
async fn s6_3_cloudflare_and_fastly_send_the_age_of_an_entry() {
    let clock = Clock::manual();
    let cloudflare = bottle(CacheConfig::of(Persona::Cloudflare), &clock).start();
    let fastly = bottle(CacheConfig::of(Persona::Fastly), &clock).start();
    let mut dates = Vec::new();
    for (wait, word, age, hits) in [(0, "MISS", "0", "0"), (30, "HIT", "30", "1"), (12, "HIT", "42", "2")] {
        clock.advance(wait * SECOND);
        let id = stored(cloudflare.publisher_url(), b"x").await;
        let reply = with(&cloudflare, &id, &[("origin", "https://a")]).await;
        assert_eq!(
            (reply.header("cf-cache-status"), reply.header("server")),
            (Some(word), Some("cloudflare"))
        );
        assert_eq!(reply.header("age"), Some(age).filter(|_| word == "HIT"));
        assert!(reply.header("cf-ray").is_some_and(|ray| ray.len() == 20));
        let id = stored(fastly.publisher_url(), b"x").await;
        let reply = get(fastly.aggregator_url(), &id).await;
        assert_eq!((reply.header("x-cache"), reply.header("age")), (Some(word), Some(age)));
        assert_eq!((reply.header("x-cache-hits"), reply.header("via")), (Some(hits), Some("1.1 varnish")));
        dates.push(reply.header("date").unwrap().to_owned());
    }
    assert_eq!(dates[1], dates[2], "the same entry");
    let id = stored(cloudflare.publisher_url(), b"x").await;
    let other = with(&cloudflare, &id, &[("cache-control", "no-cache"), ("origin", "https://b")]).await;
    assert_eq!(other.header("cf-cache-status"), Some("HIT"), "one entry for all origins, without bypass");
}

#[tokio::test]
async fn n2_false_hits_are_as_slow_as_misses() {
    let slow = Duration::from_millis(80);
    let bottle = bottle(CacheConfig::of(Persona::FalseHit), &Clock::manual())
        .aggregator(move |config| config.profile.first_read.latency = format!("{slow:?}").parse().unwrap())
        .start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for expected in ["MISS", "HIT", "HIT"] {
        let start = Instant::now();
        assert_eq!(status(&get(bottle.aggregator_url(), &id).await), expected);
        assert!(start.elapsed() >= slow);
    }
    assert_eq!(bottle.aggregator_stats().reads.cached, 0);
}

#[tokio::test]
async fn an_entry_is_served_after_its_fill_delay() {
    let clock = Clock::manual();
    let cache = CacheConfig { fill_delay: 5 * SECOND, ..CacheConfig::of(Persona::Nginx) };
    let bottle = bottle(cache, &clock).start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for (wait, expected) in [(0, "MISS"), (0, "MISS"), (4, "MISS"), (1, "HIT")] {
        clock.advance(wait * SECOND);
        assert_eq!(status(&get(bottle.aggregator_url(), &id).await), expected);
    }
}

#[tokio::test]
async fn without_a_persona_there_are_no_headers_and_no_expiry() {
    let clock = Clock::manual();
    let bottle = bottle(CacheConfig::default(), &clock).start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for headers in [&[][..], &[("cache-control", "no-store"), ("origin", "https://a")]] {
        let reply = with(&bottle, &id, headers).await;
        assert_eq!(
            (reply.header("x-cache-status"), reply.header("age"), reply.header("server")),
            (None, None, None)
        );
        clock.advance(400 * 24 * 3600 * SECOND);
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (1, 1));
    assert_eq!(get(bottle.aggregator_url(), ABSENT).await.status, 404);
}

#[tokio::test]
async fn a_hit_is_not_admitted_by_the_aggregator() {
    let clock = Clock::manual();
    let limits = Limits { concurrent: 1, buffer: 0 };
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &clock)
        .aggregator(move |config| config.limits = limits)
        .start();
    let id = stored(bottle.publisher_url(), b"x").await;
    get(bottle.aggregator_url(), &id).await;
    for _ in 0..3 {
        assert_eq!(status(&get(bottle.aggregator_url(), &id).await), "HIT");
    }
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).admitted, 1);
}

#[tokio::test]
async fn byte_ranges_have_cache_keys_of_their_own() {
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &Clock::manual()).start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    for (target, expected) in [
        ("byte-range?start=0&length=2", "MISS"),
        ("byte-range?start=0&length=2", "HIT"),
        ("byte-range?start=0&length=3", "MISS"),
        ("byte-range?start=0&length=99", "MISS"),
        ("byte-range?start=0&length=99", "MISS"),
    ] {
        assert_eq!(
            status(&get(bottle.aggregator_url(), &format!("{id}/{target}")).await),
            expected,
            "{target}"
        );
    }
}
