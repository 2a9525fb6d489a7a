//! Thresholds, outcome and quality as JUnit test cases, which CI servers show.
//!
//! Written over quick-xml: the quick-junit crate would bring chrono, uuid and indexmap for these few elements.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{style::clean, view::describe};
use crate::report::{
    Ending, Report,
    quality::{Bottleneck, Severity},
    summary::Summary,
    threshold::ThresholdResult,
};

/// A test case: what was expected, what was found, and whether that failed it.
struct Case {
    class: String,
    name: String,
    found: String,
    failed: bool,
}

/// Writes `report`.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(report: &Report, summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let cases = cases(report, summary);
    let (tests, failures) = (cases.len(), cases.iter().filter(|case| case.failed).count());
    let seconds = format!("{:.3}", report.elapsed.as_secs_f64());
    let counts = [
        ("name", text(&report.tool.name)),
        ("tests", tests.to_string()),
        ("failures", failures.to_string()),
        ("errors", "0".to_owned()),
        ("time", seconds),
    ];
    let counts = || counts.iter().map(|(name, value)| (*name, value.as_str()));
    // The format has no time zone; readers take it for UTC.
    let timestamp = text(report.started_at.trim_end_matches('Z'));
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites").with_attributes(counts()).write_inner_content(|xml| {
        let suite = xml.create_element("testsuite").with_attributes(counts());
        let suite = suite.with_attributes([("skipped", "0"), ("timestamp", timestamp.as_str())]);
        suite.write_inner_content(|xml| cases.iter().try_for_each(|case| case.write(xml))).map(|_| ())
    })?;
    out.write_all(b"\n")
}

fn cases(report: &Report, summary: &Summary) -> Vec<Case> {
    let mut cases: Vec<_> = summary.thresholds.iter().map(threshold).collect();
    cases.push(Case {
        class: "run".to_owned(),
        name: "something succeeded".to_owned(),
        found: describe::outcome(summary),
        failed: summary.steps.iter().all(|step| step.done == 0),
    });
    cases.push(Case {
        class: "run".to_owned(),
        name: "the run was not interrupted".to_owned(),
        found: match (report.ending, report.missing_parts()) {
            (Ending::Completed, None) => "completed".to_owned(),
            (Ending::Interrupted { signal }, None) => format!("interrupted by {signal}"),
            (_, Some(missing)) => missing,
        },
        failed: summary.partial,
    });
    // Of a run without a success there is no number to trust.
    let Some(severity) = summary.quality.severity() else { return cases };
    let advice = summary.quality.bottleneck().map(Bottleneck::advice).map(|advice| format!("; {advice}"));
    cases.push(Case {
        class: "quality".to_owned(),
        name: "the numbers can be trusted".to_owned(),
        found: format!("{}{}", describe::quality(&summary.quality), advice.unwrap_or_default()),
        failed: severity == Severity::Invalid,
    });
    cases
}

fn threshold(threshold_result: &ThresholdResult) -> Case {
    let step =
        threshold_result.threshold.scope.step.map_or_else(|| "run".to_owned(), |step| step.to_string());
    Case {
        class: threshold_result
            .threshold
            .scope
            .phase
            .clone()
            .map_or(step.clone(), |phase| format!("{phase}.{step}")),
        name: threshold_result.threshold.to_string(),
        found: format!("measured {}", describe::measured(threshold_result.measured)),
        failed: !threshold_result.holds(),
    }
}

impl Case {
    fn write<W: io::Write>(&self, xml: &mut Writer<W>) -> io::Result<()> {
        let Self { class, name, found, failed } = self;
        let attributes = [("classname", text(&format!("walrus-stress.{class}"))), ("name", text(name))];
        let found = text(found);
        let case = xml.create_element("testcase");
        let case = case.with_attributes(attributes.iter().map(|(name, value)| (*name, value.as_str())));
        let case = case.with_attribute(("time", "0"));
        case.write_inner_content(|xml| {
            let written = if *failed {
                let failure = xml.create_element("failure").with_attribute(("message", found.as_str()));
                failure.with_attribute(("type", "failed")).write_empty()
            } else {
                xml.create_element("system-out").write_text_content(BytesText::new(&found))
            };
            written.map(|_| ())
        })
        .map(|_| ())
    }
}

/// `text` with nothing in it that XML cannot hold, however it is escaped.
fn text(text: &str) -> String {
    clean(text).chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests;
