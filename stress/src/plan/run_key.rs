//! The text that all parts of one run have in common (`--run-id`), and the seed that follows from it.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};
use twox_hash::XxHash3_128;

/// The most characters of a run ID.
const MAX_LENGTH: usize = 128;
/// Bits of a seed that every reader of JSON sees exactly: those of a double's significand.
const SEED_BITS: u32 = 53;

/// What names a run on every machine that does a part of it.
#[derive(Debug, Clone, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct RunKey(String);

impl RunKey {
    /// The seed of a run without one of its own: a hash (XXH3) of the text, so that the parts of a run agree without
    /// talking to each other, and another run makes other blobs.
    pub fn seed(&self) -> u64 {
        let hash = XxHash3_128::oneshot(self.0.as_bytes()) & ((1 << SEED_BITS) - 1);
        u64::try_from(hash).expect("it has 53 bits")
    }
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunKey {
    type Err = String;

    /// # Errors
    /// When it is empty, longer than 128 characters, or has others than ASCII letters, digits, `.`, `_`, `:` and `-`.
    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        match text {
            "" => Err("is empty".to_owned()),
            _ if text.len() > MAX_LENGTH => Err(format!("has more than {MAX_LENGTH} characters")),
            _ if !text.bytes().all(allowed) => {
                Err(format!("`{text}` has other characters than letters, digits, `.`, `_`, `:` and `-`"))
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_follows_from_the_text_and_never_changes() {
        let seed = |text: &str| text.parse::<RunKey>().unwrap().seed();
        // Published: reports of earlier versions are repeated by it.
        assert_eq!([seed("slurm-42.0"), seed("slurm-42.1")], [1_668_914_484_985_668, 5_458_333_906_507_961]);
        assert!(seed("a") < 1 << 53);
    }

    #[test]
    fn a_run_id_is_a_short_plain_word() {
        for (text, words) in [
            ("", "is empty"),
            ("two words", "other characters"),
            ("naïve", "other characters"),
            (&"x".repeat(129), "more than 128"),
        ] {
            assert!(text.parse::<RunKey>().unwrap_err().contains(words), "{text}");
        }
        let longest = "x".repeat(128);
        assert_eq!(longest.parse::<RunKey>().unwrap().to_string(), longest);
    }
}
