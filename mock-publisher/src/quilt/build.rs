//! Builds a quilt from files: checks and sorts the names, assigns columns, fills the grid.

use super::format::{Entry, Index, Patch, Tags};
use super::grid::Grid;
use crate::encoding::{COLUMNS, ROWS};
use bytes::Bytes;

/// The most files in a quilt: a column each, and one for the index.
pub const MAX_FILES: usize = 666;
/// The longest identifier, in bytes of BCS.
const MAX_IDENTIFIER: usize = 65_535;

/// A file to be put into a quilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuiltFile {
    /// Its name.
    pub identifier: String,
    /// Its tags.
    pub tags: Tags,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Files from which no quilt can be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadQuilt {
    /// No files.
    #[error("a quilt needs at least one file")]
    Empty,
    /// Too many files.
    #[error("a quilt holds at most {MAX_FILES} files, not {0}")]
    TooMany(usize),
    /// A name is empty.
    #[error("an identifier must not be empty")]
    EmptyIdentifier,
    /// A name is too long.
    #[error("an identifier must not be longer than {MAX_IDENTIFIER} bytes with its framing")]
    LongIdentifier,
    /// A name ends with whitespace.
    #[error("an identifier must not end with whitespace: {0:?}")]
    TrailingWhitespace(String),
    /// A name has control characters.
    #[error("an identifier must not have control characters: {0:?}")]
    ControlCharacter(String),
    /// Two files have this name.
    #[error("duplicate identifier: {0:?}")]
    Duplicate(String),
    /// A file is too large with its name and tags.
    #[error("the file {0:?} is too large with its name and its tags")]
    FileTooLarge(String),
    /// The files are too large together.
    #[error("the files are too large for one quilt")]
    TooLarge,
}

/// A quilt, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quilt {
    /// Which file is where.
    pub index: Index,
    /// The size of its symbols.
    grid: Grid,
    /// Index and files as they lie in the columns: the first column of each, and its parts.
    contents: Vec<(u64, Vec<Bytes>)>,
}

impl Quilt {
    /// The quilt of these files.
    ///
    /// # Errors
    /// No files or too many, bad names, too many bytes.
    pub fn of(mut files: Vec<QuiltFile>) -> Result<Self, BadQuilt> {
        check(&files)?;
        files.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        if let Some(pair) = files.windows(2).find(|pair| pair[0].identifier == pair[1].identifier) {
            return Err(BadQuilt::Duplicate(pair[0].identifier.clone()));
        }
        let payload = |file: &QuiltFile| {
            let head = Patch::head(&file.identifier, &file.tags, file.bytes.len());
            let head = head.ok_or_else(|| BadQuilt::FileTooLarge(file.identifier.clone()))?;
            Ok(vec![Bytes::from(head), file.bytes.clone()])
        };
        let payloads = files.iter().map(payload).collect::<Result<Vec<_>, BadQuilt>>()?;
        let lengths: Vec<u64> =
            payloads.iter().map(|parts| parts.iter().map(|part| part.len() as u64).sum()).collect();
        let entry =
            |file: QuiltFile| Entry { start: 0, end: 0, identifier: file.identifier, tags: file.tags };
        let mut index = Index(files.into_iter().map(entry).collect());
        let index_length = index.to_bytes().ok_or(BadQuilt::TooLarge)?.len() as u64;
        let grid = Grid::for_quilt(index_length, &lengths).ok_or(BadQuilt::TooLarge)?;
        let mut next = grid.columns(index_length);
        for (entry, length) in index.0.iter_mut().zip(&lengths) {
            let end = next + grid.columns(*length);
            (entry.start, entry.end) = (column(next)?, column(end)?);
            next = end;
        }
        let first = (0, vec![Bytes::from(index.to_bytes().ok_or(BadQuilt::TooLarge)?)]);
        let starts = index.0.iter().map(|entry| u64::from(entry.start));
        let contents = std::iter::once(first).chain(starts.zip(payloads)).collect();
        Ok(Self { index, grid, contents })
    }

