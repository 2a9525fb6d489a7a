//! The test cases as an independent XML reader sees them.

use roxmltree::Document;

use super::*;
use crate::{fixtures, report::Signal, sample::Sample};

fn written(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &Summary::of(report), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Each case: class, name, and what was found, of a failed one behind an exclamation mark.
fn read(text: &str) -> Vec<(String, String, String)> {
    let document = Document::parse(text).unwrap();
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let found = |case: roxmltree::Node<'_, '_>| {
        let inner = case.first_element_child().unwrap();
        match inner.tag_name().name() {
            "failure" => format!("!{}", inner.attribute("message").unwrap()),
            _ => inner.text().unwrap().to_owned(),
        }
    };
    let attribute = |case: roxmltree::Node<'_, '_>, name: &str| case.attribute(name).unwrap().to_owned();
    cases.map(|case| (attribute(case, "classname"), attribute(case, "name"), found(case))).collect()
}

fn troubled() -> Report {
    let samples: Vec<Sample> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.plan.thresholds =
        ["upload.max<20s", "cached.failures<50%"].map(|text| text.parse().unwrap()).to_vec();
    report
}

#[test]
fn thresholds_and_quality_are_cases_with_what_was_measured() {
    let text = written(&troubled());
    let case = |class: &str, name: &str, found: &str| {
        (format!("walrus-stress.{class}"), name.to_owned(), found.to_owned())
    };
    assert_eq!(
        read(&text),
        [
            case("upload", "upload.max<20s", "measured 1.10 s"),
            case("cached", "cached.failures<50%", "!measured 2 of 3 (66.67%)"),
            case("upload", "upload.failures==0", "!measured 2 of 7 (28.57%)"),
            case("upload", "upload.unfinished==0", "measured 0 of 7 (0.00%)"),
            case("first", "first.failures==0", "!measured 1 of 5 (20.00%)"),
            case("first", "first.unfinished==0", "!measured 1 of 5 (20.00%)"),
            case("cached", "cached.unfinished==0", "measured 0 of 3 (0.00%)"),
            case(
                "run",
                "something succeeded",
                "5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1 unfinished"
            ),
            case("run", "the run was not interrupted", "completed"),
            case(
                "quality",
                "the numbers can be trusted",
                "!invalid: unfinished at the end 6.7% (above 5.0%)"
            ),
        ]
    );
}

#[test]
fn the_suite_counts_its_cases() {
    let text = written(&troubled());
    let document = Document::parse(&text).unwrap();
    for name in ["testsuites", "testsuite"] {
        let suite = document.descendants().find(|node| node.has_tag_name(name)).unwrap();
        let counts = ["tests", "failures", "errors", "time"].map(|name| suite.attribute(name).unwrap());
        assert_eq!(counts, ["10", "5", "0", "61.700"], "{name}");
    }
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    assert_eq!(suite.attribute("timestamp"), Some("2026-09-21T14:13:20"));
}

#[test]
fn a_run_that_did_nothing_did_not_succeed() {
    let cases = read(&written(&fixtures::report(7, &[])));
    let found = cases.iter().find(|(_, name, _)| name == "something succeeded").unwrap();
    assert_eq!(found.2, "!nothing was attempted");
}

#[test]
fn an_interrupted_run_is_a_failed_case() {
    let samples: Vec<Sample> = (0..7).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(7, &samples);
    report.ending = Ending::Interrupted { signal: Signal::Interrupt };
    let text = written(&report);
    let found = read(&text).into_iter().find(|(_, name, _)| name == "the run was not interrupted").unwrap();
    assert_eq!(found.2, "!interrupted by SIGINT");
    assert!(text.contains("failures=\"1\""), "{text}");
}

#[test]
fn any_name_of_a_phase_gives_valid_xml() {
    let mut report = troubled();
    report.plan.phases[0].name = "<a & \"b\">\u{1}\u{fffe} 'c' ]]>".to_owned();
    report.plan.phases.push(report.plan.phases[0].clone());
    report.plan.phases[1].name = "other".to_owned();
    let classes: Vec<_> = read(&written(&report)).into_iter().map(|(class, ..)| class).collect();
    assert!(classes.contains(&"walrus-stress.<a & \"b\"> 'c' ]]>.first".to_owned()), "{classes:?}");
}
