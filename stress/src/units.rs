//! Reads and writes sizes, durations, rates, shares and counts: the only parser and formatter of units.
//!
//! Parsers take what a user types, and their errors name the value and an accepted form. `exact_*` write what the
//! parsers read back unchanged; the other formatters round to three significant digits, for people.

use std::{num::IntErrorKind, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration in documents: a number of seconds. For `#[serde(with = "Seconds")]`.
///
/// `serde_with::DurationSecondsWithFrac` truncates what it reads: 46.566977 ms would come back a nanosecond shorter.
#[derive(Debug, Clone, Copy)]
pub struct Seconds;

impl Seconds {
    /// Writes a duration as seconds.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(value.as_secs_f64())
    }

    /// Reads a duration from seconds, rounded to nanoseconds.
    ///
    /// # Errors
    /// When the number is negative, not finite or too large.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A duration, or `null`, in documents. For `#[serde(with = "OptionalSeconds")]`.
#[derive(Debug, Clone, Copy)]
pub struct OptionalSeconds;

impl OptionalSeconds {
    /// Writes an optional duration as seconds or `null`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    /// Reads an optional duration from seconds or `null`.
    ///
    /// # Errors
    /// When the number is negative, not finite or too large.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds.map(Duration::try_from_secs_f64).transpose().map_err(de::Error::custom)
    }
}

/// Bytes in a MiB.
pub const MIB: f64 = 1_048_576.0;

/// Up to here every whole number has an exact `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The highest rate that is accepted, per second of the unit that it is written in: the clock counts nanoseconds.
const MAX_RATE: f64 = 1e9;

/// Durations above this are written in hours.
const MAX_MINUTES: f64 = 90.05;

/// Units of size, the largest first, in bytes.
const SIZES: [(&str, u128); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Units of time, the largest first, in nanoseconds.
const TIMES: [(&str, u128); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// A whole number of at least 0, of an unsigned type.
///
/// # Errors
/// What the text is instead, without the text.
pub fn parse_whole<N: FromStr<Err = std::num::ParseIntError>>(text: &str) -> Result<N, String> {
    let text = text.trim();
    let is_negative =
        text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    text.parse().map_err(|error: std::num::ParseIntError| {
        let reason = match error.kind() {
            IntErrorKind::PosOverflow => {
                let bits = 8 * size_of::<N>();
                return format!("too large a number, at most {}", u128::MAX >> (128 - bits));
            }
            _ if is_negative => "a number below zero",
            _ => "not a whole number",
        };
        reason.to_owned()
    })
}

/// A size in bytes: `100KiB`, `1.5MiB`, `17B`. Units are powers of 1024, with or without the `i`, in any case; a number
/// without a unit is in KiB.
///
/// # Errors
/// When the text is no size, or not a whole number of bytes.
pub fn parse_size(text: &str) -> Result<u64, String> {
    parse_bytes(text, Some(1 << 10))
}

/// Bytes per second: `1.5MiB/s`, or `1.5MiB`.
///
/// # Errors
/// When the text is no size with a unit, or not a whole number of bytes.
pub fn parse_throughput(text: &str) -> Result<u64, String> {
    parse_bytes(text.trim().strip_suffix("/s").unwrap_or(text), None)
}

/// A size in bytes; `bare` is the unit of a number that has none.
fn parse_bytes(text: &str, bare: Option<u64>) -> Result<u64, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a size; write it as in 100KiB, 1.5MiB or 17B");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    if number.is_empty() {
        return Err(wrong());
    }
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" => bare.ok_or_else(wrong)?,
        "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(format!("the unit `{unit}` is unknown; use B, KiB, MiB or GiB")),
    };
    if let Ok(whole) = number.parse::<u64>() {
        let too_large = || format!("`{text}` is too large a size, at most {}B", u64::MAX);
        return whole.checked_mul(factor).ok_or_else(too_large);
    }
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor as f64;
    if bytes > MAX_EXACT {
        return Err(format!("`{text}` is too large for a size with a fraction, at most {MAX_EXACT:.0}B"));
    }
    if bytes.fract() != 0.0 {
        return Err(format!("`{text}` is not a whole number of bytes but {bytes}; write {bytes:.0}B"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and below 2^53")]
    Ok(bytes as u64)
}

/// A duration: `500ms`, `1.5s`, `5m`, or several parts as in `1h 30m`.
///
/// # Errors
/// When the text has no unit, is no duration, or has more nanoseconds than 64 bits hold (584 years).
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    match humantime::parse_duration(text) {
        Ok(duration) if u64::try_from(duration.as_nanos()).is_ok() => Ok(duration),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => {
            Err(format!("`{text}` is too long, at most 584 years, or has parts of a nanosecond"))
        }
        Err(_) if text.chars().all(|c| c.is_ascii_digit() || c == '.') => {
            Err(format!("`{text}` needs a unit, as in {}s", if text.is_empty() { "10" } else { text }))
        }
        Err(_) => Err(format!("`{text}` is not a duration; write it as in 500ms, 1.5s, 5m or 1h")),
    }
}

/// A rate per second: `10/s`, `600/m`, `36000/h`.
///
/// # Errors
/// When the text is no rate, or one above 10⁹.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a rate; write it as in 10/s, 600/m or 36000/h");
    let (number, unit) = text.trim().split_once('/').ok_or_else(wrong)?;
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    if (0.0..=MAX_RATE).contains(&number) { Ok(number / seconds) } else { Err(wrong()) }
}

