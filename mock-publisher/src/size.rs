//! A number of bytes on the command line: `1GiB`, `64MiB`, `4KiB`, or plain bytes.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Text that is no number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: write 1GiB, 64MiB, 4KiB or a number of bytes")]
pub struct BadSize(String);

/// Units by their factor; the empty one comes last, because every text ends with it.
const UNITS: [(&str, u64); 5] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)];

impl FromStr for Size {
    type Err = BadSize;

    fn from_str(text: &str) -> Result<Self, BadSize> {
        let read = |(unit, factor): (&str, u64)| {
            let number = text.strip_suffix(unit)?.trim_end().parse::<u64>().ok()?;
            number.checked_mul(factor).map(Size)
        };
        UNITS.into_iter().find_map(read).ok_or_else(|| BadSize(text.to_owned()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |factor: &u64| self.0 != 0 && self.0.is_multiple_of(*factor);
        let (unit, factor) = UNITS.into_iter().find(|(_, factor)| fits(factor)).unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown_with_their_unit() {
        let rows = [
            ("1GiB", 1 << 30, "1GiB"),
            ("64 MiB", 64 << 20, "64MiB"),
            ("1024", 1024, "1KiB"),
            ("7B", 7, "7B"),
            ("0", 0, "0B"),
        ];
        for (text, bytes, shown) in rows {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
            assert_eq!(Size(bytes).to_string(), shown);
        }
        for bad in ["", "x", "1TiB", "-1", "1.5GiB", "99999999999GiB"] {
            assert_eq!(bad.parse::<Size>(), Err(BadSize(bad.to_owned())));
        }
    }
}
