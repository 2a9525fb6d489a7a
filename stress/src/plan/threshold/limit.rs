//! What a number is held against, in the unit that its metric has.

use std::{fmt, time::Duration};

use super::metric::Metric;

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

/// Units of time, in nanoseconds.
const TIMES: [(&str, u64); 8] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("µs", 1_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Units of size, in bytes.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1 << 30),
    ("MiB", 1 << 20),
    ("MB", 1 << 20),
    ("KiB", 1 << 10),
    ("KB", 1 << 10),
    ("B", 1),
];

/// Times in which something happens that many times, in seconds.
const RATES: [(&str, f64); 4] = [("/s", 1.0), ("/m", 60.0), ("/h", 3600.0), ("", 1.0)];

impl Limit {
    /// The limit that `text` means for `metric`.
    pub(super) fn parse(text: &str, metric: Metric) -> Result<Limit, String> {
        let (number, unit) = split_unit(text);
        let limit = match metric {
            Metric::Time(..) => {
                scaled(number, unit, &TIMES).map(|value| Limit::Time(Duration::from_nanos(value)))
            }
            Metric::Throughput => {
                let unit = unit.strip_suffix("/s").unwrap_or(unit);
                scaled(number, unit, &SIZES).map(Limit::BytesPerSecond)
            }
            Metric::Rate => {
                let scale = RATES.into_iter().find(|(name, _)| *name == unit).map(|(_, scale)| scale);
                scale.zip(finite(number)).map(|(scale, number)| Limit::PerSecond(number / scale))
            }
            Metric::Count => whole(number, unit),
            Metric::Failures(_) | Metric::AttemptFailures(_) | Metric::Dropped | Metric::Unfinished => {
                match unit {
                    "%" => finite(number).filter(|percent| *percent <= 100.0).map(Limit::Percent),
                    _ => whole(number, unit),
                }
            }
        };
        limit.ok_or_else(|| {
            format!("`{text}` is no limit for {metric}; it is written as in {}", example(metric))
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

/// Splits `1.5MiB` into `1.5` and `MiB`.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

fn finite(number: &str) -> Option<f64> {
    number.parse().ok().filter(|value: &f64| value.is_finite())
}

fn whole(number: &str, unit: &str) -> Option<Limit> {
    number.parse().ok().filter(|_| unit.is_empty()).map(Limit::Count)
}

/// `number` in the smallest unit, as far as 64 bits hold it.
fn scaled(number: &str, unit: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    if let Ok(number) = number.parse::<u64>() {
        return number.checked_mul(*scale);
    }
    let value = (finite(number)? * *scale as f64).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and in range")]
    (value < 9e18).then_some(value as u64)
}

/// `value` exactly, in the largest unit in which it is whole.
fn exact(value: u64, units: &[(&str, u64)]) -> String {
    let (unit, scale) = units.iter().find(|(_, scale)| value.is_multiple_of(*scale)).unwrap_or(&("", 1));
    format!("{}{unit}", value / scale)
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Nothing is whole in every unit.
            Limit::Time(Duration::ZERO) => f.write_str("0s"),
            Limit::BytesPerSecond(0) => f.write_str("0B/s"),
            Limit::Time(time) => {
                f.write_str(&exact(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), &TIMES))
            }
            Limit::Count(count) => write!(f, "{count}"),
            Limit::Percent(percent) => write!(f, "{percent}%"),
            Limit::PerSecond(rate) => write!(f, "{rate}/s"),
            Limit::BytesPerSecond(bytes) => write!(f, "{}/s", exact(*bytes, &SIZES)),
        }
    }
}
