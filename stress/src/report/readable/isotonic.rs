//! A share that can only grow with the delay, estimated from reads at one delay each (current-status data): the maximum
//! likelihood estimate, and intervals by the likelihood-ratio test.
//!
//! Sources: Ayer et al., "An empirical distribution function for sampling with incomplete information", 1955 (the estimate, by
//! pooling adjacent violators); Banerjee and Wellner, "Likelihood ratio tests for monotone functions", 2001, and "Confidence
//! intervals for current status data", 2005 (the test and its limit). The ordinary bootstrap is not consistent here.

/// The 95 % quantile of the limit of the likelihood-ratio statistic, which is the same for every distribution (Banerjee and
/// Wellner, 2001, table 2).
const CRITICAL: f64 = 2.269_16;

/// How often an end of an interval is halved: to far below what any screen prints.
const HALVINGS: u32 = 40;

/// The reads at one delay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reads {
    /// In seconds.
    pub(super) delay: f64,
    /// How many there were.
    pub(super) all: f64,
    /// How many of them found their blob.
    pub(super) found: f64,
}

/// Neighbouring reads that have one estimate.
#[derive(Debug, Clone, Copy)]
struct Block {
    all: f64,
    found: f64,
    /// How many groups of reads it is made of.
    groups: usize,
}

impl Block {
    fn share(self) -> f64 {
        self.found / self.all
    }
}

/// An interval, open where the sample does not bound it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

/// The estimate over reads in ascending order of their delays.
#[derive(Debug)]
pub(super) struct Estimate<'a> {
    reads: &'a [Reads],
    /// The share at each delay.
    pub(super) shares: Vec<f64>,
}

impl<'a> Estimate<'a> {
    pub(super) fn of(reads: &'a [Reads]) -> Self {
        Self { reads, shares: isotonic(reads) }
    }

    /// The shortest delay at which the estimated share is at least `share`, in seconds.
    pub(super) fn reaches(&self, share: f64) -> Option<f64> {
        let position = self.shares.iter().position(|estimate| *estimate >= share)?;
        Some(self.reads[position].delay)
    }

    /// The delays at which the share may be `share`: all those at which the test does not reject it.
    pub(super) fn delays(&self, share: f64) -> Interval {
        // What is tested is the same for all delays between two neighbouring ones.
        let accepted = |split: &usize| self.statistic(*split, share) <= CRITICAL;
        let delay = |position: usize| self.reads.get(position).map(|reads| reads.delay);
        Interval {
            low: (0..=self.reads.len()).find(accepted).and_then(|split| delay(split.checked_sub(1)?)),
            high: (0..=self.reads.len()).rev().find(accepted).and_then(delay),
        }
    }

    /// The shares that are possible at the delay of the reads at `position`.
    pub(super) fn shares_at(&self, position: usize) -> (f64, f64) {
        let (split, estimate) = (position + 1, self.shares[position]);
        // Between the estimate, where the statistic is 0, and the end of the scale it only grows.
        let end = |mut outside: f64| {
            if self.statistic(split, outside) <= CRITICAL {
                return outside;
            }
            let mut inside = estimate;
            for _ in 0..HALVINGS {
                let middle = f64::midpoint(inside, outside);
                let half = if self.statistic(split, middle) <= CRITICAL { &mut inside } else { &mut outside };
                *half = middle;
            }
            inside
        };
        (end(0.0), end(1.0))
    }

    /// Twice the logarithm of the likelihood ratio against the hypothesis that the share is `share` at a delay after the
    /// first `split` groups of reads and before the others.
    fn statistic(&self, split: usize, share: f64) -> f64 {
        let (before, after) = self.reads.split_at(split);
        let bounded = isotonic(before).into_iter().map(|estimate| estimate.min(share));
        let bounded = bounded.chain(isotonic(after).into_iter().map(|estimate| estimate.max(share)));
        let ratios = self.reads.iter().zip(&self.shares).zip(bounded);
        2.0 * ratios
            .map(|((reads, free), bounded)| likelihood(reads, *free) - likelihood(reads, bounded))
            .sum::<f64>()
    }
}

