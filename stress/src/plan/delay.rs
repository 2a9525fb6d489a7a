//! Reads a while after the upload (`after:DELAY`), and the second reads of blobs that were not found (`--again`).

use std::{fmt, str::FromStr, time::Duration};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    random::{DELAY_WORD, stream},
};
use crate::units::{self, Seconds, exact_duration};

/// The longest delay: what is still to be read holds a run open.
const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When the blobs of a phase are read after their upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delays {
    /// From the upload's answer to the read.
    pub after: DelayRange,
    /// From a read that found no blob to the one other read of it: one of these times. Empty: it is not read again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<AgainAfter>,
}

/// The delays among which each blob's is drawn, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DelayRange {
    /// The shortest.
    #[serde(rename = "from_seconds", with = "Seconds")]
    pub from: Duration,
    /// The longest.
    #[serde(rename = "to_seconds", with = "Seconds")]
    pub to: Duration,
}

/// A time from a read that found no blob to the next read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgainAfter(#[serde(with = "Seconds")] pub Duration);

impl Delays {
    /// The delay of blob `index`, drawn evenly on a logarithmic scale: every factor between two delays is as likely.
    pub fn after(&self, seed: u64, index: u64) -> Duration {
        let DelayRange { from, to } = self.after;
        let mut rng = stream(seed, index);
        rng.set_word_pos(DELAY_WORD);
        let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
        Duration::from_secs_f64((from * (to / from).powf(rng.random::<f64>())).clamp(from, to))
    }

    /// When blob `index` is read again if it was not found, from the end of the read that did not find it.
    pub fn again(&self, seed: u64, index: u64) -> Option<Duration> {
        let mut rng = stream(seed, index);
        // Behind the two words of the delay.
        rng.set_word_pos(DELAY_WORD + 8);
        let last = self.again.len().checked_sub(1)?;
        self.again.get(rng.random_range(0..=last)).map(|after| after.0)
    }

    /// The longest time that a blob waits altogether.
    pub fn longest(&self) -> Duration {
        self.after.to + self.again.iter().max().map_or(Duration::ZERO, |after| after.0)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (flag, longest) = match self.again.iter().max() {
            Some(again) if again.0 > self.after.to => ("--again", again.0),
            _ => ("--steps", self.after.to),
        };
        if longest > MAX_DELAY {
            let reason = format!("has a delay of {}; the longest is 24h", exact_duration(longest));
            return Err(ConfigError::new(flag, reason));
        }
        if self.again.iter().any(|after| after.0.is_zero()) {
            return Err(ConfigError::new(
                "--again",
                "has a time of 0 s; times count from the read that found no blob",
            ));
        }
        Ok(())
    }
}

impl fmt::Display for DelayRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", exact_duration(self.from))?;
        if self.from == self.to { Ok(()) } else { write!(f, "..{}", exact_duration(self.to)) }
    }
}

impl FromStr for DelayRange {
    type Err = String;

    /// `100ms..60s`, or a single delay.
    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let (from, to) = (units::parse_duration(from)?, units::parse_duration(to)?);
        match (from, to) {
            (Duration::ZERO, _) => {
                Err("a delay must be longer than 0 s: the read at once is the step first".to_owned())
            }
            _ if from > to => Err(format!("{text} goes from the longer delay to the shorter one")),
            _ => Ok(Self { from, to }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(after: &str, again: &[u64]) -> Delays {
        let again = again.iter().map(|&seconds| AgainAfter(Duration::from_secs(seconds))).collect();
        Delays { after: after.parse().unwrap(), again }
    }

    #[test]
    fn delays_are_even_on_a_logarithmic_scale_and_the_same_everywhere() {
        let delays = delays("100ms..10s", &[]);
        let drawn: Vec<_> = (0..10_000).map(|index| delays.after(7, index)).collect();
        assert!(drawn.iter().all(|delay| (0.1..=10.0).contains(&delay.as_secs_f64())));
        // One decade of two: 5,000 expected, and five standard deviations are 250.
        let below = drawn.iter().filter(|delay| **delay < Duration::from_secs(1)).count();
        assert!((4_750..5_250).contains(&below), "{below}");
        assert_eq!(drawn[3], delays.after(7, 3));
        assert_ne!(drawn[3], delays.after(8, 3));
    }

    #[test]
    fn a_single_delay_is_that_of_every_blob() {
        let delays = delays("5s", &[]);
        assert_eq!(delays.after(1, 2), Duration::from_secs(5));
        assert_eq!((delays.after.to_string(), delays.again(1, 2)), ("5s".to_owned(), None));
    }

    #[test]
    fn each_time_of_again_is_drawn_as_often() {
        let delays = delays("100ms..60s", &[5, 30, 60]);
        let mut drawn = [0; 3];
        for index in 0..3_000 {
            let after = delays.again(9, index).unwrap();
            drawn[delays.again.iter().position(|one| one.0 == after).unwrap()] += 1;
        }
        // 1,000 expected, and five standard deviations are 129.
        assert!(drawn.iter().all(|count| (870..1_130).contains(count)), "{drawn:?}");
        assert_eq!(delays.longest(), Duration::from_secs(120));
    }

    #[test]
    fn ranges_are_written_as_they_are_read_and_wrong_ones_refused() {
        for text in ["100ms..60s", "5s", "1500ms..1m30s"] {
            let range: DelayRange = text.parse().unwrap();
            assert_eq!(range.to_string().parse::<DelayRange>().unwrap(), range);
        }
        for (text, reason) in [
            ("0..5s", "longer than 0 s"),
            ("0s", "longer than 0 s"),
            ("60s..1s", "from the longer"),
            ("", "needs a unit"),
            ("1s..", "needs a unit"),
        ] {
            let error = text.parse::<DelayRange>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(delays("1s..25h", &[]).check().unwrap_err().reason.contains("24h"));
        assert_eq!(delays("1s", &[90_000]).check().unwrap_err().flag, "--again");
        assert_eq!(delays("1s", &[5]).check(), Ok(()));
    }
}
