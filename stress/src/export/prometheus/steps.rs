//! What is counted of each step: the metrics that a report and a run under way have in common.

use super::{
    borrowed,
    exposition::{Exposition, Histogram, Kind},
};
use crate::sample::FailureClass;

/// A step's numbers and the labels that tell which one it is.
pub(super) struct Row {
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) unfinished: u64,
    pub(super) skipped: u64,
    /// Of successful exchanges.
    pub(super) blob_bytes: u64,
    /// Of request bodies.
    pub(super) sent_bytes: u64,
    /// Of response bodies.
    pub(super) received_bytes: u64,
    /// Attempts that failed and after which their step was tried again.
    pub(super) retried: Vec<(FailureClass, u64)>,
    pub(super) failures: Vec<(FailureClass, u64)>,
    pub(super) response: Histogram,
}

/// A metric's name, its help, and its number of a row.
type Counter = (&'static str, &'static str, fn(&Row) -> u64);

/// A metric's name, its help, and its numbers of a row by class.
type Classes = (&'static str, &'static str, fn(&Row) -> &[(FailureClass, u64)]);

const CLASSES: [Classes; 2] = [
    ("walrus_stress_failures_total", "Steps that failed, by class", |row| &row.failures),
    ("walrus_stress_retried_total", "Attempts that failed and were followed by another, by class", |row| {
        &row.retried
    }),
];

const BYTES: [Counter; 3] = [
    ("walrus_stress_blob_bytes_total", "Bytes of the blobs of successful exchanges", |row| row.blob_bytes),
    ("walrus_stress_sent_bytes_total", "Bytes of request bodies", |row| row.sent_bytes),
    ("walrus_stress_received_bytes_total", "Bytes of response bodies", |row| row.received_bytes),
];

pub(super) fn write(text: &mut Exposition, rows: &[Row]) {
    let help = "Steps by what came of them; skipped ones were never tried";
    let mut family = text.family("walrus_stress_steps_total", Kind::Counter, help);
    for row in rows {
        let outcomes = [
            ("done", row.done),
            ("failed", row.failed),
            ("unfinished", row.unfinished),
            ("skipped", row.skipped),
        ];
        for (outcome, count) in outcomes {
            family.sample(&with(row, ("outcome", outcome)), count);
        }
    }
    for (name, help, classes) in CLASSES {
        let mut family = text.family(name, Kind::Counter, help);
        for row in rows {
            for (class, count) in classes(row) {
                family.sample(&with(row, ("class", class.label())), *count);
            }
        }
    }
    for (name, help, number) in BYTES {
        let mut family = text.family(name, Kind::Counter, help);
        rows.iter().for_each(|row| family.sample(&borrowed(&row.labels), number(row)));
    }
    let help = "Response times; those of timeouts and unfinished exchanges are the least that they can be";
    let mut family = text.family("walrus_stress_response_seconds", Kind::Histogram, help);
    rows.iter().for_each(|row| family.histogram(&borrowed(&row.labels), &row.response));
}

/// A row's labels and one more.
fn with<'a>(row: &'a Row, label: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
    borrowed(&row.labels).into_iter().chain([label]).collect()
}
