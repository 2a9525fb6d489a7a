//! The numbers of a step that a threshold may name.

use std::fmt;

use crate::plan::{class::FailureClass, percentile::Percentile};

/// A number of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A statistic of a part of the time.
    Time(Part, Statistic),
    /// Steps that failed for good, of one class or of any.
    Failures(Option<FailureClass>),
    /// Attempts that failed, their step's last or not, of one class or of any.
    AttemptFailures(Option<FailureClass>),
    /// Arrivals that were not started.
    Dropped,
    /// Attempts still running when the run's patience ended.
    Unfinished,
    /// Attempts that succeeded.
    Count,
    /// Attempts that succeeded, per second between the step's first start and last finish.
    Rate,
    /// Bytes of the blobs of successful attempts, per second of the same time.
    Throughput,
}

/// A part of a step's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// From due to finished.
    Response,
    /// From started to finished.
    Service,
    /// From due to started, of arrivals.
    StartDelay,
    /// From started to the answer's head.
    FirstByte,
    /// From started to the last byte of the request.
    Send,
    /// From the last byte of the request to the answer's head.
    Wait,
    /// From the answer's head to its last byte.
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
    /// What a share of them does not exceed.
    Percentile(Percentile),
}

impl Part {
    /// All parts and what stands before their statistics.
    const ALL: [(Part, &str); 7] = [
        (Part::Response, ""),
        (Part::Service, "service."),
        (Part::StartDelay, "start_delay."),
        (Part::FirstByte, "ttfb."),
        (Part::Send, "send."),
        (Part::Wait, "wait."),
        (Part::Receive, "receive."),
    ];
}

impl Statistic {
    fn from_label(label: &str) -> Option<Self> {
        match label {
            "min" => Some(Statistic::Min),
            "mean" => Some(Statistic::Mean),
            "max" => Some(Statistic::Max),
            other => Percentile::from_label(other).map(Statistic::Percentile),
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Statistic::Min => "min",
            Statistic::Mean => "mean",
            Statistic::Max => "max",
            Statistic::Percentile(percentile) => percentile.label(),
        }
    }
}

impl Metric {
    /// The metrics without a part or a class.
    const PLAIN: [(Metric, &str); 7] = [
        (Metric::Failures(None), "failures"),
        (Metric::AttemptFailures(None), "attempt_failures"),
        (Metric::Dropped, "dropped"),
        (Metric::Unfinished, "unfinished"),
        (Metric::Count, "count"),
        (Metric::Rate, "rate"),
        (Metric::Throughput, "throughput"),
    ];

    /// The metric of this name; the error lists those that there are.
    pub(super) fn from_name(name: &str) -> Result<Metric, String> {
        if let Some((metric, _)) = Self::PLAIN.into_iter().find(|(_, label)| *label == name) {
            return Ok(metric);
        }
        if let Some(label) = name.strip_prefix("failures.") {
            return class(label).map(|class| Metric::Failures(Some(class)));
        }
        if let Some(label) = name.strip_prefix("attempt_failures.") {
            return class(label).map(|class| Metric::AttemptFailures(Some(class)));
        }
        let time = |(part, prefix): (Part, &str)| {
            Some(Metric::Time(part, Statistic::from_label(name.strip_prefix(prefix)?)?))
        };
        Part::ALL.into_iter().find_map(time).ok_or_else(|| unknown(name))
    }

    /// Whether it is a number of arrivals, which only open loops have.
    pub fn is_of_arrivals(self) -> bool {
        matches!(self, Metric::Dropped | Metric::Time(Part::StartDelay, _))
    }
}

/// The class of this name; the error lists those that there are.
fn class(label: &str) -> Result<FailureClass, String> {
    FailureClass::from_label(label).ok_or_else(|| {
        let classes: Vec<_> = FailureClass::ALL.iter().map(|class| class.label()).collect();
        format!("`{label}` is no class of failures; there are {}", classes.join(", "))
    })
}

fn unknown(name: &str) -> String {
    let percentiles = Percentile::ALL.map(Percentile::label).join(", ");
    let parts = Part::ALL.map(|(_, prefix)| prefix)[1..].join(", ");
    let plain = Metric::PLAIN.map(|(_, label)| label).join(", ");
    format!(
        "`{name}` is no metric; there are {percentiles}, min, mean, max (also behind {parts}), {plain}, \
         failures.CLASS, attempt_failures.CLASS"
    )
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Time(part, statistic) => {
                let prefix =
                    Part::ALL.into_iter().find(|(one, _)| one == part).map_or("", |(_, prefix)| prefix);
                write!(f, "{prefix}{}", statistic.label())
            }
            Metric::Failures(Some(class)) => write!(f, "failures.{class}"),
            Metric::AttemptFailures(Some(class)) => write!(f, "attempt_failures.{class}"),
            plain => f.write_str(
                Self::PLAIN.into_iter().find(|(one, _)| one == plain).map_or("", |(_, label)| label),
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
        let parts = Part::ALL.map(|(_, prefix)| prefix);
        let (mut told, mut known) = (prefixes, parts[1..].to_vec());
        told.sort_unstable();
        known.sort_unstable();
        assert_eq!(told, known, "the parts of the time");
        let plain = Metric::PLAIN.map(|(_, label)| label);
        let classes = ["failures.CLASS", "attempt_failures.CLASS"];
        let times = Percentile::ALL.map(Percentile::label);
        let known = [&times[..], &["min", "mean", "max"], &plain, &classes].concat();
        assert!(known.iter().all(|name| names.contains(name)), "{known:?} are not all in {names:?}");
        assert_eq!(names.len(), known.len(), "{names:?} against {known:?}");
        for name in names {
            let name = name.replace("CLASS", "shed");
            assert!(Metric::from_name(&name).is_ok_and(|metric| metric.to_string() == name), "{name}");
        }
    }
}
