//! Limits of thresholds, each in the unit of its metric.

use std::{fmt, time::Duration};

use super::metric::Metric;
use crate::units;

/// A limit with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A duration.
    Time(Duration),
    /// A number of attempts or arrivals.
    Count(u64),
    /// A share of the attempts or arrivals, in percent.
    Percent(f64),
    /// Attempts per second.
    PerSecond(f64),
    /// Bytes per second.
    BytesPerSecond(u64),
}

impl Limit {
    /// Reads a limit of `metric`.
    pub(super) fn parse(text: &str, metric: Metric) -> Result<Limit, String> {
        let limit = match metric {
            Metric::Time(..) => units::parse_duration(text).ok().map(Limit::Time),
            Metric::Throughput => units::parse_throughput(text).ok().map(Limit::BytesPerSecond),
            Metric::Rate if text.contains('/') => units::parse_rate(text).ok().map(Limit::PerSecond),
            Metric::Rate => units::parse_rate(&format!("{text}/s")).ok().map(Limit::PerSecond),
            Metric::Count => units::parse_whole(text).ok().map(Limit::Count),
            Metric::Failures(_) | Metric::AttemptFailures(_) | Metric::Dropped | Metric::Unfinished => {
                let percent = units::parse_percent(text).filter(|percent| (0.0..=100.0).contains(percent));
                percent.map(Limit::Percent).or_else(|| units::parse_whole(text).ok().map(Limit::Count))
            }
        };
        limit.ok_or_else(|| {
            format!("`{text}` is not a limit for {metric}: write it as in {}", example(metric))
        })
    }
}

/// How a metric's limits are written.
fn example(metric: Metric) -> &'static str {
    match metric {
        Metric::Time(..) => "500ms, 20s or 2m",
        Metric::Throughput => "1.5MiB/s",
        Metric::Rate => "10/s or 600/m",
        Metric::Count => "100",
        Metric::Failures(_) | Metric::AttemptFailures(_) | Metric::Dropped | Metric::Unfinished => "5 or 1%",
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Time(time) => f.write_str(&units::exact_duration(*time)),
            Limit::Count(count) => write!(f, "{count}"),
            Limit::Percent(percent) => write!(f, "{percent}%"),
            Limit::PerSecond(rate) => write!(f, "{rate}/s"),
            Limit::BytesPerSecond(bytes) => write!(f, "{}/s", units::exact_size(*bytes)),
        }
    }
}
