//! What the order of two downloads does by itself: two blobs that nobody had read, one right behind the other.

use super::{Pair, Ratio, both, ratio};
use crate::report::{Report, support::Percentile};

/// The first downloads of two different blobs, held against each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderControl {
    /// How many there were: both downloads succeeded, neither from a cache as far as its headers tell.
    pub pairs_seen: u64,
    /// How many of them the numbers below come from: all, or an even sample of very many.
    pub pairs: u64,
    /// The earlier ÷ the later response time; `None` without pairs.
    pub response: Option<Ratio>,
    /// The same of the times to the first byte.
    pub first_byte: Option<Ratio>,
    /// The same of the times from the first byte to the last.
    pub transfer: Option<Ratio>,
}

impl OrderControl {
    pub(super) fn of(report: &Report, controls: &[&Pair]) -> Option<Self> {
        let wanted = |planned: &crate::plan::Phase| !planned.warm_up && planned.order_control > 0.0;
        report.plan.phases.iter().any(wanted).then(|| Self {
            pairs_seen: report.recording.controls.seen(),
            pairs: controls.len() as u64,
            response: ratio(controls, |pair| Some((pair.first, pair.cached))),
            first_byte: ratio(controls, |pair| both(pair, |part| part.first_byte)),
            transfer: ratio(controls, |pair| both(pair, |part| part.transfer)),
        })
    }

    /// What it shows, in words.
    pub fn words(&self) -> String {
        match self.response {
            Some(response) if response.interval.is_some() => {
                format!("the second of two first downloads is {}", response.words())
            }
            _ => format!(
                "order control: too few pairs of first downloads (n = {}, at least {} needed), nothing taken out",
                self.pairs,
                Percentile::P50.needs()
            ),
        }
    }
}
