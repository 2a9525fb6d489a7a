//! When arrival `i` of an open loop is due: a pure function of stages and seed, the same on every machine.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

use super::{
    names::none_of,
    stages::{Stage, Stages},
};

/// How arrivals are spread at a given rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Arrivals>)]
pub enum Arrivals {
    /// Evenly: at a constant rate all gaps are equal.
    Uniform,
    /// As independent users arrive: gaps are exponential.
    Poisson,
}

/// The scheduled start of a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its position in the phase, from 0.
    pub ordinal: u64,
    /// When it is due, since the phase's start.
    pub due: Duration,
}

/// The arrivals of a phase in order.
///
/// Uniform arrival `i` is due when the integral of the rate reaches `i`; a Poisson arrival when it reaches the sum
/// of the unit exponentials up to its own. So ramps are exact and nothing drifts: no due time is derived from
/// the previous one.
#[derive(Debug)]
pub struct Schedule {
    stages: Vec<Stage>,
    stage: usize,
    /// The stage's start, in seconds since the phase's.
    start: f64,
    /// The integral of the rate up to the stage's start.
    integral: f64,
    ordinal: u64,
    gaps: Option<Gaps>,
}

/// The sum of unit exponentials.
#[derive(Debug)]
struct Gaps {
    rng: ChaCha8Rng,
    sum: f64,
}

impl Schedule {
    /// The arrivals of a phase with these stages in a run with `seed`.
    pub fn new(stages: &Stages, arrivals: Arrivals, seed: u64) -> Self {
        let gaps = match arrivals {
            Arrivals::Uniform => None,
            Arrivals::Poisson => {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                // Blobs draw from the streams of their indices, from 0 up.
                rng.set_stream(u64::MAX);
                Some(Gaps { rng, sum: 0.0 })
            }
        };
        Self { stages: stages.0.clone(), stage: 0, start: 0.0, integral: 0.0, ordinal: 0, gaps }
    }

    /// When the last of this many arrivals is due; `None` when the stages end before, or there is none.
    pub fn last_due(stages: &Stages, arrivals: Arrivals, seed: u64, count: u64) -> Option<Duration> {
        let mut schedule = Self::new(stages, arrivals, seed);
        let last = count.checked_sub(1)?;
        let arrival = match arrivals {
            // Each is due independently of the ones before.
            Arrivals::Uniform => {
                schedule.ordinal = last;
                schedule.next()
            }
            Arrivals::Poisson => schedule.nth(usize::try_from(last).ok()?),
        };
        arrival.map(|arrival| arrival.due)
    }

    /// The value of the rate's integral at which the next arrival is due.
    fn next_target(&mut self) -> f64 {
        match &mut self.gaps {
            None => self.ordinal as f64,
            Some(gaps) => {
                // 1 − u lies in (0, 1]: the logarithm is finite.
                gaps.sum -= (1.0 - gaps.rng.random::<f64>()).ln();
                gaps.sum
            }
        }
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let target = self.next_target();
        loop {
            let stage = *self.stages.get(self.stage)?;
            let within = target - self.integral;
            if let Some(length) = stage.duration.map(|duration| duration.as_secs_f64())
                && within >= stage.arrivals(length)
            {
                self.integral += stage.arrivals(length);
                self.start += length;
                self.stage += 1;
                continue;
            }
            let due = Duration::try_from_secs_f64(self.start + stage.time_of(within)).ok()?;
            self.ordinal += 1;
            return Some(Arrival { ordinal: self.ordinal - 1, due });
        }
    }
}

impl Stage {
    /// How many arrivals fall into the first `seconds`: the integral of the rate.
    fn arrivals(self, seconds: f64) -> f64 {
        self.from * seconds + self.slope() * seconds * seconds / 2.0
    }

