//! The cache of the aggregator with each persona, by a clock that the test advances (contract §6).

use crate::raw::{Reply, ask, connect, get, head, stored, until};
use mock_aggregator::cache::{CacheConfig, Persona};
use mock_publisher::admission::Limits;
use mock_publisher::clock::Clock;
use mock_publisher::draw::{self, Purpose};
use mock_publisher::profile::Latency;
use std::str::FromStr;
use std::time::{Duration, Instant};
use tests::{Bottle, BottleBuilder, GET_BLOB};
use tokio::io::AsyncWriteExt;

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
async fn nginx_reports_hits_misses_bypasses_and_expiry() {
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
        (3600, none, "MISS"),
        (0, none, "HIT"),
    ];
    for (n, (wait, headers, expected)) in rows.into_iter().enumerate() {
        clock.advance(wait * SECOND);
        let reply = with(&bottle, &id, headers).await;
        assert_eq!((status(&reply), reply.header("server")), (expected, Some("nginx/1.22.1")), "read {n}");
        assert_eq!(reply.answer(), (200, "walrus"), "ranges are ignored");
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (4, 5));
}

#[tokio::test]
async fn an_entry_of_nginx_expires_after_a_day_if_it_is_requested_every_hour() {
    let clock = Clock::manual();
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &clock).start();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    let mut seen = Vec::new();
    for _ in 0..50 {
        seen.push(status(&get(bottle.aggregator_url(), &id).await).to_owned());
        clock.advance(1800 * SECOND);
    }
    let at = |word: &str| {
        seen.iter().enumerate().filter(|(_, seen)| *seen == word).map(|(n, _)| n).collect::<Vec<_>>()
    };
    assert_eq!((at("MISS"), at("EXPIRED"), at("HIT").len()), (vec![0], vec![48], 48));
}

#[tokio::test]
async fn an_expired_entry_is_served_if_the_origin_fails() {
    let clock = Clock::manual();
    let cache = CacheConfig { idle_ttl: None, ..CacheConfig::of(Persona::Nginx) };
    let bottle = bottle(cache, &clock).start();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    get(bottle.aggregator_url(), &id).await;
    clock.advance(25 * 3600 * SECOND);
    for kind in ["500", "502", "503", "504"] {
        bottle.set_aggregator_weather(&format!("fault = [{{ kind = \"{kind}\", ratio = 1 }}]"));
        let stale = get(bottle.aggregator_url(), &id).await;
        assert_eq!((stale.answer(), status(&stale)), ((200, "walrus"), "STALE"), "{kind}");
    }
    bottle.set_aggregator_weather("fault = [{ kind = \"451\", ratio = 1 }]");
    assert_eq!(get(bottle.aggregator_url(), &id).await.status, 451);
    bottle.set_aggregator_weather("");
    let words = [get(bottle.aggregator_url(), &id).await, get(bottle.aggregator_url(), &id).await];
    assert_eq!(words.each_ref().map(status), ["EXPIRED", "HIT"]);
}

#[tokio::test]
async fn an_expired_entry_is_served_while_another_request_updates_it() {
    let clock = Clock::manual();
    let cache = CacheConfig { idle_ttl: None, ..CacheConfig::of(Persona::Nginx) };
    let bottle = bottle(cache, &clock).start();
    let (url, id) = (bottle.aggregator_url(), stored(bottle.publisher_url(), b"walrus").await);
    get(url, &id).await;
    clock.advance(25 * 3600 * SECOND);
    bottle.set_aggregator_weather("fault = [{ kind = \"hang\", ratio = \"first:1\" }]");
    let mut updating = connect(url).await;
    updating.write_all(head(&format!("GET /v1/blobs/{id}"), &[]).as_bytes()).await.unwrap();
    until(|| bottle.aggregator_stats().fault("hang") == 1).await;
    for _ in 0..2 {
        let reply = get(url, &id).await;
        assert_eq!((reply.answer(), status(&reply)), ((200, "walrus"), "UPDATING"));
    }
    drop(updating);
    until(|| bottle.aggregator_stats().connections.open == 0).await;
    assert_eq!(status(&get(url, &id).await), "EXPIRED", "the client of the update has left");
    assert_eq!(status(&get(url, &id).await), "HIT");
}

