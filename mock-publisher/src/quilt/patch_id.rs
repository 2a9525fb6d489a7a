//! The ID of one file in a quilt: the quilt's blob ID, a version, and the columns of the file.

use super::format::VERSION;
use crate::blob_id::BlobId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_with::{DeserializeFromStr, SerializeDisplay};
use std::fmt;
use std::str::FromStr;

/// The ID of a patch as a client wrote it: its tail may be invalid, as the real servers notice it only later.
#[derive(Debug, Clone, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct PatchId {
    /// The quilt.
    pub quilt: BlobId,
    tail: Vec<u8>,
}

/// Text that is no base64, or too short for a quilt and a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse a blob ID")]
pub struct BadPatchId;

impl PatchId {
    /// The ID of the patch in these columns, `end` excluded.
    #[must_use]
    pub fn new(quilt: BlobId, start: u16, end: u16) -> Self {
        let ([a, b], [c, d]) = (start.to_le_bytes(), end.to_le_bytes());
        Self { quilt, tail: vec![VERSION, a, b, c, d] }
    }

    /// The columns of the patch; `None` if the tail has another length or version.
    #[must_use]
    pub fn columns(&self) -> Option<(u16, u16)> {
        let [VERSION, a, b, c, d] = self.tail[..] else { return None };
        Some((u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
    }
}

impl FromStr for PatchId {
    type Err = BadPatchId;

    fn from_str(text: &str) -> Result<Self, BadPatchId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadPatchId)?;
        let (quilt, tail) = bytes.split_first_chunk::<32>().ok_or(BadPatchId)?;
        match tail {
            [] => Err(BadPatchId),
            tail => Ok(Self { quilt: BlobId::from_bytes(*quilt), tail: tail.to_vec() }),
        }
    }
}

impl fmt::Display for PatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode([self.quilt.as_bytes().as_slice(), &self.tail].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_id_is_a_quilt_a_version_and_columns() {
        let quilt: BlobId = "gwbafFw5BdyBcACRIMHkg20NGiNl9Ak5T1AB0IpEkBA".parse().unwrap();
        let rows = [
            (1, 2, "gwbafFw5BdyBcACRIMHkg20NGiNl9Ak5T1AB0IpEkBABAQACAA"),
            (2, 3, "gwbafFw5BdyBcACRIMHkg20NGiNl9Ak5T1AB0IpEkBABAgADAA"),
        ];
        for (start, end, text) in rows {
            assert_eq!(PatchId::new(quilt, start, end).to_string(), text);
            assert_eq!(text.parse::<PatchId>().unwrap().columns(), Some((start, end)));
        }
    }

    #[test]
    fn an_invalid_tail_is_parsed_and_has_no_columns() {
        let quilt = BlobId::ZERO.to_string();
        assert_eq!(quilt.parse::<PatchId>(), Err(BadPatchId), "no tail at all");
        assert_eq!("zz".parse::<PatchId>(), Err(BadPatchId));
        for tail in [&[1][..], &[2, 1, 0, 2, 0], &[1, 1, 0, 2], &[1, 1, 0, 2, 0, 0]] {
            let text = URL_SAFE_NO_PAD.encode([&[0; 32], tail].concat());
            assert_eq!(text.parse::<PatchId>().unwrap().columns(), None, "{tail:?}");
        }
    }
}
