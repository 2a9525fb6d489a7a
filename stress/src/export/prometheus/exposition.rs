//! The text format of metrics, version 0.0.4: families with help and type, samples with labels.

use std::fmt::{Display, Write};

use crate::metrics::buckets::BOUNDS;

/// Metrics in the making.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// What a family's numbers are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Only grows.
    Counter,
    /// Any number.
    Gauge,
    /// Counts in buckets.
    Histogram,
}

/// A family under way: its samples stand together.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// Durations in buckets.
pub(super) struct Histogram {
    /// How many are at most as long as each of the bounds.
    pub(super) cumulative: Vec<u64>,
    /// How many there are.
    pub(super) count: u64,
    /// Their sum in seconds.
    pub(super) sum: f64,
}

impl Exposition {
    /// Starts a family; `help` is one line.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { text: &mut self.text, name }
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// Adds a sample.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.line("", labels, value);
    }

    /// Adds a histogram of seconds.
    pub(super) fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let bounds = BOUNDS.iter().map(|bound| bound.as_secs_f64().to_string());
        let counts = histogram.cumulative.iter().chain([&histogram.count]);
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(counts) {
            let labels: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.line("_bucket", &labels, count);
        }
        self.line("_sum", labels, histogram.sum);
        self.line("_count", labels, histogram.count);
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let written = writeln!(self.text, "{}{suffix}{labels} {value}", self.name);
        written.expect("a string takes every text");
    }
}

/// A label's value between its quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
