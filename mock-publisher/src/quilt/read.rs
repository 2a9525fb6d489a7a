//! Reads the index of a stored quilt, and single files without the others.

use super::format::{Entry, INDEX_HEADER, Index, Patch};
use super::grid::Grid;
use crate::encoding::{COLUMNS, ROWS};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Why a quilt, or a file in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum QuiltError {
    /// The blob is not a quilt.
    #[error("the blob is not a quilt: {0}")]
    NotAQuilt(&'static str),
    /// No file begins in this column.
    #[error("no patch of the quilt begins in column {0}")]
    NoPatch(u16),
    /// The disk failed.
    #[error("the quilt cannot be read: {0}")]
    Disk(#[from] io::Error),
}

/// A quilt open for reading. All methods block on the disk.
#[derive(Debug)]
pub struct QuiltReader {
    grid: Grid,
    file: File,
}

impl QuiltReader {
    /// Opens a blob of this length as a quilt.
    ///
    /// # Errors
    /// No quilt has this length.
    pub fn new(file: File, length: u64) -> Result<Self, QuiltError> {
        let grid =
            Grid::filled_by(length).ok_or(QuiltError::NotAQuilt("its length is not that of a full grid"))?;
        Ok(Self { grid, file })
    }

    /// The index.
    ///
    /// # Errors
    /// The blob has none, or the disk failed.
    pub fn index(&mut self) -> Result<Index, QuiltError> {
        let bad = QuiltError::NotAQuilt("it does not begin with an index");
        let header = self.columns(0, 1)?;
        let Some(length) = header.get(..INDEX_HEADER).and_then(Index::announced_length) else {
            return Err(bad);
        };
        let columns = self.grid.columns(length);
        if columns >= COLUMNS {
            return Err(bad);
        }
        let mut bytes = self.columns(0, columns)?;
        bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        let first = u16::try_from(columns).unwrap_or(u16::MAX);
        let index = Index::parse(&bytes, first).ok_or(bad)?;
        let inside = index.0.last().is_none_or(|last| u64::from(last.end) <= COLUMNS);
        if inside { Ok(index) } else { Err(QuiltError::NotAQuilt("its index points outside of it")) }
    }

    /// The file of an entry of the index.
    ///
    /// # Errors
    /// No file begins there, or the disk failed.
    pub fn patch(&mut self, entry: &Entry) -> Result<Patch, QuiltError> {
        self.patch_at(entry.start, entry.end)
    }

    /// The file in these columns, as a patch ID names it.
    ///
    /// # Errors
    /// No file begins there, or the disk failed.
    pub fn patch_at(&mut self, start: u16, end: u16) -> Result<Patch, QuiltError> {
        if start == 0 || start >= end || u64::from(end) > COLUMNS {
            return Err(QuiltError::NoPatch(start));
        }
        let bytes = self.columns(u64::from(start), u64::from(end))?;
        Patch::parse(&bytes).ok_or(QuiltError::NoPatch(start))
    }

    /// The bytes of some columns, one column after another.
    fn columns(&mut self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let size = |bytes: u64| usize::try_from(bytes).map_err(io::Error::other);
        let (symbol, column) = (size(self.grid.symbol)?, size(self.grid.column())?);
        let mut bytes = vec![0; size((end - start) * self.grid.column())?];
        let mut part = vec![0; size((end - start) * self.grid.symbol)?];
        for row in 0..ROWS {
            self.file.seek(SeekFrom::Start(self.grid.offset(row, start)))?;
            self.file.read_exact(&mut part)?;
            let top = size(row)? * symbol;
            for (from, column) in part.chunks_exact(symbol).zip(bytes.chunks_exact_mut(column)) {
                column[top..top + symbol].copy_from_slice(from);
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Quilt, QuiltFile, Tags};
    use super::*;
    use std::io::Write;

    fn reader(bytes: &[u8]) -> Result<QuiltReader, QuiltError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        QuiltReader::new(file, bytes.len() as u64)
    }

    #[test]
    fn every_file_of_a_quilt_is_found_and_read_back() {
        let contents: Vec<Vec<u8>> = (0..20_u8).map(|n| vec![n; usize::from(n) * 700]).collect();
        let files = contents.iter().enumerate().map(|(n, bytes)| QuiltFile {
            identifier: format!("file {n}"),
            tags: [("n".to_owned(), n.to_string())].into(),
            bytes: bytes.clone().into(),
        });
        let quilt = Quilt::of(files.collect()).unwrap();
        let mut reader = reader(&quilt.to_bytes()).unwrap();
        let index = reader.index().unwrap();
        assert_eq!(index, quilt.index);
        for (n, bytes) in contents.iter().enumerate() {
            let entry = index.named(&format!("file {n}")).unwrap();
            let patch = reader.patch(entry).unwrap();
            assert_eq!((&patch.bytes, patch.tags["n"].clone()), (bytes, n.to_string()));
            assert_eq!(patch.identifier, entry.identifier);
        }
        let first = index.0[0].clone();
        for (start, end) in [(0, 1), (first.start, first.start), (666, 668), (first.end + 1, first.end + 2)] {
            assert!(matches!(reader.patch_at(start, end), Err(QuiltError::NoPatch(_))), "{start}..{end}");
        }
    }

    #[test]
    fn a_blob_that_is_not_a_quilt_is_refused() {
        assert!(matches!(reader(b"hello"), Err(QuiltError::NotAQuilt(_))));
        for byte in [0, 1, 255] {
            let mut grid = reader(&vec![byte; 445_556]).unwrap();
            assert!(matches!(grid.index(), Err(QuiltError::NotAQuilt(_))), "{byte}");
        }
        let empty = Quilt::of(vec![QuiltFile {
            identifier: "only".into(),
            tags: Tags::new(),
            bytes: Vec::new().into(),
        }]);
        let mut reader = reader(&empty.unwrap().to_bytes()).unwrap();
        assert_eq!(reader.patch_at(1, 2).unwrap().bytes, b"");
    }
}
