//! The matrix that a blob is encoded in: how many rows and columns, how large a symbol, and stretches of it.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// The matrix of one blob, for a network of some number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Rows and columns once everything is encoded.
    pub(super) shards: usize,
    /// Rows of the blob itself.
    pub(super) rows: usize,
    /// Columns of the blob itself.
    pub(super) columns: usize,
    /// Bytes of a symbol.
    pub(super) symbol: usize,
}

impl Shape {
    /// The matrix of a blob of so many bytes.
    pub(super) fn of(size: u64, shards: usize) -> io::Result<Self> {
        let faulty = shards.saturating_sub(1) / 3;
        let (rows, columns) = (shards - 2 * faulty, shards - faulty);
        let symbol = size.max(1).div_ceil((rows * columns) as u64).next_multiple_of(2);
        match usize::try_from(symbol) {
            Ok(symbol @ ..=65_534) => Ok(Self { shards, rows, columns, symbol }),
            _ => Err(io::Error::other("the blob is too large to be encoded")),
        }
    }

    /// Columns that are worth reading at once: about 64 KiB of a row.
    pub(super) fn stretches(self, columns: usize) -> impl Iterator<Item = Range<usize>> {
        let width = (65_536 / self.symbol).max(1);
        (0..columns).step_by(width).map(move |start| start..columns.min(start + width))
    }
}

/// Rows of symbols in a file; what is beyond its end is zeros.
pub(super) struct Rows<'a, F> {
    pub(super) file: &'a mut F,
    pub(super) length: u64,
    /// Bytes of a row.
    pub(super) stride: usize,
}

impl<F: Read + Seek> Rows<'_, F> {
    /// Some bytes of a row.
    pub(super) fn read(&mut self, row: usize, bytes: Range<usize>) -> io::Result<Vec<u8>> {
        let mut stretch = vec![0; bytes.len()];
        let start = row as u64 * self.stride as u64 + bytes.start as u64;
        let there = self.length.saturating_sub(start).min(stretch.len() as u64);
        if there > 0 {
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut stretch[..usize::try_from(there).map_err(io::Error::other)?])?;
        }
        Ok(stretch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn s4_2_the_shape_follows_from_the_shards() {
        let rows = [(33, 10, (4, 7, 2)), (0, 1000, (334, 667, 2)), (445_557, 1000, (334, 667, 4))];
        for (size, shards, expected) in rows {
            let shape = Shape::of(size, shards).unwrap();
            assert_eq!((shape.rows, shape.columns, shape.symbol), expected, "{size}");
        }
        assert!(Shape::of(14_599_533_452, 1000).is_ok());
        assert!(Shape::of(14_599_533_453, 1000).is_err());
    }

    #[test]
    fn stretches_cover_all_columns_and_rows_end_in_zeros() {
        let shape = Shape { shards: 10, rows: 4, columns: 7, symbol: 30_000 };
        assert_eq!(shape.stretches(7).collect::<Vec<_>>(), [0..2, 2..4, 4..6, 6..7]);
        let mut file = Cursor::new(b"abcdef");
        let mut rows = Rows { file: &mut file, length: 6, stride: 4 };
        assert_eq!(rows.read(0, 1..3).unwrap(), b"bc");
        assert_eq!(rows.read(1, 0..4).unwrap(), b"ef\0\0");
        assert_eq!(rows.read(2, 0..2).unwrap(), b"\0\0");
    }
}
