//! What the order of two downloads does by itself: two blobs that nobody had read, one right behind the other.

use super::{Effect, Pair, Ratio, both, ratio, times};
use crate::report::{Report, stats::Percentile};

/// The first downloads of two different blobs, held against each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderControl {
    /// How many there were: both downloads succeeded, neither from a cache as far as its headers tell.
    pub pairs_seen: u64,
    /// How many of them the numbers below come from: all, or an even sample of very many.
    pub pairs: u64,
    /// The earlier ÷ the later service time; `None` without pairs.
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
            Some(Ratio { median, pairs, interval: Some((low, high)), .. })
                if self.response.is_some_and(|response| response.effect() == Effect::TooFew) =>
            {
                format!(
                    "order effect {}, which may be none ({}–{}, n = {pairs}): it is taken out, and what is uncertain of it \
                     is in the interval",
                    times(median),
                    times(low),
                    times(high)
                )
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_that_may_be_none_is_told_as_such() {
        let of = |median: f64, low: f64, high: f64| {
            let response =
                Ratio { pairs: 27, median, interval: Some((low, high)), p_value: None, taken_out: None };
            let control = OrderControl {
                pairs_seen: 27,
                pairs: 27,
                response: Some(response),
                first_byte: None,
                transfer: None,
            };
            control.words()
        };
        assert_eq!(
            of(0.85, 0.68, 1.06),
            "order effect 0.85, which may be none (0.68–1.06, n = 27): it is taken out, and what is uncertain of it is in \
             the interval"
        );
        assert_eq!(
            of(1.1, 1.02, 1.2),
            "the second of two first downloads is 1.10 times faster (1.02–1.20, n = 27)"
        );
    }
}
