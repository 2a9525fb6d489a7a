//! Numbers as people read them: three significant digits, a unit, no false precision.

use std::time::Duration;

pub use crate::report::stats::Percentile;

/// What is longer is told in hours; 90 minutes are still.
const MOST_MINUTES: f64 = 90.05;

/// A duration: `789 µs`, `45.6 ms`, `1.23 s`, `305 s`, `16.7 min`, `2.78 h`.
pub fn duration(duration: Duration) -> String {
    if duration.is_zero() {
        return "0 s".to_owned();
    }
    let nanoseconds = duration.as_nanos() as f64;
    let units = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 6e10), ("h", 3.6e12)];
    let (unit, scale) = units
        .into_iter()
        // Below 999.5 three digits say it; a rounded 1000 belongs to the next unit. Nobody counts hours in minutes.
        .find(|(unit, scale)| nanoseconds / scale < if *unit == "min" { MOST_MINUTES } else { 999.5 })
        .unwrap_or(("h", 3.6e12));
    match unit {
        "ns" => format!("{nanoseconds:.0} ns"),
        unit => format!("{} {unit}", three_digits(nanoseconds / scale)),
    }
}

/// A number of bytes: `0 B`, `512 B`, `94.2 KiB`, `1.00 MiB`.
pub fn bytes(bytes: u64) -> String {
    let count = bytes as f64;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut scaled = count / 1024.0;
    let mut unit = 0;
    while scaled >= 1023.5 && unit + 1 < units.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{} {}", three_digits(scaled), units[unit])
}

/// MiB per second without the unit: `34.5`, `0.012`.
pub fn mib_per_second(rate: f64) -> String {
    if rate < 0.9995 { format!("{rate:.3}") } else { three_digits(rate) }
}

/// A rate with its unit: `34.5 MiB/s`.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{} MiB/s", mib_per_second(bytes_per_second / (1024.0 * 1024.0)))
}

/// A count with its thousands apart: `12,345`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count that never needs more than six columns: `12,345`, `123k`, `45.7M`.
pub fn short_count(value: u64) -> String {
    let scales = [("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18)];
    let fits = |(_, scale): &(&str, f64)| value as f64 / scale < 999.5;
    match scales.into_iter().find(fits) {
        Some((unit, scale)) if value >= 100_000 => format!("{}{unit}", three_digits(value as f64 / scale)),
        _ => count(value),
    }
}

/// A count and the noun that goes with it: `1 upload`, `2 uploads`.
pub fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// A price: FROST are 10⁻⁹ WAL, and every one of them is shown.
pub fn wal(frost: u64) -> String {
    let text = format!("{}.{:09}", count(frost / 1_000_000_000), frost % 1_000_000_000);
    format!("{} WAL", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Three significant digits of a number from 1 to 999, more only before the point.
fn three_digits(value: f64) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_suits_them() {
        for (nanoseconds, expected) in [
            (0, "0 s"),
            (1, "1 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (789_400, "789 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (9_994_999, "9.99 ms"),
            (9_995_001, "10.0 ms"),
            (45_600_000, "45.6 ms"),
            (99_960_000, "100 ms"),
            (1_234_000_000, "1.23 s"),
            (59_960_000_000, "60.0 s"),
            (305_000_000_000, "305 s"),
            (1_000_000_000_000, "16.7 min"),
            (5_400_000_000_000, "90.0 min"),
            (5_460_000_000_000, "1.52 h"),
            (90_000_000_000_000, "25.0 h"),
            (9_000_000_000_000_000, "2500 h"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), expected);
        }
    }

    #[test]
    fn bytes_are_counted_in_powers_of_1024() {
        for (count, expected) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.00 KiB"),
            (96_461, "94.2 KiB"),
            (1_023 * 1_024, "1023 KiB"),
            (1_048_000, "1023 KiB"),
            (1_048_575, "1.00 MiB"),
            (10_485_760, "10.0 MiB"),
            (5 << 30, "5.00 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }

    #[test]
    fn rates_counts_and_prices_read_as_people_write_them() {
        assert_eq!(
            [0.0, 0.0123, 0.9996, 34.53, 1234.6].map(mib_per_second),
            ["0.000", "0.012", "1.00", "34.5", "1235"]
        );
        assert_eq!(rate(36_175_872.0), "34.5 MiB/s");
        let counts = [0, 999, 1_000, 12_345, 1_234_567];
        assert_eq!(counts.map(count), ["0", "999", "1,000", "12,345", "1,234,567"]);
        let counts = [0, 12_345, 99_999, 100_000, 999_600, 45_678_901, u64::MAX];
        assert_eq!(counts.map(short_count), ["0", "12,345", "99,999", "100k", "1.00M", "45.7M", "18.4E"]);
        assert_eq!(
            [0, 1, 132_300, 2_000_000_000].map(wal),
            ["0 WAL", "0.000000001 WAL", "0.0001323 WAL", "2 WAL"]
        );
        assert_eq!(
            [(1, "upload"), (1_000, "blob")].map(|(n, noun)| counted(n, noun)),
            ["1 upload", "1,000 blobs"]
        );
    }
}
