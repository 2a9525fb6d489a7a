//! Decodes the chunked transfer coding (RFC 9112 §7.1) from pieces of any size.

use httparse::Status;

/// The most bytes of a chunk's first line, or of all trailers together; neither chunk extensions nor trailers are used.
const MAX_LINE: usize = 16 * 1024;

/// The state of a chunked body.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    next: Next,
    /// The beginning of a line that is still incomplete.
    held: Vec<u8>,
    /// Bytes of trailers so far.
    trailers: usize,
}

/// What comes next in a chunked body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The line with a chunk's size.
    #[default]
    Size,
    /// This many more bytes of a chunk.
    Data(u64),
    /// The line end after a chunk.
    DataEnd,
    /// Trailers, or the empty line that ends everything.
    Trailers,
    /// Nothing: the body has ended.
    Nothing,
}

/// The beginning of a piece of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The next bytes of the content; may be empty.
    pub(super) content: &'a [u8],
    /// The bytes that are not decoded yet.
    pub(super) rest: &'a [u8],
    /// Whether the body has ended before the rest.
    pub(super) ended: bool,
}

impl Chunked {
    /// Decodes the beginning of `bytes`, which are not empty. To be called again with the rest until there is none.
    ///
    /// # Errors
    /// Says what is malformed.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Part<'a>, String> {
        if let Next::Data(left) = self.next {
            let length = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (content, rest) = bytes.split_at(length);
            let left = left - length as u64;
            self.next = if left == 0 { Next::DataEnd } else { Next::Data(left) };
            return Ok(Part { content, rest, ended: false });
        }
        let (line, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => bytes.split_at(end + 1),
            None => (bytes, &bytes[bytes.len()..]),
        };
        if self.held.len() + line.len() > MAX_LINE {
            return Err("a line between its chunks has no end".to_owned());
        }
        self.held.extend_from_slice(line);
        if line.last() == Some(&b'\n') {
            self.next = self.line()?;
            self.held.clear();
        }
        Ok(Part { content: &[], rest, ended: self.next == Next::Nothing })
    }

    /// What follows the complete line in `held`.
    fn line(&mut self) -> Result<Next, String> {
        let line = &*self.held;
        match self.next {
            // httparse accepts no digits as zero.
            Next::Size if !line[0].is_ascii_hexdigit() => Err("a chunk has no size".to_owned()),
            Next::Size => match httparse::parse_chunk_size(line) {
                Ok(Status::Complete((_, 0))) => Ok(Next::Trailers),
                Ok(Status::Complete((_, size))) => Ok(Next::Data(size)),
                Ok(Status::Partial) | Err(_) => Err("a chunk has no size".to_owned()),
            },
            Next::DataEnd if line == b"\r\n" => Ok(Next::Size),
            Next::DataEnd | Next::Data(_) => Err("a chunk is longer than its size".to_owned()),
            Next::Trailers if line == b"\r\n" => Ok(Next::Nothing),
            Next::Trailers => {
                self.trailers += line.len();
                let few = self.trailers <= MAX_LINE;
                few.then_some(Next::Trailers).ok_or_else(|| "its trailers have no end".to_owned())
            }
            Next::Nothing => Ok(Next::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The content, and how many bytes follow the body's end; `None` when it is incomplete.
    fn decode(bytes: &[u8], cut: usize) -> Result<(Vec<u8>, Option<usize>), String> {
        let (mut chunked, mut content, mut seen) = (Chunked::default(), Vec::new(), 0);
        for piece in bytes.chunks(cut) {
            let mut rest = piece;
            while !rest.is_empty() {
                let part = chunked.next(rest)?;
                content.extend_from_slice(part.content);
                seen += rest.len() - part.rest.len();
                rest = part.rest;
                if part.ended {
                    return Ok((content, Some(bytes.len() - seen)));
                }
            }
        }
        Ok((content, None))
    }

    proptest! {
        #[test]
        fn the_content_is_the_same_however_it_is_cut(
            content in prop::collection::vec(any::<u8>(), 0..2000), chunk in 1_usize..700, cut in 1_usize..300,
        ) {
            let mut coded = Vec::new();
            for chunk in content.chunks(chunk) {
                coded.extend_from_slice(format!("{:X} ;a=\"b\"\r\n", chunk.len()).as_bytes());
                coded.extend_from_slice(chunk);
                coded.extend_from_slice(b"\r\n");
            }
            coded.extend_from_slice(b"0\r\nx: y\r\n\r\nmore");
            prop_assert_eq!(decode(&coded, coded.len()), Ok((content.clone(), Some(4))));
            let (decoded, left) = decode(&coded, cut).unwrap();
            prop_assert_eq!((decoded, left.is_some()), (content, true));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1_usize..50) {
            let _ = decode(&bytes, cut);
        }
    }

    #[test]
    fn malformed_bodies_are_refused_and_short_ones_are_incomplete() {
        let endless = [b"1;".as_slice(), &[b'x'; MAX_LINE]].concat();
        let trailers = [b"0\r\n".as_slice(), &b"a: b\r\n".repeat(MAX_LINE / 6 + 1)].concat();
        for wrong in [
            &b"\r\n"[..],
            b"zz\r\n",
            b"-1\r\n",
            b"1\n",
            b"1\r\nab\r\n",
            b"1\r\na\n",
            b"fffffffffffffffff\r\n",
            &endless,
            &trailers,
        ] {
            assert!(decode(wrong, 7).is_err(), "{}", wrong.escape_ascii());
        }
        for short in [&b""[..], b"5", b"5\r\nab", b"5\r\nabcde", b"0\r\n", b"0\r\n\r"] {
            assert!(matches!(decode(short, 3), Ok((_, None))), "{}", short.escape_ascii());
        }
    }
}
