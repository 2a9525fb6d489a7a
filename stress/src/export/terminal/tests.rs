//! The summary as it is seen: whole screens, their width, and that colour changes nothing else.

use std::time::Duration;

use super::*;
use crate::{
    export::blobs::BlobAssembler,
    fixtures,
    metrics::generator::Generator,
    plan::journey::Step,
    report::Signal,
    sample::{
        Novelty, Sample,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
};

fn rendered(report: &Report, samples: &[Sample], palette: Palette) -> String {
    let mut assembler = BlobAssembler::new(&report.plan);
    let blobs: Vec<_> = samples.iter().filter_map(|sample| assembler.enter(sample)).collect();
    let mut out = Vec::new();
    write(&mut out, report, &Summary::of(report), &blobs, palette).unwrap();
    String::from_utf8(out).unwrap()
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
    insta::assert_snapshot!(rendered(&fixtures::report(5, &good(5)), &good(5), Palette::Plain), @r"
    walrus-stress 0.1.0  started 2026-09-21T14:13:20Z, took 1.34 s
    load         5 blobs of 90.0 KiB to 100 KiB, 8 at a time
    publisher    http://publisher.test:31415
    aggregator   http://aggregator.test:31416

     #     size upload    first  cached blob ID
     1 90.0 KiB 1.00 s   120 ms 18.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0000
     2 91.0 KiB 1.04 s   173 ms 23.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0001
     3 92.0 KiB 1.07 s   143 ms 28.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0002
     4 93.0 KiB 1.11 s   196 ms 20.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0003
     5 93.9 KiB 1.15 s   166 ms 25.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0004

                          upload        first       cached
    done                       5            5            5
    failed                     0            0            0
    failed tries               0            0            0
    MiB/s                  0.391         1.43         2.05
    response time
      min                 1.00 s       120 ms      18.0 ms
      mean                1.07 s       160 ms      22.8 ms
      median              1.07 s       166 ms      23.0 ms
      max                 1.15 s       196 ms      28.0 ms
    median of parts
      sending             269 ms      41.5 ms      5.75 ms
      waiting             537 ms      83.0 ms      11.5 ms
      receiving           269 ms      41.5 ms      5.75 ms
    More samples show more: p90 from 36, p95 from 72, p99 from 368.

    response times from 18.0 ms to 1.15 s, logarithmic
    upload         1.00 s                                           ▆█   1.15 s
    first          120 ms                     ▄▄ █ ▄                     196 ms
    cached        18.0 ms █████                                         28.0 ms

    uploads      5 new, 0 existing
    cost         0.0006615 WAL (661,500 FROST)
    bytes        460 KiB sent, 920 KiB received
    connections  5 opened (median TCP 212 µs), used again for 10 requests
    cache        not enough data (n = 5): at least 6 blobs needed
                 median first 166 ms, cached 23.0 ms, of 5 blobs read twice
                 shortest download from cache 18.0 ms, longest 28.0 ms
    headers      no header tells of a cache
    repeat       --seed 12345678901234567890 makes the same blobs again

    quality      trustworthy

    5 of 5 uploads and 10 of 10 downloads succeeded
    ");
}

#[test]
fn a_large_run_shows_what_its_sample_supports() {
    insta::assert_snapshot!(rendered(&fixtures::report(400, &good(400)), &[], Palette::Plain), @r"
    walrus-stress 0.1.0  started 2026-09-21T14:13:20Z, took 75.0 s
    load         400 blobs of 90.0 KiB to 100 KiB, 8 at a time
    publisher    http://publisher.test:31415
    aggregator   http://aggregator.test:31416

                          upload        first       cached
    done                     400          400          400
    failed                     0            0            0
    failed tries               0            0            0
    MiB/s                   1.50         1.51         1.52
    response time
      min                 1.00 s       120 ms      18.0 ms
      mean                1.12 s       161 ms      24.0 ms
      median              1.12 s       161 ms      24.0 ms
      p90                 1.23 s       194 ms      29.0 ms
      p95                 1.24 s       198 ms      30.0 ms
      p99                 1.25 s       202 ms      30.0 ms
      max                 1.25 s       202 ms      30.0 ms
    median of parts
      sending             281 ms      40.3 ms      6.00 ms
      waiting             562 ms      80.5 ms      12.0 ms
      receiving           281 ms      40.3 ms      6.00 ms

    response times from 18.0 ms to 1.25 s, logarithmic
    upload         1.00 s                                          ▃██   1.25 s
    first          120 ms                    ▂▆▆▇▇█▁                     202 ms
    cached        18.0 ms ▆▆█▆█▃                                        30.0 ms

    uploads      400 new, 0 existing
    cost         0.05292 WAL (52,920,000 FROST)
    bytes        112 MiB sent, 224 MiB received
    connections  8 opened (median TCP 213 µs), used again for 1,192 requests
    by size      upload: median 1.12 s; no growth shown (−54.4 ms to 91.7 ms/MiB)
                 of it sending: median 281 ms; no growth shown (−13.6 ms to 22.9
                 ms/MiB)
                 of it waiting: median 562 ms; no growth shown (−27.2 ms to 45.8
                 ms/MiB)
                 first: median 160 ms; no growth shown (−28.9 ms to 34.2 ms/MiB)
                 cached: median 24.0 ms; no growth shown (−4.88 ms to 0 s/MiB)
    cache        cached downloads are 6.7 times faster (6.5–6.9, n = 400)
                 median first 161 ms, cached 24.0 ms, of 400 blobs read twice
                 first byte 6.7 times faster (6.6–6.9); transfer 6.7 times faster
                 (6.5–6.9)
                 64.0 KiB to 256 KiB: 6.7 times faster (6.4–7.0, n = 169)
                 256 KiB to 1.00 MiB: 6.7 times faster (6.5–7.0, n = 231)
                 shortest download from cache 18.0 ms, longest 30.0 ms
    headers      no header tells of a cache, but the times do
    repeat       --seed 12345678901234567890 makes the same blobs again

    quality      trustworthy

    400 of 400 uploads and 800 of 800 downloads succeeded
    ");
}

#[test]
fn a_stopped_run_with_failures_says_so_first_and_last() {
    let (report, samples) = bad();
    insta::assert_snapshot!(rendered(&report, &samples, Palette::Plain), @r"
    PARTIAL: interrupted by SIGINT; this is what was measured until then
    walrus-stress 0.1.0  started 2026-09-21T14:13:20Z, took 61.7 s
    load         7 blobs of 90.0 KiB to 100 KiB, 8 at a time
    publisher    http://publisher.test:31415
    aggregator   http://aggregator.test:31416

     #     size upload    first  cached blob ID
     1 90.0 KiB failed        –       – shed 429: the publisher is full: Too Many …
     2 91.0 KiB 1.10 s=  200 ms  failed M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0001
     3 92.0 KiB 1.10 s   failed       – M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0002
     4 93.0 KiB 1.10 s        …       – M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0003
     5 93.9 KiB 1.10 s   190 ms 20.0 ms M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0004
     6 94.9 KiB failed        –       – shed 429: the publisher is full: Too Many …
     7 95.9 KiB 1.10 s=  200 ms  failed M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0006
       = the blob already existed
       … unfinished when the run ended

                          upload        first       cached
    done                       5            3            1
    failed                     2            1            2
    failed tries               2            1            2
    unfinished                 0            1            0
    not tried                  0            2            4
    MiB/s                  0.157        0.005        0.060
    response time
      min                 1.10 s       190 ms      20.0 ms
      mean                1.10 s      ≥12.9 s      20.0 ms
      median              1.10 s       200 ms      20.0 ms
      max                 1.10 s      ≥60.0 s      20.0 ms
    median of parts
      sending             275 ms      50.0 ms      5.00 ms
      waiting             550 ms       100 ms      10.0 ms
      receiving           275 ms      50.0 ms      5.00 ms
    More samples show more: p90 from 36, p95 from 72, p99 from 368.

    response times from 20.0 ms to 60.0 s, logarithmic
    upload         1.10 s                       █                        1.10 s
    first          190 ms             █                ▃             ▃  ≥60.0 s
    cached        20.0 ms █                                             20.0 ms

    2 uploads failed: shed  first at 1.10 s, last at 2.60 s
        blob 1 at 1.10 s: 429: the publisher is full: Too Many Requests
        blob 6 at 2.60 s: 429: the publisher is full: Too Many Requests
    1 first download failed: timeout  at 61.7 s
        blob 3 at 61.7 s: no whole answer within 60 s
    2 cached downloads failed: not-found  first at 1.62 s, last at 3.12 s
        blob 2 at 1.62 s: 404 BLOB_NOT_FOUND: the requested blob ID does not exist
        blob 7 at 3.12 s: 404 BLOB_NOT_FOUND: the requested blob ID does not exist

    uploads      2 new (median 1.10 s), 2 existing (median 1.10 s), 1 with reused
                 storage (median 1.10 s), 2 failed
    cost         0.0002646 WAL (264,600 FROST)
    bytes        651 KiB sent, 375 KiB received
    connections  7 opened (median TCP 213 µs), used again for 8 requests
    cache        not enough data (n = 1): at least 6 blobs needed
                 median first 190 ms, cached 20.0 ms, of 1 blob read twice
                 shortest download from cache 20.0 ms, longest 20.0 ms
    headers      no header tells of a cache
    repeat       --seed 12345678901234567890 makes the same blobs again
    note         1 target answered 404 to GET /status and was not checked

    quality      invalid: unfinished at the end 6.7% (above 5.0%)

    PARTIAL: 5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1 unfinished
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
    let text = rendered(&report, &[], Palette::Plain);
    let block = text.split("\n\n").find(|block| block.starts_with("thresholds")).unwrap();
    insta::assert_snapshot!(block, @r"
    thresholds   ok      upload.max<20s: 1.10 s
                 ok      upload.failures<50%: 2 of 7 (28.57%)
                 ok      first.failures<50%: 1 of 5 (20.00%)
                 BROKEN  cached.failures<50%: 2 of 3 (66.67%)
                 BROKEN  first.max<2m: ≥60.0 s
                 BROKEN  cached.p99<1s: 1 sample cannot say, it takes 368
                 ok      upload.rate>1/s: 1.72/s
                 BROKEN  upload.throughput>1MiB/s: 0.157 MiB/s
                 ok      main:first.failures.connect-timeout<=0.00000000000000000000
                         0000000000001%: 0 of 5 (0.00%)
                 BROKEN  first.unfinished==0: 1 of 5 (20.00%)
    quality      invalid: unfinished at the end 6.7% (above 5.0%), thresholds with
                 too few samples 1
    ");
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
}

#[test]
fn a_generator_that_was_too_slow_is_told_with_what_to_do() {
    let mut report = fixtures::report(400, &good(400));
    let (cpu, available) = (Duration::from_secs(143), Duration::from_secs(150));
    report.recording.generator =
        Generator { cpu, available, wall_step: Duration::from_secs(3_600), ..Generator::default() };
    let text = rendered(&report, &[], Palette::Plain);
    let block = text.split("\n\n").find(|block| block.starts_with("quality")).unwrap();
    insta::assert_snapshot!(block, @r"
    quality      invalid: own CPU 95.3% (above 90.0%), wall clock moved by 60.0 min
                 (above 1.00 s)
                 the generator ran short of CPU: give it more cores, a machine of
                 its own, or less to do
    ");
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let (report, samples) = bad();
    let coloured = rendered(&report, &samples, Palette::Coloured);
    assert_eq!(stripped(&coloured), rendered(&report, &samples, Palette::Plain));
    assert!(coloured.contains("\u{1b}[31m2 uploads failed: shed\u{1b}[0m"), "{coloured}");
    assert!(coloured.contains("\u{1b}[33m1.10 s=\u{1b}[0m"), "{coloured}");
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
    let text = rendered(&report, &samples, Palette::Plain);
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
        assert_eq!(line, line.trim_end(), "blanks at the end");
    }
    // Fresh blobs, repeats and a second phase stand in two tables.
    assert_eq!(text.matches("\nresponse time\n").count(), 2, "{text}");
}

#[test]
fn what_headers_claim_stands_beside_what_the_times_show() {
    let said = |cache_status| CacheEvidence {
        cache_status,
        status_header: Some(StatusHeader::XCacheStatus),
        ..CacheEvidence::default()
    };
    let mut samples = good(40);
    for sample in &mut samples {
        let warm = sample.index < 4 || sample.step == Step::CACHED;
        sample.exchange.cache = said(if warm { CacheStatus::Hit } else { CacheStatus::Miss });
        // A front that says hit and is as slow as before.
        if sample.step == Step::CACHED {
            let took = Duration::from_millis(120 + sample.index * 53 % 83);
            sample.exchange.timing.finished = sample.exchange.timing.started + took;
            sample.exchange.timing.first_byte = Some(sample.exchange.timing.finished - took / 4);
        }
    }
    let text = rendered(&fixtures::report(40, &samples), &[], Palette::Plain);
    let from = text.find("cache    ").unwrap();
    insta::assert_snapshot!(&text[from..text.find("\n\n40 of").unwrap()], @r"
    cache        no evidence of caching (1.00–1.00, n = 36)
                 median first 161 ms, cached 161 ms, of 36 blobs read twice
                 shortest download from cache 120 ms, longest 202 ms
    headers      hit of 40 of 40 cached downloads (X-Cache-Status), but they are as
                 fast (1.00–1.00, n = 36): the header is wrong, or its cache buys
                 nothing
                 4 of 40 first downloads came from a cache already: left out
    repeat       --seed 12345678901234567890 makes the same blobs again

    quality      use with care: first downloads that were already cached 10.0%
    ");
}