/// A share from 0 to 1: `25%` or `0.25`.
///
/// # Errors
/// When the text is no number, or one outside 0 % to 100 %.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let share = parse_percent(text).map(|percent| percent / 100.0).or_else(|| text.parse().ok());
    let share = share.ok_or_else(|| format!("`{text}` is not a share; write it as in 25% or 0.25"))?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("`{text}` lies outside 0% to 100%")) }
}

/// The number before a percent sign, if it is finite.
pub fn parse_percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?.trim().parse::<f64>();
    number.ok().filter(|percent| percent.is_finite())
}

/// A size in the largest unit in which it is whole: `90KiB`, `17B`.
pub fn exact_size(bytes: u64) -> String {
    exact(u128::from(bytes), &SIZES).unwrap_or_else(|| "0B".to_owned())
}

/// A duration in the largest unit in which it is whole: `90s`, `1500ms`.
pub fn exact_duration(duration: Duration) -> String {
    exact(duration.as_nanos(), &TIMES).unwrap_or_else(|| "0s".to_owned())
}

/// `None` for 0, which is whole in every unit.
fn exact(value: u128, units: &[(&str, u128)]) -> Option<String> {
    let (unit, scale) = units.iter().find(|(_, scale)| value > 0 && value.is_multiple_of(*scale))?;
    Some(format!("{}{unit}", value / scale))
}

/// A duration: `789 µs`, `45.6 ms`, `1.23 s`, `305 s`, `16.7 min`, `2.78 h`.
pub fn duration(duration: Duration) -> String {
    if duration.is_zero() {
        return "0 s".to_owned();
    }
    let nanoseconds = duration.as_nanos() as f64;
    let units = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 6e10), ("h", 3.6e12)];
    let (unit, scale) = units
        .into_iter()
        // From 999.5 on, three digits would round to 1000, which belongs to the next unit.
        .find(|(unit, scale)| nanoseconds / scale < if *unit == "min" { MAX_MINUTES } else { 999.5 })
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
    format!("{} MiB/s", mib_per_second(bytes_per_second / MIB))
}

/// A rate with its unit, in at most eight columns: `0.123/s`, `34.5/s`, `12,345/s`.
pub fn per_second(rate: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let whole = rate.round() as u64;
    if rate < 999.5 { format!("{}/s", mib_per_second(rate)) } else { format!("{}/s", short_count(whole)) }
}

/// A level of a load, exactly where three decimals are enough: `8`, `0.5`, `0.167`.
pub fn level(level: f64) -> String {
    let text = format!("{level:.3}");
    // What is less than a thousandth is not shown as none.
    if level > 0.0 && text == "0.000" {
        return format!("{level:e}");
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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
mod tests;
