//! The queries of reads. A field that is not here, or comes twice, is refused.

use mock_publisher::api_error::{ApiError, ErrorStatus};
use serde::Deserialize;

/// How a blob is to be held against its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checks {
    /// To encode the blob again and compare.
    #[serde(default)]
    strict_consistency_check: bool,
    /// Not to compare at all.
    #[serde(default)]
    skip_consistency_check: bool,
}

/// The part of a blob that is asked for; both ends are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartQuery {
    /// The first byte.
    pub(crate) start: u64,
    /// How many bytes.
    pub(crate) length: u64,
}

/// The blobs to be strung together. The checks can be named but not set: flattened, their text is no boolean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcatQuery {
    /// IDs between commas.
    pub(crate) ids: String,
    #[serde(flatten)]
    pub(crate) checks: LooseChecks,
}

/// The same as a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcatBody {
    /// IDs.
    pub(crate) ids: Vec<String>,
    strict_consistency_check: Option<bool>,
    skip_consistency_check: Option<bool>,
}

/// Checks amid other fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct LooseChecks {
    #[serde(default)]
    strict_consistency_check: bool,
    #[serde(default)]
    skip_consistency_check: bool,
}

impl Checks {
    /// Refuses what contradicts itself; what is left has no effect, for the mock's blobs are always consistent.
    pub(crate) fn refuse(self) -> Result<(), ApiError> {
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

impl From<LooseChecks> for Checks {
    fn from(loose: LooseChecks) -> Self {
        Self {
            strict_consistency_check: loose.strict_consistency_check,
            skip_consistency_check: loose.skip_consistency_check,
        }
    }
}

impl ConcatBody {
    /// The checks that it asks for.
    pub(crate) fn checks(&self) -> Checks {
        Checks {
            strict_consistency_check: self.strict_consistency_check.unwrap_or(false),
            skip_consistency_check: self.skip_consistency_check.unwrap_or(false),
        }
    }
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
    fn a_part_needs_both_its_numbers_and_nothing_else() {
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
            assert_eq!(refusal::<PartQuery>(query).as_deref(), text, "{query}");
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
            assert_eq!(checks.refuse().is_err(), strict && skip);
        }
    }
}
