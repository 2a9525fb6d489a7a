//! Where the time goes by size: what a step costs however small its blob, and what each MiB adds.

use super::stats;
use crate::{
    metrics::costs::{Cost, Costs},
    units::MIB,
};

/// The fewest successes whose line has an interval (Gilbert, "Statistical methods for environmental pollution
/// monitoring", 16.5).
const FEWEST: usize = 10;

/// The largest blob must be this many times the smallest, or else there is nothing to draw a line by.
const RANGE: u64 = 2;

/// The quantile of the normal distribution that leaves 2.5 % above it.
const NORMAL: f64 = 1.959_964;

/// What a step's time is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct StepCost {
    /// How many successes it is told from: all, or an even sample of very many.
    pub samples: u64,
    /// The service time, less the opening of connections.
    pub service: LinearFit,
    /// The part of it in which the request was sent.
    pub send: LinearFit,
    /// The part of it in which the answer was awaited.
    pub wait: LinearFit,
}

/// A time as a line over the size of the blob.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearFit {
    /// In seconds, at no size at all.
    pub fixed: Estimate,
    /// In seconds, for each MiB.
    pub per_mib: Estimate,
    /// In seconds, the median at whatever size: what there is to say where the line is not known to rise.
    pub median: f64,
}

/// A number and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

/// Why no line can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFit {
    /// None was recorded.
    NoData,
    /// There are too few successes.
    TooFew,
    /// Their sizes are too much alike.
    SizesTooSimilar,
}

impl NoFit {
    /// The reason in words.
    pub fn words(self) -> String {
        match self {
            NoFit::NoData => "nothing was recorded".to_owned(),
            NoFit::TooFew => format!("needs {FEWEST} successes"),
            NoFit::SizesTooSimilar => {
                format!("needs blobs of which some are {RANGE} times as large as others")
            }
        }
    }
}

impl StepCost {
    /// What these successes show.
    ///
    /// # Errors
    /// Why they show nothing.
    pub(super) fn of(costs: &Costs) -> Result<Self, NoFit> {
        let rows: Vec<&Cost> = costs.iter().collect();
        let sizes = || rows.iter().map(|cost| cost.size);
        if rows.is_empty() {
            return Err(NoFit::NoData);
        }
        if rows.len() < FEWEST {
            return Err(NoFit::TooFew);
        }
        let (least, most) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
        if most < least.max(1).saturating_mul(RANGE) {
            return Err(NoFit::SizesTooSimilar);
        }
        let line = |time: fn(&Cost) -> std::time::Duration| {
            let point = |cost: &&Cost| (cost.size as f64 / MIB, time(cost).as_secs_f64());
            LinearFit::through(&rows.iter().map(point).collect::<Vec<_>>()).ok_or(NoFit::SizesTooSimilar)
        };
        Ok(Self {
            samples: rows.len() as u64,
            service: line(|cost| cost.service)?,
            send: line(|cost| cost.send)?,
            wait: line(|cost| cost.wait)?,
        })
    }
}

impl LinearFit {
    /// The line of Theil and Sen: the median of the slopes between any two points, which up to 29 % of wild points cannot
    /// move far (Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968).
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
        for (position, a) in points.iter().enumerate() {
            let others = points[..position].iter().filter(|b| b.0 != a.0);
            slopes.extend(others.map(|b| (a.1 - b.1) / (a.0 - b.0)));
        }
        slopes.sort_unstable_by(f64::total_cmp);
        let per_mib = Estimate { value: median(&slopes)?, interval: slope_interval(points, &slopes)? };
        let mut sizes: Vec<f64> = points.iter().map(|point| point.0).collect();
        let mut bases: Vec<f64> = points.iter().map(|point| point.1 - per_mib.value * point.0).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        bases.sort_unstable_by(f64::total_cmp);
        let (base, middle) = (median(&bases)?, median(&sizes)?);
        // Two things are uncertain: the height of the line at the middle size, and its slope from there to no size.
        let (low, high) = stats::ranks(bases.len(), 0.5)?;
        let below = (base - bases[low - 1]).hypot((per_mib.interval.1 - per_mib.value) * middle);
        let above = (bases[high - 1] - base).hypot((per_mib.value - per_mib.interval.0) * middle);
        let mut times: Vec<f64> = points.iter().map(|point| point.1).collect();
        times.sort_unstable_by(f64::total_cmp);
        let fixed = Estimate { value: base, interval: (base - below, base + above) };
        Some(Self { fixed, per_mib, median: median(&times)? })
    }
}

