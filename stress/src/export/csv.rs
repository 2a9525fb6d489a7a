//! A row for each step, for spreadsheets and scripts: units in the names, nothing where there is no number.

use std::{io, time::Duration};

use ::csv::Writer;
use strum::IntoEnumIterator;

use crate::{
    metrics::step_metrics::Span,
    report::{
        stats::Percentile,
        summary::{Bounded, Distribution, FailureSummary, StepSummary, Summary},
    },
    sample::StoredKind,
};

/// The spans whose medians have columns of their own, besides the response time with all of its numbers.
const PARTS: [(Span, &str); 5] = [
    (Span::Service, "service_median_seconds"),
    (Span::FirstByte, "first_byte_median_seconds"),
    (Span::Send, "send_median_seconds"),
    (Span::Wait, "wait_median_seconds"),
    (Span::Receive, "receive_median_seconds"),
];

/// Writes the steps of `summary`, a header before them.
///
/// # Errors
/// Those of `out`.
pub fn write(summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows = Writer::from_writer(out);
    let names = columns(None).into_iter().map(|(name, _)| name);
    rows.write_record(names).map_err(io::Error::from)?;
    for step in &summary.steps {
        let values = columns(Some(step)).into_iter().map(|(_, value)| value);
        rows.write_record(values).map_err(io::Error::from)?;
    }
    rows.flush()
}

/// Each column's name and its value of `step`, empty without one.
fn columns(step: Option<&StepSummary>) -> Vec<(String, String)> {
    let mut columns = Vec::new();
    let mut column = |name: &str, value: &dyn Fn(&StepSummary) -> String| {
        columns.push((name.to_owned(), step.map(value).unwrap_or_default()));
    };
    column("phase", &|step| step.phase.clone());
    column("step", &|step| step.step.to_string());
    column("repeats", &|step| step.repeats.to_string());
    type Count = fn(&StepSummary) -> u64;
    let counts: [(&str, Count); 9] = [
        ("attempted", |step| step.attempted),
        ("done", |step| step.done),
        ("failed", |step| step.failed),
        ("attempt_failures", |step| step.attempt_failures),
        ("unfinished", |step| step.unfinished),
        ("skipped", |step| step.skipped),
        ("bytes_sent", |step| step.bytes_sent),
        ("bytes_received", |step| step.bytes_received),
        ("bytes_done", |step| step.bytes_done),
    ];
    for (name, count) in counts {
        column(name, &|step| count(step).to_string());
    }
    column("throughput_mib_per_second", &|step| optional(step.throughput_mib));
    column("response_count", &|step| optional(step.response().map(|response| response.count)));
    for (name, number) in numbers() {
        let seconds = |step: &StepSummary| number(step.response()?).map(|number| seconds(number.value));
        column(&format!("response_{name}_seconds"), &|step| optional(seconds(step)));
    }
    column("response_lower_bounds", &|step| step.response().map(lower_bounds).unwrap_or_default());
    for (span, name) in PARTS {
        column(name, &|step| optional(step.spans.get(&span).map(|times| seconds(times.median.value))));
    }
    for kind in [StoredKind::New, StoredKind::Reused, StoredKind::Existing] {
        let name = format!("stored_{kind:?}").to_lowercase();
        column(&name, &|step| step.stored.get(&kind).copied().unwrap_or(0).to_string());
    }
    column("cost_frost", &|step| step.cost_frost.to_string());
    column("failures", &|step| classes(&step.failures));
    column("retried", &|step| classes(&step.retried));
    columns
}

/// Failures as `class=count`, blanks between them.
fn classes(failures: &[FailureSummary]) -> String {
    let class = |failure: &FailureSummary| format!("{}={}", failure.class, failure.count);
    failures.iter().map(class).collect::<Vec<_>>().join(" ")
}

/// A number of a distribution, where the sample supports it.
type Number = Box<dyn Fn(&Distribution) -> Option<Bounded>>;

/// The numbers of a distribution by name.
fn numbers() -> Vec<(&'static str, Number)> {
    let mut numbers: Vec<(&'static str, Number)> = vec![
        ("min", Box::new(|response| Some(response.min))),
        ("mean", Box::new(|response| Some(response.mean))),
        ("median", Box::new(|response| Some(response.median))),
    ];
    for percentile in Percentile::iter() {
        let number: Number = Box::new(move |response| response.percentiles.get(&percentile).copied());
        numbers.push((percentile.label(), number));
    }
    numbers.push(("max", Box::new(|response| Some(response.max))));
    numbers
}

/// The names of the numbers that may be higher than they look.
fn lower_bounds(response: &Distribution) -> String {
    let is_bound = |number: &Number| number(response).is_some_and(|number| number.lower_bound);
    let names = numbers().into_iter().filter(|(_, number)| is_bound(number)).map(|(name, _)| name);
    names.collect::<Vec<_>>().join(" ")
}

/// Nothing is an empty cell.
fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{fixtures, report::Report};

    /// The rows as a reader sees them: cells by column.
    fn rows(report: &Report) -> Vec<BTreeMap<String, String>> {
        let mut text = Vec::new();
        write(&Summary::of(report), &mut text).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_slice());
        reader.deserialize().map(Result::unwrap).collect()
    }

    fn cells<'a>(row: &'a BTreeMap<String, String>, names: &str) -> Vec<&'a str> {
        names.split(' ').map(|name| row[name].as_str()).collect()
    }

    #[test]
    fn every_step_is_a_row_of_numbers() {
        let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
        let rows = rows(&fixtures::report(40, &samples));
        assert_eq!(
            rows.iter().map(|row| row["step"].as_str()).collect::<Vec<_>>(),
            ["upload", "first", "cached"]
        );
        let counts =
            "phase repeats attempted done failed unfinished skipped stored_new stored_existing cost_frost";
        assert_eq!(
            cells(&rows[0], counts),
            ["main", "false", "40", "40", "0", "0", "0", "40", "0", "5292000"]
        );
        let times = "response_count response_min_seconds response_p95_seconds response_max_seconds";
        assert_eq!(cells(&rows[2], times), ["40", "0.018", "", "0.03"]);
        let p90: f64 = rows[2]["response_p90_seconds"].parse().unwrap();
        assert!((p90 / 0.029 - 1.0).abs() < 0.001, "{p90}");
        let bytes: u64 = samples.iter().map(|sample| sample.exchange.bytes_sent).sum();
        assert_eq!(rows[0]["bytes_sent"], bytes.to_string());
    }

    #[test]
    fn trouble_is_told_by_class_and_what_is_not_known_is_empty() {
        let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
        let mut report = fixtures::report(7, &samples);
        report.plan.phases[0].name = "a, \"quoted\"\nname".to_owned();
        let rows = rows(&report);
        assert_eq!(rows[0]["phase"], "a, \"quoted\"\nname");
        assert_eq!(cells(&rows[0], "done failed attempt_failures failures"), ["5", "2", "2", "shed=2"]);
        assert_eq!(
            cells(&rows[1], "failures unfinished response_lower_bounds"),
            ["timeout=1", "1", "mean max"]
        );
        assert_eq!(cells(&rows[2], "response_p50_seconds skipped"), ["", "4"]);
        let nothing = self::rows(&fixtures::report(7, &[]));
        assert_eq!(
            cells(&nothing[0], "attempted throughput_mib_per_second response_min_seconds"),
            ["0", "", ""]
        );
    }
}