    /// When the integral reaches `arrivals`, in seconds since the stage's start: the stable root of the quadratic.
    fn time_of(self, arrivals: f64) -> f64 {
        if arrivals <= 0.0 {
            return 0.0;
        }
        let rate = self.from;
        2.0 * arrivals / (rate + (rate * rate + 2.0 * self.slope() * arrivals).max(0.0).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(from: f64, to: f64, seconds: u64) -> Stage {
        let duration = (seconds > 0).then(|| Duration::from_secs(seconds));
        Stage { from, to, duration }
    }

    fn dues(stages: &[Stage]) -> Vec<f64> {
        Schedule::new(&Stages(stages.to_vec()), Arrivals::Uniform, 1)
            .map(|arrival| arrival.due.as_secs_f64())
            .collect()
    }

    #[test]
    fn a_constant_rate_has_equal_gaps_and_never_drifts() {
        let millionth = Schedule::new(&Stages::constant(300.0), Arrivals::Uniform, 1).nth(1_000_000).unwrap();
        assert_eq!(millionth.ordinal, 1_000_000);
        assert!((millionth.due.as_secs_f64() - 1_000_000.0 / 300.0).abs() < 1e-6);
    }

    #[test]
    fn each_stage_has_as_many_arrivals_as_its_rate_and_length_say() {
        // 10/s for 30 s, then a ramp from 10/s to 50/s over a minute, then 50/s for 2 minutes.
        let dues = dues(&[stage(10.0, 10.0, 30), stage(10.0, 50.0, 60), stage(50.0, 50.0, 120)]);
        let within = |from: f64, to: f64| dues.iter().filter(|&&due| due >= from && due < to).count();
        assert_eq!((within(0.0, 30.0), within(30.0, 90.0), within(90.0, 210.0)), (300, 1800, 6000));
        assert_eq!(dues.len(), 8100);
        assert!(dues.is_sorted());
    }

    #[test]
    fn the_last_arrival_is_found_without_those_before() {
        let stages = Stages(vec![stage(10.0, 50.0, 3), stage(5.0, 5.0, 60)]);
        for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
            let all: Vec<_> = Schedule::new(&stages, arrivals, 1).map(|arrival| arrival.due).collect();
            let of = |count: usize| Schedule::last_due(&stages, arrivals, 1, count as u64);
            for count in 1..=all.len() {
                assert_eq!(of(count), Some(all[count - 1]), "{count} of {arrivals}");
            }
            assert_eq!((of(0), of(all.len() + 1)), (None, None));
        }
    }

    #[test]
    fn a_ramp_from_and_to_nothing_is_no_division_by_zero() {
        let whole_nanoseconds = |seconds: f64| (seconds * 1e9).round() / 1e9;
        let expected = [0.0, 2.0, 8.0_f64.sqrt(), 12.0_f64.sqrt()].map(whole_nanoseconds);
        assert_eq!(dues(&[stage(0.0, 2.0, 4)]), expected);
        assert_eq!(dues(&[stage(2.0, 0.0, 2)]), [0.0, 2.0 - 2.0_f64.sqrt()].map(whole_nanoseconds));
        assert_eq!(dues(&[stage(0.0, 0.0, 5)]), Vec::<f64>::new());
    }

    /// Anderson-Darling against the exponential distribution, and no correlation of neighbours.
    #[test]
    fn poisson_gaps_are_exponential_and_independent() {
        let schedule = Schedule::new(&Stages::constant(100.0), Arrivals::Poisson, 42);
        let dues: Vec<_> = schedule.take(10_001).map(|arrival| arrival.due.as_secs_f64()).collect();
        let gaps: Vec<_> = dues.windows(2).map(|pair| (pair[1] - pair[0]) * 100.0).collect();
        let n = gaps.len() as f64;
        let mut sorted = gaps.clone();
        sorted.sort_by(f64::total_cmp);
        let cdf = |x: f64| 1.0 - (-x).exp();
        let sum: f64 = (0..sorted.len())
            .map(|i| {
                (2.0 * i as f64 + 1.0)
                    * (cdf(sorted[i]).ln() + (1.0 - cdf(sorted[sorted.len() - 1 - i])).ln())
            })
            .sum();
        // The critical value at 1 % for a fully specified distribution is 3.857 (Stephens 1974).
        assert!(-n - sum / n < 3.857, "A² = {}", -n - sum / n);
        let mean = gaps.iter().sum::<f64>() / n;
        let covariance = |lag: usize| {
            gaps.iter().zip(&gaps[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>()
                / (n - lag as f64)
        };
        assert!((covariance(1) / covariance(0)).abs() < 0.03, "lag-1 autocorrelation");
    }
}
