//! The line of each event, its colours and its width.

use super::*;
use crate::{fixtures, sample::FailureClass};

fn lines(samples: &[Sample], colours: Colours) -> Vec<String> {
    samples.iter().filter_map(|sample| line(sample, &fixtures::plan(50), colours)).collect()
}

#[test]
fn each_outcome_has_its_line() {
    let samples: Vec<_> = (0..5).flat_map(fixtures::troubled).chain(fixtures::journey(49)).collect();
    insta::assert_snapshot!(lines(&samples, Colours::Off).join("\n"), @r"
     1 upload failed after 1.10 s: shed 429: the publisher is full: Too Many Requests
     2 already exists  91.0 KiB  1.10 s M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0001
     2 first download  91.0 KiB  200 ms
     2 cached download failed after 20.0 ms: not-found 404 BLOB_NOT_FOUND: the requested blob ID does not exist
     3 uploaded        92.0 KiB  1.10 s M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0002
     3 first download failed after 60.0 s: timeout: no whole answer within 60 s
     4 uploaded        93.0 KiB  1.10 s M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0003
     4 first download unfinished after 4.00 s
     5 uploaded        93.9 KiB  1.10 s M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0004
     5 first download  93.9 KiB  190 ms
     5 cached download 93.9 KiB 20.0 ms
    50 uploaded         138 KiB  1.06 s M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_0049
    50 first download   138 KiB  144 ms
    50 cached download  138 KiB 29.0 ms
    ");
}

#[test]
fn each_outcome_has_its_colour() {
    let coloured = lines(&[fixtures::journey(0), fixtures::troubled(1)].concat(), Colours::On);
    let has = |line: usize, code: &str, text: &str| {
        assert!(coloured[line].contains(&format!("\u{1b}[{code}m{text}")), "{:?}", coloured[line]);
    };
    has(0, "32", "uploaded");
    has(0, "33", "90.0 KiB");
    has(1, "35", "first download");
    has(2, "32", "cached download");
    has(3, "33", "already exists");
    has(5, "31", "cached download failed");
}

#[test]
fn lines_of_successes_fit_80_columns() {
    for (index, took) in [(0, 1), (998, 59_999), (98, 998_000)] {
        let mut journey = fixtures::journey(index);
        for sample in &mut journey {
            sample.exchange.timing.finished =
                sample.exchange.timing.due + std::time::Duration::from_millis(took);
            sample.size = 1_023 * 1_024;
        }
        let mut plan = fixtures::plan(999);
        plan.phases[0].journey.steps.remove(0);
        for line in journey.iter().filter_map(|sample| line(sample, &plan, Colours::Off)) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn a_run_that_only_reads_shows_the_ids() {
    let mut plan = fixtures::plan(50);
    plan.phases[0].journey.steps.remove(0);
    let shown = line(&fixtures::journey(0)[1], &plan, Colours::Off).unwrap();
    assert!(shown.ends_with(&fixtures::id(0)), "{shown}");
}

#[test]
fn a_failure_is_one_safe_line_and_names_the_target_where_there_is_a_choice() {
    let hostile = fixtures::failed(FailureClass::Gateway, Some(502), None, "\u{1b}[2J<html>\nbad\r\ngateway");
    let sample = fixtures::sample(0, Step::Upload, 0, 12, hostile);
    let mut plan = fixtures::plan(5);
    let shown = line(&sample, &plan, Colours::Off).unwrap();
    assert_eq!(shown, " 1 upload failed after 12.0 ms: gateway 502: [2J<html> bad gateway");
    plan.publishers.push("http://other.test/b".parse().unwrap());
    let shown = line(&sample, &plan, Colours::Off).unwrap();
    assert!(shown.ends_with(" gateway (http://publisher.test:31415)"), "{shown}");
}

#[test]
fn the_blob_of_an_order_control_has_its_own_noun() {
    let plan = fixtures::plan(1);
    let [upload, first, _] = &fixtures::journey(0)[..] else { panic!("three steps") };
    let shown =
        |sample: &Sample, step| line(&Sample { step, ..sample.clone() }, &plan, Colours::Off).unwrap();
    assert!(shown(upload, Step::ControlUpload).starts_with(" 1 control upload  "));
    assert!(shown(first, Step::Control).starts_with(" 1 control read    "));
}
