//! The parts of a request that select bytes: object IDs, queries, and the `Range` header.

use mock_publisher::api_error::{ApiError, ErrorStatus};
use serde::Deserialize;
use serde_with::DeserializeFromStr;
use std::fmt;
use std::str::FromStr;

/// An object ID in its canonical form: `0x` and 64 lower-case hex digits. Clients may write `0x` and up to 64 digits, or
/// all 64 without the `0x`.
#[derive(Debug, Clone, PartialEq, Eq, DeserializeFromStr)]
pub(crate) struct ObjectId(String);

/// Text that is no object ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse an object ID: an object ID is 0x and up to 64 hex digits")]
pub(crate) struct BadObjectId;

impl ObjectId {
    /// The canonical text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ObjectId {
    type Err = BadObjectId;

    fn from_str(text: &str) -> Result<Self, BadObjectId> {
        let (digits, fewest) = text.strip_prefix("0x").map_or((text, 64), |digits| (digits, 1));
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match hex && (fewest..=64).contains(&digits.len()) {
            true => Ok(Self(format!("0x{:0>64}", digits.to_ascii_lowercase()))),
            false => Err(BadObjectId),
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The consistency checks that a client requests. The blobs of the mock are always consistent, so they have no effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checks {
    #[serde(default)]
    strict_consistency_check: bool,
    #[serde(default)]
    skip_consistency_check: bool,
}

impl Checks {
    /// Refuses checks that contradict each other.
    pub(crate) fn validate(self) -> Result<(), ApiError> {
        match self.strict_consistency_check && self.skip_consistency_check {
            false => Ok(()),
            true => Err(ApiError::daemon(
                ErrorStatus::InvalidArgument,
                "INVALID_CONSISTENCY_CHECK",
                "a consistency check cannot be both strict and skipped",
            )),
        }
    }
}

/// The query of a byte range; both fields are required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RangeQuery {
    /// The first byte.
    pub(crate) start: u64,
    /// How many bytes.
    pub(crate) length: u64,
}

impl RangeQuery {
    /// The byte after the range; `None` if it is empty or overflows.
    pub(crate) fn end(self) -> Option<u64> {
        self.start.checked_add(self.length).filter(|_| self.length > 0)
    }
}

/// The query of a concatenation. The checks can be named but not set: serde flattens their text to no boolean, as in
/// the real aggregator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcatQuery {
    /// IDs between commas.
    ids: String,
    #[serde(flatten)]
    checks: FlattenedChecks,
}

/// `Checks` that leave unknown fields to the struct around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct FlattenedChecks {
    #[serde(default)]
    strict_consistency_check: bool,
    #[serde(default)]
    skip_consistency_check: bool,
}

/// The document of a concatenation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcatBody {
    ids: Vec<String>,
    strict_consistency_check: Option<bool>,
    skip_consistency_check: Option<bool>,
}

impl ConcatQuery {
    /// The IDs and the checks.
    pub(crate) fn into_parts(self) -> (Vec<String>, Checks) {
        let ids = self.ids.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        let FlattenedChecks { strict_consistency_check, skip_consistency_check } = self.checks;
        (ids.collect(), Checks { strict_consistency_check, skip_consistency_check })
    }
}

impl ConcatBody {
    /// The IDs and the checks.
    pub(crate) fn into_parts(self) -> (Vec<String>, Checks) {
        let checks = Checks {
            strict_consistency_check: self.strict_consistency_check.unwrap_or(false),
            skip_consistency_check: self.skip_consistency_check.unwrap_or(false),
        };
        (self.ids, checks)
    }
}

/// The `Range` header as the real aggregator parses it: one range with both ends, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    /// The first byte.
    pub(crate) start: u64,
    /// The last byte.
    pub(crate) end: u64,
}

impl ByteRange {
    /// Parses `bytes=START-END`; anything else is `None`.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let (start, end) = std::str::from_utf8(header).ok()?.strip_prefix("bytes=")?.split_once('-')?;
        let range = Self { start: number(start)?, end: number(end)? };
        (range.start <= range.end).then_some(range)
    }

    /// Bytes of the range in a blob of `size` bytes; `None` if it reaches beyond the end.
    pub(crate) fn length_within(self, size: u64) -> Option<u64> {
        (self.end < size).then(|| self.end - self.start + 1)
    }
}

