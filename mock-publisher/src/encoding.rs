//! The dimensions of Red Stuff, the network's erasure code, and the encoded length that follows from them.

/// Shards of the network.
pub(crate) const SHARDS: u64 = 1000;
/// Rows of the source matrix: as many primary symbols decode a blob.
pub const ROWS: u64 = source_matrix(SHARDS).0;
/// Columns of the source matrix: as many secondary symbols decode a blob.
pub const COLUMNS: u64 = source_matrix(SHARDS).1;
/// The largest symbol in bytes.
pub const MAX_SYMBOL: u64 = 65_534;

/// Rows and columns of the source matrix: all shards less two thirds, and less one third, that may be faulty.
pub(crate) const fn source_matrix(shards: u64) -> (u64, u64) {
    let faulty = shards.saturating_sub(1) / 3;
    (shards - 2 * faulty, shards - faulty)
}

/// Bytes of each of `symbols` symbols that together hold `size` bytes: even, and never none; `None` above the
/// protocol's maximum.
pub(crate) fn symbol_size(size: u64, symbols: u64) -> Option<u64> {
    let symbol = size.max(1).div_ceil(symbols).next_multiple_of(2);
    (symbol <= MAX_SYMBOL).then_some(symbol)
}

/// Bytes that the network stores for a blob of `size` bytes: its symbols in both directions and, on every shard, the
/// metadata with two hashes for every shard; `None` above the protocol's maximum.
#[must_use]
pub fn encoded_length(size: u64) -> Option<u64> {
    let symbol = symbol_size(size, ROWS * COLUMNS)?;
    Some(SHARDS * ((ROWS + COLUMNS) * symbol + 64 * SHARDS + 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_lengths_are_those_of_the_network() {
        let rows = [
            (0, 66_034_000),
            (445_556, 66_034_000),
            (445_557, 68_036_000),
            (1_048_576, 70_038_000),
            (5_242_880, 88_056_000),
            (10_485_760, 112_080_000),
            (15_728_640, 136_104_000),
            (104_857_600, 536_504_000),
            (14_599_533_452, 65_663_566_000),
        ];
        for (size, length) in rows {
            assert_eq!(encoded_length(size), Some(length), "{size}");
        }
        assert_eq!(encoded_length(14_599_533_453), None);
    }

    #[test]
    fn one_byte_more_than_the_symbols_hold_needs_larger_symbols() {
        for symbol in [2, 4, 6, 24, 48, 72, 472, MAX_SYMBOL] {
            let capacity = ROWS * COLUMNS * symbol;
            let length = |symbol| 1000 * (1001 * symbol + 64_032);
            assert_eq!(encoded_length(capacity), Some(length(symbol)), "{symbol}");
            assert_eq!(encoded_length(capacity - 1), Some(length(symbol)), "{symbol}");
            let larger = (symbol < MAX_SYMBOL).then(|| length(symbol + 2));
            assert_eq!(encoded_length(capacity + 1), larger, "{symbol}");
        }
    }
}
