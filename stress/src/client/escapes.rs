//! Texts with their escapes undone (percent-encoding, JSON, HTML), and where each byte of them stood.

use std::ops::Range;

/// How often texts are escaped within one another: a URL in JSON in a page.
const MAX_DEPTH: usize = 3;

/// A text, or what it means once escapes are undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where each byte stood in the original text.
    places: Vec<Range<usize>>,
}

/// The text as it stands and, where it has escapes, with them undone once, twice and three times.
pub(super) fn views(text: &str) -> Vec<View> {
    let places = (0..text.len()).map(|at| at..at + 1).collect();
    let mut views = vec![View { bytes: text.as_bytes().to_vec(), places }];
    while let Some(last) = views.last()
        && let Some(next) = last.undone()
        && views.len() <= MAX_DEPTH
    {
        views.push(next);
    }
    views
}

impl View {
    /// The whole characters of the original text that became these bytes.
    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        match (self.places.get(range.start), self.places.get(range.end - 1)) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..0,
        }
    }

    /// This view with its escapes undone; `None` when there are none.
    fn undone(&self) -> Option<View> {
        let mut next = View { bytes: Vec::with_capacity(self.bytes.len()), places: Vec::new() };
        let mut at = 0;
        while at < self.bytes.len() {
            let (decoded, length) = escape(&self.bytes[at..]).unwrap_or_else(|| (vec![self.bytes[at]], 1));
            let place = self.original(at..at + length);
            next.places.extend(decoded.iter().map(|_| place.clone()));
            next.bytes.extend(decoded);
            at += length;
        }
        (next.bytes != self.bytes).then_some(next)
    }
}

/// What the escape at the beginning of `bytes` means, and how long it is.
fn escape(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let byte = |number: u32| u8::try_from(number).ok().map(|byte| vec![byte]);
    let char = |number: u32| char::from_u32(number).map(|char| char.to_string().into_bytes());
    match bytes {
        [b'%', ..] => Some((byte(number(bytes.get(1..3)?, 16)?)?, 3)),
        [b'\\', b'u', ..] => Some((char(number(bytes.get(2..6)?, 16)?)?, 6)),
        [b'\\', b'x', ..] => Some((byte(number(bytes.get(2..4)?, 16)?)?, 4)),
        [b'\\', plain @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((vec![*plain], 2)),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(8).position(|byte| *byte == b';')?;
            Some((entity(&rest[..length])?, length + 2))
        }
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<Vec<u8>> {
    let number = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        _ => return None,
    };
    char::from_u32(number).map(|char| char.to_string().into_bytes())
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_known_by_their_place() {
        let text = r"a%41\u0042\/&#67;&amp;%2541 %zz\q&none;";
        let views = views(text);
        let texts: Vec<_> = views.iter().map(|view| String::from_utf8_lossy(&view.bytes)).collect();
        assert_eq!(texts, [text, r"aAB/C&%41 %zz\q&none;", r"aAB/C&A %zz\q&none;"]);
        let at = texts[2].find("&A").unwrap();
        assert_eq!(&text[views[2].original(at..at + 2)], "&amp;%2541");
    }

    #[test]
    fn escapes_within_escapes_have_an_end() {
        let text = format!("%{}41", "25".repeat(50));
        assert_eq!(views(&text).len(), MAX_DEPTH + 1);
        assert_eq!(views("plain ü").len(), 1);
        for cut in ["%", "%4", "\\", "\\u004", "&", "&#x41", "&#xffffff;", "%+4"] {
            views(cut);
        }
    }
}
