//! What the cache buys: first against cached downloads, paired by blob, and the cache statuses of the headers.

mod paired;
mod ratio;
mod status;

use std::time::Duration;

use serde::{Serialize, Serializer};

pub use paired::{Group, GroupKey, OrderControl};
pub use ratio::{Effect, Ratio};
pub(super) use ratio::{RELEVANT, signed_ranks};
pub(super) use status::cache_statuses;
pub use status::{Finding, Mixture, StatusCheck, StatusRow};

use super::{Report, stats::Percentile, steps::StepSummary};
use crate::{
    metrics::{pairs::Pair, step_metrics::Span},
    plan::{journey::Step, source::BlobSource},
    units::OptionalSeconds,
};
use paired::{FIRST_BYTE, SERVICE, TRANSFER, Times, median_time, ratio, transfers};
use ratio::times;

/// How much faster than the second a third download must be for certain to show that the cache fills late.
const LATE: f64 = 1.1;

/// First against cached downloads of the same blobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CacheEffect {
    /// What the service times prove.
    pub effect: Effect,
    /// Blobs of which both downloads succeeded, the first one not from a cache by its headers.
    pub pairs_seen: u64,
    /// How many of them the numbers below come from: all, or an even sample of very many.
    pub pairs: u64,
    /// The median service time of the first downloads, less the opening of connections.
    #[serde(rename = "median_first_seconds", with = "OptionalSeconds")]
    pub median_first: Option<Duration>,
    /// The median service time of the cached downloads, less the opening of connections.
    #[serde(rename = "median_cached_seconds", with = "OptionalSeconds")]
    pub median_cached: Option<Duration>,
    /// First ÷ cached service time, blob by blob, without the order effect where that is known; `None` without pairs.
    pub response: Option<Ratio>,
    /// The same of the times to the first byte.
    pub first_byte: Option<Ratio>,
    /// The same of the times from the first byte to the last; `None` where they are too short to measure or to matter.
    pub transfer: Option<Ratio>,
    /// The service times' ratio by size and by aggregator, where there are several with enough pairs.
    pub groups: Vec<Group>,
    /// What the order of two downloads does without a cache; `None` where the plan has no control.
    #[serde(rename = "order_control", skip_serializing_if = "Option::is_none")]
    pub control: Option<OrderControl>,
    /// Cached ÷ third service time: about 1, unless the cache fills late.
    #[serde(rename = "second_to_third")]
    pub third: Option<Ratio>,
    /// The cache statuses of the headers, compared with the times.
    pub status: StatusCheck,
    /// The shortest cached download.
    #[serde(rename = "shortest_cached_seconds", with = "OptionalSeconds")]
    pub shortest_cached: Option<Duration>,
    /// The longest cached download.
    #[serde(rename = "longest_cached_seconds", with = "OptionalSeconds")]
    pub longest_cached: Option<Duration>,
}

impl CacheEffect {
    /// `None` when the run has not both downloads of the same blobs.
    pub(super) fn of(report: &Report, steps: &[StepSummary]) -> Option<Self> {
        // Phases over the blobs of one by name compare only their own downloads; all others go on where one has ended.
        let source = |step: &StepSummary| report.plan.phases.get(step.key.phase).map(|phase| &phase.source);
        let group = |step: &StepSummary| {
            matches!(source(step), Some(BlobSource::Phase { .. })).then_some(step.key.phase)
        };
        let has = |of, wanted| steps.iter().any(|step| step.step == wanted && group(step) == of);
        if !steps.iter().map(group).any(|of| has(of, Step::FIRST) && has(of, Step::CACHED)) {
            return None;
        }
        // Only successes have service times: a read that was given up is no download.
        let cached = || {
            let steps = steps.iter().filter(|step| step.step == Step::CACHED);
            steps.filter_map(|step| step.spans.get(&Span::Service))
        };
        let recording = &report.recording;
        let pairs: Vec<&Pair> = recording.pairs.iter().collect();
        let controls: Vec<&Pair> = recording.controls.iter().collect();
        let measured = |times: Times| Some(ratio(&pairs, times)?.without(ratio(&controls, times)));
        let response = measured(SERVICE);
        Some(Self {
            effect: response.map_or(Effect::TooFew, |response| response.effect()),
            pairs_seen: recording.pairs.seen(),
            pairs: pairs.len() as u64,
            median_first: median_time(pairs.iter().map(|pair| pair.first)),
            median_cached: median_time(pairs.iter().map(|pair| pair.cached)),
            response,
            first_byte: measured(FIRST_BYTE),
            transfer: transfers(&pairs).map(|transfer| transfer.without(ratio(&controls, TRANSFER))),
            groups: paired::groups(report, &pairs, &controls),
            control: OrderControl::of(report, &controls),
            third: ratio(&pairs, |pair| Some((pair.cached, pair.third?))),
            status: StatusCheck::of(recording, &pairs, &controls),
            shortest_cached: cached().map(|service| service.min.value).min(),
            longest_cached: cached().map(|service| service.max.value).max(),
        })
    }

