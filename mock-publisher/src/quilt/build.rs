//! Files in, a quilt out: names checked and sorted, columns dealt, the grid filled.

use super::identifier::{self, BadIdentifier};
use super::layout::{COLUMNS, Grid, ROWS};
use super::{Entry, Index, Tags, patch};
use bytes::Bytes;

/// Files that a quilt holds: a column each, and one for the index.
pub const MAX_FILES: usize = 666;

/// A file on its way into a quilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub identifier: String,
    /// What is said about it.
    pub tags: Tags,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Files that make no quilt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadQuilt {
    /// None.
    #[error("a quilt needs at least one file")]
    Empty,
    /// Too many.
    #[error("a quilt holds at most {MAX_FILES} files, not {0}")]
    TooMany(usize),
    /// A name that is none.
    #[error(transparent)]
    Identifier(#[from] BadIdentifier),
    /// The same name twice.
    #[error("duplicate identifier: {0:?}")]
    Duplicate(String),
    /// One file with its name and tags.
    #[error("the file {0:?} is too large with its name and its tags")]
    FileTooLarge(String),
    /// All of them.
    #[error("the files are too large for one quilt")]
    TooLarge,
}

/// A quilt, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quilt {
    /// Which file is where.
    pub index: Index,
    /// How large the symbols are.
    pub grid: Grid,
    /// Index and files as they lie in the columns, one after another: the column each begins in, and its parts.
    strips: Vec<(u64, Vec<Bytes>)>,
}

impl Quilt {
    /// The quilt of these files.
    ///
    /// # Errors
    /// No files or too many, bad names, too many bytes.
    pub fn of(mut files: Vec<File>) -> Result<Self, BadQuilt> {
        check(&files)?;
        files.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        if let Some(pair) = files.windows(2).find(|pair| pair[0].identifier == pair[1].identifier) {
            return Err(BadQuilt::Duplicate(pair[0].identifier.clone()));
        }
        let payload = |file: &File| {
            let head = patch::head(&file.identifier, &file.tags, file.bytes.len());
            let head = head.ok_or_else(|| BadQuilt::FileTooLarge(file.identifier.clone()))?;
            Ok(vec![Bytes::from(head), file.bytes.clone()])
        };
        let payloads = files.iter().map(payload).collect::<Result<Vec<_>, BadQuilt>>()?;
        let lengths: Vec<u64> = payloads.iter().map(|parts| length(parts)).collect();
        let blank = files.into_iter().map(|file| Entry {
            identifier: file.identifier,
            tags: file.tags,
            start: 0,
            end: 0,
        });
        let mut index = Index(blank.collect());
        let index_length = index.to_bytes().len() as u64;
        let grid = Grid::for_quilt(index_length, &lengths).ok_or(BadQuilt::TooLarge)?;
        let mut at = grid.columns(index_length);
        for (entry, length) in index.0.iter_mut().zip(&lengths) {
            let end = at + grid.columns(*length);
            (entry.start, entry.end) = (column(at)?, column(end)?);
            at = end;
        }
        let first = (0, vec![Bytes::from(index.to_bytes())]);
        let starts = index.0.iter().map(|entry| u64::from(entry.start));
        let strips = std::iter::once(first).chain(starts.zip(payloads)).collect();
        Ok(Self { index, grid, strips })
    }

    /// The bytes of the whole grid, row by row.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.grid.length()).unwrap_or(0)];
        for (column, parts) in &self.strips {
            let mut at = column * self.grid.column();
            for part in parts {
                fill(&mut bytes, self.grid, at, part);
                at += part.len() as u64;
            }
        }
        bytes
    }
}

fn check(files: &[File]) -> Result<(), BadQuilt> {
    match files.len() {
        0 => return Err(BadQuilt::Empty),
        count if count > MAX_FILES => return Err(BadQuilt::TooMany(count)),
        _ => {}
    }
    files.iter().try_for_each(|file| Ok(identifier::check(&file.identifier)?))
}

fn length(parts: &[Bytes]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}

fn column(at: u64) -> Result<u16, BadQuilt> {
    u16::try_from(at).ok().filter(|_| at <= COLUMNS).ok_or(BadQuilt::TooLarge)
}

/// Writes a part at a place counted down the columns, symbol by symbol.
fn fill(bytes: &mut [u8], grid: Grid, mut at: u64, mut part: &[u8]) {
    while !part.is_empty() {
        let (symbol, within) = (at / grid.symbol, at % grid.symbol);
        let room = usize::try_from(grid.symbol - within).unwrap_or(0).min(part.len());
        let (now, rest) = part.split_at(room);
        let to = grid.offset(symbol % ROWS, symbol / ROWS) + within;
        let to = usize::try_from(to).unwrap_or(usize::MAX);
        if let Some(place) = to.checked_add(room).and_then(|end| bytes.get_mut(to..end)) {
            place.copy_from_slice(now);
        }
        at += room as u64;
        part = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(identifier: &str, bytes: impl Into<Bytes>) -> File {
        File { identifier: identifier.to_owned(), tags: Tags::new(), bytes: bytes.into() }
    }

    #[test]
    fn s5_1_files_that_make_no_quilt_are_told_why() {
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
    fn s5_4_files_are_sorted_and_dealt_columns_after_the_index() {
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
