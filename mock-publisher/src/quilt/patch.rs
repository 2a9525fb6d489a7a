//! One file as it lies in its columns: a header, its name, its tags, its bytes.

use super::bcs::{Taker, put_map, put_text};
use super::{Tags, VERSION};

/// A file read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its name.
    pub identifier: String,
    /// What is said about it.
    pub tags: Tags,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The flag of a file that has tags.
const TAGGED: u8 = 1;

/// The bytes before a file's own; `None` when a name, tags or bytes are longer than their length can say.
pub(super) fn head(identifier: &str, tags: &Tags, length: usize) -> Option<Vec<u8>> {
    let flags = if tags.is_empty() { 0 } else { TAGGED };
    let mut rest = Vec::new();
    let mut framed = |part: Vec<u8>| -> Option<()> {
        rest.extend_from_slice(&u16::try_from(part.len()).ok()?.to_le_bytes());
        rest.extend_from_slice(&part);
        Some(())
    };
    let mut name = Vec::new();
    put_text(&mut name, identifier);
    framed(name)?;
    if !tags.is_empty() {
        let mut map = Vec::new();
        put_map(&mut map, tags);
        framed(map)?;
    }
    let length = u32::try_from(rest.len() + length).ok()?;
    Some([&[VERSION], length.to_le_bytes().as_slice(), &[flags], &rest].concat())
}

impl Patch {
    /// Reads a file from the columns it lies in; `None` if none begins there.
    #[must_use]
    pub fn parse(columns: &[u8]) -> Option<Self> {
        let mut taker = Taker(columns);
        let version = taker.byte().filter(|version| *version == VERSION);
        let length = version.and_then(|_| taker.word())?;
        let flags = taker.byte()?;
        let mut taker = Taker(taker.bytes(usize::try_from(length).ok()?)?);
        let framed = |taker: &mut Taker<'_>| -> Option<Vec<u8>> {
            let length = taker.short()?;
            taker.bytes(usize::from(length)).map(<[u8]>::to_vec)
        };
        let identifier = Taker(&framed(&mut taker)?).text()?.to_owned();
        let tags = match flags & TAGGED {
            0 => Tags::new(),
            _ => Taker(&framed(&mut taker)?).map()?,
        };
        Some(Self { identifier, tags, bytes: taker.0.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_from_columns_longer_than_itself() {
        let tags: Tags = [("kind".to_owned(), "note".to_owned())].into();
        for tags in [Tags::new(), tags] {
            let mut columns = head("ä", &tags, 5).unwrap();
            columns.extend_from_slice(b"hello\0\0\0");
            let patch = Patch::parse(&columns).unwrap();
            assert_eq!((patch.identifier.as_str(), &patch.tags), ("ä", &tags));
            assert_eq!(patch.bytes, b"hello");
            assert_eq!(Patch::parse(&columns[..columns.len() - 4]), None);
        }
        let two: Tags = [("kind", "note"), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let pinned = b"\x01\x1b\0\0\0\x01\x03\0\x02\xc3\xa4\x0f\0\x02\x01b\x012\x04kind\x04note";
        assert_eq!(head("\u{e4}", &two, 5).unwrap(), pinned);
        assert_eq!(Patch::parse(&[0; 64]), None);
        assert_eq!(Patch::parse(&[]), None);
        let long: Tags = [("k".repeat(40_000), "v".repeat(40_000))].into();
        assert_eq!(head("a", &long, 0), None);
    }
}
