//! The numbers of a comparison, before and after, and what their change means.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::{
    metrics::StepKey,
    plan::{journey::Step, threshold::Quantity},
    report::{Report, Source},
    sample::Novelty,
};

/// One run of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the user calls it: a path.
    pub name: String,
    /// When it began.
    pub started_at: String,
    /// How long it took.
    pub elapsed: Duration,
    /// The seed of its blobs.
    pub seed: u64,
}

impl Run {
    pub(super) fn of(source: &Source) -> Self {
        let Report { started_at, elapsed, plan, .. } = &source.report;
        Self { name: source.name.clone(), started_at: started_at.clone(), elapsed: *elapsed, seed: plan.seed }
    }
}

/// A step of a phase, by which runs are matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    /// The phase's name.
    pub phase: String,
    /// What was done.
    pub step: Step,
    /// Whether these are the blobs that repeat bytes stored earlier in the run.
    pub repeats: bool,
}

impl StepName {
    pub(super) fn of(report: &Report, key: &StepKey) -> Self {
        let repeats = key.novelty == Novelty::Repeat;
        Self { phase: report.phase_name(key.phase), step: key.step, repeats }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repeats = if self.repeats { " (repeats)" } else { "" };
        write!(f, "{}:{}{repeats}", self.phase, self.step)
    }
}

/// A number of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Which step it is of.
    pub name: StepName,
    /// Which number.
    pub quantity: Quantity,
    /// The number before, in seconds, per second, bytes per second, a share or a factor; `None` when the sample does not
    /// support it. Of several runs the geometric mean, of shares the arithmetic one.
    pub before: Option<Value>,
    /// The number after.
    pub after: Option<Value>,
    /// How far the number rose, as a share of what it was; of a share, how far it rose itself.
    pub change: Option<f64>,
    /// The 95 % interval of the change, of this number alone: not corrected for multiple comparisons.
    pub interval: Option<(f64, f64)>,
    /// What the change means.
    pub verdict: Verdict,
    /// How long the shorter side is.
    pub has: Duration,
    /// How long both sides should be to see a change of 10 %, by the measured spread.
    pub needs: Option<Duration>,
}

/// A number as a report shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// The number.
    pub value: f64,
    /// Whether the true one may be larger: timeouts or unfinished attempts decide it.
    pub lower_bound: bool,
}

/// What the change of a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// It is better.
    Better,
    /// It is worse.
    Worse,
    /// The difference is too small to be relevant.
    NoRelevantChange,
    /// Chance alone can explain the difference.
    NoEvidence,
    /// Timeouts or unfinished attempts hide the true number.
    #[strum(serialize = "hidden-by-timeouts")]
    Hidden,
    /// There is not enough data for a verdict.
    NotEnoughData {
        /// How long the shorter side is.
        has: Duration,
        /// How long both sides should be.
        needs: Duration,
    },
}

impl Verdict {
    /// Its name in documents.
    pub fn label(self) -> &'static str {
        self.into()
    }
}

impl Value {
    /// A number that is known.
    pub(super) const fn exact(value: f64) -> Self {
        Self { value, lower_bound: false }
    }
}

/// On which scale numbers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// By a factor.
    Ratio,
    /// By an amount.
    Difference,
}

impl Scale {
    pub(super) const fn of(quantity: Quantity) -> Self {
        if matches!(quantity, Quantity::Failures) { Scale::Difference } else { Scale::Ratio }
    }

    /// What puts a number on the scale.
    pub(super) fn function(self) -> fn(f64) -> f64 {
        match self {
            Scale::Ratio => f64::ln,
            Scale::Difference => |value| value,
        }
    }

    /// A difference on the scale as a change.
    pub(super) fn change(self, difference: f64) -> f64 {
        match self {
            Scale::Ratio => difference.exp_m1(),
            Scale::Difference => difference,
        }
    }
}