/// A decimal number without sign and leading zeros.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| digits && canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Query;
    use serde::de::DeserializeOwned;

    fn refusal<T: DeserializeOwned>(query: &str) -> Option<String> {
        let uri = format!("http://h/p?{query}").parse().unwrap();
        let text = Query::<T>::try_from_uri(&uri).err()?.body_text();
        Some(text.strip_prefix("Failed to deserialize query string: ").unwrap().to_owned())
    }

    #[test]
    fn short_object_ids_are_padded_only_with_their_prefix() {
        let full = "ab".repeat(32);
        let rows = [
            ("0x1".to_owned(), Some(format!("0x{}1", "0".repeat(63)))),
            (format!("0x{full}"), Some(format!("0x{full}"))),
            (full.to_uppercase(), Some(format!("0x{full}"))),
            (full[1..].to_owned(), None),
            (format!("0x{full}0"), None),
            (format!("0X{full}"), None),
            ("0x".to_owned(), None),
            (String::new(), None),
            ("0xg".to_owned(), None),
            ("0xä".to_owned(), None),
        ];
        for (text, canonical) in rows {
            assert_eq!(text.parse::<ObjectId>().ok().map(|id| id.to_string()), canonical, "{text}");
        }
    }

    #[test]
    fn a_byte_range_needs_both_numbers_and_nothing_else() {
        let rows = [
            ("start=1&length=2", None),
            ("length=2&start=1", None),
            ("start=1", Some("missing field `length`")),
            ("length=1", Some("missing field `start`")),
            ("start=1&length=2&start=1", Some("duplicate field `start`")),
            ("start=1&length=2&cb=1", Some("cb: unknown field `cb`, expected `start` or `length`")),
            ("start=-1&length=2", Some("start: invalid digit found in string")),
            ("start=&length=2", Some("start: cannot parse integer from empty string")),
            ("start=1&length=18446744073709551616", Some("length: number too large to fit in target type")),
        ];
        for (query, text) in rows {
            assert_eq!(refusal::<RangeQuery>(query).as_deref(), text, "{query}");
        }
    }

    #[test]
    fn a_byte_range_has_a_length_and_an_end() {
        let rows = [(0, 1, Some(1)), (5, 0, None), (u64::MAX, 1, None), (u64::MAX - 1, 1, Some(u64::MAX))];
        for (start, length, expected) in rows {
            assert_eq!(RangeQuery { start, length }.end(), expected);
        }
    }

    #[test]
    fn the_checks_of_a_concatenation_cannot_be_set_in_a_query() {
        let rows = [
            ("ids=a,b", None),
            ("", Some("missing field `ids`")),
            ("ids=a&cb=1", Some("unknown field `cb`")),
            ("ids=a&ids=b", Some("duplicate field `ids`")),
            (
                "ids=a&strict_consistency_check=true",
                Some("invalid type: string \"true\", expected a boolean"),
            ),
        ];
        for (query, text) in rows {
            assert_eq!(refusal::<ConcatQuery>(query).as_deref(), text, "{query}");
        }
    }

    #[test]
    fn only_both_checks_at_once_are_refused() {
        for (strict, skip) in [(false, false), (true, false), (false, true), (true, true)] {
            let checks = Checks { strict_consistency_check: strict, skip_consistency_check: skip };
            assert_eq!(checks.validate().is_err(), strict && skip);
        }
    }

    #[test]
    fn only_one_range_with_both_ends_is_parsed() {
        assert_eq!(ByteRange::parse(b"bytes=0-0"), Some(ByteRange { start: 0, end: 0 }));
        let widest = ByteRange { start: 5, end: u64::MAX };
        assert_eq!(ByteRange::parse(b"bytes=5-18446744073709551615"), Some(widest));
        let bad: [&[u8]; 15] = [
            b"",
            b"bytes",
            b"bytes=",
            b"bytes=5-",
            b"bytes=-5",
            b"bytes=0-1,3-4",
            b"items=0-1",
            b"Bytes=0-1",
            b"bytes= 0-1",
            b"bytes=0 -1",
            b"bytes=00-9",
            b"bytes=+1-2",
            b"bytes=9-5",
            b"bytes=0-18446744073709551616",
            b"bytes=\xff-1",
        ];
        for header in bad {
            assert_eq!(ByteRange::parse(header), None, "{}", String::from_utf8_lossy(header));
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_not_shortened() {
        let range = ByteRange { start: 2, end: 5 };
        assert_eq!([5, 6, 7].map(|size| range.length_within(size)), [None, Some(4), Some(4)]);
        assert_eq!(ByteRange { start: 0, end: 0 }.length_within(0), None);
    }
}
