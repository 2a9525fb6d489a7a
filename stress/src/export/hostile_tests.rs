//! A report with hostile texts in it, as a library user may make one: no format gives them effect.

use super::{Format, style::Colours};
use crate::{
    fixtures,
    plan::{
        names::is_hidden,
        target::{Header, Secret},
    },
    report::{Report, summary::Summary},
    sample::{Failure, FailureClass, Outcome, Sample},
};

/// Escape sequences, a bidirectional override, markup, a mention, and ends of what they may stand in.
const HOSTILE: &str = "=1+1\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{2066}<script>alert(1)</script>@octocat #12 \
                       [x](http://x) ![y](z) | \"'`\\ ]]> --> %0A\r\n## x\u{0}\u{fffe}";

fn hostile() -> Report {
    let failed = |sample: Sample| Sample {
        outcome: match sample.outcome {
            Outcome::Failed(_) | Outcome::Stored(_) => Outcome::Failed(Failure {
                status: Some(500),
                reason: Some(HOSTILE.to_owned()),
                ..Failure::new(FailureClass::ServerError, HOSTILE)
            }),
            other => other,
        },
        blob_id: Some(HOSTILE.into()),
        ..sample
    };
    let samples = (0..40)
        .flat_map(fixtures::journey)
        .enumerate()
        .map(|(position, sample)| if position % 7 == 0 { failed(sample) } else { sample });
    let mut report = fixtures::report(40, &samples.collect::<Vec<_>>());
    report.tool.name = HOSTILE.to_owned();
    report.tool.version = HOSTILE.to_owned();
    report.started_at = HOSTILE.to_owned();
    report.notices = vec![HOSTILE.to_owned()];
    report.plan.phases[0].name = HOSTILE.to_owned();
    report.plan.limits.user_agent = HOSTILE.to_owned();
    let header = Header { name: HOSTILE.to_owned(), value: Secret::new(HOSTILE) };
    report.plan.limits.publisher_headers = vec![header];
    report
}

fn written(format: Format) -> String {
    let (report, mut text) = (hostile(), Vec::new());
    format.write(&report, &Summary::of(&report), Colours::Off, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn no_format_writes_a_character_that_steers_or_reorders() {
    for format in [
        Format::Terminal,
        Format::Csv,
        Format::TimelineCsv,
        Format::Html,
        Format::Markdown,
        Format::Junit,
        Format::Prometheus,
    ] {
        let text = written(format);
        let found: Vec<_> = text.chars().filter(|c| is_hidden(*c) && *c != '\n').collect();
        assert!(found.is_empty(), "{format:?}: {found:?}");
    }
}

#[test]
fn a_page_has_no_script_of_others() {
    let page = written(Format::Html);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
}

#[test]
fn a_comment_has_no_markup_and_no_mention_of_others() {
    let comment = written(Format::Markdown);
    for markup in ["<script", "@octocat", "#12", "[x](", "![y]", "\n## x"] {
        assert!(!comment.contains(markup), "{markup}: {comment}");
    }
}

#[test]
fn a_spreadsheet_gets_no_formula() {
    for format in [Format::Csv, Format::TimelineCsv] {
        let text = written(format);
        let mut rows = ::csv::Reader::from_reader(text.as_bytes());
        for row in rows.records().map(Result::unwrap) {
            let is_formula = |cell: &&str| cell.starts_with(['=', '+', '@', '\t']) || cell.starts_with("-1");
            assert_eq!(row.iter().find(is_formula), None, "{row:?}");
            assert!(row[0].starts_with("'=1+1"), "{row:?}");
        }
    }
}

#[test]
fn test_cases_are_xml_and_metrics_are_lines() {
    let document = written(Format::Junit);
    roxmltree::Document::parse(&document).unwrap();
    for line in written(Format::Prometheus).lines() {
        assert!(line.starts_with("walrus_stress_") || line.starts_with("# "), "{line}");
        let value = line.rsplit(' ').next().unwrap();
        assert!(line.starts_with('#') || value.parse::<f64>().is_ok(), "{line}");
    }
}
