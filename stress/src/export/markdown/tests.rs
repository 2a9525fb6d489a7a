//! The comment as it is written, and that nothing from elsewhere becomes markup.

use super::*;
use crate::{
    export::view::run,
    fixtures,
    report::{Ending, Report, Signal, summary::Summary},
    sample::FailureClass,
};

fn written(report: &Report) -> String {
    render(&run::document(report, &Summary::of(report), &[]))
}

#[test]
fn an_interrupted_run_has_not_passed() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(7, &samples);
    let title = |report: &Report| written(report).lines().next().unwrap().to_owned();
    assert_eq!(title(&report), "### walrus-stress: passed");
    report.ending = Ending::Interrupted { signal: Signal::Interrupt };
    assert_eq!(title(&report), "### walrus-stress: PARTIAL");
    report.plan.thresholds = vec!["upload.max<1ms".parse().unwrap()];
    assert_eq!(title(&report), "### walrus-stress: PARTIAL, FAILED");
}

#[test]
fn the_verdict_stands_first() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.plan.thresholds = ["upload.max<20s", "first.max<2m"].map(|text| text.parse().unwrap()).to_vec();
    insta::assert_snapshot!(written(&report), @r"
    ### walrus-stress: FAILED

    **5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1 unfinished**

    - **quality**: invalid: unfinished at the end 6.7% (above 5.0%)
    - **cache**: not enough data (n = 1): at least 6 blobs needed

    #### Thresholds

    - **ok** upload.max&lt;20s: 1.10 s
    - **FAILED** first.max&lt;2m: ≥60.0 s
    - **FAILED** upload.failures==0: 2 of 7 (28.57%)
    - **FAILED** first.failures==0: 1 of 5 (20.00%)
    - **FAILED** first.unfinished==0: 1 of 5 (20.00%)
    - **FAILED** cached.failures==0: 2 of 3 (66.67%)

    #### Run

    - **run**: walrus-stress 0.1.0, started 2026-09-21T14:13:20Z, took 61.7 s
    - **load**: 7 blobs of 90.0 KiB to 100 KiB, 8 at a time
    - **publisher**: http://publisher.test:31415
    - **aggregator**: http://aggregator.test:31416
    - **seed**: --seed 12345678901234567890 gives the same blobs again

    #### Failures

    - 2 uploads failed: shed, first at 1.10 s, last at 2.60 s
      - blob 1 at 1.10 s (2026-09-21T14:13:21Z): 429: the publisher is full: Too Many Requests
      - blob 6 at 2.60 s (2026-09-21T14:13:22Z): 429: the publisher is full: Too Many Requests
    - 1 first download failed: timeout, at 61.7 s
      - blob 3 (M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7\_0002) at 61.7 s (2026-09-21T14:14:21Z): no whole answer within 60 s
    - 2 cached downloads failed: not-found, first at 1.62 s, last at 3.12 s
      - blob 2 (M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7\_0001) at 1.62 s (2026-09-21T14:13:21Z): 404 BLOB\_NOT\_FOUND: the requested blob ID does not exist
      - blob 7 (M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7\_0006) at 3.12 s (2026-09-21T14:13:23Z): 404 BLOB\_NOT\_FOUND: the requested blob ID does not exist

    #### Steps

    |  | upload | first | cached |
    | --- | --: | --: | --: |
    | succeeded | 5 | 3 | 1 |
    | failed | 2 | 1 | 2 |
    | failed attempts | 2 | 1 | 2 |
    | unfinished | 0 | 1 | 0 |
    | skipped | 0 | 2 | 4 |
    | MiB/s whole run | 0.157 | 0.005 | 0.060 |
    | MiB/s each | 0.083 | 0.465 | 4.59 |
    | **response time** |  |  |  |
    | min | 1.10 s | 190 ms | 20.0 ms |
    | mean | 1.10 s | ≥12.9 s | 20.0 ms |
    | median | 1.10 s | 200 ms | 20.0 ms |
    | max | 1.10 s | ≥60.0 s | 20.0 ms |
    | **median time of each part** |  |  |  |
    | sending | 275 ms | 50.0 ms | 5.00 ms |
    | waiting | 550 ms | 100 ms | 10.0 ms |
    | receiving | 275 ms | 50.0 ms | 5.00 ms |

    Not enough samples for p90 (36 needed), p95 (72 needed), p99 (368 needed).

    - **uploads**: 2 new (median 1.10 s), 2 existing (median 1.10 s), 1 with reused storage (median 1.10 s), 2 failed
    - **cost**: 0.0002646 WAL (264,600 FROST)
    - **price**: 2,100 FROST a unit (126 units), 0.000132 WAL a blob, 1.5 WAL a GiB
    - **bytes**: 651 KiB sent, 375 KiB received
    - **connections**: 7 opened (median TCP 213 µs), reused for 8 requests

    #### Cache

    - **cache**: median first download 190 ms, cached 20.0 ms, of 1 blob
    - **cache**: cached downloads took 20.0 ms to 20.0 ms

    - no response header names a cache
    ");
}

#[test]
fn nothing_from_elsewhere_is_markup() {
    let hostile = "a|b\n# <b>&[x](y) `c` *d* _e_ @octocat #12 \\ \u{1b}[31m";
    let samples = [fixtures::sample(
        0,
        crate::plan::journey::Step::Upload,
        0,
        10,
        fixtures::failed(FailureClass::Shed, Some(429), None, hostile),
    )];
    let mut report = fixtures::report(1, &samples);
    report.notices = vec![hostile.to_owned()];
    let text = written(&report);
    let safe = "a\\|b #&#8203; &lt;b&gt;&amp;\\[x\\](y) \\`c\\` \\*d\\* \\_e\\_ @&#8203;octocat #&#8203;12 \\\\ \\[31m";
    assert!(text.contains(&format!("  - blob 1 at 10.0 ms (2026-09-21T14:13:20Z): 429: {safe}\n")), "{text}");
    assert!(text.contains(&format!("- **note**: {safe}\n")), "{text}");
    // Every row of a table has as many cells as its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let tables: Vec<_> = text.split("\n\n").filter(|block| block.starts_with('|')).collect();
    assert_eq!(tables.len(), 1, "{text}");
    for table in tables {
        assert!(table.lines().all(|line| cells(line) == cells(table.lines().next().unwrap())), "{table}");
    }
}
