//! The few forms of BCS that quilts are written in: lengths, text, maps of text.

use super::Tags;

/// Appends a length, seven bits at a time.
pub(super) fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or(0));
}

/// Appends text after its length in bytes.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Appends a map after its number of pairs, in the order of the keys as they are written.
pub(super) fn put_map(out: &mut Vec<u8>, map: &Tags) {
    let written = |text: &str| {
        let mut bytes = Vec::with_capacity(text.len() + 2);
        put_text(&mut bytes, text);
        bytes
    };
    let mut pairs: Vec<_> = map.iter().map(|(key, value)| (written(key), value)).collect();
    pairs.sort();
    put_length(out, pairs.len());
    for (key, value) in pairs {
        out.extend_from_slice(&key);
        put_text(out, value);
    }
}

/// Takes values from the front of bytes; `None` when the bytes are not what was hoped for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker<'a>(pub(super) &'a [u8]);

impl<'a> Taker<'a> {
    /// So many bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// One byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|byte| byte[0])
    }

    /// Two bytes, the low one first.
    pub(super) fn short(&mut self) -> Option<u16> {
        self.bytes(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    /// Four bytes, the lowest first.
    pub(super) fn word(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// A length.
    pub(super) fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(length);
            }
        }
        None
    }

    /// Text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    /// A map of text.
    pub(super) fn map(&mut self) -> Option<Tags> {
        let pairs = self.length()?;
        let mut map = Tags::new();
        for _ in 0..pairs {
            map.insert(self.text()?.to_owned(), self.text()?.to_owned());
        }
        Some(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_seven_bits_a_byte() {
        let rows: [(usize, &[u8]); 5] =
            [(0, &[0]), (127, &[127]), (128, &[128, 1]), (300, &[0xac, 2]), (65_535, &[255, 255, 3])];
        for (length, bytes) in rows {
            let mut out = Vec::new();
            put_length(&mut out, length);
            assert_eq!(out, bytes, "{length}");
            assert_eq!(Taker(bytes).length(), Some(length));
        }
        assert_eq!(Taker(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]).length(), None);
    }

    #[test]
    fn shorter_keys_come_first_and_maps_come_back() {
        let map: Tags = [("kind", "note"), ("b", "2"), ("aa", "3")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let mut out = Vec::new();
        put_map(&mut out, &map);
        assert_eq!(out, b"\x03\x01b\x012\x02aa\x013\x04kind\x04note");
        assert_eq!(Taker(&out).map(), Some(map));
        assert_eq!(Taker(&out[..out.len() - 1]).map(), None);
    }
}
