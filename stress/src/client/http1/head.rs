//! The head of a response: its status, its headers as they were sent, how its body is framed, and what it asks for.

use std::time::Duration;

use httparse::Header;

/// How a body is framed (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes.
    Length(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// The head of a response.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) struct Head<'a> {
    /// The status code.
    pub(in crate::client) status: u16,
    /// The minor version of HTTP/1.
    pub(super) minor: u8,
    /// The header lines in their order.
    pub(super) headers: &'a [Header<'a>],
}

impl<'a> Head<'a> {
    /// The values of all lines of this name, in any case.
    pub(in crate::client) fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }

    /// The name and the value of every line.
    pub(in crate::client) fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.headers.iter().map(|header| (header.name, header.value))
    }

    /// The value of the first line of this name.
    pub(in crate::client) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The value of the first line of this name, if it is ASCII.
    pub(in crate::client) fn text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.get(name)?).ok().filter(|text| text.is_ascii())
    }

    /// Whether the connection cannot be reused after this response: because it announces a close (RFC 9112 §9.3), because the
    /// framing is ambiguous (§6.1 and §6.3), or because the protocol changes.
    pub(super) fn closes(&self) -> bool {
        let announced = if self.minor == 0 {
            !self.lists("connection", "keep-alive")
        } else {
            self.lists("connection", "close")
        };
        let coded = self.get("transfer-encoding").is_some();
        let doubtful = coded && (self.minor == 0 || self.get("content-length").is_some());
        announced || doubtful || self.status == 101
    }

    /// How the body of a final response is framed.
    ///
    /// # Errors
    /// Says which header makes no sense.
    pub(super) fn framing(&self) -> Result<Framing, String> {
        if matches!(self.status, 101 | 204 | 304) {
            return Ok(Framing::Length(0));
        }
        if let Some(coding) = self.members("transfer-encoding").last() {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            return Ok(if chunked { Framing::Chunked } else { Framing::UntilClose });
        }
        let mut length = None;
        for value in self.all("content-length").flat_map(|line| line.split(|byte| *byte == b',')) {
            let value = digits(value.trim_ascii()).ok_or("its Content-Length is no number")?;
            if length.replace(value).is_some_and(|before| before != value) {
                return Err("it names two lengths".to_owned());
            }
        }
        Ok(length.map_or(Framing::UntilClose, Framing::Length))
    }

    /// What the body's bytes are coded with, apart from the chunking that [`Self::framing`] removes: `Content-Encoding` and
    /// the transfer codings (RFC 9110 §8.4, RFC 9112 §6.1).
    pub(in crate::client) fn codings(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut transfer: Vec<_> = self.members("transfer-encoding").collect();
        transfer.pop_if(|last| last.eq_ignore_ascii_case(b"chunked"));
        let codings = self.members("content-encoding").chain(transfer);
        codings.filter(|coding| !coding.eq_ignore_ascii_case(b"identity"))
    }

    /// How long `Retry-After` asks to wait, in seconds or until a date; `None` when it is absent or malformed.
    ///
    /// A date is counted from the response's own `Date` (RFC 9110 §10.2.3 and §6.6.1), so that the clock of this machine does
    /// not matter; one that has passed asks for no wait. A number of seconds that no clock can hold is the longest time of all.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let text = |name| self.text(name).map(str::trim);
        let value = text("retry-after")?;
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Duration::from_secs(digits(value.as_bytes()).unwrap_or(u64::MAX)));
        }
        let until = httpdate::parse_http_date(value).ok()?;
        let now = httpdate::parse_http_date(text("date")?).ok()?;
        Some(until.duration_since(now).unwrap_or_default())
    }

    /// How long the server keeps an idle connection open, by the `timeout` of `Keep-Alive`; `None` when it does not say
    /// (RFC 2068 §19.7.1; the header of RFC 9112's appendix C.2.2 has no grammar of its own).
    pub(super) fn keep_alive(&self) -> Option<Duration> {
        self.members("keep-alive").find_map(|member| {
            let (name, value) = member.split_at(member.iter().position(|byte| *byte == b'=')?);
            let seconds = digits(value[1..].trim_ascii())?;
            name.trim_ascii().eq_ignore_ascii_case(b"timeout").then(|| Duration::from_secs(seconds))
        })
    }

    fn lists(&self, name: &str, word: &str) -> bool {
        self.members(name).any(|member| member.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The members of a list without the empty ones (RFC 9110 §5.6.1), over all its lines.
    fn members(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let members =
            self.all(name).flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        members.filter(|member| !member.is_empty())
    }
}

/// A whole number in decimal digits, without a sign.
fn digits(text: &[u8]) -> Option<u64> {
    text.first().filter(|byte| byte.is_ascii_digit())?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
pub(in crate::client) mod tests {
    use super::*;

    /// What `look` returns for an HTTP/1.1 response with this status and these header lines.
    pub(in crate::client) fn with_head<T>(
        status: u16,
        lines: &[&str],
        look: impl FnOnce(&Head<'_>) -> T,
    ) -> T {
        let headers: Vec<_> = lines
            .iter()
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                Header { name, value: value.as_bytes() }
            })
            .collect();
        look(&Head { status, minor: 1, headers: &headers })
    }

    #[test]
    fn bodies_are_framed_as_rfc_9112_requires() {
        use Framing::{Chunked, Length, UntilClose};
        for (status, lines, expected) in [
            (200, &["Content-Length: 7"][..], Ok(Length(7))),
            (200, &["content-length: 7, 7", "CONTENT-LENGTH: 7"], Ok(Length(7))),
            (200, &["content-length: 7", "content-length: 8"], Err(())),
            (200, &["content-length: -7"], Err(())),
            (200, &["content-length: +7"], Err(())),
            (200, &["content-length: "], Err(())),
            (200, &["content-length: 99999999999999999999"], Err(())),
            (200, &[], Ok(UntilClose)),
            (200, &["transfer-encoding: chunked"], Ok(Chunked)),
            (200, &["Transfer-Encoding: gzip, Chunked", "content-length: 7"], Ok(Chunked)),
            (200, &["transfer-encoding: chunked, gzip"], Ok(UntilClose)),
            (204, &["content-length: 7"], Ok(Length(0))),
            (304, &["transfer-encoding: chunked"], Ok(Length(0))),
        ] {
            let framing = with_head(status, lines, |head| head.framing().map_err(drop));
            assert_eq!(framing, expected, "{status} {lines:?}");
        }
    }

    #[test]
    fn codings_are_those_that_remain_without_the_chunking() {
        for (lines, expected) in [
            (&[][..], &[][..]),
            (&["transfer-encoding: Chunked", "content-encoding: Identity"], &[]),
            (&["content-encoding: gzip"], &["gzip"]),
            (&["content-encoding: gzip, br", "Content-Encoding: zstd"], &["gzip", "br", "zstd"]),
            (&["transfer-encoding: gzip, chunked"], &["gzip"]),
            (&["transfer-encoding: gzip", "transfer-encoding: chunked"], &["gzip"]),
            (&["transfer-encoding: chunked, gzip"], &["chunked", "gzip"]),
            (&["transfer-encoding: chunked, chunked", "content-encoding: br"], &["br", "chunked"]),
        ] {
            let codings =
                with_head(200, lines, |head| head.codings().map(<[u8]>::to_vec).collect::<Vec<_>>());
            assert_eq!(
                codings,
                expected.iter().map(|coding| coding.as_bytes()).collect::<Vec<_>>(),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn http_1_1_announces_a_close_and_http_1_0_announces_keep_alive() {
        for (minor, lines, closes) in [
            (1, &[][..], false),
            (1, &["connection: Close"], true),
            (1, &["connection: keep-alive, close"], true),
            (1, &["connection: keep-alive"], false),
            (0, &[], true),
            (0, &["Connection: Keep-Alive"], false),
        ] {
            let announced = with_head(200, lines, |head| Head { minor, ..*head }.closes());
            assert_eq!(announced, closes, "{minor} {lines:?}");
        }
    }

    #[test]
    fn the_announced_idle_time_is_read() {
        for (lines, expected) in [
            (&[][..], None),
            (&["Keep-Alive: timeout=5, max=100"], Some(5)),
            (&["keep-alive: max=100 , Timeout = 65"], Some(65)),
            (&["keep-alive: max=1", "keep-alive: timeout=0"], Some(0)),
            (&["keep-alive: timeout"], None),
            (&["keep-alive: timeout=-1"], None),
            (&["keep-alive: 300"], None),
        ] {
            let found = with_head(200, lines, |head| head.keep_alive());
            assert_eq!(found, expected.map(Duration::from_secs), "{lines:?}");
        }
    }

    const NOON: &str = "Sun, 22 Nov 2026 12:00:00 GMT";

    fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
        let lines = [format!("Retry-After: {value}"), format!("Date: {}", date.unwrap_or_default())];
        let lines = lines.iter().map(String::as_str).take(if date.is_some() { 2 } else { 1 });
        with_head(429, &lines.collect::<Vec<_>>(), |head| head.retry_after())
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        for (value, date, seconds) in [
            ("0", None, Some(0)),
            (" 120 ", None, Some(120)),
            ("120", Some(NOON), Some(120)),
            ("18446744073709551615", None, Some(u64::MAX)),
            ("18446744073709551616", None, Some(u64::MAX)),
            (&"9".repeat(20_000), Some(NOON), Some(u64::MAX)),
            ("Sun, 22 Nov 2026 12:02:05 GMT", Some(NOON), Some(125)),
            // The two older forms of a date.
            ("Sunday, 22-Nov-26 12:00:07 GMT", Some(NOON), Some(7)),
            ("Sun Nov 22 12:00:09 2026", Some(NOON), Some(9)),
            ("Sun, 22 Nov 2026 11:59:00 GMT", Some(NOON), Some(0)),
            ("Sun, 22 Nov 2026 12:02:05 GMT", None, None),
            ("Sun, 22 Nov 2026 12:02:05 GMT", Some("today"), None),
            ("-1", None, None),
            ("+120", None, None),
            ("1.5", None, None),
            ("soon", Some(NOON), None),
            ("", Some(NOON), None),
        ] {
            assert_eq!(retry_after(value, date), seconds.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(with_head(429, &[], |head| head.retry_after()), None);
    }
}
