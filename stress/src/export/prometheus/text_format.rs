//! Prometheus' text format, version 0.0.4: metric families with help and type, samples with labels.

use std::fmt::{Display, Write};

use crate::{metrics::buckets::BOUNDS, plan::names::is_hidden};

/// The labels of a sample.
pub(super) type Labels = Vec<(&'static str, String)>;

/// The type of a family.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A family while its samples are added.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// Durations in cumulative buckets.
pub(super) struct Histogram {
    /// How many are at most as long as each of the bounds.
    pub(super) cumulative: Vec<u64>,
    /// How many there are.
    pub(super) count: u64,
    /// Their sum in seconds.
    pub(super) sum: f64,
}

/// Starts a family at the end of `text`; `help` is one line.
pub(super) fn family<'a>(text: &'a mut String, name: &'static str, kind: Kind, help: &str) -> Family<'a> {
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    Family { text, name }
}

impl Family<'_> {
    /// Adds a sample.
    pub(super) fn sample(&mut self, labels: &Labels, value: impl Display) {
        self.line("", labels, value);
    }

    /// Adds a histogram of seconds.
    pub(super) fn histogram(&mut self, labels: &Labels, histogram: &Histogram) {
        let bounds = BOUNDS.iter().map(|bound| bound.as_secs_f64().to_string());
        let counts = histogram.cumulative.iter().chain([&histogram.count]);
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(counts) {
            self.line("_bucket", &with(labels, "le", bound), count);
        }
        self.line("_sum", labels, histogram.sum);
        self.line("_count", labels, histogram.count);
    }

    fn line(&mut self, suffix: &str, labels: &Labels, value: impl Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let written = writeln!(self.text, "{}{suffix}{labels} {value}", self.name);
        written.expect("a string takes every text");
    }
}

/// The labels and one more.
pub(super) fn with(labels: &Labels, name: &'static str, value: impl Into<String>) -> Labels {
    labels.iter().cloned().chain([(name, value.into())]).collect()
}

/// A label's value between its quotes, on one line.
fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    escaped.chars().filter(|c| !is_hidden(*c)).collect()
}
