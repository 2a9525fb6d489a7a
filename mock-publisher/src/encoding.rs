//! What a blob weighs once encoded for 1,000 shards, and what that costs.

use crate::quilt::layout::{COLUMNS, MAX_SYMBOL, ROWS};

/// Shards of the network.
const SHARDS: u64 = 1000;
/// Storage is paid by the MiB begun.
const UNIT: u64 = 1 << 20;

/// The furthest number of epochs that can be paid ahead.
pub const MAX_EPOCHS: u32 = 53;

/// Bytes that the network stores for a blob of this many bytes; `None` above the protocol's maximum.
#[must_use]
pub fn encoded_length(size: u64) -> Option<u64> {
    let symbol = size.max(1).div_ceil(ROWS * COLUMNS).next_multiple_of(2);
    (symbol <= MAX_SYMBOL).then(|| SHARDS * ((ROWS + COLUMNS) * symbol + 64 * SHARDS + 32))
}

/// What storage costs, in FROST (10⁹ are one WAL).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// FROST per MiB and epoch.
    pub storage: u64,
    /// FROST per MiB written.
    pub write: u64,
}

impl Default for Prices {
    fn default() -> Self {
        Self { storage: 100_000, write: 20_000 }
    }
}

impl Prices {
    /// FROST for a registration from scratch of this encoded length over so many epochs.
    #[must_use]
    pub fn from_scratch(&self, encoded_length: u64, epochs: u32) -> u64 {
        let each = self.storage.saturating_mul(u64::from(epochs)).saturating_add(self.write);
        encoded_length.div_ceil(UNIT).saturating_mul(each)
    }

    /// FROST for a registration of this encoded length in storage that is there already.
    #[must_use]
    pub fn registration(&self, encoded_length: u64) -> u64 {
        encoded_length.div_ceil(UNIT).saturating_mul(self.write)
    }

    /// FROST for so many epochs more of what is registered already.
    #[must_use]
    pub fn extension(&self, encoded_length: u64, epochs: u32) -> u64 {
        let each = self.storage.saturating_mul(u64::from(epochs));
        encoded_length.div_ceil(UNIT).saturating_mul(each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_units_are_those_of_the_network() {
        let rows = [
            (0, 66_034_000, 63),
            (445_556, 66_034_000, 63),
            (445_557, 68_036_000, 65),
            (1_048_576, 70_038_000, 67),
            (5_242_880, 88_056_000, 84),
            (10_485_760, 112_080_000, 107),
            (15_728_640, 136_104_000, 130),
            (104_857_600, 536_504_000, 512),
            (14_599_533_452, 65_663_566_000, 62_622),
        ];
        for (size, length, units) in rows {
            assert_eq!(encoded_length(size), Some(length), "{size}");
            assert_eq!(length.div_ceil(UNIT), units, "{size}");
        }
        assert_eq!(encoded_length(14_599_533_453), None);
    }

    #[test]
    fn s4_2_a_byte_more_than_the_symbols_hold_takes_larger_ones() {
        for symbol in [2, 4, 6, 24, 48, 72, 472, MAX_SYMBOL] {
            let holds = ROWS * COLUMNS * symbol;
            let length = |symbol| 1000 * (1001 * symbol + 64_032);
            assert_eq!(encoded_length(holds), Some(length(symbol)), "{symbol}");
            assert_eq!(encoded_length(holds - 1), Some(length(symbol)), "{symbol}");
            let larger = (symbol < MAX_SYMBOL).then(|| length(symbol + 2));
            assert_eq!(encoded_length(holds + 1), larger, "{symbol}");
        }
    }

    #[test]
    fn cost_is_storage_and_write_by_the_unit() {
        let rows = [(17, 5, 32_760_000), (445_556, 1, 7_560_000), (10_485_760, 1, 12_840_000)];
        for (size, epochs, frost) in rows {
            assert_eq!(Prices::default().from_scratch(encoded_length(size).unwrap(), epochs), frost);
        }
        assert_eq!(Prices::default().extension(66_034_000, 3), 63 * 300_000);
        assert_eq!(Prices::default().registration(66_034_000), 63 * 20_000);
        assert_eq!(Prices { storage: 100, write: 2_000 }.from_scratch(66_034_000, 1), 132_300);
    }
}
