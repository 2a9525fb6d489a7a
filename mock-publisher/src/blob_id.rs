//! The name of a blob: 32 bytes, written as 43 characters of URL-safe base64.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The 32 bytes that name a blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

/// Text that is not the canonical form of a blob ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse a blob ID")]
pub struct BadBlobId;

impl BlobId {
    /// The ID of 32 zero bytes.
    pub const ZERO: Self = Self([0; 32]);

    /// The ID that consists of these bytes.
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

/// Names content by its hash, piece by piece: the right form at a fraction of the cost of the true ID.
#[derive(Debug, Clone, Default)]
pub struct CheapNamer(blake3::Hasher);

impl CheapNamer {
    /// Takes the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The ID of all content taken so far.
    #[must_use]
    pub fn finish(&self) -> BlobId {
        BlobId(*self.0.finalize().as_bytes())
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

impl Serialize for BlobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader)
    }
}

/// Reads an ID where it is met, so that an error names the place.
struct Reader;

impl Visitor<'_> for Reader {
    type Value = BlobId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a blob ID")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<BlobId, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_read() {
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

    #[test]
    fn a_name_depends_on_the_content_alone() {
        let mut whole = CheapNamer::default();
        whole.update(b"walrus");
        let mut pieces = CheapNamer::default();
        pieces.update(b"wal");
        pieces.update(b"rus");
        assert_eq!(whole.finish(), pieces.finish());
        assert_ne!(whole.finish(), CheapNamer::default().finish());
        assert_eq!(whole.finish().to_string().len(), 43);
    }
}
