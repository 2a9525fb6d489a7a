//! How far a number may change from one run to another, written and read as `cached.p95>+10%`.

use std::{fmt, str::FromStr};

use super::{
    Limit,
    metric::{Metric, Part, Statistic},
};
use crate::{
    plan::{journey::Step, percentile::Percentile},
    units::parse_percent,
};

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
    pub const fn label(self) -> &'static str {
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

/// A change between two runs that shall not be.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeLimit {
    /// The phase whose number it is; `None` means that of each.
    pub phase: Option<String>,
    /// The step whose number it is; `None` means that of each.
    pub step: Option<Step>,
    /// Which number.
    pub quantity: Quantity,
    /// Whether it must not rise above the bound; otherwise it must not fall below.
    pub above: bool,
    /// The change from which on it is one that shall not be.
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

impl ChangeLimit {
    /// Whether it speaks of this step of this phase.
    pub fn covers(&self, phase: &str, step: Step) -> bool {
        self.phase.as_deref().is_none_or(|name| name == phase) && self.step.is_none_or(|one| one == step)
    }
}

impl Bound {
    fn parse(text: &str, quantity: Quantity) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no change of {}; it is written as in {}",
                quantity.label(),
                example(quantity)
            )
        };
        let (sign, size) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(size), _) => (1.0, size),
            (_, Some(size)) => (-1.0, size),
            (None, None) => {
                return Err(format!(
                    "`{text}` has no sign, so it is no change (as in {}); what a run alone shall hold is a \
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
                Metric::Time(Part::Response, Statistic::Percentile(percentile))
            }
            Quantity::Mean => Metric::Time(Part::Response, Statistic::Mean),
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
        let wrong = "a change is written STEP.NUMBER, > or <, and a signed limit, as in `cached.p95>+10%`";
        let at = text.find(['<', '>', '=']).ok_or(wrong)?;
        let (left, right) = text.split_at(at);
        let above = right.starts_with('>');
        let bound = right[1..].trim();
        if right.starts_with('=') || bound.starts_with('=') {
            return Err(format!("`{text}`: only > and < say when a change is too large"));
        }
        let (phase, left) = match left.rsplit_once(':') {
            Some((phase, left)) => (Some(phase.trim().to_owned()), left),
            None => (None, left),
        };
        let (step, name) = left.trim().split_once('.').ok_or(wrong)?;
        let step = match step {
            "*" => None,
            label => Some(Step::from_label(label).ok_or_else(|| {
                format!(
                    "`{label}` is no step; there are upload, first, cached, read3 and further, and * for each"
                )
            })?),
        };
        let quantity =
            Quantity::ALL.into_iter().find(|quantity| quantity.label() == name).ok_or_else(|| {
                let known = Quantity::ALL.map(Quantity::label).join(", ");
                format!("`{name}` is no number that runs are compared by; there are {known}")
            })?;
        Ok(Self { phase, step, quantity, above, bound: Bound::parse(bound, quantity)? })
    }
}

impl fmt::Display for ChangeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(phase) = &self.phase {
            write!(f, "{phase}:")?;
        }
        match self.step {
            Some(step) => write!(f, "{step}")?,
            None => f.write_str("*")?,
        }
        write!(f, ".{}{}", self.quantity.label(), if self.above { '>' } else { '<' })?;
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
    fn what_is_written_is_what_is_read() {
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
    fn what_means_nothing_is_refused_with_what_there_is() {
        for (text, words) in [
            ("", "as in `cached.p95>+10%`"),
            ("p95>+10%", "as in `cached.p95>+10%`"),
            ("cached.p95", "as in `cached.p95>+10%`"),
            ("cached.p95>=+10%", "only > and <"),
            ("cached.p95=+10%", "only > and <"),
            ("third.p95>+10%", "`third` is no step; there are upload"),
            (
                "cached.p98>+10%",
                "`p98` is no number that runs are compared by; there are p50, p95, p99, mean",
            ),
            ("cached.p95>10%", "`10%` has no sign"),
            ("cached.p95>+10", "`+10` is no change of p95; it is written as in +10% or +50ms"),
            ("cached.p95>++10%", "is no change of p95"),
            ("cached.p95>+-10%", "is no change of p95"),
            ("cached.p95>+inf%", "is no change of p95"),
            ("cached.failures>+5", "it is written as in +1%"),
            ("cached.speedup<-5ms", "it is written as in -10%"),
        ] {
            let refused = text.parse::<ChangeLimit>().unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
