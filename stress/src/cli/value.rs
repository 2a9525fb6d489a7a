//! Parsers of what people type: sizes, durations, ratios, headers, tokens.

use std::{num::IntErrorKind, str::FromStr, time::Duration};

use crate::plan::{
    sizes::Sizes,
    target::{Header, Secret},
};

/// A whole number that is not below zero.
pub(super) fn parse_whole<N: FromStr<Err = std::num::ParseIntError>>(text: &str) -> Result<N, String> {
    let text = text.trim();
    text.parse().map_err(|error: std::num::ParseIntError| {
        let what = match error.kind() {
            IntErrorKind::PosOverflow => "too large a number",
            _ if text
                .strip_prefix('-')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) =>
            {
                "a number below zero"
            }
            _ => "not a whole number",
        };
        what.to_owned()
    })
}

/// A size in bytes. A bare number is KiB, as in the user's original script; `kB`, `KB` and `KiB` are the same.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let (number, unit) = split_unit(text);
    let wrong = || format!("`{text}` is not a size; write it as in 100KiB, 1.5MiB or 17B");
    if number.is_empty() {
        return Err(wrong());
    }
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "" | "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(format!("the unit `{unit}` is unknown; use B, KiB, MiB or GiB")),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).ok_or_else(wrong);
    }
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor as f64;
    if !(0.0..=MAX_EXACT).contains(&bytes) || bytes.fract() != 0.0 {
        return Err(format!("`{text}` is not a whole number of bytes"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    Ok(bytes as u64)
}

/// One size, or a range of sizes: `100KiB` or `90KiB..100KiB`.
pub(super) fn parse_sizes(text: &str) -> Result<Sizes, String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let sizes = Sizes { min: parse_size(min)?, max: parse_size(max)? };
    if sizes.min > sizes.max {
        return Err(format!("`{text}` ends below its start"));
    }
    Ok(sizes)
}

/// Up to here every whole number has an exact `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A duration: `500ms`, `1.5s`, `5m`, or several parts as in `1h 30m`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(duration) = humantime::parse_duration(text) {
        return Ok(duration);
    }
    let (number, unit) = split_unit(text);
    let seconds = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" => {
            return Err(format!(
                "`{text}` needs a unit, as in {}s",
                if text.is_empty() { "10" } else { text }
            ));
        }
        _ => return Err(format!("`{text}` is not a duration; write it as in 500ms, 1.5s, 5m or 1h")),
    };
    let wrong = || format!("`{text}` is not a duration; write it as in 500ms, 1.5s, 5m or 1h");
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

/// A share: `25%` or `0.25`.
pub(super) fn parse_ratio(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a share; write it as in 25% or 0.25");
    let ratio = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0,
        None => text.parse::<f64>().map_err(|_| wrong())?,
    };
    if !(0.0..=1.0).contains(&ratio) {
        return Err(format!("`{text}` lies outside 0% to 100%"));
    }
    Ok(ratio)
}

/// A header: `Name: value`. The value is never repeated in an error: it may be a key.
pub(super) fn parse_header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("a header is written `Name: value`, with a colon")?;
    let name = name.trim();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("the part before the colon is not a header name".to_owned());
    }
    let value = value.trim();
    if value.chars().any(char::is_control) {
        return Err(format!("the value of `{name}` has control characters in it"));
    }
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("`{name}` is set by the exchange itself"));
    }
    Ok(Header { name: name.to_owned(), value: Secret::new(value) })
}

/// Headers that would change how requests are framed, where they go, or what part of a blob is answered.
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A bearer token, given as it is or in a file.
#[derive(Debug, Clone)]
pub(super) struct Bearer(Secret);

impl Bearer {
    /// The header that carries the token.
    pub(super) fn header(&self) -> Header {
        let value = Secret::new(format!("Bearer {}", self.0.reveal()));
        Header { name: "Authorization".to_owned(), value }
    }
}

impl FromStr for Bearer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let token = match text.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?
            }
            None => text.to_owned(),
        };
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token is one word of visible ASCII characters".to_owned());
        }
        Ok(Self(Secret::new(token)))
    }
}

/// Splits `1.5MiB` into `1.5` and `MiB`.
fn split_unit(text: &str) -> (&str, &str) {
    let number = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..number], text[number..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_say_what_they_are_not() {
        assert_eq!(parse_whole::<u32>(" 7 "), Ok(7));
        for (wrong, why) in [
            ("", "not a whole number"),
            ("1.5", "not a whole number"),
            ("many", "not a whole number"),
            ("-q", "not a whole number"),
            ("-1", "a number below zero"),
            ("4294967296", "too large a number"),
        ] {
            assert_eq!(parse_whole::<u32>(wrong), Err(why.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_counted_in_powers_of_1024_and_a_bare_number_is_kib() {
        for (text, bytes) in [
            ("0", 0),
            ("90", 92_160),
            ("100kB", 102_400),
            ("100KB", 102_400),
            ("100KiB", 102_400),
            ("17B", 17),
            ("0B", 0),
            ("1.5MiB", 1_572_864),
            ("1 MB", 1_048_576),
            ("4GiB", 4_294_967_296),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "-1", "1TB", "KiB", "1.3B", "99999999999GiB", "1e3", "NaN", "inf"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_range_of_sizes_has_two_ends() {
        assert_eq!(parse_sizes("1KiB"), Ok(Sizes { min: 1024, max: 1024 }));
        assert_eq!(parse_sizes("17B .. 1MiB"), Ok(Sizes { min: 17, max: 1 << 20 }));
        for wrong in ["", "..", "1KiB..", "..1KiB", "2KiB..1KiB", "1KiB..2KiB..3KiB", "1KiB-2KiB"] {
            assert!(parse_sizes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, millis) in
            [("500ms", 500), ("1.5s", 1500), ("5m", 300_000), ("1h 30m", 5_400_000), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "10", "s", "1x", "-1s", "1.2.3s"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ratios_lie_between_nothing_and_everything() {
        assert_eq!(
            (parse_ratio("25%"), parse_ratio("0.25"), parse_ratio("1")),
            (Ok(0.25), Ok(0.25), Ok(1.0))
        );
        for wrong in ["", "101%", "1.01", "-0.1", "x", "NaN"] {
            assert!(parse_ratio(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_keep_their_value_to_themselves() {
        let header = parse_header("X-Api-Key:  s3cret:with:colons ").unwrap();
        assert_eq!((header.name.as_str(), header.value.reveal()), ("X-Api-Key", "s3cret:with:colons"));
        for wrong in ["no colon", ": v", "a b: v", "X: a\nb", "Host: x", "content-length: 1"] {
            assert!(parse_header(wrong).is_err(), "{wrong}");
        }
        assert!(
            !parse_header("X: s3cret\n").unwrap_or_else(|_| unreachable!()).value.reveal().contains('\n')
        );
        assert!(!parse_header("s3cret").unwrap_err().contains("s3cret"));
    }

    #[test]
    fn bearer_tokens_are_one_word() {
        assert_eq!("abc.def".parse::<Bearer>().unwrap().header().value.reveal(), "Bearer abc.def");
        for wrong in ["", "two words", "@/no/such/file"] {
            assert!(wrong.parse::<Bearer>().is_err(), "{wrong}");
        }
    }
}
