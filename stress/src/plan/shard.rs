//! Shards (`--shard K/N`): each walks the whole schedule and keeps every N-th blob, so that none needs a coordinator.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::{ConfigError, Phase, load::Load, schedule::Arrival, source::BlobSource};

/// Shard `index` of `of`: the blobs whose index modulo `of` is `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr)]
pub struct Shard {
    index: u32,
    of: u32,
}

/// More machines than any run has; what looks for missing shards goes through all of them.
const MOST_SHARDS: u32 = 65_536;

impl Shard {
    /// The only shard of a run that is not divided.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };

    /// Part `index` of `of`.
    ///
    /// # Errors
    /// When there is no such part: they are counted from 0.
    pub fn new(index: u32, of: u32) -> Result<Self, String> {
        if index >= of {
            return Err(format!("there is no shard {index} of {of}: they are counted from 0"));
        }
        if of > MOST_SHARDS {
            return Err(format!("{of} shards are more than the {MOST_SHARDS} that a run can have"));
        }
        Ok(Self { index, of })
    }

    /// From 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The number of shards.
    pub fn of(self) -> u32 {
        self.of
    }

    /// Its first blob from `index` on.
    pub fn first_from(self, index: u64) -> u64 {
        let (of, own) = (u64::from(self.of), u64::from(self.index));
        index.saturating_add((own + of - index % of) % of)
    }

    /// The distance in indices between its blobs.
    pub fn stride(self) -> u64 {
        u64::from(self.of)
    }

    /// Whether blob `index` is one of its own.
    pub fn keeps(self, index: u64) -> bool {
        index % u64::from(self.of) == u64::from(self.index)
    }

    /// Whether the arrival of a phase that began with blob `first_index` is one of its own.
    pub fn takes(self, arrival: Arrival, first_index: u64) -> bool {
        self.keeps(first_index.saturating_add(arrival.ordinal))
    }

    /// Its portion of `all` workers, or of `all` journeys in flight at once.
    pub fn portion(self, all: u32) -> u32 {
        all.saturating_sub(self.index).div_ceil(self.of)
    }

    /// How many of the first `blobs` blobs are its own.
    pub fn portion_of_blobs(self, blobs: u64) -> u64 {
        blobs.saturating_sub(u64::from(self.index)).div_ceil(u64::from(self.of))
    }

    /// Its portion of an amount that all shards divide.
    pub fn portion_of_amount(self, amount: u64) -> u64 {
        self.portion_of_blobs(amount)
    }

    /// Whether all shards of these phases together make what one run would, without a coordinator.
    pub(super) fn check(self, phases: &[Phase]) -> Result<(), ConfigError> {
        let refuse = |reason: String| Err(ConfigError::new("--shard", reason));
        if self.of == 1 {
            return Ok(());
        }
        for (position, phase) in phases.iter().enumerate() {
            let (all, flag) = match &phase.load {
                Load::Closed { .. } => (phase.load.most_in_flight(), "--concurrency"),
                Load::Open { max_in_flight, .. } => (*max_in_flight, "--max-in-flight"),
            };
            if all < self.of {
                return refuse(format!(
                    "divides the run, but {flag} {all} is not enough for {} shards",
                    self.of
                ));
            }
            if phase.source == BlobSource::Earlier {
                return refuse(
                    "cannot go with phases over the blobs of earlier ones: use the default --order".into(),
                );
            }
            if matches!(phase.source, BlobSource::Phase { .. }) {
                return refuse(format!(
                    "cannot divide the phase `{}`, which reads the blobs of another",
                    phase.name
                ));
            }
            if phase.duplicates > 0.0 {
                return refuse(
                    "cannot go with --duplicates: a shard does not know what another has stored".into(),
                );
            }
            let counted = phase.stop.blobs.is_some() && phase.stop.duration.or(phase.load.length()).is_none();
            // The arrivals of a rate can be counted beforehand.
            let foreseen = counted || matches!(phase.load, Load::Open { .. });
            if position + 1 < phases.len() && !foreseen {
                return refuse(format!(
                    "needs to know which blob comes after `{}`, but how far that gets in its time differs from machine \
                     to machine: give it a number of blobs",
                    phase.name
                ));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no shard; the second of three is written 1/3");
        let (index, of) = text.trim().split_once('/').ok_or_else(wrong)?;
        let (index, of): (u32, u32) = index.parse().ok().zip(of.parse().ok()).ok_or_else(wrong)?;
        Self::new(index, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(of: u32) -> impl Iterator<Item = Shard> {
        (0..of).map(move |index| Shard { index, of })
    }

    #[test]
    fn every_blob_belongs_to_exactly_one_shard() {
        for of in 1..6 {
            for first in 0..20 {
                let owners = shards(of).filter(|shard| shard.keeps(first)).count();
                assert_eq!(owners, 1);
                let mut firsts: Vec<u64> = shards(of).map(|shard| shard.first_from(first)).collect();
                firsts.sort_unstable();
                assert_eq!(firsts, (first..first + u64::from(of)).collect::<Vec<_>>());
                assert!(shards(of).all(|shard| shard.keeps(shard.first_from(first) + shard.stride())));
            }
        }
    }

    #[test]
    fn the_portions_of_all_shards_add_up() {
        for of in 1..6 {
            for all in 0..20 {
                assert_eq!(shards(of).map(|shard| shard.portion(all)).sum::<u32>(), all);
                let blobs = u64::from(all);
                assert_eq!(shards(of).map(|shard| shard.portion_of_blobs(blobs)).sum::<u64>(), blobs);
            }
        }
    }

    #[test]
    fn a_shard_is_parsed_back_from_its_text() {
        assert_eq!("2/3".parse::<Shard>().map(|shard| shard.to_string()), Ok("2/3".to_owned()));
        for (text, words) in
            [("3/3", "counted from 0"), ("1", "1/3"), ("a/b", "1/3"), ("0/0", "no shard 0 of 0")]
        {
            assert!(text.parse::<Shard>().unwrap_err().contains(words), "{text}");
        }
    }
}
