//! Spans of time and ranges of sizes: when a rule about the weather holds, and for which blobs.

use crate::size::Size;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time as people write it: `10s`, `1m 30s`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// Text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration ({why}): write 250ms, 10s or 1m 30s")]
pub struct BadSpan {
    text: String,
    why: String,
}

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let bad = |why: humantime::DurationError| BadSpan { text: text.to_owned(), why: why.to_string() };
        humantime::parse_duration(text.trim()).map(Self).map_err(bad)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // humantime puts a blank between units, which a shell would take for the end of the argument.
        f.write_str(&humantime::format_duration(self.0).to_string().replace(' ', ""))
    }
}

/// A span of time, counted from when the weather was set; the end is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// When it begins.
    pub from: Duration,
    /// How long it lasts; for ever if none.
    pub length: Option<Duration>,
}

impl Window {
    /// Whether a moment lies in it.
    #[must_use]
    pub fn holds(&self, at: Duration) -> bool {
        at >= self.from && self.end().is_none_or(|end| at < end)
    }

    /// When it is over, if ever.
    #[must_use]
    pub fn end(&self) -> Option<Duration> {
        self.length.map(|length| self.from.saturating_add(length))
    }

    /// Whether it is all the time there is.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

/// A time in which nothing is answered: whatever is asked waits for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// When it begins, counted from when the weather was set.
    pub from: Duration,
    /// How long it lasts.
    pub length: Duration,
}

/// Text that is no stall.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStall {
    /// Not of the form `from=D,for=D`.
    #[error("`{0}` is not a stall: write from=10s,for=5s, or for=5s for one that begins at once")]
    Form(String),
    /// A time that is none.
    #[error(transparent)]
    Span(#[from] BadSpan),
}

impl Stall {
    /// When it is over, if it holds at this moment.
    #[must_use]
    pub fn end(&self, at: Duration) -> Option<Duration> {
        let window = Window { from: self.from, length: Some(self.length) };
        window.end().filter(|_| window.holds(at))
    }
}

impl FromStr for Stall {
    type Err = BadStall;

    fn from_str(text: &str) -> Result<Self, BadStall> {
        let (mut from, mut length) = (None, None);
        for part in text.split(',') {
            let place = match part.split_once('=') {
                Some(("from", value)) if from.is_none() => (&mut from, value),
                Some(("for", value)) if length.is_none() => (&mut length, value),
                _ => return Err(BadStall::Form(text.to_owned())),
            };
            *place.0 = Some(place.1.parse::<Span>()?.0);
        }
        let length = length.ok_or_else(|| BadStall::Form(text.to_owned()))?;
        Ok(Self { from: from.unwrap_or_default(), length })
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from={},for={}", Span(self.from), Span(self.length))
    }
}

/// A range of sizes in bytes; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The smallest.
    pub from: u64,
    /// The first that is too large; none is if there is none.
    pub to: Option<u64>,
}

/// Text that is no range of sizes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a range of sizes: write 1MiB.., ..100KiB or 100KiB..1MiB, whose end is not in it")]
pub struct BadSizes(String);

impl Sizes {
    /// Whether a size lies in it.
    #[must_use]
    pub fn holds(&self, size: u64) -> bool {
        size >= self.from && self.to.is_none_or(|to| size < to)
    }
}

impl FromStr for Sizes {
    type Err = BadSizes;

    fn from_str(text: &str) -> Result<Self, BadSizes> {
        let bad = || BadSizes(text.to_owned());
        let bound = |text: &str| match text.trim() {
            "" => Ok(None),
            size => size.parse::<Size>().map(|size| Some(size.0)).map_err(|_| bad()),
        };
        let (from, to) = text.split_once("..").ok_or_else(bad)?;
        let (from, to) = (bound(from)?, bound(to)?);
        let empty = to.is_some_and(|to| to <= from.unwrap_or(0));
        if empty || (from, to) == (None, None) {
            return Err(bad());
        }
        Ok(Self { from: from.unwrap_or(0), to })
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..", Size(self.from))?;
        self.to.map_or(Ok(()), |to| write!(f, "{}", Size(to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_window_holds_from_its_first_moment_to_before_its_last() {
        let rows = [
            (Window::default(), vec![(Duration::ZERO, true), (Duration::MAX, true)]),
            (Window { from: 2 * S, length: None }, vec![(1999 * MS, false), (2 * S, true), (99 * S, true)]),
            (
                Window { from: 10 * S, length: Some(5 * S) },
                vec![(9 * S, false), (10 * S, true), (14_999 * MS, true), (15 * S, false)],
            ),
            (Window { from: S, length: Some(Duration::MAX) }, vec![(Duration::ZERO, false), (99 * S, true)]),
        ];
        for (window, moments) in rows {
            for (at, holds) in moments {
                assert_eq!(window.holds(at), holds, "{window:?} {at:?}");
            }
        }
    }

    #[test]
    fn a_stall_says_when_it_is_over() {
        let stall = Stall { from: 10 * S, length: 5 * S };
        assert_eq!([9, 10, 14, 15].map(|at| stall.end(at * S)), [None, Some(15 * S), Some(15 * S), None]);
        for (text, shown) in [
            ("from=10s,for=5s", "from=10s,for=5s"),
            ("for=1m 30s", "from=0s,for=1m30s"),
            ("for=250ms,from=1s", "from=1s,for=250ms"),
        ] {
            let stall: Stall = text.parse().unwrap();
            assert_eq!((stall.to_string().as_str(), shown.parse()), (shown, Ok(stall)));
        }
        for text in ["", "from=1s", "for=1s,for=2s", "10s", "for=1s,x=2s"] {
            let error = text.parse::<Stall>().unwrap_err().to_string();
            assert!(
                error.ends_with("write from=10s,for=5s, or for=5s for one that begins at once"),
                "{error}"
            );
        }
        let error = "for=soon".parse::<Stall>().unwrap_err().to_string();
        assert!(error.starts_with("`soon` is not a duration (") && error.ends_with("1m 30s"), "{error}");
    }

    #[test]
    fn a_range_of_sizes_holds_its_first_and_not_its_end() {
        let rows = [
            ("1MiB..", "1MiB..", vec![((1 << 20) - 1, false), (1 << 20, true), (u64::MAX, true)]),
            ("..1KiB", "0B..1KiB", vec![(0, true), (1023, true), (1024, false)]),
            ("7..9B", "7B..9B", vec![(6, false), (7, true), (8, true), (9, false)]),
        ];
        for (text, shown, sizes) in rows {
            let range: Sizes = text.parse().unwrap();
            assert_eq!((range.to_string().as_str(), shown.parse()), (shown, Ok(range)));
            for (size, holds) in sizes {
                assert_eq!(range.holds(size), holds, "{text} {size}");
            }
        }
        for text in ["", "..", "1MiB", "2KiB..1KiB", "1KiB..1KiB", "x..", "..0"] {
            assert_eq!(text.parse::<Sizes>(), Err(BadSizes(text.to_owned())));
        }
    }
}
