//! Which of the requests that match a rule get its fault: each with a probability, or the first ones.

use crate::units::{ParseError, ratio};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::str::FromStr;

/// Which of the requests that match a rule get its fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// Each with this probability, from 0 to 1: `0.05` or `5%`.
    Ratio(f64),
    /// So many, the first ones after the profile was set, and then none: `first:2`.
    First(u64),
}

impl FromStr for Share {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let Some(number) = text.strip_prefix("first:") else { return ratio(text).map(Self::Ratio) };
        let bad = |why| ParseError::new(text, "a number of requests", "first:2").because(why);
        number.parse().map(Self::First).map_err(bad)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ratio(ratio) => serializer.serialize_f64(*ratio),
            Self::First(number) => serializer.collect_str(&format_args!("first:{number}")),
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a number from 0 to 1, or a percentage or `first:N` in quotation marks"
        )]
        enum NumberOrText {
            Number(f64),
            Text(String),
        }
        let text = match NumberOrText::deserialize(deserializer)? {
            NumberOrText::Number(number) => number.to_string(),
            NumberOrText::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_ratio_or_a_number_of_requests() {
        let rows = [
            ("0.05", Share::Ratio(0.05), "0.05"),
            ("5%", Share::Ratio(0.05), "0.05"),
            ("first:2", Share::First(2), "\"first:2\""),
            ("first:0", Share::First(0), "\"first:0\""),
        ];
        for (text, share, json) in rows {
            assert_eq!(text.parse(), Ok(share), "{text}");
            assert_eq!(serde_json::to_string(&share).unwrap(), json);
            assert_eq!(serde_json::from_str::<Share>(json).unwrap(), share);
        }
        for bad in ["first:", "first:-1", "first:2%", "first:x", "first"] {
            let error = bad.parse::<Share>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{bad}` is not a ")), "{error}");
        }
        let list = serde_json::from_str::<Share>("[1]").unwrap_err().to_string();
        assert!(list.starts_with("expected a number from 0 to 1, or a percentage or `first:N`"), "{list}");
    }
}
