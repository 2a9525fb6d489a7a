//! The address of an object as clients write it: `0x` and up to 64 hex digits, or all 64 without the `0x`.

use std::fmt;
use std::str::FromStr;

/// An address in its canonical form: `0x` and 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectId(String);

/// Text that is no address.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_padded_and_only_with_their_prefix() {
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
}
