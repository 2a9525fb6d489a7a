//! The source matrix of a blob: its dimensions, and reading parts of it from a file.

use crate::encoding::{source_matrix, symbol_size};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Bytes of a row that are worth reading at once.
const BLOCK_BYTES: usize = 65_536;

/// The dimensions of the source matrix of one blob, for a network with some number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matrix {
    /// Rows and columns of the fully encoded matrix.
    pub(super) shards: usize,
    /// Rows of the source matrix.
    pub(super) rows: usize,
    /// Columns of the source matrix.
    pub(super) columns: usize,
    /// Bytes of a symbol.
    pub(super) symbol: usize,
}

impl Matrix {
    /// The matrix of a blob of `size` bytes.
    pub(super) fn for_blob(size: u64, shards: u64) -> io::Result<Self> {
        let (rows, columns) = source_matrix(shards);
        let symbol = symbol_size(size, rows * columns)
            .ok_or_else(|| io::Error::other("the blob is too large to be encoded"))?;
        let [shards, rows, columns, symbol] = [shards, rows, columns, symbol].map(usize::try_from);
        Ok(Self {
            shards: shards.map_err(io::Error::other)?,
            rows: rows.map_err(io::Error::other)?,
            columns: columns.map_err(io::Error::other)?,
            symbol: symbol.map_err(io::Error::other)?,
        })
    }

    /// `columns` columns in blocks that are worth reading at once.
    pub(super) fn column_blocks(self, columns: usize) -> impl Iterator<Item = Range<usize>> {
        let width = (BLOCK_BYTES / self.symbol).max(1);
        (0..columns).step_by(width).map(move |start| start..columns.min(start + width))
    }
}

/// Rows of symbols in a file; what is beyond its end is zeros.
pub(super) struct SymbolRows<'a, F> {
    pub(super) file: &'a mut F,
    /// Bytes of the file.
    pub(super) length: u64,
    /// Bytes of a row.
    pub(super) stride: usize,
}

impl<F: Read + Seek> SymbolRows<'_, F> {
    /// These bytes of a row.
    pub(super) fn read(&mut self, row: usize, bytes: Range<usize>) -> io::Result<Vec<u8>> {
        let mut part = vec![0; bytes.len()];
        let start = row as u64 * self.stride as u64 + bytes.start as u64;
        let in_file = self.length.saturating_sub(start).min(part.len() as u64);
        if in_file > 0 {
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut part[..usize::try_from(in_file).map_err(io::Error::other)?])?;
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn the_dimensions_follow_from_size_and_shards() {
        let rows = [(33, 10, (4, 7, 2)), (0, 1000, (334, 667, 2)), (445_557, 1000, (334, 667, 4))];
        for (size, shards, expected) in rows {
            let matrix = Matrix::for_blob(size, shards).unwrap();
            assert_eq!((matrix.rows, matrix.columns, matrix.symbol), expected, "{size}");
        }
        assert!(Matrix::for_blob(14_599_533_452, 1000).is_ok());
        assert!(Matrix::for_blob(14_599_533_453, 1000).is_err());
    }

    #[test]
    fn blocks_cover_all_columns_and_rows_are_padded_with_zeros() {
        let matrix = Matrix { shards: 10, rows: 4, columns: 7, symbol: 30_000 };
        assert_eq!(matrix.column_blocks(7).collect::<Vec<_>>(), [0..2, 2..4, 4..6, 6..7]);
        let mut file = Cursor::new(b"abcdef");
        let mut rows = SymbolRows { file: &mut file, length: 6, stride: 4 };
        assert_eq!(rows.read(0, 1..3).unwrap(), b"bc");
        assert_eq!(rows.read(1, 0..4).unwrap(), b"ef\0\0");
        assert_eq!(rows.read(2, 0..2).unwrap(), b"\0\0");
    }
}
