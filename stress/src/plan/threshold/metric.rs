//! The numbers of a step that a threshold may name.

use std::{fmt, str::FromStr};

use strum::{EnumIter, IntoEnumIterator, IntoStaticStr, VariantNames};

use crate::plan::{class::FailureClass, percentile::Percentile};

/// A number of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A statistic of a part of the time.
    Time(TimeSpan, Statistic),
    /// Steps that failed for good, of one class or of any.
    Failures(Option<FailureClass>),
    /// Attempts that failed, their step's last or not, of one class or of any.
    AttemptFailures(Option<FailureClass>),
    /// Arrivals that were not started.
    Dropped,
    /// Attempts still running when the grace period ended.
    Unfinished,
    /// Attempts that succeeded.
    Count,
    /// Attempts that succeeded, per second between the step's first start and last finish.
    Rate,
    /// Bytes of the blobs of successful attempts, per second of the same time.
    Throughput,
}

/// A part of a step's time; its name is what stands before the statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr, VariantNames)]
pub enum TimeSpan {
    /// From due to finished.
    #[strum(serialize = "")]
    Response,
    /// From started to finished.
    #[strum(serialize = "service.")]
    Service,
    /// From due to started, of arrivals.
    #[strum(serialize = "start_delay.")]
    StartDelay,
    /// From started to the head of the response.
    #[strum(serialize = "ttfb.")]
    FirstByte,
    /// From started until the request had left.
    #[strum(serialize = "send.")]
    Send,
    /// From then to the head of the response.
    #[strum(serialize = "wait.")]
    Wait,
    /// From the head of the response to its last byte.
    #[strum(serialize = "receive.")]
    Receive,
}

/// One number of many durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The shortest.
    Min,
    /// The arithmetic mean.
    Mean,
    /// The longest.
    Max,
    /// A percentile.
    Percentile(Percentile),
}

impl Statistic {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "min" => Some(Statistic::Min),
            "mean" => Some(Statistic::Mean),
            "max" => Some(Statistic::Max),
            other => other.parse().ok().map(Statistic::Percentile),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Statistic::Min => "min",
            Statistic::Mean => "mean",
            Statistic::Max => "max",
            Statistic::Percentile(percentile) => percentile.label(),
        }
    }
}

impl Metric {
    /// The metrics without a part of the time or a class.
    const PLAIN: [(Metric, &str); 7] = [
        (Metric::Failures(None), "failures"),
        (Metric::AttemptFailures(None), "attempt_failures"),
        (Metric::Dropped, "dropped"),
        (Metric::Unfinished, "unfinished"),
        (Metric::Count, "count"),
        (Metric::Rate, "rate"),
        (Metric::Throughput, "throughput"),
    ];

    /// Whether it is a number of arrivals, which only open loops have.
    pub fn is_of_arrivals(self) -> bool {
        matches!(self, Metric::Dropped | Metric::Time(TimeSpan::StartDelay, _))
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(name: &str) -> Result<Metric, String> {
        if let Some((metric, _)) = Self::PLAIN.into_iter().find(|(_, plain)| *plain == name) {
            return Ok(metric);
        }
        if let Some(class) = name.strip_prefix("failures.") {
            return class.parse().map(|class| Metric::Failures(Some(class)));
        }
        if let Some(class) = name.strip_prefix("attempt_failures.") {
            return class.parse().map(|class| Metric::AttemptFailures(Some(class)));
        }
        let time = |span: TimeSpan| {
            Some(Metric::Time(span, Statistic::from_name(name.strip_prefix(<&str>::from(span))?)?))
        };
        TimeSpan::iter().find_map(time).ok_or_else(|| {
            let percentiles = Percentile::VARIANTS.join(", ");
            let spans = TimeSpan::VARIANTS[1..].join(", ");
            let plain = Self::PLAIN.map(|(_, plain)| plain).join(", ");
            format!(
                "`{name}` is not a metric: use {percentiles}, min, mean, max (also behind {spans}), {plain}, \
                 failures.CLASS or attempt_failures.CLASS"
            )
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Time(span, statistic) => write!(f, "{}{}", <&str>::from(span), statistic.name()),
            Metric::Failures(Some(class)) => write!(f, "failures.{class}"),
            Metric::AttemptFailures(Some(class)) => write!(f, "attempt_failures.{class}"),
            plain => f.write_str(
                Self::PLAIN.into_iter().find(|(one, _)| one == plain).map_or("", |(_, name)| name),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in backquotes.
    fn quoted(text: &str) -> Vec<&str> {
        text.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_document_names_the_metrics_and_no_others() {
        let readme = include_str!("../../../docs/thresholds.md");
        let (_, section) = readme.split_once("| metric | limit | |\n|---|---|---|\n").unwrap();
        let rows: Vec<&str> = section.lines().take_while(|line| line.starts_with('|')).collect();
        let names = rows.iter().map(|row| quoted(row.split('|').nth(1).unwrap()));
        let (prefixes, names): (Vec<&str>, Vec<&str>) = names.flatten().partition(|name| name.ends_with('.'));
        let (mut documented, mut known) = (prefixes, TimeSpan::VARIANTS[1..].to_vec());
        documented.sort_unstable();
        known.sort_unstable();
        assert_eq!(documented, known, "the parts of the time");
        let plain = Metric::PLAIN.map(|(_, label)| label);
        let classes = ["failures.CLASS", "attempt_failures.CLASS"];
        let known = [Percentile::VARIANTS, &["min", "mean", "max"], &plain, &classes].concat();
        assert!(known.iter().all(|name| names.contains(name)), "{known:?} are not all in {names:?}");
        assert_eq!(names.len(), known.len(), "{names:?} against {known:?}");
        for name in names {
            let name = name.replace("CLASS", "shed");
            assert!(name.parse::<Metric>().is_ok_and(|metric| metric.to_string() == name), "{name}");
        }
    }
}
