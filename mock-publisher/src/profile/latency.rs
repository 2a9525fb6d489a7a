//! How long a step takes: distributions of latency, drawn by the number of the request, and what is added for every MiB.

use crate::draw;
use crate::units::{DurationText, ParseError, duration, duration_text, ratio};
use serde::{Deserialize, Serialize};
use serde_with::serde_as;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A distribution of latencies.
#[derive(Debug, Clone, Copy, PartialEq, serde_with::SerializeDisplay, serde_with::DeserializeFromStr)]
pub enum Latency {
    /// Always the same: `50ms` or `fixed:50ms`.
    Fixed(Duration),
    /// Uniform between two: `uniform:10ms..50ms`.
    Uniform {
        /// The shortest.
        low: Duration,
        /// The longest.
        high: Duration,
    },
    /// Log-normal: `lognormal:p50=20ms,p99=200ms`.
    LogNormal {
        /// The median.
        p50: Duration,
        /// The 99th percentile.
        p99: Duration,
    },
    /// One of two, as behind a cache that mostly hits: `twopoint:20ms,1s@5%`.
    TwoPoint {
        /// The usual one.
        usual: Duration,
        /// The rare one.
        rare: Duration,
        /// The share of the rare one, from 0 to 1.
        ratio: f64,
    },
}

