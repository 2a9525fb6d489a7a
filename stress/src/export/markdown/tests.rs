//! The comment as it is written, and that nothing from elsewhere becomes markup.

use super::*;
use crate::{
    fixtures,
    report::{Ending, Signal},
    sample::FailureClass,
};

fn written(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &Summary::of(report), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_run_that_was_stopped_has_not_passed() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(7, &samples);
    let title = |report: &Report| written(report).lines().next().unwrap().to_owned();
    assert_eq!(title(&report), "### walrus-stress: passed");
    report.ending = Ending::Interrupted { signal: Signal::Interrupt };
    assert_eq!(title(&report), "### walrus-stress: STOPPED before its end");
    report.plan.thresholds = vec!["upload.max<1ms".parse().unwrap()];
    assert_eq!(title(&report), "### walrus-stress: FAILED");
}

#[test]
fn trouble_is_told_with_its_verdict_first() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.plan.thresholds = ["upload.max<20s", "first.max<2m"].map(|text| text.parse().unwrap()).to_vec();
    insta::assert_snapshot!(written(&report), @r"
    ### walrus-stress: FAILED

    5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1 unfinished; the numbers are invalid: unfinished at the end 6.7% (above 5.0%).

    Started 2026-09-21T14:13:20Z, took 61.7 s: 7 blobs of 90.0 KiB to 100 KiB, 8 at a time

    #### Thresholds

    |  | threshold | measured |
    | --- | --- | --- |
    | ok | upload.max&lt;20s | 1.10 s |
    | BROKEN | first.max&lt;2m | ≥60.0 s |
    | BROKEN | upload.failures==0 | 2 of 7 (28.57%) |
    | BROKEN | first.failures==0 | 1 of 5 (20.00%) |
    | BROKEN | first.unfinished==0 | 1 of 5 (20.00%) |
    | BROKEN | cached.failures==0 | 2 of 3 (66.67%) |

    #### Steps

    |  | upload | first | cached |
    | --- | --- | --- | --- |
    | done | 5 | 3 | 1 |
    | failed | 2 | 1 | 2 |
    | failed tries | 2 | 1 | 2 |
    | unfinished | – | 1 | – |
    | not tried | – | 2 | 4 |
    | MiB/s | 0.157 | 0.005 | 0.060 |
    | min | 1.10 s | 190 ms | 20.0 ms |
    | mean | 1.10 s | ≥12.9 s | 20.0 ms |
    | median | 1.10 s | 200 ms | 20.0 ms |
    | max | 1.10 s | ≥60.0 s | 20.0 ms |
    | median sending | 275 ms | 50.0 ms | 5.00 ms |
    | median waiting | 550 ms | 100 ms | 10.0 ms |
    | median receiving | 275 ms | 50.0 ms | 5.00 ms |

    #### Facts

    - **uploads**: 2 new (median 1.10 s), 2 existing (median 1.10 s), 1 with reused storage (median 1.10 s), 2 failed
    - **cost**: 0.0002646 WAL (264,600 FROST)
    - **bytes**: 651 KiB sent, 375 KiB received
    - **connections**: 7 opened (median TCP 213 µs), used again for 8 requests
    - **cache**: not enough data (n = 1): at least 6 blobs needed
      median first 190 ms, cached 20.0 ms, of 1 blob read twice
      shortest download from cache 20.0 ms, longest 20.0 ms
    - **headers**: no header tells of a cache
    - **repeat**: --seed 12345678901234567890 makes the same blobs again

    #### Failures

    | step | class | count | when | for example |
    | --- | --- | --- | --- | --- |
    | upload | shed | 2 | first at 1.10 s, last at 2.60 s | blob 1: 429: the publisher is full: Too Many Requests |
    | first download | timeout | 1 | at 61.7 s | blob 3: no whole answer within 60 s |
    | cached download | not-found | 2 | first at 1.62 s, last at 3.12 s | blob 2: 404 BLOB\_NOT\_FOUND: the requested blob ID does not exist |

    walrus-stress 0.1.0
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
    let safe =
        "a\\|b &#35; &lt;b&gt;&amp;\\[x\\](y) \\`c\\` \\*d\\* \\_e\\_ &#64;octocat &#35;12 \\\\ \\[31m";
    assert!(text.contains(&format!("| blob 1: 429: {safe} |")), "{text}");
    assert!(text.contains(&format!("- **note**: {safe}\n")), "{text}");
    // Every row of a table has as many cells as its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let tables: Vec<_> = text.split("\n\n").filter(|block| block.starts_with('|')).collect();
    assert_eq!(tables.len(), 2, "{text}");
    for table in tables {
        assert!(table.lines().all(|line| cells(line) == cells(table.lines().next().unwrap())), "{table}");
    }
}
