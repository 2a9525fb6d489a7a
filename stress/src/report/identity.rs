//! Which run a report is of: a number that no other run has.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A run's own number: 128 random bits, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(u128);

impl RunId {
    /// A number for a new run.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32);
        number.map(Self).ok_or_else(|| format!("`{text}` is no run's number: it has 32 hexadecimal digits"))
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_with_all_its_digits() {
        let small = RunId(0xbeef);
        assert_eq!(small.to_string(), "0000000000000000000000000000beef");
        assert_eq!(small.to_string().parse(), Ok(small));
        for wrong in ["", "beef", "0000000000000000000000000000beeg"] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_two_runs_have_the_same() {
        assert_ne!(RunId::random(), RunId::random());
    }
}