/// The slopes whose ranks Kendall's S, which is nearly normal, does not tell from the median.
fn slope_interval(points: &[(f64, f64)], slopes: &[f64]) -> Option<(f64, f64)> {
    let weight = |count: usize| (count * (count - 1) * (2 * count + 5)) as f64;
    let mut sizes: Vec<f64> = points.iter().map(|point| point.0).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let ties: f64 = sizes.chunk_by(|a, b| a == b).map(|equal| weight(equal.len())).sum();
    let spread = NORMAL * ((weight(points.len()) - ties) / 18.0).sqrt();
    let rank = ((slopes.len() as f64 - spread) / 2.0).floor();
    if rank < 1.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to their number")]
    let rank = rank as usize;
    Some((slopes[rank - 1], slopes[slopes.len() - rank]))
}

/// The middle of sorted values, or the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { f64::midpoint(sorted[sorted.len() / 2 - 1], upper) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

    use super::*;

    fn costs(rows: &[(u64, f64)]) -> Costs {
        let row = |(index, (size, seconds)): (u64, &(u64, f64))| Cost {
            index,
            size: *size,
            service: Duration::from_secs_f64(*seconds),
            send: Duration::from_secs_f64(*seconds / 4.0),
            wait: Duration::from_secs_f64(*seconds / 2.0),
        };
        Costs::restore(rows.len() as u64, (0..).zip(rows).map(row))
    }

    /// 11.2 s and 0.38 s for each MiB, of so many MiB.
    fn known(mib: u64) -> (u64, f64) {
        (mib << 20, 11.2 + 0.38 * mib as f64)
    }

    #[test]
    fn a_known_line_is_found_in_spite_of_wild_points() {
        let mut rows: Vec<_> = (1..=20).map(known).collect();
        rows[3].1 = 300.0;
        rows[15].1 = 0.1;
        let cost = StepCost::of(&costs(&rows)).unwrap();
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
        assert!(near(cost.service.fixed.value, 11.2) && near(cost.service.per_mib.value, 0.38), "{cost:?}");
        assert!(near(cost.send.fixed.value, 2.8) && near(cost.wait.per_mib.value, 0.19), "{cost:?}");
        assert!(near(cost.service.median, 11.2 + 0.38 * 10.5), "{cost:?}");
        assert_eq!(cost.samples, 20);
    }

    #[test]
    fn the_interval_of_the_slope_is_that_of_kendalls_ranks() {
        // Ten points: 45 slopes, a spread of 1.96 · 11.18 = 21.9, so that the 11th slope from either end bounds it.
        let rows: Vec<_> = (1..=10).map(|n| (n << 20, (n * n) as f64)).collect();
        let line = StepCost::of(&costs(&rows)).unwrap().service;
        let mut slopes: Vec<u64> = (1..=10).flat_map(|a| (1..a).map(move |b| a + b)).collect();
        slopes.sort_unstable();
        assert_eq!(line.per_mib.interval, (slopes[10] as f64, slopes[34] as f64));
    }

    #[test]
    fn intervals_contain_the_truth_in_19_of_20_noisy_runs() {
        let (mut slopes, mut bases) = (0, 0);
        for seed in 0..400 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let rows: Vec<_> = (0..30)
                .map(|_| {
                    let size = random.random_range(1 << 20..16 << 20);
                    let noise = -random.random_range(f64::EPSILON..1.0).ln() - std::f64::consts::LN_2;
                    (size, 5.0 + 0.5 * size as f64 / MIB + noise)
                })
                .collect();
            let line = StepCost::of(&costs(&rows)).unwrap().service;
            let within = |(low, high): (f64, f64), truth: f64| u32::from(low <= truth && truth <= high);
            slopes += within(line.per_mib.interval, 0.5);
            bases += within(line.fixed.interval, 5.0);
        }
        // Of 400 with 95 %, 380 are expected; 368 is three standard deviations below.
        assert!(slopes >= 368 && bases >= 368, "{slopes} {bases}");
    }

    #[test]
    fn what_sizes_cannot_show_is_absent_and_says_why() {
        let of = |rows: &[(u64, f64)]| StepCost::of(&costs(rows)).map(|cost| cost.samples);
        assert_eq!(of(&[]), Err(NoFit::NoData));
        assert_eq!(of(&(1..=9).map(known).collect::<Vec<_>>()), Err(NoFit::TooFew));
        assert_eq!(of(&(10..=19).map(known).collect::<Vec<_>>()), Err(NoFit::SizesTooSimilar));
        assert_eq!(of(&(10..=20).map(known).collect::<Vec<_>>()), Ok(11));
        assert_eq!(of(&[(0, 1.0); 20]), Err(NoFit::SizesTooSimilar));
        // One size but for one blob: most slopes are noise between two points, too few for an interval.
        let lone: Vec<_> = (0..20).map(|n| ((1 + 9 * u64::from(n == 0)) << 20, 1.0)).collect();
        assert_eq!(of(&lone), Err(NoFit::SizesTooSimilar));
        assert!(NoFit::SizesTooSimilar.words().contains("2 times"));
    }
}