#[tokio::test]
async fn faults_of_the_origin_do_not_reach_hits_but_what_they_did_to_a_kept_blob_does() {
    for persona in [Persona::Nginx, Persona::Cloudflare, Persona::Fastly] {
        let bottle = bottle(CacheConfig::of(persona), &Clock::manual()).start();
        let id = stored(bottle.publisher_url(), b"walrus").await;
        let all = |kind: &str| {
            bottle.set_aggregator_weather(&format!("fault = [{{ kind = \"{kind}\", ratio = 1 }}]"))
        };
        all("truncate");
        let cut = get(bottle.aggregator_url(), &id).await;
        assert!(cut.body.len() < 6, "{persona}");
        all("corrupt");
        let corrupt = get(bottle.aggregator_url(), &id).await;
        assert!(
            corrupt.body.len() == 6 && corrupt.body != b"walrus",
            "what was cut short was not kept: {persona}"
        );
        for kind in ["503", "corrupt", "reset", "shed"] {
            all(kind);
            assert_eq!(get(bottle.aggregator_url(), &id).await.body, corrupt.body, "{persona} {kind}");
        }
    }
}

/// The counted faults of a rule are those of requests that reach the origin.
#[tokio::test]
async fn a_hit_is_not_one_of_the_requests_that_a_fault_counts() {
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &Clock::manual()).start();
    let ids = [stored(bottle.publisher_url(), b"x").await, stored(bottle.publisher_url(), b"y").await];
    get(bottle.aggregator_url(), &ids[0]).await;
    bottle.set_aggregator_weather("fault = [{ kind = \"503\", ratio = \"first:1\" }]");
    let mut statuses = Vec::new();
    for n in [0, 0, 1, 1] {
        statuses.push(get(bottle.aggregator_url(), &ids[n]).await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200]);
}

#[tokio::test]
async fn a_404_is_kept_for_a_minute() {
    let clock = Clock::manual();
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &clock).start();
    let hits = || bottle.aggregator_stats().reads.negative_hits;
    let first = get(bottle.aggregator_url(), ABSENT).await;
    assert_eq!((first.status, hits()), (404, 0));
    for (wait, expected) in [(0, 1), (59, 2), (1, 2), (0, 3)] {
        clock.advance(wait * SECOND);
        let again = get(bottle.aggregator_url(), ABSENT).await;
        assert_eq!((again.status, &again.body, hits()), (404, &first.body, expected));
        assert_eq!(again.header("x-cache-status"), None, "add_header without `always` is not for errors");
        assert_eq!(
            (again.reason().as_str(), again.header("content-type")),
            ("BLOB_NOT_FOUND", Some("application/json"))
        );
        assert_eq!(again.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn every_hit_of_a_404_draws_its_own_latency() {
    let slow = Duration::from_millis(100);
    let bottle = bottle(CacheConfig::of(Persona::Nginx), &Clock::manual()).start();
    bottle.set_aggregator_weather("cached_read = { latency = \"twopoint:0s,100ms@50%\" }");
    get(bottle.aggregator_url(), ABSENT).await;
    let mut slow_ones = 0;
    for _ in 0..16 {
        let start = Instant::now();
        get(bottle.aggregator_url(), ABSENT).await;
        slow_ones += u32::from(start.elapsed() >= slow);
    }
    // Of a latency that was drawn once, all hits or none would take it; those that do are at least as slow.
    assert!(slow_ones >= 4, "{slow_ones}");
    let expected = (0..16).filter(|n| {
        Latency::from_str("twopoint:0s,100ms@50%").unwrap().at(draw::bits(0, Purpose::Latency, *n)) == slow
    });
    let expected = u32::try_from(expected.count()).unwrap();
    assert!(expected < 16 && slow_ones >= expected, "{slow_ones} of {expected}");
}

#[tokio::test]
async fn a_cached_404_hides_a_blob_until_a_bypass_replaces_it() {
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
    assert_eq!(get(bottle.aggregator_url(), &early).await.status, 404);
    assert_eq!(bottle.aggregator_stats().reads.negative_hits, 1);
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
async fn the_first_client_chooses_the_content_type_for_all() {
    let bottle = bottle(CacheConfig::of(Persona::Cloudflare), &Clock::manual()).start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for accept in ["image/png", "text/html", "*/*"] {
        assert_eq!(with(&bottle, &id, &[("accept", accept)]).await.header("content-type"), Some("image/png"));
    }
}

#[tokio::test]
async fn cloudflare_and_fastly_send_the_age_of_an_entry() {
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
async fn false_hits_are_as_slow_as_misses() {
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
    ] {
        assert_eq!(
            status(&get(bottle.aggregator_url(), &format!("{id}/{target}")).await),
            expected,
            "{target}"
        );
    }
}
