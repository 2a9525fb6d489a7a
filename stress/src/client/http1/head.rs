//! The head of an answer: its status, its headers as they came, and how its body is framed.

use httparse::Header;

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes.
    Length(u64),
    /// By its last chunk.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) struct Head<'a> {
    /// The status code.
    pub(in crate::client) status: u16,
    /// The version behind `HTTP/1.`.
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

    /// The value of the first line of this name.
    pub(in crate::client) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The value of the first line of this name, if it is text without surprises.
    pub(in crate::client) fn text(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.get(name)?).ok().filter(|text| text.is_ascii())
    }

    /// Whether the connection ends with the answer: because it announces so (RFC 9112 §9.3), or because two sides might
    /// take its end to be at two places (§6.1 and §6.3), or because it goes on as something else.
    pub(super) fn closes(&self) -> bool {
        let announced = if self.minor == 0 {
            !self.says("connection", "keep-alive")
        } else {
            self.says("connection", "close")
        };
        let coded = self.get("transfer-encoding").is_some();
        let doubtful = coded && (self.minor == 0 || self.get("content-length").is_some());
        announced || doubtful || self.status == 101
    }

    /// How the body of a final answer is framed.
    ///
    /// # Errors
    /// Says what makes no sense.
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

    fn says(&self, name: &str, word: &str) -> bool {
        self.members(name).any(|member| member.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The members of a list without the empty ones (RFC 9110 §5.6.1), over all its lines.
    fn members(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let members =
            self.all(name).flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        members.filter(|member| !member.is_empty())
    }
}

/// A whole number in decimal digits and nothing else.
fn digits(text: &[u8]) -> Option<u64> {
    // A sign would be taken for part of the number.
    text.first().filter(|byte| byte.is_ascii_digit())?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
pub(in crate::client) mod tests {
    use super::*;

    /// What `look` says of an HTTP/1.1 answer with this status and these header lines.
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
    fn the_end_of_a_body_is_known_as_the_standard_says() {
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
    fn a_close_is_announced_in_one_version_and_its_absence_in_the_other() {
        for (minor, lines, closes) in [
            (1, &[][..], false),
            (1, &["connection: Close"], true),
            (1, &["connection: keep-alive, close"], true),
            (1, &["connection: keep-alive"], false),
            (0, &[], true),
            (0, &["Connection: Keep-Alive"], false),
        ] {
            let said = with_head(200, lines, |head| Head { minor, ..*head }.closes());
            assert_eq!(said, closes, "{minor} {lines:?}");
        }
    }
}