    /// The bytes of the whole grid, row by row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.grid.length()).unwrap_or(0)];
        for (column, parts) in &self.contents {
            let mut at = column * self.grid.column();
            for part in parts {
                fill(&mut bytes, self.grid, at, part);
                at += part.len() as u64;
            }
        }
        bytes
    }
}

/// Checks number and names of the files; in names, everything that is not forbidden is allowed.
fn check(files: &[QuiltFile]) -> Result<(), BadQuilt> {
    match files.len() {
        0 => return Err(BadQuilt::Empty),
        count if count > MAX_FILES => return Err(BadQuilt::TooMany(count)),
        _ => {}
    }
    files.iter().try_for_each(|file| check_identifier(&file.identifier))
}

fn check_identifier(name: &str) -> Result<(), BadQuilt> {
    if name.is_empty() {
        return Err(BadQuilt::EmptyIdentifier);
    }
    if bcs::serialized_size(name).map_or(true, |size| size > MAX_IDENTIFIER) {
        return Err(BadQuilt::LongIdentifier);
    }
    if name.chars().any(char::is_control) {
        return Err(BadQuilt::ControlCharacter(name.to_owned()));
    }
    if name.ends_with(char::is_whitespace) {
        return Err(BadQuilt::TrailingWhitespace(name.to_owned()));
    }
    Ok(())
}

fn column(at: u64) -> Result<u16, BadQuilt> {
    u16::try_from(at).ok().filter(|_| at <= COLUMNS).ok_or(BadQuilt::TooLarge)
}

/// Writes a part from byte `at` on, counted down the columns, symbol by symbol.
fn fill(bytes: &mut [u8], grid: Grid, mut at: u64, mut part: &[u8]) {
    while !part.is_empty() {
        let (symbol, within) = (at / grid.symbol, at % grid.symbol);
        let length = usize::try_from(grid.symbol - within).unwrap_or(0).min(part.len());
        let (head, rest) = part.split_at(length);
        let to = grid.offset(symbol % ROWS, symbol / ROWS) + within;
        let to = usize::try_from(to).unwrap_or(usize::MAX);
        if let Some(place) = to.checked_add(length).and_then(|end| bytes.get_mut(to..end)) {
            place.copy_from_slice(head);
        }
        at += length as u64;
        part = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(identifier: &str, bytes: impl Into<Bytes>) -> QuiltFile {
        QuiltFile { identifier: identifier.to_owned(), tags: Tags::new(), bytes: bytes.into() }
    }

    #[test]
    fn files_that_make_no_quilt_are_refused_with_the_reason() {
        let many = (0..667).map(|n| file(&n.to_string(), "x")).collect();
        let rows = [
            (vec![], "at least one"),
            (many, "at most 666 files, not 667"),
            (vec![file("a", "x"), file("a", "y")], "duplicate identifier: \"a\""),
            (vec![file("a ", "x")], "whitespace"),
            (vec![file("", "x")], "empty"),
        ];
        for (files, why) in rows {
            let error = Quilt::of(files).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn identifiers_may_be_nearly_anything() {
        for good in ["a", "_a", " a", "a/b", "ä€😀", "a b", &"x".repeat(65_532)] {
            assert_eq!(check_identifier(good), Ok(()), "{good:?}");
        }
        for bad in ["", "a ", "a\t", "a\u{a0}", "a\nb", "a\u{7f}", "a\u{85}b", &"x".repeat(65_533)] {
            assert!(check_identifier(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn files_are_sorted_and_get_the_columns_after_the_index() {
        let quilt = Quilt::of(vec![file("b", "hello"), file("a", vec![7; 2000])]).unwrap();
        let places: Vec<_> =
            quilt.index.0.iter().map(|entry| (entry.identifier.as_str(), entry.start, entry.end)).collect();
        assert_eq!(places, [("a", 1, 5), ("b", 5, 6)]);
        assert_eq!((quilt.grid.symbol, quilt.to_bytes().len()), (2, 445_556));
        let files = |n: usize| (0..n).map(|n| file(&format!("f{n}"), vec![0; 100])).collect();
        let full = Quilt::of(files(666)).unwrap();
        assert_eq!((full.grid.length(), full.index.named("f99").unwrap().end), (3_564_448, 667));
    }
}
