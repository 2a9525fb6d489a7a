//! The bytes of a quilt's index and of the files in it: BCS after a header of version and length.
//!
//! They are read with `bcs::from_bytes` from what was read from the disk already: a length that hostile bytes claim is
//! checked against the bytes that are there, and allocates nothing. (`bcs::from_reader` would allocate first.)

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The only version of quilts: the first byte of an index, of a file's header and of a patch ID's tail.
pub(super) const VERSION: u8 = 1;
/// Bytes before the list of an index: version and length.
pub(super) const INDEX_HEADER: usize = 5;
/// Bytes before the identifier of a file: version, length and flags.
const PATCH_HEADER: usize = 6;
/// The flag of a file with tags.
const HAS_TAGS: u8 = 1;

/// The tags of a file.
pub type Tags = BTreeMap<String, String>;

/// One file of a quilt; the order of the fields is that of the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its first column: where the one before it ends.
    #[serde(skip)]
    pub start: u16,
    /// The first column after it.
    pub end: u16,
    /// Its name.
    pub identifier: String,
    /// Its tags.
    pub tags: Tags,
}

/// All files of a quilt, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index(pub Vec<Entry>);

impl Index {
    /// The bytes of the index; the columns do not change how many there are. `None` if it is larger than its length
    /// can express.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let list = bcs::to_bytes(&self.0).ok()?;
        let length = u32::try_from(list.len()).ok()?;
        Some([&[VERSION], length.to_le_bytes().as_slice(), &list].concat())
    }

    /// Bytes of an index with this header; `None` if it is not one.
    #[must_use]
    pub fn announced_length(header: &[u8]) -> Option<u64> {
        let (version, length) = bcs::from_bytes::<(u8, u32)>(header).ok()?;
        (version == VERSION).then_some(INDEX_HEADER as u64 + u64::from(length))
    }

    /// Parses an index whose files begin at column `first`; `None` if the bytes are not one.
    #[must_use]
    pub fn parse(bytes: &[u8], first: u16) -> Option<Self> {
        let mut entries: Vec<Entry> = bcs::from_bytes(bytes.get(INDEX_HEADER..)?).ok()?;
        let mut start = first;
        for entry in &mut entries {
            entry.start = std::mem::replace(&mut start, entry.end);
        }
        entries.iter().all(|entry| entry.start < entry.end).then_some(Self(entries))
    }

    /// The file with this name.
    #[must_use]
    pub fn named(&self, identifier: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.identifier == identifier)
    }
}

/// A file read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its name.
    pub identifier: String,
    /// Its tags.
    pub tags: Tags,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// The bytes before a file's own; `None` if identifier, tags or file are longer than their lengths can express.
    pub(super) fn head(identifier: &str, tags: &Tags, length: usize) -> Option<Vec<u8>> {
        let identifier = bcs::to_bytes(identifier).ok()?;
        let tags = if tags.is_empty() { None } else { Some(bcs::to_bytes(tags).ok()?) };
        let flags = if tags.is_some() { HAS_TAGS } else { 0 };
        let mut fields = Vec::new();
        for field in std::iter::once(&identifier).chain(&tags) {
            fields.extend_from_slice(&u16::try_from(field.len()).ok()?.to_le_bytes());
            fields.extend_from_slice(field);
        }
        let length = u32::try_from(fields.len() + length).ok()?;
        Some([&[VERSION], length.to_le_bytes().as_slice(), &[flags], &fields].concat())
    }

    /// Parses a file from the columns it lies in; `None` if none begins there.
    #[must_use]
    pub fn parse(columns: &[u8]) -> Option<Self> {
        let (header, rest) = columns.split_at_checked(PATCH_HEADER)?;
        let (version, length, flags) = bcs::from_bytes::<(u8, u32, u8)>(header).ok()?;
        let mut rest = rest.get(..usize::try_from(length).ok()?).filter(|_| version == VERSION)?;
        let identifier = bcs::from_bytes(field(&mut rest)?).ok()?;
        let tags =
            if flags & HAS_TAGS == 0 { Tags::new() } else { bcs::from_bytes(field(&mut rest)?).ok()? };
        Some(Self { identifier, tags, bytes: rest.to_vec() })
    }
}

/// Takes a field off the front of `rest`: two bytes of length, and as many bytes.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (field, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    *rest = after;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_index_is_parsed_from_the_bytes_it_is_written_as() {
        let entry =
            |identifier: &str, start, end, tags| Entry { start, end, identifier: identifier.into(), tags };
        let index = Index(vec![entry("a", 1, 2, tags(&[("kind", "note")])), entry("b", 2, 667, Tags::new())]);
        let bytes = index.to_bytes().unwrap();
        let list = b"\x02\x02\0\x01a\x01\x04kind\x04note\x9b\x02\x01b\0";
        assert_eq!(bytes, [&[1, 21, 0, 0, 0], &list[..]].concat());
        assert_eq!(Index::announced_length(&bytes[..5]), Some(bytes.len() as u64));
        assert_eq!(Index::parse(&bytes, 1), Some(index.clone()));
        assert_eq!(index.named("b"), index.0.last());
        assert_eq!(index.named("c"), None);
        for length in 0..bytes.len() {
            assert_eq!(Index::parse(&bytes[..length], 1), None, "{length}");
        }
        assert_eq!(Index::parse(&bytes, 2), None, "a file of no columns");
        assert_eq!(Index::parse(&[&bytes[..], &[0]].concat(), 1), None, "bytes after the list");
        assert_eq!(Index::announced_length(&[2, 0, 0, 0, 0]), None);
    }

    #[test]
    fn lengths_that_are_not_there_are_refused_without_being_allocated() {
        // A list, a text and a map that claim 2^31 - 1 elements, and a length of more than 32 bits.
        let claims: [&[u8]; 4] = [
            b"\xff\xff\xff\xff\x07",
            b"\x01\x02\0\xff\xff\xff\xff\x07",
            b"\x01\x02\0\x01a\xff\xff\xff\xff\x07",
            b"\x80\x80\x80\x80\x80\0",
        ];
        for claim in claims {
            assert_eq!(Index::parse(&[&[1, 0, 0, 0, 0], claim].concat(), 1), None, "{claim:?}");
        }
        assert_eq!(Patch::parse(b"\x01\xff\xff\xff\xff\0"), None);
        assert_eq!(Patch::parse(b"\x01\x07\0\0\0\0\x05\0\xff\xff\xff\xff\x07"), None);
    }

    #[test]
    fn a_file_is_parsed_from_columns_longer_than_itself() {
        let two = tags(&[("kind", "note"), ("b", "2")]);
        let pinned = b"\x01\x1b\0\0\0\x01\x03\0\x02\xc3\xa4\x0f\0\x02\x01b\x012\x04kind\x04note";
        assert_eq!(Patch::head("ä", &two, 5).unwrap(), pinned, "shorter keys first");
        for tags in [Tags::new(), two] {
            let mut columns = Patch::head("ä", &tags, 5).unwrap();
            columns.extend_from_slice(b"hello\0\0\0");
            let patch = Patch::parse(&columns).unwrap();
            assert_eq!((patch.identifier.as_str(), &patch.tags), ("ä", &tags));
            assert_eq!(patch.bytes, b"hello");
            assert_eq!(Patch::parse(&columns[..columns.len() - 4]), None);
        }
        assert_eq!(Patch::parse(&[0; 64]), None);
        assert_eq!(Patch::parse(&[]), None);
        assert_eq!(Patch::head("a", &tags(&[(&"k".repeat(40_000), &"v".repeat(40_000))]), 0), None);
    }
}
