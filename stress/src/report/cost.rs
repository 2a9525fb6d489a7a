//! What a step costs by the blob's size: a fixed time however small it is, and a time for each MiB.

use serde::Serialize;

use super::stats::{self, median, sorted};
use crate::{
    metrics::step_metrics::{Cost, Costs},
    units::MIB,
};

/// The fewest successes whose line has an interval (Gilbert, "Statistical methods for environmental pollution
/// monitoring", 16.5).
const FEWEST: usize = 10;

/// The largest blob must be this many times the smallest to fit a line.
const RANGE: u64 = 2;

/// The quantile of the standard normal distribution that leaves 2.5 % above it.
const NORMAL: f64 = 1.959_964;

/// The time of a step, and of its parts, as lines over the blob's size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepCost {
    /// How many successes the lines are fitted to: all, or an even sample of very many.
    pub samples: u64,
    /// The service time, less the opening of connections.
    pub service: LinearFit,
    /// The part of it in which the request was sent.
    pub send: LinearFit,
    /// The part of it in which the response was awaited.
    pub wait: LinearFit,
}

/// A time as a line over the size of the blob.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LinearFit {
    /// The intercept, in seconds: the time of a blob without any bytes.
    #[serde(rename = "fixed_seconds")]
    pub fixed: Estimate,
    /// The slope, in seconds per MiB.
    #[serde(rename = "seconds_per_mib")]
    pub per_mib: Estimate,
    /// The median in seconds at whatever size: what can be shown where the slope is not known to be above 0.
    #[serde(rename = "median_seconds")]
    pub median: f64,
}

/// A number and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its interval.
    #[serde(rename = "interval_95")]
    pub interval: (f64, f64),
}

/// Why no line can be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFit {
    /// None was recorded.
    NoData,
    /// There are too few successes.
    TooFew,
    /// Their sizes are too similar.
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
    /// The lines through these successes.
    ///
    /// # Errors
    /// Why there is none.
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
    /// The line of Theil and Sen: the median of the slopes between any two points, which up to 29 % of outliers cannot move
    /// far (Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968). Ours, because no maintained crate
    /// gives its intervals.
    fn through(points: &[(f64, f64)]) -> Option<Self> {
        let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
        for (position, a) in points.iter().enumerate() {
            let others = points[..position].iter().filter(|b| b.0 != a.0);
            slopes.extend(others.map(|b| (a.1 - b.1) / (a.0 - b.0)));
        }
        slopes.sort_unstable_by(f64::total_cmp);
        let sizes = sorted(points.iter().map(|point| point.0));
        let per_mib = Estimate { value: median(&slopes)?, interval: slope_interval(&sizes, &slopes)? };
        let bases = sorted(points.iter().map(|point| point.1 - per_mib.value * point.0));
        let (base, middle) = (median(&bases)?, median(&sizes)?);
        // Two things are uncertain: the height of the line at the median size, and its slope from there to no size.
        let (low, high) = stats::ranks(bases.len(), 0.5)?;
        let below = (base - bases[low - 1]).hypot((per_mib.interval.1 - per_mib.value) * middle);
        let above = (bases[high - 1] - base).hypot((per_mib.value - per_mib.interval.0) * middle);
        let fixed = Estimate { value: base, interval: (base - below, base + above) };
        Some(Self { fixed, per_mib, median: median(&sorted(points.iter().map(|point| point.1)))? })
    }
}

/// The slopes at the ranks that enclose the median with 95 %, by the normal approximation of Kendall's S.
fn slope_interval(sizes: &[f64], slopes: &[f64]) -> Option<(f64, f64)> {
    let weight = |count: usize| (count * (count - 1) * (2 * count + 5)) as f64;
    let ties: f64 = sizes.chunk_by(|a, b| a == b).map(|equal| weight(equal.len())).sum();
    let spread = NORMAL * ((weight(sizes.len()) - ties) / 18.0).sqrt();
    let rank = ((slopes.len() as f64 - spread) / 2.0).floor();
    if rank < 1.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to their number")]
    let rank = rank as usize;
    Some((slopes[rank - 1], slopes[slopes.len() - rank]))
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

    /// The size and time of a blob of this many MiB: 11.2 s and 0.38 s for each MiB.
    fn known(mib: u64) -> (u64, f64) {
        (mib << 20, 11.2 + 0.38 * mib as f64)
    }

    #[test]
    fn a_known_line_is_found_in_spite_of_outliers() {
        let mut rows: Vec<_> = (1..=20).map(known).collect();
        rows[3].1 = 300.0;
        rows[15].1 = 0.1;
        let cost = StepCost::of(&costs(&rows)).unwrap();
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-6;
        assert!(near(cost.service.fixed.value, 11.2) && near(cost.service.per_mib.value, 0.38), "{cost:?}");
        assert!(near(cost.send.fixed.value, 2.8) && near(cost.wait.per_mib.value, 0.19), "{cost:?}");
        assert!(near(cost.service.median, 11.2 + 0.38 * 10.0), "{cost:?}");
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
    fn a_line_that_cannot_be_fitted_has_a_reason() {
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
