//! A blob ID: 32 bytes, written as 43 characters of URL-safe base64 without padding.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_with::{DeserializeFromStr, SerializeDisplay};
use std::fmt;
use std::str::FromStr;

/// The 32 bytes that identify a blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct BlobId([u8; 32]);

/// Text that is not the canonical form of a blob ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse a blob ID")]
pub struct BadBlobId;

impl BlobId {
    /// The ID of 32 zero bytes.
    pub const ZERO: Self = Self([0; 32]);

    /// The ID with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the ID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for BlobId {
    type Err = BadBlobId;

    fn from_str(text: &str) -> Result<Self, BadBlobId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadBlobId)?;
        bytes.try_into().map(Self).map_err(|_| BadBlobId)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_parsed() {
        let good = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
        assert_eq!(good.parse::<BlobId>().unwrap().to_string(), good);
        let bad = [
            "",
            "abc",
            "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk=",
            "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK+W7/4BUk",
            "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUl",
            "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BU",
            "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUkA",
            "23315493246345812345612374659843275698432",
        ];
        for text in bad {
            assert_eq!(text.parse::<BlobId>(), Err(BadBlobId), "{text}");
        }
    }
}