/// How long a step takes: its latency, and what each MiB adds.
#[serde_as]
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceTime {
    /// Before the first byte of the answer, whatever the size of the blob.
    pub latency: Latency,
    /// Before the first byte of the answer, for every MiB of the blob.
    #[serde_as(as = "DurationText")]
    pub per_mib: Duration,
    /// While the body is transferred, for every MiB: that of the blob on its way in, or on its way out.
    #[serde_as(as = "DurationText")]
    pub body_per_mib: Duration,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

impl Latency {
    /// The latency that 64 random bits stand for.
    #[must_use]
    pub fn at(&self, bits: u64) -> Duration {
        match *self {
            Self::Fixed(latency) => latency,
            Self::Uniform { low, high } => low + (high - low).mul_f64(draw::unit(bits)),
            Self::LogNormal { p50, p99 } => {
                let sigma = (p99.as_secs_f64() / p50.as_secs_f64()).ln() / Z99;
                Duration::try_from_secs_f64(p50.as_secs_f64() * (sigma * normal(bits)).exp())
                    .unwrap_or(Duration::MAX)
            }
            Self::TwoPoint { rare, ratio, .. } if draw::unit(bits) < ratio => rare,
            Self::TwoPoint { usual, .. } => usual,
        }
    }
}

/// A standard normal variate from 64 random bits (Box–Muller, 32 bits for each uniform variate).
fn normal(bits: u64) -> f64 {
    const SPAN: f64 = 4_294_967_296.0;
    let radius = ((bits >> 32) as f64 + 0.5) / SPAN;
    let angle = (bits & 0xFFFF_FFFF) as f64 / SPAN;
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

impl FromStr for Latency {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const USAGE: &str = "50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms or twopoint:20ms,1s@5%";
        parse(text).map_err(|why| ParseError::new(text, "a latency", USAGE).because(why))
    }
}

fn parse(text: &str) -> Result<Latency, String> {
    let duration = |text: &str| duration(text).map_err(|_| format!("`{text}` is not a duration"));
    let (distribution, rest) = text.split_once(':').unwrap_or(("fixed", text));
    match distribution {
        "fixed" => Ok(Latency::Fixed(duration(rest)?)),
        "uniform" => {
            let (low, high) = rest.split_once("..").ok_or("no `..` between two durations")?;
            let (low, high) = (duration(low)?, duration(high)?);
            if low > high {
                return Err("the shortest is longer than the longest".into());
            }
            Ok(Latency::Uniform { low, high })
        }
        "lognormal" => {
            let (p50, p99) = rest.split_once(',').ok_or("no `,` between p50 and p99")?;
            let p50 = duration(p50.strip_prefix("p50=").ok_or("p50= comes first")?)?;
            let p99 = duration(p99.strip_prefix("p99=").ok_or("p99= comes second")?)?;
            if p50.is_zero() || p50 > p99 {
                return Err("p50 must be above zero and at most p99".into());
            }
            Ok(Latency::LogNormal { p50, p99 })
        }
        "twopoint" => {
            let (usual, rest) = rest.split_once(',').ok_or("no `,` between two durations")?;
            let (rare, share) = rest.split_once('@').ok_or("no `@` before the share of the second")?;
            let ratio = ratio(share).map_err(|_| format!("`{share}` is not a ratio"))?;
            Ok(Latency::TwoPoint { usual: duration(usual)?, rare: duration(rare)?, ratio })
        }
        other => Err(format!("there is no distribution called {other}")),
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = duration_text;
        match *self {
            Self::Fixed(latency) => write!(f, "fixed:{}", text(latency)),
            Self::Uniform { low, high } => write!(f, "uniform:{}..{}", text(low), text(high)),
            Self::LogNormal { p50, p99 } => write!(f, "lognormal:p50={},p99={}", text(p50), text(p99)),
            Self::TwoPoint { usual, rare, ratio } => {
                write!(f, "twopoint:{},{}@{ratio}", text(usual), text(rare))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Purpose, bits};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn every_distribution_has_its_text() {
        let rows = [
            ("50ms", Latency::Fixed(50 * MS)),
            ("0s", Latency::default()),
            ("fixed:1s 5ms", Latency::Fixed(1005 * MS)),
            ("uniform:10ms..50ms", Latency::Uniform { low: 10 * MS, high: 50 * MS }),
            ("lognormal:p50=20ms,p99=200ms", Latency::LogNormal { p50: 20 * MS, p99: 200 * MS }),
            ("twopoint:20ms,1s@5%", Latency::TwoPoint { usual: 20 * MS, rare: 1000 * MS, ratio: 0.05 }),
        ];
        for (text, latency) in rows {
            assert_eq!(text.parse(), Ok(latency), "{text}");
            assert_eq!(latency.to_string().parse(), Ok(latency), "{text}");
        }
    }

    #[test]
    fn a_latency_that_cannot_be_parsed_says_why_and_how_to_write_it() {
        let rows = [
            ("fast", "(`fast` is not a duration)"),
            ("uniform:10ms", "no `..`"),
            ("uniform:50ms..10ms", "longer than the longest"),
            ("lognormal:p50=1ms", "no `,`"),
            ("lognormal:p99=1ms,p50=2ms", "p50= comes first"),
            ("lognormal:p50=5ms,p99=2ms", "at most p99"),
            ("twopoint:1ms,2ms", "no `@`"),
            ("twopoint:1ms,2ms@3", "`3` is not a ratio"),
            ("pareto:1ms", "no distribution called pareto"),
        ];
        for (text, why) in rows {
            let error = text.parse::<Latency>().unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("write 50ms, uniform:10ms..50ms"), "{error}");
        }
    }

    #[test]
    fn draws_follow_the_distribution() {
        let spread = Latency::Uniform { low: 10 * MS, high: 50 * MS };
        let tail = Latency::LogNormal { p50: 20 * MS, p99: 200 * MS };
        let sorted = |latency: Latency| {
            let mut all: Vec<_> = (0..20_000).map(|n| latency.at(bits(9, Purpose::Latency, n))).collect();
            all.sort();
            all
        };
        let near = |d: Duration, ms: f64| ((d.as_secs_f64() * 1000.0) / ms - 1.0).abs() < 0.08;
        let (even, long) = (sorted(spread), sorted(tail));
        let two = sorted(Latency::TwoPoint { usual: 2 * MS, rare: 90 * MS, ratio: 0.05 });
        let rare = two.iter().filter(|latency| **latency == 90 * MS).count();
        assert!((800..1200).contains(&rare) && two[0] == 2 * MS, "{rare}");
        assert!(
            even[0] >= 10 * MS && even[19_999] < 50 * MS && near(even[10_000], 30.0),
            "{:?}",
            even[10_000]
        );
        assert!(
            near(long[10_000], 20.0) && near(long[19_800], 200.0),
            "{:?} {:?}",
            long[10_000],
            long[19_800]
        );
    }
}
