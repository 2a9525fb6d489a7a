//! Thresholds as data: what a run shall hold, written and read as `upload.p99<20s`.

mod change;
mod limit;
mod metric;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{ConfigError, Phase, journey::Step, load::Load};
pub use change::{Bound, ChangeLimit, Quantity};
pub use limit::Limit;
pub use metric::{Metric, Part, Statistic};

/// A number of a run and what it shall be.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The phase whose number it is; `None` takes the equal steps of all phases as one.
    pub phase: Option<String>,
    /// The step whose number it is; `None` means that each planned step must hold.
    pub step: Option<Step>,
    /// Which of the step's numbers.
    pub metric: Metric,
    /// How it is compared with the limit.
    pub operator: Operator,
    /// What it is compared with.
    pub limit: Limit,
}

/// How a measured number is compared with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `<`
    Below,
    /// `>`
    Above,
}

impl Operator {
    /// All operators; one that begins like another comes before it.
    const ALL: [Operator; 5] =
        [Operator::AtMost, Operator::AtLeast, Operator::Equal, Operator::Below, Operator::Above];

    /// The operator as it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Operator::AtMost => "<=",
            Operator::AtLeast => ">=",
            Operator::Equal => "==",
            Operator::Below => "<",
            Operator::Above => ">",
        }
    }

    /// Whether `measured` compares with `limit` as it shall.
    pub fn holds<N: PartialOrd>(self, measured: N, limit: N) -> bool {
        match self {
            Operator::AtMost => measured <= limit,
            Operator::AtLeast => measured >= limit,
            Operator::Equal => measured == limit,
            Operator::Below => measured < limit,
            Operator::Above => measured > limit,
        }
    }
}

impl Threshold {
    /// That nothing is counted by `metric` in a step.
    pub fn none(phase: Option<String>, step: Step, metric: Metric) -> Self {
        Self { phase, step: Some(step), metric, operator: Operator::Equal, limit: Limit::Count(0) }
    }

    /// The same of one phase, unless it names one already.
    pub fn in_phase(self, phase: &str) -> Self {
        Self { phase: self.phase.or_else(|| Some(phase.to_owned())), ..self }
    }

    /// Whether it speaks of this step of this phase.
    pub fn covers(&self, phase: &str, step: Step) -> bool {
        self.phase.as_deref().is_none_or(|name| name == phase) && self.step.is_none_or(|one| one == step)
    }

    /// Whether the plan's phases have what it speaks of.
    pub(super) fn check(&self, phases: &[Phase]) -> Result<(), ConfigError> {
        let refuse = |reason: String| Err(ConfigError::new("--threshold", format!("`{self}` {reason}")));
        let measured = || phases.iter().filter(|phase| !phase.warm_up);
        let mut known: Vec<_> = measured().flat_map(|phase| phase.steps()).collect();
        known.sort_unstable();
        known.dedup();
        if let Some(step) = self.step.filter(|step| !known.contains(step)) {
            let steps = known.iter().map(Step::to_string).collect::<Vec<_>>().join(", ");
            return refuse(format!("speaks of {step}, but this run's steps are {steps}"));
        }
        let covered = |phase: &&Phase| phase.steps().into_iter().any(|step| self.covers(&phase.name, step));
        if !measured().any(|phase| covered(&phase)) {
            let names = measured().map(|phase| phase.name.as_str()).collect::<Vec<_>>().join(", ");
            return refuse(format!(
                "speaks of a phase that is not there or lacks the step; there is {names}"
            ));
        }
        let open = |phase: &Phase| matches!(phase.load, Load::Open { .. });
        if self.metric.is_of_arrivals() && !measured().filter(covered).any(open) {
            return refuse(
                "speaks of arrivals, which only a run at a rate has: give --rate or --stages".into(),
            );
        }
        Ok(())
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(phase) = &self.phase {
            write!(f, "{phase}:")?;
        }
        match self.step {
            Some(step) => write!(f, "{step}")?,
            None => f.write_str("*")?,
        }
        write!(f, ".{}{}{}", self.metric, self.operator.symbol(), self.limit)
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "a threshold is written STEP.METRIC, an operator (<, <=, >, >=, ==) and a limit, as in \
                     `upload.p99<20s`";
        let at = text.find(['<', '>', '=']).ok_or(wrong)?;
        let (left, right) = text.split_at(at);
        let operator = Operator::ALL.into_iter().find(|operator| right.starts_with(operator.symbol()));
        let operator = operator.ok_or("`=` is no operator; there are <, <=, >, >= and ==")?;
        let (phase, left) = match left.rsplit_once(':') {
            Some((phase, left)) => (Some(phase.trim().to_owned()), left),
            None => (None, left),
        };
        let (step, metric) = left.trim().split_once('.').ok_or(wrong)?;
        let step = match step {
            "*" => None,
            label => Some(Step::from_label(label).ok_or_else(|| {
                format!(
                    "`{label}` is no step; there are upload, first, cached, read3 and so on, and * for each"
                )
            })?),
        };
        let metric = Metric::from_name(metric)?;
        let limit = Limit::parse(right[operator.symbol().len()..].trim(), metric)?;
        Ok(Self { phase, step, metric, operator, limit })
    }
}

impl Serialize for Threshold {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
