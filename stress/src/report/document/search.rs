//! The JSON document of a search.

use std::io;

use serde::Serialize;

use super::{
    judged::{QualityDoc, ThresholdDoc},
    reading::DistributionDoc,
};
use crate::{
    plan::{
        Plan,
        journey::Step,
        search::{Axis, SearchResult, StepVerdict},
        threshold::Threshold,
    },
    report::{
        Ending, Tool,
        capacity::{Capacity, Consumption, Knee, SCHEMA, SearchStep},
    },
};

#[derive(Serialize)]
struct Saved<'a> {
    schema: &'static str,
    tool: &'a Tool,
    partial: bool,
    ending: Ending,
    started_at: &'a str,
    elapsed_seconds: f64,
    axis: Axis,
    from: f64,
    max: f64,
    precision: f64,
    step_seconds: f64,
    thresholds: &'a [Threshold],
    answer: AnswerDoc,
    focus: Step,
    knee: Option<KneeDoc>,
    uploads_at_first_shed: Option<u64>,
    most_uploads_without_shed: Option<u64>,
    took: ConsumptionDoc,
    steps: Vec<SearchStepDoc<'a>>,
    /// What each step did, at its first level.
    plan: &'a Plan,
}

/// An [`SearchResult`] in a document; levels are per second or journeys at a time, as the axis says.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum AnswerDoc {
    Between { holds: f64, breaks: f64 },
    UpTo { holds: f64 },
    Nowhere { breaks: f64 },
    Generator { at: f64, advice: Option<&'static str> },
    TooFew { at: f64, samples: u64, samples_needed: u64 },
    Unended { holds: Option<f64>, breaks: Option<f64> },
}

#[derive(Serialize)]
struct KneeDoc {
    level: f64,
    per_second: f64,
    mean_seconds: f64,
}

#[derive(Serialize)]
struct ConsumptionDoc {
    uploads: u64,
    downloads: u64,
    bytes_sent: u64,
    bytes_received: u64,
    cost_frost: u64,
}

/// A [`SearchStep`] in a document.
#[derive(Serialize)]
struct SearchStepDoc<'a> {
    level: f64,
    seconds: f64,
    verdict: &'static str,
    done: u64,
    failed: u64,
    dropped: u64,
    per_second: Option<f64>,
    response_seconds: Option<DistributionDoc>,
    most_uploads_under_way: Option<u64>,
    uploads_at_first_shed: Option<u64>,
    thresholds: Vec<ThresholdDoc<'a>>,
    quality: QualityDoc,
    took: ConsumptionDoc,
}

impl Capacity {
    /// Writes the search as one JSON document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn save(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let shedding = self.shedding();
        let document = Saved {
            schema: SCHEMA,
            tool: &self.tool,
            partial: self.ending.is_partial(),
            ending: self.ending,
            started_at: &self.started_at,
            elapsed_seconds: self.elapsed.as_secs_f64(),
            axis: self.search.axis,
            from: self.search.from,
            max: self.search.max,
            precision: self.search.precision,
            step_seconds: self.search.step.as_secs_f64(),
            thresholds: &self.plan.thresholds,
            answer: AnswerDoc::of(self),
            focus: self.focus,
            knee: self.knee().map(KneeDoc::of),
            uploads_at_first_shed: shedding.and_then(|shedding| shedding.began_at),
            most_uploads_without_shed: shedding.and_then(|shedding| shedding.most_taken),
            took: ConsumptionDoc::of(self.consumed()),
            steps: self.steps.iter().map(SearchStepDoc::of).collect(),
            plan: &self.plan,
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }
}

impl AnswerDoc {
    fn of(capacity: &Capacity) -> Self {
        match capacity.answer {
            SearchResult::Between { holds, breaks } => Self::Between { holds, breaks },
            SearchResult::UpTo { holds } => Self::UpTo { holds },
            SearchResult::BelowFirst { breaks } => Self::Nowhere { breaks },
            SearchResult::GeneratorLimited { at } => {
                let bottleneck = capacity.steps.last().and_then(|step| step.bottleneck);
                Self::Generator { at, advice: bottleneck.map(|bottleneck| bottleneck.advice()) }
            }
            SearchResult::TooFewSamples { at, has, needs } => {
                Self::TooFew { at, samples: has, samples_needed: needs }
            }
            SearchResult::Incomplete { holds, breaks } => Self::Unended { holds, breaks },
        }
    }
}

impl KneeDoc {
    fn of(knee: Knee) -> Self {
        let Knee { level, per_second, mean } = knee;
        Self { level, per_second, mean_seconds: mean.as_secs_f64() }
    }
}

impl ConsumptionDoc {
    fn of(consumed: Consumption) -> Self {
        let Consumption { uploads, downloads, bytes_sent, bytes_received, frost } = consumed;
        Self { uploads, downloads, bytes_sent, bytes_received, cost_frost: frost }
    }
}

impl<'a> SearchStepDoc<'a> {
    fn of(step: &'a SearchStep) -> Self {
        Self {
            level: step.result.level,
            seconds: step.result.length.as_secs_f64(),
            verdict: match step.result.verdict {
                StepVerdict::Holds => "holds",
                StepVerdict::Breaks => "breaks",
                StepVerdict::TooFewSamples { .. } => "too-few",
                StepVerdict::GeneratorLimited => "generator",
                StepVerdict::Interrupted => "interrupted",
            },
            done: step.done,
            failed: step.failed,
            dropped: step.dropped,
            per_second: step.per_second,
            response_seconds: step.response.as_ref().map(DistributionDoc::of),
            most_uploads_under_way: step.uploads.most,
            uploads_at_first_shed: step.uploads.at_first_shed,
            thresholds: step.thresholds.iter().map(ThresholdDoc::of).collect(),
            quality: QualityDoc::of(&step.quality),
            took: ConsumptionDoc::of(step.consumed),
        }
    }
}
