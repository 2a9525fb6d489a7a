//! Thresholds as data: what a run must hold, written and read as `upload.p99<20s`.

mod change;
mod limit;
mod metric;
mod scope;

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};
use strum::{Display, EnumIter, IntoEnumIterator, IntoStaticStr};

use super::{ConfigError, Phase, journey::Step};
pub use change::{Bound, ChangeLimit, Quantity};
pub use limit::Limit;
pub use metric::{Metric, Statistic, TimeSpan};
pub use scope::Scope;

/// A number of a run and what it must be.
#[derive(Debug, Clone, PartialEq, SerializeDisplay, DeserializeFromStr)]
pub struct Threshold {
    /// Whose number it is. Without a phase, the equal steps of all phases are taken together; without a step, each
    /// planned step must hold.
    pub scope: Scope,
    /// Which of the step's numbers.
    pub metric: Metric,
    /// How it is compared with the limit.
    pub operator: Operator,
    /// What it is compared with.
    pub limit: Limit,
}

/// How a measured number is compared with a limit. An operator that begins like another one comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter, IntoStaticStr)]
pub enum Operator {
    /// `<=`
    #[strum(serialize = "<=")]
    AtMost,
    /// `>=`
    #[strum(serialize = ">=")]
    AtLeast,
    /// `==`
    #[strum(serialize = "==")]
    Equal,
    /// `<`
    #[strum(serialize = "<")]
    Below,
    /// `>`
    #[strum(serialize = ">")]
    Above,
}

impl Operator {
    /// Compares `measured` with `limit`.
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
    /// That `metric` counts nothing in a step.
    pub fn none(phase: Option<String>, step: Step, metric: Metric) -> Self {
        let scope = Scope { phase, step: Some(step) };
        Self { scope, metric, operator: Operator::Equal, limit: Limit::Count(0) }
    }

    /// The same of one phase, unless it names one already.
    pub fn in_phase(mut self, phase: &str) -> Self {
        self.scope.phase.get_or_insert_with(|| phase.to_owned());
        self
    }

    /// The threshold about one of the steps that it covers.
    pub fn of_step(&self, step: Step) -> Self {
        Self { scope: Scope { step: Some(step), ..self.scope.clone() }, ..self.clone() }
    }

    /// The planned steps that it covers, in their order.
    pub fn steps(&self, phases: &[Phase]) -> Vec<Step> {
        let measured = phases.iter().filter(|phase| !phase.warm_up);
        let covered = |phase: &Phase| {
            let steps = phase.steps().into_iter();
            steps.filter(|&step| self.scope.covers(&phase.name, step)).collect::<Vec<_>>()
        };
        let mut steps: Vec<_> = measured.flat_map(covered).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// Checks that the phases have what it names.
    pub(super) fn check(&self, phases: &[Phase]) -> Result<(), ConfigError> {
        let refuse = |reason: String| Err(ConfigError::new("--threshold", format!("`{self}` {reason}")));
        let measured = || phases.iter().filter(|phase| !phase.warm_up);
        let mut planned: Vec<_> = measured().flat_map(|phase| phase.steps()).collect();
        planned.sort_unstable();
        planned.dedup();
        if let Some(step) = self.scope.step.filter(|step| !planned.contains(step)) {
            let steps = planned.iter().map(Step::to_string).collect::<Vec<_>>().join(", ");
            return refuse(format!("is about {step}, but this run's steps are {steps}"));
        }
        let covered =
            |phase: &&Phase| phase.steps().into_iter().any(|step| self.scope.covers(&phase.name, step));
        if !measured().any(|phase| covered(&phase)) {
            let names = measured().map(|phase| phase.name.as_str()).collect::<Vec<_>>().join(", ");
            return refuse(format!(
                "names a phase that does not exist or lacks the step; the phases are {names}"
            ));
        }
        let open = |phase: &Phase| phase.load.is_open();
        if self.metric.is_of_arrivals() && !measured().filter(covered).any(open) {
            return refuse(
                "is about arrivals, which only a run at a rate has: give --rate or --stages".into(),
            );
        }
        Ok(())
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, metric, operator, limit } = self;
        write!(f, "{scope}.{metric}{operator}{limit}")
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a threshold is written STEP.METRIC, an operator (<, <=, >, >=, ==) and a limit, as in \
                    `upload.p99<20s`";
        let at = text.find(['<', '>', '=']).ok_or(form)?;
        let (left, right) = text.split_at(at);
        let operator = Operator::iter().find(|operator| right.starts_with(<&str>::from(operator)));
        let operator = operator.ok_or("`=` is not an operator: use <, <=, >, >= or ==")?;
        let (scope, metric) = Scope::parse(left, form)?;
        let metric = metric.parse()?;
        let limit = Limit::parse(right[<&str>::from(operator).len()..].trim(), metric)?;
        Ok(Self { scope, metric, operator, limit })
    }
}

#[cfg(test)]
mod tests;
