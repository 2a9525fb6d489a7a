//! What the cache buys: first against cached downloads, paired by blob.

use std::time::Duration;

use super::{
    summary::{Bounded, StepSummary},
    support::{self, Percentile},
};
use crate::{
    plan::journey::Step,
    record::{ledger::Span, pairs::Pairs},
};

/// First against cached downloads of the same blobs.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheEffect {
    /// Blobs of which both downloads succeeded.
    pub pairs_seen: u64,
    /// How many of them the numbers below come from: all, or an even sample of very many.
    pub pairs: u64,
    /// The median response time of the first downloads.
    pub median_first: Option<Duration>,
    /// The median response time of the cached downloads.
    pub median_cached: Option<Duration>,
    /// The median of first ÷ cached, blob by blob.
    pub ratio: Option<f64>,
    /// The 95 % interval of that median, whatever the distribution; `None` with fewer than 6 pairs.
    pub interval: Option<(f64, f64)>,
    /// What that means.
    pub verdict: Verdict,
    /// The shortest cached download.
    pub shortest_cached: Option<Bounded>,
    /// The longest cached download.
    pub longest_cached: Option<Bounded>,
}

/// What the pairs say about the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Cached downloads are faster.
    Faster,
    /// Cached downloads are slower.
    Slower,
    /// Chance alone can explain what difference there is.
    NoDifference,
    /// There are not enough pairs to say.
    TooFew,
}

impl Verdict {
    /// Its name in documents.
    pub const fn label(self) -> &'static str {
        match self {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::NoDifference => "no-difference",
            Verdict::TooFew => "too-few-pairs",
        }
    }
}

impl CacheEffect {
    /// `None` when the run has not both downloads.
    pub(super) fn of(steps: &[StepSummary], pairs: &Pairs) -> Option<Self> {
        let has = |wanted| steps.iter().any(|step| step.step == wanted);
        if !(has(Step::FIRST) && has(Step::CACHED)) {
            return None;
        }
        // Service times are those of successes alone: a read that was given up is no download.
        let cached = || {
            let steps = steps.iter().filter(|step| step.step == Step::CACHED);
            steps.filter_map(|step| step.spans.get(&Span::Service))
        };
        // A cached download of 0 s would make an infinite ratio; the clock's own grain is the least that it can be.
        let seconds = |duration: Duration| duration.as_secs_f64().max(1e-9);
        let ratios = sorted(pairs.iter().map(|pair| seconds(pair.first) / seconds(pair.cached)));
        let interval =
            support::ranks(ratios.len(), 0.5).map(|(low, high)| (ratios[low - 1], ratios[high - 1]));
        Some(Self {
            pairs_seen: pairs.seen(),
            pairs: ratios.len() as u64,
            median_first: middle(pairs.iter().map(|pair| pair.first)),
            median_cached: middle(pairs.iter().map(|pair| pair.cached)),
            ratio: median(&ratios),
            interval,
            verdict: match interval {
                None => Verdict::TooFew,
                Some((low, _)) if low > 1.0 => Verdict::Faster,
                Some((_, high)) if high < 1.0 => Verdict::Slower,
                Some(_) => Verdict::NoDifference,
            },
            shortest_cached: cached().map(|service| service.min).min_by_key(|bounded| bounded.value),
            longest_cached: cached().map(|service| service.max).max_by_key(|bounded| bounded.value),
        })
    }

    /// The verdict in words.
    pub fn sentence(&self) -> String {
        let n = self.pairs;
        match (self.verdict, self.ratio, self.interval) {
            (Verdict::Faster, Some(ratio), Some((low, high))) => {
                format!(
                    "cached downloads are {} times faster ({}–{}, n = {n})",
                    times(ratio),
                    times(low),
                    times(high)
                )
            }
            (Verdict::Slower, Some(ratio), Some((low, high))) => {
                let (ratio, low, high) = (times(1.0 / ratio), times(1.0 / high), times(1.0 / low));
                format!("cached downloads are {ratio} times slower ({low}–{high}, n = {n})")
            }
            (Verdict::NoDifference, _, Some((low, high))) => {
                let (low, high) = (times(low), times(high));
                format!("no difference seen between first and cached ({low}–{high}, n = {n})")
            }
            _ => {
                let needed = Percentile::P50.needs();
                format!("not enough pairs to say what caching does (n = {n}; {needed} are needed)")
            }
        }
    }
}

/// A factor with as many digits as say something.
fn times(factor: f64) -> String {
    match factor {
        f if f < 1.995 => format!("{f:.2}"),
        f if f < 99.95 => format!("{f:.1}"),
        f => format!("{f:.0}"),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The middle duration, of an even number the lower one: as everywhere in a summary.
fn middle(durations: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut durations: Vec<_> = durations.collect();
    durations.sort_unstable();
    durations.get(durations.len().checked_sub(1)? / 2).copied()
}

/// The middle of sorted values, or the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { f64::midpoint(sorted[sorted.len() / 2 - 1], upper) })
}

#[cfg(test)]
mod tests;
