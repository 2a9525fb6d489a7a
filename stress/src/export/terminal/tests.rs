//! The screens as they are seen: whole, within 80 columns, and with colours that change nothing else.

use std::time::Duration;

use super::*;
use crate::{
    export::{blobs::BlobAssembler, view::run},
    fixtures,
    metrics::generator::Generator,
    plan::journey::Step,
    report::{Ending, Report, Signal, summary::Summary},
    sample::{
        Novelty, Sample,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
};

fn rendered(report: &Report, samples: &[Sample], colours: Colours) -> String {
    let mut assembler = BlobAssembler::new(&report.plan);
    let blobs: Vec<_> = samples.iter().filter_map(|sample| assembler.enter(sample)).collect();
    render(&run::document(report, &Summary::of(report), &blobs), colours)
}

/// The lines from one label to another.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(&format!("\n{from}")).unwrap() + 1;
    &text[start..start + text[start..].find(&format!("\n{to}")).unwrap()]
}

/// The text without colours.
fn stripped(text: &str) -> String {
    let mut plain = String::new();
    for (position, part) in text.split("\u{1b}[").enumerate() {
        plain.push_str(if position == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    plain
}

fn good(blobs: u64) -> Vec<Sample> {
    (0..blobs).flat_map(fixtures::journey).collect()
}

fn bad() -> (Report, Vec<Sample>) {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.ending = Ending::Interrupted { signal: Signal::Interrupt };
    report.notices = vec!["1 target answered 404 to GET /status and was not checked".to_owned()];
    (report, samples)
}

#[test]
fn a_small_run_shows_each_blob() {
    insta::assert_snapshot!(rendered(&fixtures::report(5, &good(5)), &good(5), Colours::Off), @r"
    passed: 5 of 5 uploads and 10 of 10 downloads succeeded
    quality      trustworthy
    cache        not enough data (n = 5): at least 6 blobs needed

    run          walrus-stress 0.1.0, started 2026-09-21T14:13:20Z, took 1.34 s
    load         5 blobs of 90.0 KiB to 100 KiB, 8 at a time
    publisher    http://publisher.test:31415
    aggregator   http://aggregator.test:31416
    seed         --seed 12345678901234567890 gives the same blobs again

    #     size upload  first  cached blob ID
    1 90.0 KiB 1.00 s 120 ms 18.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0000
    2 91.0 KiB 1.04 s 173 ms 23.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0001
    3 92.0 KiB 1.07 s 143 ms 28.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0002
    4 93.0 KiB 1.11 s 196 ms 20.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0003
    5 93.9 KiB 1.15 s 166 ms 25.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0004

                     upload    first   cached
    succeeded             5        5        5
    failed                0        0        0
    failed attempts       0        0        0
    MiB/s whole run   0.391     1.43     2.05
    MiB/s each        0.084    0.563     3.94
    response time
      min            1.00 s   120 ms  18.0 ms
      mean           1.07 s   160 ms  22.8 ms
      median         1.07 s   166 ms  23.0 ms
      max            1.15 s   196 ms  28.0 ms
    median time of each part
      sending        269 ms  41.5 ms  5.75 ms
      waiting        537 ms  83.0 ms  11.5 ms
      receiving      269 ms  41.5 ms  5.75 ms
    Not enough samples for p90 (36 needed), p95 (72 needed), p99 (368 needed).

    upload   1.00 s                                            ▆█   1.15 s
    first    120 ms                      ▄▄ █ ▄                     196 ms
    cached  18.0 ms  █████                                         28.0 ms
    Response times from 18.0 ms to 1.15 s on a logarithmic scale.

    uploads      5 new, 0 existing
    cost         0.0006615 WAL (661,500 FROST)
    price        2,100 FROST a unit (315 units), 0.000132 WAL a blob, 1.51 WAL a GiB
    bytes        460 KiB sent, 920 KiB received
    connections  5 opened (median TCP 212 µs), reused for 10 requests

    cache        median first download 166 ms, cached 23.0 ms, of 5 blobs
                 cached downloads took 18.0 ms to 28.0 ms
    headers      no response header names a cache

    passed: 5 of 5 uploads and 10 of 10 downloads succeeded
    ");
}

#[test]
fn a_large_run_shows_what_its_sample_supports() {
    insta::assert_snapshot!(rendered(&fixtures::report(400, &good(400)), &[], Colours::Off), @r"
    passed: 400 of 400 uploads and 800 of 800 downloads succeeded
    quality      trustworthy
    cache        cached downloads are 6.7 times faster (6.5–6.9, n = 400)

    run          walrus-stress 0.1.0, started 2026-09-21T14:13:20Z, took 75.0 s
    load         400 blobs of 90.0 KiB to 100 KiB, 8 at a time
    publisher    http://publisher.test:31415
    aggregator   http://aggregator.test:31416
    seed         --seed 12345678901234567890 gives the same blobs again

                     upload    first   cached
    succeeded           400      400      400
    failed                0        0        0
    failed attempts       0        0        0
    MiB/s whole run    1.50     1.51     1.52
    MiB/s each        0.249     1.74     11.7
    response time
      min            1.00 s   120 ms  18.0 ms
      mean           1.12 s   161 ms  24.0 ms
      median         1.12 s   161 ms  24.0 ms
      p90            1.23 s   194 ms  29.0 ms
      p95            1.24 s   198 ms  30.0 ms
      p99            1.25 s   202 ms  30.0 ms
      max            1.25 s   202 ms  30.0 ms
    median time of each part
      sending        281 ms  40.3 ms  6.00 ms
      waiting        562 ms  80.5 ms  12.0 ms
      receiving      281 ms  40.3 ms  6.00 ms

    upload   1.00 s                                           ▃██   1.25 s
    first    120 ms                     ▂▆▆▇▇█▁                     202 ms
    cached  18.0 ms  ▆▆█▆█▃                                        30.0 ms
    Response times from 18.0 ms to 1.25 s on a logarithmic scale.

    uploads      400 new, 0 existing
    cost         0.05292 WAL (52,920,000 FROST)
    price        2,036 to 2,100 FROST a unit (25,298 units), 0.000132 WAL a blob,
                 0.484 WAL a GiB
    bytes        112 MiB sent, 224 MiB received
    connections  8 opened (median TCP 213 µs), reused for 1,192 requests

    cache        median first download 161 ms, cached 24.0 ms, of 400 blobs
                 cached downloads took 18.0 ms to 30.0 ms
    breakdown    first byte: 6.7 times faster (6.6–6.9)
                 transfer: 6.7 times faster (6.5–6.9)
                 64.0 KiB to 256 KiB: 6.7 times faster (6.4–7.0)
                 256 KiB to 1.00 MiB: 6.7 times faster (6.5–7.0)
    headers      no response header names a cache, but the times show one

    by size      upload: median 1.12 s; no growth with size found (−54.4 ms to 91.7
                 ms/MiB)
                 upload, sending: median 281 ms; no growth with size found (−13.6 ms
                 to 22.9 ms/MiB)
                 upload, waiting: median 562 ms; no growth with size found (−27.2 ms
                 to 45.8 ms/MiB)
                 first: median 160 ms; no growth with size found (−28.9 ms to 34.2
                 ms/MiB)
                 cached: median 24.0 ms; no growth with size found (−4.88 ms to 0
                 s/MiB)

    passed: 400 of 400 uploads and 800 of 800 downloads succeeded
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one whole screen")]
fn an_interrupted_run_with_failures_says_so_first_and_last() {
    let (report, samples) = bad();
    insta::assert_snapshot!(rendered(&report, &samples, Colours::Off), @r"
    PARTIAL, FAILED: 5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1
    unfinished
    quality      invalid: unfinished at the end 6.7% (above 5.0%)
    cache        not enough data (n = 1): at least 6 blobs needed

    run          walrus-stress 0.1.0, started 2026-09-21T14:13:20Z, took 61.7 s,
                 interrupted by SIGINT: these are the numbers until then
    load         7 blobs of 90.0 KiB to 100 KiB, 8 at a time
    publisher    http://publisher.test:31415
    aggregator   http://aggregator.test:31416
    seed         --seed 12345678901234567890 gives the same blobs again
    note         1 target answered 404 to GET /status and was not checked

    failures     2 uploads failed: shed, first at 1.10 s, last at 2.60 s
                   blob 1 at 1.10 s (2026-09-21T14:13:21Z): 429: the publisher is
                     full: Too Many Requests
                   blob 6 at 2.60 s (2026-09-21T14:13:22Z): 429: the publisher is
                     full: Too Many Requests
                 1 first download failed: timeout, at 61.7 s
                   blob 3 (M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0002) at 61.7 s
                     (2026-09-21T14:14:21Z): no whole answer within 60 s
                 2 cached downloads failed: not-found, first at 1.62 s, last at 3.12
                 s
                   blob 2 (M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0001) at 1.62 s
                     (2026-09-21T14:13:21Z): 404 BLOB_NOT_FOUND: the requested blob
                     ID does not exist
                   blob 7 (M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0006) at 3.12 s
                     (2026-09-21T14:13:23Z): 404 BLOB_NOT_FOUND: the requested blob
                     ID does not exist

    #     size  upload  first  cached blob ID
    1 90.0 KiB  failed      –       – shed 429: the publisher is full: Too Many …
    2 91.0 KiB =1.10 s 200 ms  failed M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0001
    3 92.0 KiB  1.10 s failed       – M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0002
    4 93.0 KiB  1.10 s      …       – M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0003
    5 93.9 KiB  1.10 s 190 ms 20.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0004
    6 94.9 KiB  failed      –       – shed 429: the publisher is full: Too Many …
    7 95.9 KiB =1.10 s 200 ms  failed M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0006
    = the blob already existed; … unfinished when the run ended.

                     upload    first   cached
    succeeded             5        3        1
    failed                2        1        2
    failed attempts       2        1        2
    unfinished            0        1        0
    skipped               0        2        4
    MiB/s whole run   0.157    0.005    0.060
    MiB/s each        0.083    0.465     4.59
    response time
      min            1.10 s   190 ms  20.0 ms
      mean           1.10 s  ≥12.9 s  20.0 ms
      median         1.10 s   200 ms  20.0 ms
      max            1.10 s  ≥60.0 s  20.0 ms
    median time of each part
      sending        275 ms  50.0 ms  5.00 ms
      waiting        550 ms   100 ms  10.0 ms
      receiving      275 ms  50.0 ms  5.00 ms
    Not enough samples for p90 (36 needed), p95 (72 needed), p99 (368 needed).

    upload   1.10 s                        █                        1.10 s
    first    190 ms              █                ▃             ▃  ≥60.0 s
    cached  20.0 ms  █                                             20.0 ms
    Response times from 20.0 ms to 60.0 s on a logarithmic scale.

    uploads      2 new (median 1.10 s), 2 existing (median 1.10 s), 1 with reused
                 storage (median 1.10 s), 2 failed
    cost         0.0002646 WAL (264,600 FROST)
    price        2,100 FROST a unit (126 units), 0.000132 WAL a blob, 1.5 WAL a GiB
    bytes        651 KiB sent, 375 KiB received
    connections  7 opened (median TCP 213 µs), reused for 8 requests

    cache        median first download 190 ms, cached 20.0 ms, of 1 blob
                 cached downloads took 20.0 ms to 20.0 ms
    headers      no response header names a cache

    PARTIAL, FAILED: 5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1
    unfinished
    ");
}

#[test]
fn thresholds_are_shown_with_what_was_measured() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    let thresholds = [
        "upload.max<20s",
        "*.failures<50%",
        "first.max<2m",
        "cached.p99<1s",
        "upload.rate>1/s",
        "upload.throughput>1MiB/s",
        "main:first.failures.connect-timeout<=0.000000000000000000000000000000001%",
    ];
    report.plan.thresholds = thresholds.map(|text| text.parse().unwrap()).to_vec();
    let text = rendered(&report, &[], Colours::Off);
    let block = between(&text, "thresholds", "\nrun");
    insta::assert_snapshot!(block, @r"
    thresholds   ok      upload.max<20s: 1.10 s
                 ok      upload.failures<50%: 2 of 7 (28.57%)
                 ok      first.failures<50%: 1 of 5 (20.00%)
                 FAILED  cached.failures<50%: 2 of 3 (66.67%)
                 FAILED  first.max<2m: ≥60.0 s
                 FAILED  cached.p99<1s: not enough data: 1 sample, 368 needed
                 ok      upload.rate>1/s: 1.72/s
                 FAILED  upload.throughput>1MiB/s: 0.157 MiB/s
                 ok      main:first.failures.connect-timeout<=0.00000000000000000000
                         0000000000001%: 0 of 5 (0.00%)
                 FAILED  first.unfinished==0: 1 of 5 (20.00%)
    ");
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
}

#[test]
fn a_generator_that_was_too_slow_is_reported_with_advice() {
    let mut report = fixtures::report(400, &good(400));
    let (cpu, available) = (Duration::from_secs(143), Duration::from_secs(150));
    report.recording.generator =
        Generator { cpu, available, wall_step: Duration::from_secs(3_600), ..Generator::default() };
    let text = rendered(&report, &[], Colours::Off);
    let block = between(&text, "quality", "cache");
    insta::assert_snapshot!(block, @r"
    quality      invalid: generator CPU 95.3% (above 90.0%), wall clock step 60.0
                 min (above 1.00 s)
                 the generator ran short of CPU: give it more cores, a machine of
                 its own, or less to do
    ");
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let (report, samples) = bad();
    let coloured = rendered(&report, &samples, Colours::On);
    assert_eq!(stripped(&coloured), rendered(&report, &samples, Colours::Off));
    assert!(coloured.contains("\u{1b}[31m2 uploads failed: shed, first at"), "{coloured}");
    // The colours of event lines stay there.
    assert!(coloured.contains("=1.10 s") && !coloured.contains("\u{1b}[33m="), "{coloured}");
}

#[test]
fn every_line_fits_80_columns() {
    let (mut report, mut samples) = bad();
    for (index, novelty) in (7..60).zip([Novelty::Fresh, Novelty::Repeat].into_iter().cycle()) {
        let journey = if index % 3 == 0 { fixtures::troubled(index) } else { fixtures::journey(index) };
        samples.extend(journey.into_iter().map(|sample| Sample { novelty, ..sample }));
    }
    report.recording = fixtures::recording(&samples);
    report.plan.publishers =
        vec![format!("http://{}.example/{}", "a".repeat(60), "b/".repeat(80)).parse().unwrap()];
    report.plan.phases.push(crate::plan::Phase {
        name: "a phase with a long name".repeat(4),
        ..report.plan.phases[0].clone()
    });
    let text = rendered(&report, &samples, Colours::Off);
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
        assert_eq!(line, line.trim_end(), "blanks at the end");
    }
    // Fresh blobs, repeats and a second phase are too many columns for one block.
    assert_eq!(text.matches("\nresponse time\n").count(), 2, "{text}");
}

#[test]
fn cache_headers_that_contradict_the_times_are_named() {
    let status = |cache_status| CacheEvidence {
        cache_status,
        status_header: Some(StatusHeader::X_CACHE_STATUS),
        ..CacheEvidence::default()
    };
    let mut samples = good(40);
    for sample in &mut samples {
        let warm = sample.index < 4 || sample.step == Step::CACHED;
        sample.exchange.cache = status(if warm { CacheStatus::Hit } else { CacheStatus::Miss });
        // A proxy that claims hits and is as slow as before.
        if sample.step == Step::CACHED {
            let took = Duration::from_millis(120 + sample.index * 53 % 83);
            sample.exchange.timing.finished = sample.exchange.timing.started + took;
            sample.exchange.timing.first_byte = Some(sample.exchange.timing.finished - took / 4);
        }
    }
    let text = rendered(&fixtures::report(40, &samples), &[], Colours::Off);
    let block = text.split("\n\n").filter(|block| block.contains("cache  ")).collect::<Vec<_>>().join("\n\n");
    insta::assert_snapshot!(block, @r"
    passed: 40 of 40 uploads and 80 of 80 downloads succeeded
    quality      use with care: first downloads that were already cached 10.0%
    cache        no evidence of caching (1.00–1.00, n = 36)

    cache        median first download 161 ms, cached 161 ms, of 36 blobs
    headers      X-Cache-Status: hit for 40 of 40 cached downloads, but they are as
                 fast (1.00–1.00, n = 36): the header is wrong, or this cache saves
                 no time
                 4 of 40 first downloads were already cached and are excluded
    ");
}
