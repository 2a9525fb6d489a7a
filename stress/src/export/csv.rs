//! CSV: a row for each step or for each interval of the timeline, with units in the column names and empty cells where
//! there is no number.

use std::{io, time::Duration};

use ::csv::Writer;

use super::{style::clean, view::steps};
use crate::report::{
    summary::{Bounded, FailureSummary, StepSummary, Summary},
    timeline::{Point, StepTimeline},
};

/// Writes a row for each step; a number's column is named as its path in the JSON document.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_steps(summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows = Writer::from_writer(out);
    let numbers = steps::numbers(summary);
    let names = numbers.iter().map(|number| number.key.replace('/', "_"));
    type Word = fn(&StepSummary) -> String;
    let words: [(&str, Word); 6] = [
        ("phase", |step| step.phase.clone()),
        ("step", |step| step.step.to_string()),
        ("repeats", |step| step.repeats.to_string()),
        ("response_lower_bounds", steps::lower_bounds),
        ("failures", |step| classes(&step.failures)),
        ("retried", |step| classes(&step.retried)),
    ];
    let head = words.iter().map(|(name, _)| (*name).to_owned()).chain(names);
    rows.write_record(head).map_err(io::Error::from)?;
    for (position, step) in summary.steps.iter().enumerate() {
        let value = |value: &Option<(String, f64)>| optional(value.as_ref().map(|(_, value)| *value));
        let values = numbers.iter().filter_map(|number| number.values.get(position)).map(value);
        let row = words.iter().map(|(_, cell)| word(&cell(step))).chain(values);
        rows.write_record(row).map_err(io::Error::from)?;
    }
    rows.flush()
}

/// Failures as `class=count`, with blanks between them.
fn classes(failures: &[FailureSummary]) -> String {
    let class = |failure: &FailureSummary| format!("{}={}", failure.class, failure.count);
    failures.iter().map(class).collect::<Vec<_>>().join(" ")
}

/// The columns of the timeline.
const TIMELINE: [&str; 17] = [
    "phase",
    "step",
    "repeats",
    "begin_seconds",
    "interval_seconds",
    "started",
    "done",
    "failed",
    "unfinished",
    "in_flight",
    "bytes_sent",
    "bytes_received",
    "done_per_second",
    "median_seconds",
    "p95_seconds",
    "p99_seconds",
    "max_seconds",
];

/// Writes a row for each interval of each step. Intervals are a second wide, or as wide as the run's length asks for.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_timeline(summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows = Writer::from_writer(out);
    rows.write_record(TIMELINE).map_err(io::Error::from)?;
    for timeline in &summary.timelines {
        for point in &timeline.points {
            rows.write_record(interval(timeline, point)).map_err(io::Error::from)?;
        }
    }
    rows.flush()
}

fn interval(timeline: &StepTimeline, point: &Point) -> [String; TIMELINE.len()] {
    let time = |time: Option<Bounded>| optional(time.map(|time| seconds(time.value)));
    [
        word(&timeline.phase),
        timeline.step.to_string(),
        timeline.repeats.to_string(),
        seconds(point.begin).to_string(),
        seconds(timeline.width).to_string(),
        point.started.to_string(),
        point.done.to_string(),
        point.failed.to_string(),
        point.unfinished.to_string(),
        point.in_flight.to_string(),
        point.bytes_sent.to_string(),
        point.bytes_received.to_string(),
        optional(point.rate),
        time(point.median),
        time(point.p95),
        time(point.p99),
        time(point.max),
    ]
}

/// Text as a cell: an apostrophe keeps spreadsheets from taking its first character for the start of a formula.
pub(super) fn word(text: &str) -> String {
    let text = clean(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// An empty cell where there is no number.
fn optional(value: Option<f64>) -> String {
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
    fn rows(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<BTreeMap<String, String>> {
        let mut text = Vec::new();
        write(&mut text).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_slice());
        reader.deserialize().map(Result::unwrap).collect()
    }

    fn steps_of(report: &Report) -> Vec<BTreeMap<String, String>> {
        rows(|out| write_steps(&Summary::of(report), out))
    }

    fn cells<'a>(row: &'a BTreeMap<String, String>, names: &str) -> Vec<&'a str> {
        names.split(' ').map(|name| row[name].as_str()).collect()
    }

    #[test]
    fn every_step_is_a_row_of_numbers() {
        let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
        let rows = steps_of(&fixtures::report(40, &samples));
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
        let times = "response_seconds_min response_seconds_p95 response_seconds_max";
        assert_eq!(cells(&rows[2], times), ["0.018", "", "0.03"]);
        let p90: f64 = rows[2]["response_seconds_p90"].parse().unwrap();
        assert!((p90 / 0.029 - 1.0).abs() < 0.001, "{p90}");
        let bytes: u64 = samples.iter().map(|sample| sample.exchange.bytes_sent).sum();
        assert_eq!(rows[0]["bytes_sent"], bytes.to_string());
    }

    #[test]
    fn failures_are_counted_by_class_and_unknown_numbers_are_empty() {
        let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
        let mut report = fixtures::report(7, &samples);
        report.plan.phases[0].name = "a, \"quoted\"\nname".to_owned();
        let rows = steps_of(&report);
        assert_eq!(rows[0]["phase"], "a, \"quoted\" name");
        assert_eq!(cells(&rows[0], "done failed attempt_failures failures"), ["5", "2", "2", "shed=2"]);
        assert_eq!(
            cells(&rows[1], "failures unfinished response_lower_bounds"),
            ["timeout=1", "1", "mean max"]
        );
        assert_eq!(cells(&rows[2], "response_seconds_p50 skipped"), ["", "4"]);
        let nothing = steps_of(&fixtures::report(7, &[]));
        assert_eq!(
            cells(&nothing[0], "attempted throughput_mib_per_second response_seconds_min"),
            ["0", "", ""]
        );
    }

    #[test]
    fn every_second_of_every_step_is_a_row_of_the_timeline() {
        let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
        let report = fixtures::report(40, &samples);
        let rows = rows(|out| write_timeline(&Summary::of(&report), out));
        let cached = |row: &&BTreeMap<String, String>| row["step"] == "cached";
        for row in rows.iter().filter(cached) {
            let begin = Duration::from_secs(row["begin_seconds"].parse().unwrap());
            let ended = samples.iter().skip(2).step_by(3).filter(|sample| {
                (begin..begin + Duration::from_secs(1)).contains(&sample.exchange.timing.finished)
            });
            let times: Vec<_> = ended.map(|sample| sample.exchange.timing.response().as_secs_f64()).collect();
            assert_eq!(row["done"], times.len().to_string(), "{row:?}");
            assert_eq!((row["interval_seconds"].as_str(), row["p99_seconds"].as_str()), ("1", ""));
            let longest = times.iter().copied().reduce(f64::max);
            let shown = row["max_seconds"].parse::<f64>().ok();
            let near = |(shown, longest): (f64, f64)| (shown / longest - 1.0).abs() < 0.005;
            assert!(shown.zip(longest).is_none_or(near) && shown.is_some() == longest.is_some(), "{row:?}");
        }
        let done: u64 = rows.iter().filter(cached).map(|row| row["done"].parse::<u64>().unwrap()).sum();
        assert_eq!(done, 40);
    }
}
