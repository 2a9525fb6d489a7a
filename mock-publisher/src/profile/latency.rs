//! How long a request takes: a distribution, read from the command line and drawn by number.

use crate::draw;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A distribution of waiting times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Anything between the two, equally likely.
    Uniform {
        /// The shortest.
        low: Duration,
        /// The longest.
        high: Duration,
    },
    /// A log-normal distribution, as services in the wild have.
    LogNormal {
        /// The median.
        p50: Duration,
        /// 99 of 100 are at most this.
        p99: Duration,
    },
    /// One of two, as a cache gives that mostly hits.
    TwoPoint {
        /// The usual one.
        usual: Duration,
        /// The rare one.
        rare: Duration,
        /// The share of the rare one, from 0 to 1.
        ratio: f64,
    },
}

/// Text that names no distribution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a latency ({why}): write 50ms, fixed:50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms or \
     twopoint:20ms,1s@5%"
)]
pub struct BadLatency {
    text: String,
    why: String,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(Duration::ZERO)
    }
}

impl Latency {
    /// The waiting time that these random bits stand for.
    #[must_use]
    pub fn at(&self, bits: u64) -> Duration {
        match *self {
            Self::Fixed(always) => always,
            Self::Uniform { low, high } => low + (high - low).mul_f64(draw::unit(bits)),
            Self::LogNormal { p50, p99 } => {
                let sigma = (p99.as_secs_f64() / p50.as_secs_f64()).ln() / Z99;
                Duration::try_from_secs_f64(p50.as_secs_f64() * (sigma * normal(bits)).exp())
                    .unwrap_or(Duration::MAX)
            }
            Self::TwoPoint { usual, rare, ratio } => {
                if draw::unit(bits) < ratio {
                    rare
                } else {
                    usual
                }
            }
        }
    }
}

/// A standard normal variate out of 64 random bits (Box and Muller, 32 bits each).
fn normal(bits: u64) -> f64 {
    const SPAN: f64 = 4_294_967_296.0;
    let radius = ((bits >> 32) as f64 + 0.5) / SPAN;
    let angle = (bits & 0xFFFF_FFFF) as f64 / SPAN;
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

impl FromStr for Latency {
    type Err = BadLatency;

    fn from_str(text: &str) -> Result<Self, BadLatency> {
        parse(text).map_err(|why| BadLatency { text: text.to_owned(), why })
    }
}

fn parse(text: &str) -> Result<Latency, String> {
    let (kind, rest) = text.split_once(':').unwrap_or(("fixed", text));
    match kind {
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
            let (rare, ratio) = rest.split_once('@').ok_or("no `@` before the share of the second")?;
            let ratio = crate::fault::ratio(ratio).map_err(|why| why.to_string())?;
            Ok(Latency::TwoPoint { usual: duration(usual)?, rare: duration(rare)?, ratio })
        }
        other => Err(format!("there is no distribution called {other}")),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|why| format!("`{text}`: {why}"))
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = humantime::format_duration;
        match *self {
            Self::Fixed(always) => write!(f, "fixed:{}", show(always)),
            Self::Uniform { low, high } => write!(f, "uniform:{}..{}", show(low), show(high)),
            Self::LogNormal { p50, p99 } => write!(f, "lognormal:p50={},p99={}", show(p50), show(p99)),
            Self::TwoPoint { usual, rare, ratio } => {
                write!(f, "twopoint:{},{}@{ratio}", show(usual), show(rare))
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
    fn bad_text_is_told_what_is_wrong_and_what_is_right() {
        let rows = [
            ("fast", "`fast`: "),
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
            assert!(error.contains(why) && error.contains("write 50ms, fixed:50ms"), "{error}");
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