/// The log-likelihood of `reads` when a share of `share` finds its blob.
fn likelihood(reads: &Reads, share: f64) -> f64 {
    // Nothing of nothing is certain, even at a share of 0 or 1.
    let term = |count: f64, share: f64| if count > 0.0 { count * share.ln() } else { 0.0 };
    term(reads.found, share) + term(reads.all - reads.found, 1.0 - share)
}

/// The shares that fit best among those that never fall: adjacent reads that violate this are pooled.
fn isotonic(reads: &[Reads]) -> Vec<f64> {
    let mut blocks: Vec<Block> = Vec::new();
    for reads in reads {
        let mut last = Block { all: reads.all, found: reads.found, groups: 1 };
        while let Some(before) = blocks.pop_if(|before| before.share() >= last.share()) {
            last = Block {
                all: before.all + last.all,
                found: before.found + last.found,
                groups: before.groups + last.groups,
            };
        }
        blocks.push(last);
    }
    blocks.iter().flat_map(|block| std::iter::repeat_n(block.share(), block.groups)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(found: &[(f64, f64)]) -> Vec<Reads> {
        let one = |(position, (all, found)): (usize, &(f64, f64))| Reads {
            delay: position as f64 + 1.0,
            all: *all,
            found: *found,
        };
        found.iter().enumerate().map(one).collect()
    }

    #[test]
    fn violators_are_pooled_until_shares_never_fall() {
        let single = |outcomes: &[f64]| {
            let pairs: Vec<_> = outcomes.iter().map(|found| (1.0, *found)).collect();
            isotonic(&reads(&pairs))
        };
        assert_eq!(single(&[0.0, 0.0, 1.0, 1.0]), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(single(&[1.0, 0.0]), [0.5, 0.5]);
        assert_eq!(single(&[0.0, 1.0, 0.0, 0.0, 1.0]), [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0]);
        assert_eq!(isotonic(&reads(&[(3.0, 2.0), (1.0, 0.0)])), [0.5, 0.5]);
        assert_eq!(isotonic(&[]), [] as [f64; 0]);
    }

    #[test]
    fn a_jump_is_enclosed_by_the_reads_on_both_sides_that_are_needed_to_tell() {
        // Forty reads in vain, then forty that found their blob: it became readable between delays 40 and 41.
        let outcomes: Vec<_> = (0..80).map(|index| (1.0, f64::from(u8::from(index >= 40)))).collect();
        let reads = reads(&outcomes);
        let estimate = Estimate::of(&reads);
        assert_eq!(estimate.reaches(0.9), Some(41.0));
        // In vain with probability 0.1 costs 4.6, more than the critical value; ten finds at 0.9 cost 0.21 each.
        assert_eq!(estimate.delays(0.9), Interval { low: Some(40.0), high: Some(51.0) });
        assert_eq!(estimate.delays(0.5), Interval { low: Some(39.0), high: Some(42.0) });
        // A share of 99.9 % would need a thousand finds.
        assert_eq!(estimate.delays(0.999).high, None);
    }

    #[test]
    fn what_every_read_finds_is_bounded_on_one_side_only() {
        let outcomes = vec![(1.0, 1.0); 50];
        let reads = reads(&outcomes);
        let estimate = Estimate::of(&reads);
        assert_eq!((estimate.reaches(0.9), estimate.delays(0.9).low), (Some(1.0), None));
        let (low, high) = estimate.shares_at(49);
        assert!(low > 0.9 && high >= 1.0, "{low} {high}");
    }

    #[test]
    fn the_interval_of_a_share_of_one_group_is_that_of_the_binomial() {
        // A single group has no order to use: the likelihood ratio of 30 of 50, solved for the critical value by hand.
        let reads = [Reads { delay: 1.0, all: 50.0, found: 30.0 }];
        let (low, high) = Estimate::of(&reads).shares_at(0);
        let statistic =
            |share: f64| 2.0 * (30.0 * (0.6_f64 / share).ln() + 20.0 * (0.4_f64 / (1.0 - share)).ln());
        assert!((statistic(low) - CRITICAL).abs() < 1e-6, "{low}");
        // Above, the share is bounded by the finds at and before the delay alone.
        assert!(high > 0.6, "{high}");
    }
}
