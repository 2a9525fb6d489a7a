//! The index of a quilt: which file is in which columns, and what is said about it.

use super::VERSION;
use super::bcs::{Taker, put_length, put_map, put_text};
use std::collections::BTreeMap;

/// What is said about a file.
pub type Tags = BTreeMap<String, String>;

/// One file of a quilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub identifier: String,
    /// What is said about it.
    pub tags: Tags,
    /// Its first column.
    pub start: u16,
    /// The first column after it.
    pub end: u16,
}

/// All files of a quilt, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index(pub Vec<Entry>);

/// Bytes before the list: a version and a length.
pub(super) const HEADER: usize = 5;

impl Index {
    /// The bytes of the index. The columns do not change how many there are.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut list = Vec::new();
        put_length(&mut list, self.0.len());
        for entry in &self.0 {
            list.extend_from_slice(&entry.end.to_le_bytes());
            put_text(&mut list, &entry.identifier);
            put_map(&mut list, &entry.tags);
        }
        let length = u32::try_from(list.len()).unwrap_or(u32::MAX);
        [&[VERSION], length.to_le_bytes().as_slice(), &list].concat()
    }

    /// Bytes of an index that begins with these five; `None` if no index does.
    #[must_use]
    pub fn announced(header: &[u8]) -> Option<u64> {
        let mut taker = Taker(header);
        let version = taker.byte()?;
        let length = taker.word()?;
        (version == VERSION).then_some(HEADER as u64 + u64::from(length))
    }

    /// Reads an index whose files begin at a column; `None` if the bytes are not one.
    #[must_use]
    pub fn parse(bytes: &[u8], first: u16) -> Option<Self> {
        let mut taker = Taker(bytes.get(HEADER..)?);
        let count = taker.length()?;
        let (mut entries, mut start) = (Vec::new(), first);
        for _ in 0..count {
            let end = taker.short().filter(|end| *end > start)?;
            let identifier = taker.text()?.to_owned();
            entries.push(Entry { identifier, tags: taker.map()?, start, end });
            start = end;
        }
        taker.0.is_empty().then_some(Self(entries))
    }

    /// The file of this name.
    #[must_use]
    pub fn named(&self, identifier: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.identifier == identifier)
    }

    /// The file that begins in this column.
    #[must_use]
    pub fn starting_at(&self, column: u16) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.start == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_as_it_was() {
        let tags: Tags = [("kind".to_owned(), "note".to_owned())].into();
        let index = Index(vec![
            Entry { identifier: "a".into(), tags, start: 1, end: 2 },
            Entry { identifier: "b".into(), tags: Tags::new(), start: 2, end: 667 },
        ]);
        let bytes = index.to_bytes();
        let list = b"\x02\x02\0\x01a\x01\x04kind\x04note\x9b\x02\x01b\0";
        assert_eq!(bytes, [&[1, 21, 0, 0, 0], &list[..]].concat());
        assert_eq!(Index::announced(&bytes), Some(bytes.len() as u64));
        assert_eq!(Index::parse(&bytes, 1), Some(index.clone()));
        assert_eq!(index.named("b"), index.starting_at(2));
        assert_eq!(index.named("c"), None);
        for length in 0..bytes.len() {
            assert_eq!(Index::parse(&bytes[..length], 1), None, "{length}");
        }
        assert_eq!(Index::parse(&bytes, 2), None, "a file of no columns");
        assert_eq!(Index::announced(&[2, 0, 0, 0, 0]), None);
    }
}
