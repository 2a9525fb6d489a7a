//! Parses and prints sizes, durations, ratios and names of both servers; nothing else in these crates does.

use serde_with::serde_conv;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Text that could not be parsed: what it is not, why, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}{}: write {usage}", .why.as_ref().map_or(String::new(), |why| format!(" ({why})")))]
pub struct ParseError {
    text: String,
    what: &'static str,
    why: Option<String>,
    usage: Cow<'static, str>,
}

impl ParseError {
    /// `text` is not `what`, which is written as in `usage`.
    #[must_use]
    pub fn new(text: &str, what: &'static str, usage: &'static str) -> Self {
        Self { text: text.to_owned(), what, why: None, usage: usage.into() }
    }

    /// The same with the reason.
    #[must_use]
    pub fn because(self, why: impl fmt::Display) -> Self {
        Self { why: Some(why.to_string()), ..self }
    }

    /// `text` is none of the names of an enum.
    #[must_use]
    pub fn unknown_name(text: &str, what: &'static str, names: &[&str]) -> Self {
        Self { text: text.to_owned(), what, why: None, usage: names.join(", ").into() }
    }
}

/// A number of bytes on the command line: `1GiB`, `64MiB`, `4KiB`, or plain bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Units by their factor; the empty one comes last, because every text ends with it.
const UNITS: [(&str, u64); 5] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)];

impl FromStr for Size {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parse = |(unit, factor): (&str, u64)| {
            let number = text.strip_suffix(unit)?.trim_end().parse::<u64>().ok()?;
            number.checked_mul(factor).map(Size)
        };
        let bad = || ParseError::new(text, "a size", "1GiB, 64MiB, 4KiB or a number of bytes");
        UNITS.into_iter().find_map(parse).ok_or_else(bad)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |factor: &u64| self.0 != 0 && self.0.is_multiple_of(*factor);
        let (unit, factor) = UNITS.into_iter().find(|(_, factor)| divides(factor)).unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

/// Parses a duration: `250ms`, `10s`, `1m30s` or `1m 30s`.
///
/// # Errors
/// Text that is none.
pub fn duration(text: &str) -> Result<Duration, ParseError> {
    let bad = |why| ParseError::new(text, "a duration", "250ms, 10s or 1m30s").because(why);
    humantime::parse_duration(text.trim()).map_err(bad)
}

/// Prints a duration so that `duration` reads the same one back, without blanks.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// Parses a ratio: a number from 0 to 1, or a percentage.
///
/// # Errors
/// Text that is neither, or out of range.
pub fn ratio(text: &str) -> Result<f64, ParseError> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse::<f64>(),
    };
    let bad = || ParseError::new(text, "a ratio", "a number from 0 to 1 or a percentage from 0% to 100%");
    value.ok().filter(|value| (0.0..=1.0).contains(value)).ok_or_else(bad)
}

serde_conv!(
    /// A duration in a document, as text.
    pub(crate) DurationText,
    Duration,
    |duration: &Duration| duration_text(*duration),
    |text: String| duration(&text)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown_with_their_unit() {
        let rows = [
            ("1GiB", 1 << 30, "1GiB"),
            ("64 MiB", 64 << 20, "64MiB"),
            ("1024", 1024, "1KiB"),
            ("7B", 7, "7B"),
            ("0", 0, "0B"),
        ];
        for (text, bytes, shown) in rows {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
            assert_eq!(Size(bytes).to_string(), shown);
        }
        for bad in ["", "x", "1TiB", "-1", "1.5GiB", "99999999999GiB"] {
            let message = format!("`{bad}` is not a size: write 1GiB, 64MiB, 4KiB or a number of bytes");
            assert_eq!(bad.parse::<Size>().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn durations_are_read_back_to_the_nanosecond() {
        for (text, nanos, shown) in [
            ("1m 30s", 90_000_000_000, "1m30s"),
            ("1s1ns", 1_000_000_001, "1s1ns"),
            ("0s", 0, "0s"),
            (" 250ms", 250_000_000, "250ms"),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_nanos(nanos)));
            assert_eq!(duration_text(Duration::from_nanos(nanos)), shown);
        }
        let error = duration("soon").unwrap_err().to_string();
        assert!(
            error.starts_with("`soon` is not a duration (")
                && error.ends_with("): write 250ms, 10s or 1m30s")
        );
    }

    #[test]
    fn ratios_are_numbers_or_percentages_from_none_to_all() {
        for (text, value) in [("0", 0.0), ("1", 1.0), ("0.05", 0.05), ("12.5%", 0.125), ("100%", 1.0)] {
            assert_eq!(ratio(text), Ok(value));
        }
        for bad in ["101%", "-1", "NaN", "", "%", "1.5"] {
            let message =
                format!("`{bad}` is not a ratio: write a number from 0 to 1 or a percentage from 0% to 100%");
            assert_eq!(ratio(bad).unwrap_err().to_string(), message);
        }
    }
}
