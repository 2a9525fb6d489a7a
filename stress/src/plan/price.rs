//! What storing costs: the units that publishers charge for a blob, prices, and which failed uploads may have been charged.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::{class::FailureClass, range::Range};
use crate::units::{self, parse_whole};

/// FROST in one WAL.
pub const FROST_PER_WAL: u64 = 1_000_000_000;

/// The number of shards, which Mainnet and Testnet have in common.
const SHARDS: u64 = 1_000;
/// Rows of source symbols: `n − 2f`, where at most `f = 333` shards are faulty.
const ROWS: u64 = 334;
/// Columns of source symbols: `n − f`.
const COLUMNS: u64 = 667;
/// Bytes of the hashes that a shard stores with its symbols.
const HASHES: u64 = 64 * SHARDS + 32;
/// Storage is charged by the MiB begun.
const UNIT: u64 = 1 << 20;

/// Up to this size in bytes all blobs cost the same: a symbol has at least two bytes.
pub const SAME_PRICE_UP_TO: u64 = 2 * ROWS * COLUMNS;

/// The bytes that the network stores for a blob of this size (Red Stuff encoding).
pub fn encoded_length(size: u64) -> u64 {
    let symbol = size.max(1).div_ceil(ROWS * COLUMNS).next_multiple_of(2);
    symbol.saturating_mul(ROWS + COLUMNS).saturating_add(HASHES).saturating_mul(SHARDS)
}

/// The storage units that are charged for a blob of this size.
pub fn storage_units(size: u64) -> u64 {
    encoded_length(size).div_ceil(UNIT)
}

/// Prices in FROST, which the storage nodes vote on and which can change at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Price {
    /// As `walrus info price` shows them.
    Listed {
        /// For a unit and an epoch.
        storage: u64,
        /// For writing a unit.
        write: u64,
    },
    /// As an earlier run was charged: for a unit, stored anew for a number of epochs.
    Charged {
        /// The lowest.
        least: u64,
        /// The highest.
        most: u64,
        /// For how many epochs.
        epochs: u32,
    },
}

impl Price {
    /// FROST for a unit that is stored anew for `epochs`; `None` when the price is known for another number of epochs.
    pub fn per_unit(self, epochs: u32) -> Option<Range<u64>> {
        match self {
            Price::Listed { storage, write } => {
                Some(Range::exactly(storage.saturating_mul(u64::from(epochs)).saturating_add(write)))
            }
            Price::Charged { least, most, epochs: known } => {
                (known == epochs).then_some(Range { least, most: Some(most) })
            }
        }
    }
}

impl FromStr for Price {
    type Err = String;

    /// Parses `storage=FROST,write=FROST`, or `unit=FROST..FROST,epochs=N`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is no price; write it as storage=FROST,write=FROST, both for a storage unit")
        };
        let ((first, value), (second, other)) = text
            .split_once(',')
            .and_then(|(one, other)| Some((one.split_once('=')?, other.split_once('=')?)))
            .ok_or_else(wrong)?;
        let frost =
            |name: &str, text: &str| parse_whole(text).map_err(|reason| format!("{name} is {reason}"));
        match (first.trim(), second.trim()) {
            ("storage", "write") => {
                Ok(Price::Listed { storage: frost("storage", value)?, write: frost("write", other)? })
            }
            ("write", "storage") => {
                Ok(Price::Listed { storage: frost("storage", other)?, write: frost("write", value)? })
            }
            ("unit", "epochs") => {
                let (least, most) = value.split_once("..").unwrap_or((value, value));
                let (least, most) = (frost("unit", least)?, frost("unit", most)?);
                let epochs = parse_whole(other).map_err(|reason| format!("epochs is {reason}"))?;
                if least <= most { Ok(Price::Charged { least, most, epochs }) } else { Err(wrong()) }
            }
            _ => Err(wrong()),
        }
    }
}

/// As it is typed.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Price::Listed { storage, write } => write!(f, "storage={storage},write={write}"),
            Price::Charged { least, most, epochs } => write!(f, "unit={least}..{most},epochs={epochs}"),
        }
    }
}

/// An amount of money in FROST, typed as `2WAL`, `0.5WAL` or `1000FROST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, SerializeDisplay, DeserializeFromStr)]
pub struct Frost(pub u64);

impl FromStr for Frost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount; write it as in 2WAL, 0.05WAL or 1000FROST");
        let text = text.trim();
        let end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = (text[..end].trim(), text[end..].to_ascii_lowercase());
        match unit.as_str() {
            "frost" => number.parse().map(Self).map_err(|_| wrong()),
            "wal" => wal(number).map(Self).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

/// The FROST of a decimal number of WAL, exactly.
fn wal(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<9}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(FROST_PER_WAL)?.checked_add(fraction)
}

