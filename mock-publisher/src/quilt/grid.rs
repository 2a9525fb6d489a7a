//! The grid of a quilt: the size of its symbols, and where the bytes of a column lie in the blob.

use crate::encoding::{COLUMNS, MAX_SYMBOL, ROWS};

/// Columns that an index may take.
const MAX_INDEX_COLUMNS: u64 = 10;

/// A grid with symbols of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// Bytes of a symbol.
    pub(super) symbol: u64,
}

impl Grid {
    /// The smallest grid that holds an index and files of these lengths, each from the top of a column of its own.
    pub(super) fn for_quilt(index: u64, files: &[u64]) -> Option<Self> {
        let fits = |symbol: u64| {
            let grid = Self { symbol };
            let columns: u64 = files.iter().map(|length| grid.columns(*length)).sum();
            grid.columns(index) <= MAX_INDEX_COLUMNS && grid.columns(index) + columns <= COLUMNS
        };
        let (mut low, mut high) = (1, MAX_SYMBOL);
        if !fits(high) {
            return None;
        }
        while low < high {
            let middle = u64::midpoint(low, high);
            (low, high) = if fits(middle) { (low, middle) } else { (middle + 1, high) };
        }
        Some(Self { symbol: low.next_multiple_of(2) })
    }

    /// The grid that a blob of this length fills to the last byte, as every quilt does.
    pub(super) fn filled_by(length: u64) -> Option<Self> {
        let symbol = length / (ROWS * COLUMNS);
        let full = length.is_multiple_of(ROWS * COLUMNS) && symbol.is_multiple_of(2);
        (full && (1..=MAX_SYMBOL).contains(&symbol)).then_some(Self { symbol })
    }

    /// Bytes of the whole grid.
    pub(super) fn length(self) -> u64 {
        ROWS * COLUMNS * self.symbol
    }

    /// Bytes of a column.
    pub(super) fn column(self) -> u64 {
        ROWS * self.symbol
    }

    /// Columns that this many bytes take.
    pub(super) fn columns(self, length: u64) -> u64 {
        length.div_ceil(self.column())
    }

    /// Where the symbol in this row and column begins in the blob.
    pub(super) fn offset(self, row: u64, column: u64) -> u64 {
        (row * COLUMNS + column) * self.symbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_even_and_as_small_as_possible() {
        let rows: [(u64, Vec<u64>, Option<u64>); 7] = [
            (20, vec![13], Some(2)),
            (5_500, vec![113; 666], Some(18)),
            (5_300, vec![113; 666], Some(16)),
            (20, vec![14 << 20], Some(66)),
            (10, vec![100; 667], None),
            (334 * 65_534 * 10 + 1, vec![1], None),
            (10, vec![334 * 65_534 * 666], Some(65_534)),
        ];
        for (index, files, symbol) in rows {
            let grid = Grid::for_quilt(index, &files);
            assert_eq!(grid.map(|grid| grid.symbol), symbol, "{index}, {} files", files.len());
        }
    }

    #[test]
    fn only_a_full_grid_is_a_quilt() {
        let rows = [(0, None), (445_556, Some(2)), (445_557, None), (222_778, None), (3_564_448, Some(16))];
        for (length, symbol) in rows {
            assert_eq!(Grid::filled_by(length).map(|grid| grid.symbol), symbol, "{length}");
        }
    }
}
