//! How far a number may change from one run to another, written and read as `cached.p95>+10%`.

use std::{fmt, str::FromStr};

use super::{Limit, Metric, Scope, Statistic, TimeSpan};
use crate::{plan::percentile::Percentile, units::parse_percent};

/// A number that can be compared between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// What a share of the response times does not exceed.
    Percentile(Percentile),
    /// The mean response time.
    Mean,
    /// Successes per second.
    Rate,
    /// Bytes of the blobs of successes per second.
    Throughput,
    /// The share of failed attempts.
    Failures,
    /// How many times faster cached downloads are than first ones.
    Speedup,
}

impl Quantity {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Quantity; 8] = [
        Quantity::Percentile(Percentile::P50),
        Quantity::Percentile(Percentile::P95),
        Quantity::Percentile(Percentile::P99),
        Quantity::Mean,
        Quantity::Rate,
        Quantity::Throughput,
        Quantity::Failures,
        Quantity::Speedup,
    ];

    /// Its name in documents and limits.
    pub fn label(self) -> &'static str {
        match self {
            Quantity::Percentile(percentile) => percentile.label(),
            Quantity::Mean => "mean",
            Quantity::Rate => "rate",
            Quantity::Throughput => "throughput",
            Quantity::Failures => "failures",
            Quantity::Speedup => "speedup",
        }
    }

    /// Whether less of it is better.
    pub const fn is_better_low(self) -> bool {
        matches!(self, Quantity::Percentile(_) | Quantity::Mean | Quantity::Failures)
    }
}

/// A change between two runs that is a regression.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeLimit {
    /// Whose number it is: that of each phase and step where none is named.
    pub scope: Scope,
    /// Which number.
    pub quantity: Quantity,
    /// Whether it must not rise above the bound; otherwise it must not fall below.
    pub above: bool,
    /// The largest change that is allowed.
    pub bound: Bound,
}

/// A change with its sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// In percent of the number before; of a share, in percentage points.
    Percent(f64),
    /// In seconds, per second, or bytes per second.
    Amount {
        /// The change.
        value: f64,
        /// The change without its sign, as it was written.
        limit: Limit,
    },
}

impl Bound {
    fn parse(text: &str, quantity: Quantity) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a change of {}: write it as in {}", quantity.label(), example(quantity))
        };
        let (sign, size) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(size), _) => (1.0, size),
            (_, Some(size)) => (-1.0, size),
            (None, None) => {
                return Err(format!(
                    "`{text}` has no sign, so it is not a change (as in {}); what one run must hold is a \
                     --threshold",
                    example(quantity)
                ));
            }
        };
        if !size.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(wrong());
        }
        if size.ends_with('%') {
            return parse_percent(size).map(|percent| Bound::Percent(sign * percent)).ok_or_else(wrong);
        }
        let metric = match quantity {
            Quantity::Percentile(percentile) => {
                Metric::Time(TimeSpan::Response, Statistic::Percentile(percentile))
            }
            Quantity::Mean => Metric::Time(TimeSpan::Response, Statistic::Mean),
            Quantity::Rate => Metric::Rate,
            Quantity::Throughput => Metric::Throughput,
            Quantity::Failures | Quantity::Speedup => return Err(wrong()),
        };
        let limit = Limit::parse(size, metric).map_err(|_| wrong())?;
        let value = match limit {
            Limit::Time(time) => time.as_secs_f64(),
            Limit::PerSecond(rate) => rate,
            Limit::BytesPerSecond(bytes) => bytes as f64,
            Limit::Count(_) | Limit::Percent(_) => return Err(wrong()),
        };
        Ok(Bound::Amount { value: sign * value, limit })
    }
}

/// How a quantity's changes are written.
const fn example(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Percentile(_) | Quantity::Mean => "+10% or +50ms",
        Quantity::Rate => "-10% or -5/s",
        Quantity::Throughput => "-10% or -1.5MiB/s",
        Quantity::Failures => "+1%",
        Quantity::Speedup => "-10%",
    }
}

impl FromStr for ChangeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a change is written STEP.NUMBER, > or <, and a signed limit, as in `cached.p95>+10%`";
        let at = text.find(['<', '>', '=']).ok_or(form)?;
        let (left, right) = text.split_at(at);
        let above = right.starts_with('>');
        let bound = right[1..].trim();
        if right.starts_with('=') || bound.starts_with('=') {
            return Err(format!("`{text}`: a change is limited by > or < only"));
        }
        let (scope, name) = Scope::parse(left, form)?;
        let quantity =
            Quantity::ALL.into_iter().find(|quantity| quantity.label() == name).ok_or_else(|| {
                let known = Quantity::ALL.map(Quantity::label).join(", ");
                format!("`{name}` is not a number that runs are compared by: use {known}")
            })?;
        Ok(Self { scope, quantity, above, bound: Bound::parse(bound, quantity)? })
    }
}

impl fmt::Display for ChangeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.above { '>' } else { '<' };
        write!(f, "{}.{}{sign}", self.scope, self.quantity.label())?;
        match self.bound {
            Bound::Percent(percent) => write!(f, "{percent:+}%"),
            Bound::Amount { value, limit } => {
                write!(f, "{}{limit}", if value.is_sign_negative() { '-' } else { '+' })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_change_is_read_back() {
        for text in [
            "cached.p95>+10%",
            "main:upload.p50>+50ms",
            "*.failures>+1.5%",
            "first.throughput<-1MiB/s",
            "upload.rate<-5/s",
            "cached.speedup<-20%",
            "read3.mean>+0%",
        ] {
            assert_eq!(text.parse::<ChangeLimit>().map(|limit| limit.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_change_has_a_sign_and_a_unit() {
        let bound = |text: &str| text.parse::<ChangeLimit>().unwrap().bound;
        assert_eq!(bound("cached.p95 > +10%"), Bound::Percent(10.0));
        assert_eq!(bound("upload.rate<-10%"), Bound::Percent(-10.0));
        let Bound::Amount { value, .. } = bound("upload.mean>+250ms") else { panic!("a share") };
        assert_eq!(value, 0.25);
    }

    #[test]
    fn a_malformed_change_is_refused_with_what_is_allowed() {
        for (text, words) in [
            ("", "as in `cached.p95>+10%`"),
            ("p95>+10%", "as in `cached.p95>+10%`"),
            ("cached.p95", "as in `cached.p95>+10%`"),
            ("cached.p95>=+10%", "by > or < only"),
            ("cached.p95=+10%", "by > or < only"),
            ("third.p95>+10%", "`third` is not a step: use upload"),
            ("cached.p98>+10%", "`p98` is not a number that runs are compared by: use p50, p95, p99, mean"),
            ("cached.p95>10%", "`10%` has no sign"),
            ("cached.p95>+10", "`+10` is not a change of p95: write it as in +10% or +50ms"),
            ("cached.p95>++10%", "is not a change of p95"),
            ("cached.p95>+-10%", "is not a change of p95"),
            ("cached.p95>+inf%", "is not a change of p95"),
            ("cached.failures>+5", "write it as in +1%"),
            ("cached.speedup<-5ms", "write it as in -10%"),
        ] {
            let refused = text.parse::<ChangeLimit>().unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
