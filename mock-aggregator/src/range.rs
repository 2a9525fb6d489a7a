//! The `Range` header as the real aggregator reads it: one range with both ends, or nothing.

/// The bytes from `start` to `end`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) start: u64,
    /// The last byte.
    pub(crate) end: u64,
}

impl Span {
    /// Reads `bytes=START-END`; everything else is `None`.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let (start, end) = std::str::from_utf8(header).ok()?.strip_prefix("bytes=")?.split_once('-')?;
        let span = Self { start: number(start)?, end: number(end)? };
        (span.start <= span.end).then_some(span)
    }

    /// Bytes in the range of a blob of `size` bytes; a range that reaches past its end is none.
    pub(crate) fn within(self, size: u64) -> Option<u64> {
        (self.end < size).then(|| self.end - self.start + 1)
    }
}

/// A decimal number as short as it can be written.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let short = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| plain && short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_range_with_both_ends_is_read() {
        assert_eq!(Span::parse(b"bytes=0-0"), Some(Span { start: 0, end: 0 }));
        assert_eq!(Span::parse(b"bytes=5-18446744073709551615"), Some(Span { start: 5, end: u64::MAX }));
        let bad: [&[u8]; 15] = [
            b"",
            b"bytes",
            b"bytes=",
            b"bytes=5-",
            b"bytes=-5",
            b"bytes=0-1,3-4",
            b"items=0-1",
            b"Bytes=0-1",
            b"bytes= 0-1",
            b"bytes=0 -1",
            b"bytes=00-9",
            b"bytes=+1-2",
            b"bytes=9-5",
            b"bytes=0-18446744073709551616",
            b"bytes=\xff-1",
        ];
        for header in bad {
            assert_eq!(Span::parse(header), None, "{}", String::from_utf8_lossy(header));
        }
    }

    #[test]
    fn a_range_past_the_end_is_not_shortened() {
        let span = Span { start: 2, end: 5 };
        assert_eq!([5, 6, 7].map(|size| span.within(size)), [None, Some(4), Some(4)]);
        assert_eq!(Span { start: 0, end: 0 }.within(0), None);
    }
}