/// As it is typed.
impl fmt::Display for Frost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}FROST", self.0)
    }
}

impl Frost {
    /// For people: `0.05 WAL (50,000,000 FROST)`.
    pub fn words(self) -> String {
        format!("{} ({} FROST)", units::wal(self.0), units::count(self.0))
    }
}

/// Whether a publisher may have charged for an upload that failed so after it was sent: it answers only when the blob is
/// registered, which is when it pays.
pub const fn may_have_charged(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Reset
            | FailureClass::Timeout
            | FailureClass::Unavailable
            | FailureClass::ServerError
            | FailureClass::Gateway
            | FailureClass::ErrorObject
            | FailureClass::Malformed
            | FailureClass::Truncated
            | FailureClass::TooLong
            | FailureClass::Encoded
            | FailureClass::Tls
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes, encoded lengths and units as Walrus' own encoder gives them.
    #[test]
    fn lengths_and_units_are_those_of_walrus() {
        for (size, length, units) in [
            (0, 66_034_000, 63),
            (17, 66_034_000, 63),
            (SAME_PRICE_UP_TO, 66_034_000, 63),
            (SAME_PRICE_UP_TO + 1, 68_036_000, 65),
            (1_048_576, 70_038_000, 67),
            (1_782_224, 72_040_000, 69),
            (5_242_880, 88_056_000, 84),
            (10_485_760, 112_080_000, 107),
            (15_728_640, 136_104_000, 130),
            (104_857_600, 536_504_000, 512),
            (14_599_533_452, 65_663_566_000, 62_622),
        ] {
            assert_eq!((encoded_length(size), storage_units(size)), (length, units), "{size} bytes");
        }
        assert_eq!(SAME_PRICE_UP_TO, 445_556);
        assert!(encoded_length(u64::MAX) > 0, "no size overflows");
    }

    #[test]
    fn seventeen_bytes_cost_what_walrus_documents() {
        // Of the older documentation, and of `walrus info` with five epochs.
        let of = |price: &str, epochs: u32| {
            let per_unit = price.parse::<Price>().unwrap().per_unit(epochs).unwrap().exact().unwrap();
            storage_units(17) * per_unit
        };
        assert_eq!(of("storage=100,write=2000", 1), 132_300);
        assert_eq!(of("write=20000, storage=100000", 5), 32_760_000);
    }

    /// The table of savings in Walrus' documentation: 600 files by themselves against one quilt, which holds them and an index
    /// in whole columns of 334 symbols.
    #[test]
    fn the_documented_savings_of_quilts_follow_from_the_units() {
        let quilt_units = |file: u64| {
            // The smallest symbol with which 600 files and the index fit into 667 columns.
            let fits = |symbol: &u64| {
                let column = ROWS * symbol;
                600 * (file + 100).div_ceil(column) + 60_000_u64.div_ceil(column) <= COLUMNS
            };
            let symbol = (2..).step_by(2).find(fits).unwrap();
            storage_units(ROWS * COLUMNS * symbol)
        };
        for (file, documented) in [
            (10 << 10, 409.0),
            (50 << 10, 190.0),
            (100 << 10, 104.0),
            (200 << 10, 58.0),
            (500 << 10, 25.0),
            (1 << 20, 13.0),
        ] {
            let saving = (600 * storage_units(file)) as f64 / quilt_units(file) as f64;
            assert!(
                (saving / documented - 1.0).abs() < 0.06,
                "{file} bytes: {saving}, documented {documented}"
            );
        }
    }

    #[test]
    fn a_charged_price_is_for_its_own_epochs() {
        let price = Price::Charged { least: 2_100, most: 2_200, epochs: 3 };
        assert_eq!(price.per_unit(3), Some(Range { least: 2_100, most: Some(2_200) }));
        assert_eq!(price.per_unit(1), None);
        for price in [price, Price::Listed { storage: 1, write: 2 }] {
            assert_eq!(price.to_string().parse(), Ok(price));
        }
    }

    #[test]
    fn amounts_and_prices_are_read_exactly_or_refused() {
        for (text, frost) in [
            ("2WAL", Some(2_000_000_000)),
            ("0.05 WAL", Some(50_000_000)),
            ("0.000000001wal", Some(1)),
            ("1000FROST", Some(1_000)),
            ("0.0000000001WAL", None),
            ("1.5FROST", None),
            ("2", None),
            ("-1WAL", None),
            ("WAL", None),
            ("99999999999WAL", None),
        ] {
            assert_eq!(text.parse::<Frost>().ok(), frost.map(Frost), "{text}");
        }
        assert_eq!(Frost(7).to_string().parse(), Ok(Frost(7)));
        for wrong in ["", "storage=1", "storage=1,write=x", "storage=1,write=2,gas=3", "report.json"] {
            assert!(wrong.parse::<Price>().is_err(), "{wrong}");
        }
    }
}
