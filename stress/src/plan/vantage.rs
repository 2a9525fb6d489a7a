//! Vantage points (`--vantage`): machines that read the same blobs, so that what they see can be compared.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::{ConfigError, Phase, journey::Step, shard::Shard, source::BlobSource};

/// The most characters of a name: a table has a column of them.
const MAX_LENGTH: usize = 40;

/// One of several machines that read the same blobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vantage {
    /// What reports call it.
    pub name: VantageName,
    /// Which one it is, of how many.
    pub number: Shard,
}

/// The name of a vantage point, such as a city or a data centre.
#[derive(Debug, Clone, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct VantageName(String);

impl Vantage {
    /// The order of the next `blobs` of a list, at most as many as there are vantage points.
    ///
    /// The first reader of a blob makes the storage nodes warm for the others. So vantage point v of V begins each group of V
    /// blobs with its v-th and goes round: of whole groups, every vantage point is the first to come to as many blobs as any
    /// other, as long as they keep step.
    pub fn order(number: Shard, blobs: usize) -> impl Iterator<Item = usize> {
        let first = usize::try_from(number.index()).unwrap_or(0);
        (0..blobs).map(move |slot| (first + slot) % blobs)
    }

    /// Whether every vantage point can read the same blobs.
    pub(super) fn check(phases: &[Phase]) -> Result<(), ConfigError> {
        let refuse = |reason: &str| Err(ConfigError::new("--vantage", reason));
        match phases {
            [Phase { journey, .. }] if journey.uploads() => refuse(
                "needs stored blobs, since each vantage point would store them once more: upload first, and give --from-log, \
                 --from-export or --blob-ids here",
            ),
            [Phase { journey, source: BlobSource::List { round: false, .. }, .. }]
                if journey.steps.contains(&Step::FIRST) =>
            {
                Ok(())
            }
            [_] => {
                refuse("needs the step first: it compares how long vantage points wait for the same blobs")
            }
            _ => refuse(
                "is for a run of one phase without --warm-up, so that each blob is read once as the first time",
            ),
        }
    }
}

impl VantageName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VantageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VantageName {
    type Err = String;

    /// # Errors
    /// When it is empty, longer than 40 characters, or has others than ASCII letters, digits, `.`, `_` and `-`.
    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        match text {
            "" => Err("is empty".to_owned()),
            _ if text.len() > MAX_LENGTH => Err(format!("has more than {MAX_LENGTH} characters")),
            _ if !text.bytes().all(allowed) => Err(format!(
                "`{}` has other characters than letters, digits, `.`, `_` and `-`",
                text.escape_debug()
            )),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn orders(of: u32, blobs: usize) -> Vec<Vec<usize>> {
        let number = |index| Shard::new(index, of).unwrap();
        (0..of).map(|index| Vantage::order(number(index), blobs).collect()).collect()
    }

    #[test]
    fn at_every_moment_each_vantage_point_reads_another_blob() {
        for of in 1..7 {
            let orders = orders(of, of as usize);
            for slot in 0..of as usize {
                let blobs: BTreeSet<_> = orders.iter().map(|order| order[slot]).collect();
                assert_eq!(blobs.len(), of as usize, "{orders:?}");
            }
            for order in &orders {
                assert_eq!(order.iter().copied().collect::<BTreeSet<_>>().len(), of as usize);
            }
        }
    }

    #[test]
    fn the_last_group_may_be_smaller() {
        assert_eq!(orders(3, 2), [[0, 1], [1, 0], [0, 1]]);
        assert_eq!(orders(3, 1), [[0], [0], [0]]);
        assert_eq!(orders(2, 0), [[0_usize; 0], []]);
    }

    #[test]
    fn names_are_words_that_every_format_takes() {
        for name in ["tokyo", "eu-1.a_b"] {
            assert_eq!(name.parse::<VantageName>().unwrap().as_str(), name);
        }
        for name in ["", "a b", "a,b", "ü", "<b>", "a/b", &"x".repeat(41)] {
            assert!(name.parse::<VantageName>().is_err(), "{name}");
        }
    }
}