    /// The effect in words. Where the headers tell hits from others, the two are not one effect.
    pub fn sentence(&self) -> String {
        let StatusCheck { firsts, contaminated, mixture, .. } = &self.status;
        if self.pairs == 0 && *contaminated > 0 && contaminated == firsts {
            return format!(
                "{contaminated} of {firsts} first downloads were already cached, so there is nothing to compare: use \
                 blobs that no cache has yet (no --seed of an earlier run, another list)"
            );
        }
        if let Some(mixture) = mixture {
            return mixture.words();
        }
        let mut sentence = self.pairs_in_words();
        if self.effect != Effect::Faster && self.status.are_all_misses() && self.third.is_none() {
            sentence.push_str("; none was a hit: --reads 3 shows a cache that fills at the second request");
        }
        if self.effect == Effect::TooFew && *contaminated > 0 {
            sentence.push_str(&format!("; {contaminated} of {firsts} first downloads were already cached"));
        }
        sentence
    }

    /// What the pairs prove, whatever the headers say.
    fn pairs_in_words(&self) -> String {
        match (self.effect, self.response.and_then(|response| Some((response, response.interval?)))) {
            (Effect::Faster | Effect::Slower, Some((response, _))) => {
                format!("cached downloads are {}", response.words())
            }
            (Effect::NoDifference, Some((response, (low, high)))) => {
                format!("no evidence of caching ({}–{}, {})", times(low), times(high), response.basis())
            }
            (_, Some((response, (low, high)))) => {
                let needed = response.needed().unwrap_or(response.pairs);
                let (low, high) = (times(low), times(high));
                format!("not enough data ({low}–{high}, {}): about {needed} blobs needed", response.basis())
            }
            (_, None) => {
                let needed = Percentile::P50.needs();
                format!("not enough data (n = {}): at least {needed} blobs needed", self.pairs)
            }
        }
    }

    /// The median of first ÷ cached service time, blob by blob; `None` without pairs.
    pub fn ratio(&self) -> Option<f64> {
        self.response.map(|response| response.median)
    }

    /// The 95 % interval of that median; `None` with fewer than 6 pairs.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.response?.interval
    }

    /// By how much third downloads are faster than second ones, when the cache fills so late that they are.
    pub fn fills_late(&self) -> Option<Ratio> {
        self.third.filter(|third| third.interval.is_some_and(|(low, _)| low > LATE))
    }

    /// The effect in a document, with its words.
    pub(super) fn document<'a, S: Serializer>(
        effect: &'a Option<Self>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            sentence: String,
            fills_late: bool,
            #[serde(flatten)]
            effect: &'a CacheEffect,
        }
        let document = |effect: &'a Self| Document {
            sentence: effect.sentence(),
            fills_late: effect.fills_late().is_some(),
            effect,
        };
        effect.as_ref().map(document).serialize(serializer)
    }
}

#[cfg(test)]
mod simulated_tests;
#[cfg(test)]
mod tests;
