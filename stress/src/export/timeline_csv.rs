//! A row for each interval of each step: how the run went as time passed, for spreadsheets and plots.

use std::io;

use ::csv::Writer;

use crate::report::{
    Report,
    summary::{Bounded, Summary},
    timeline::{Point, StepTimeline},
};

/// The columns, with their units.
const COLUMNS: [&str; 16] = [
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
    "p99_seconds",
    "max_seconds",
];

/// Writes the courses of `summary`, a header before them. Intervals are a second wide, or as wide as the run's length
/// asks for; what the sample does not support is an empty cell.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows = Writer::from_writer(out);
    rows.write_record(COLUMNS).map_err(io::Error::from)?;
    for course in &summary.timelines {
        let phase = report.phase_name(course.phase);
        for point in &course.points {
            rows.write_record(row(&phase, course, point)).map_err(io::Error::from)?;
        }
    }
    rows.flush()
}

fn row(phase: &str, course: &StepTimeline, point: &Point) -> [String; COLUMNS.len()] {
    let seconds =
        |time: Option<Bounded>| time.map(|time| time.value.as_secs_f64().to_string()).unwrap_or_default();
    [
        phase.to_owned(),
        course.step.to_string(),
        course.repeats.to_string(),
        point.begin.as_secs_f64().to_string(),
        course.width.as_secs_f64().to_string(),
        point.started.to_string(),
        point.done.to_string(),
        point.failed.to_string(),
        point.unfinished.to_string(),
        point.in_flight.to_string(),
        point.bytes_sent.to_string(),
        point.bytes_received.to_string(),
        point.rate.map(|rate| rate.to_string()).unwrap_or_default(),
        seconds(point.median),
        seconds(point.p99),
        seconds(point.max),
    ]
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::fixtures;

    #[test]
    fn every_second_of_every_step_is_a_row() {
        let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
        let report = fixtures::report(40, &samples);
        let mut text = Vec::new();
        write(&report, &Summary::of(&report), &mut text).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_slice());
        let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
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
            let told = row["max_seconds"].parse::<f64>().ok();
            let near = |(told, longest): (f64, f64)| (told / longest - 1.0).abs() < 0.005;
            assert!(told.zip(longest).is_none_or(near) && told.is_some() == longest.is_some(), "{row:?}");
        }
        let done: u64 = rows.iter().filter(cached).map(|row| row["done"].parse::<u64>().unwrap()).sum();
        assert_eq!(done, 40);
    }
}
