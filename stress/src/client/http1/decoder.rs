//! An answer as it comes in, piece by piece and without a socket: heads on the way, the head, the body, the end.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::{
    chunked::{Chunked, Part},
    head::{Framing, Head},
};

/// The most header lines of an answer.
const MAX_HEADERS: usize = 128;
/// The most bytes of an answer's head.
const MAX_HEAD: usize = 64 * 1024;

/// Whether more of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Wanted {
    /// Yes.
    More,
    /// No: what has come is enough to judge it.
    Nothing,
}

/// Who takes an answer in.
pub(in crate::client) trait Taker {
    /// The head has come; with the body's length in bytes, where that is announced.
    fn head(&mut self, head: &Head<'_>, length: Option<u64>) -> Wanted;

    /// The next bytes of the body, never none.
    fn body(&mut self, bytes: &[u8]) -> Wanted;
}

/// What has come of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::client) enum Progress {
    /// Not its end.
    Unfinished,
    /// Its end; says whether the connection can serve another exchange.
    Whole {
        /// Neither has the answer announced a close, nor is there more behind it than belongs to it.
        reusable: bool,
    },
    /// Enough for its taker.
    Enough,
}

/// An answer that comes in.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a head whose end has not come yet.
    held: Vec<u8>,
    state: State,
    /// Whether the server has told to go on with the request (`100 Continue`).
    pub(super) told_to_go_on: bool,
    closes: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Head,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

impl Decoder {
    /// Whether the answer's head has come.
    pub(super) fn has_head(&self) -> bool {
        !matches!(self.state, State::Head)
    }

    /// Whether the last byte of the answer is known when it comes.
    pub(super) fn knows_its_end(&self) -> bool {
        matches!(self.state, State::Length(_))
    }

    /// How many bytes of the body have not come; 0 when that is not known.
    pub(super) fn left(&self) -> u64 {
        if let State::Length(left) = self.state { left } else { 0 }
    }

    /// Takes in what has come.
    ///
    /// # Errors
    /// Says what is not HTTP/1 in it.
    pub(super) fn feed(&mut self, bytes: &[u8], taker: &mut impl Taker) -> Result<Progress, String> {
        if self.has_head() {
            return self.body(bytes, taker);
        }
        if self.held.is_empty() {
            return self.head(bytes, taker);
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        self.head(&held, taker)
    }

    /// The server has closed: whether that is the answer's end.
    pub(super) fn ends_with_the_connection(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    /// Takes in what begins with a head.
    fn head(&mut self, mut bytes: &[u8], taker: &mut impl Taker) -> Result<Progress, String> {
        loop {
            let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
            let parsed = parse(bytes, &mut headers)?;
            if parsed.as_ref().map_or(bytes.len(), |(_, length)| *length) > MAX_HEAD {
                return Err("its head has no end".to_owned());
            }
            let Some((head, length)) = parsed else {
                self.held.extend_from_slice(bytes);
                return Ok(Progress::Unfinished);
            };
            bytes = &bytes[length..];
            // What is said on the way is not the answer (RFC 9110 §15.2). After 101 it would be no HTTP any more: that is an
            // end, although no good one.
            if matches!(head.status, 100 | 102..=199) {
                self.told_to_go_on |= head.status == 100;
                if bytes.is_empty() {
                    return Ok(Progress::Unfinished);
                }
                continue;
            }
            let framing = head.framing()?;
            let announced = if let Framing::Length(length) = framing { Some(length) } else { None };
            (self.closes, self.state) = (head.closes(), State::of(framing));
            if taker.head(&head, announced) == Wanted::Nothing {
                return Ok(Progress::Enough);
            }
            return self.body(bytes, taker);
        }
    }

    fn body(&mut self, mut bytes: &[u8], taker: &mut impl Taker) -> Result<Progress, String> {
        loop {
            let part = self.part(bytes)?;
            if !part.content.is_empty() && taker.body(part.content) == Wanted::Nothing {
                return Ok(Progress::Enough);
            }
            if part.ended {
                return Ok(Progress::Whole { reusable: part.rest.is_empty() && !self.closes });
            }
            bytes = part.rest;
            if bytes.is_empty() {
                return Ok(Progress::Unfinished);
            }
        }
    }

    fn part<'a>(&mut self, bytes: &'a [u8]) -> Result<Part<'a>, String> {
        match &mut self.state {
            State::Length(left) => {
                let length = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let (content, rest) = bytes.split_at(length);
                *left -= length as u64;
                Ok(Part { content, rest, ended: *left == 0 })
            }
            State::Chunked(chunked) => chunked.next(bytes),
            State::Head | State::UntilClose => {
                Ok(Part { content: bytes, rest: &bytes[bytes.len()..], ended: false })
            }
        }
    }
}

impl State {
    fn of(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunked::default()),
            Framing::UntilClose => State::UntilClose,
        }
    }
}

/// The head at the beginning of `bytes` and its length; `None` when its end has not come.
fn parse<'a>(
    bytes: &'a [u8],
    headers: &'a mut [MaybeUninit<Header<'a>>],
) -> Result<Option<(Head<'a>, usize)>, String> {
    let mut response = Response::new(&mut []);
    match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, headers) {
        Ok(Status::Complete(length)) => {
            let (status, minor) = (response.code.unwrap_or_default(), response.version.unwrap_or_default());
            Ok(Some((Head { status, minor, headers: response.headers }, length)))
        }
        Ok(Status::Partial) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes in everything, up to a number of bytes of body.
    #[derive(Debug, Default, PartialEq, Eq, Clone)]
    struct All {
        status: u16,
        length: Option<u64>,
        body: Vec<u8>,
        limit: Option<usize>,
    }

    impl Taker for All {
        fn head(&mut self, head: &Head<'_>, length: Option<u64>) -> Wanted {
            (self.status, self.length) = (head.status, length);
            Wanted::More
        }

        fn body(&mut self, bytes: &[u8]) -> Wanted {
            self.body.extend_from_slice(bytes);
            if self.limit.is_some_and(|limit| self.body.len() >= limit) {
                Wanted::Nothing
            } else {
                Wanted::More
            }
        }
    }

    fn decode(bytes: &[u8], cut: usize) -> Result<(Progress, All, bool), String> {
        let (mut decoder, mut all, mut progress) = (Decoder::default(), All::default(), Progress::Unfinished);
        for piece in bytes.chunks(cut) {
            progress = decoder.feed(piece, &mut all)?;
            if progress != Progress::Unfinished {
                break;
            }
        }
        let told = decoder.told_to_go_on;
        Ok((progress, all, told))
    }

    const REUSABLE: Progress = Progress::Whole { reusable: true };

    proptest! {
        #[test]
        fn an_answer_is_the_same_however_it_is_cut(
            body in prop::collection::vec(any::<u8>(), 0..500), chunked: bool, on_the_way in 0_usize..3, cut in 1_usize..600,
        ) {
            let mut answer = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(on_the_way);
            if chunked {
                answer.extend_from_slice(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n");
                for chunk in body.chunks(90) {
                    answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    answer.extend_from_slice(&[chunk, b"\r\n"].concat());
                }
                answer.extend_from_slice(b"0\r\n\r\n");
            } else {
                answer.extend_from_slice(format!("HTTP/1.1 201 \r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
                answer.extend_from_slice(&body);
            }
            let length = (!chunked).then_some(body.len() as u64);
            let expected = All { status: 201, length, body, limit: None };
            prop_assert_eq!(decode(&answer, cut), Ok((REUSABLE, expected, on_the_way > 0)));
            let (short, _, _) = decode(&answer[..answer.len() - 1], cut).unwrap();
            prop_assert_eq!(short, Progress::Unfinished);
        }

        #[test]
        fn anything_at_all_is_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1_usize..50) {
            let _ = decode(&bytes, cut);
            let _ = decode(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), &bytes].concat(), cut);
        }
    }

    #[test]
    fn a_connection_serves_again_only_when_nothing_speaks_against_it() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", REUSABLE),
            ("HTTP/1.1 204 No Content\r\n\r\n", REUSABLE),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab", Progress::Whole { reusable: false }),
            ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na", Progress::Whole { reusable: false }),
            (
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                Progress::Whole { reusable: false },
            ),
            ("HTTP/1.1 200 OK\r\n\r\nabc", Progress::Unfinished),
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", Progress::Whole { reusable: false }),
            (
                "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                Progress::Whole { reusable: false },
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                Progress::Whole { reusable: false },
            ),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked,\r\n\r\n0\r\n\r\n", REUSABLE),
        ] {
            assert_eq!(decode(answer.as_bytes(), usize::MAX).unwrap().0, expected, "{answer}");
        }
    }

    #[test]
    fn what_is_no_http_is_refused() {
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD));
        let long = format!("{endless}\r\ncontent-length: 0\r\n\r\n");
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
        for wrong in [
            "220 mail.example.com ESMTP\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            &endless,
            &long,
            &many,
        ] {
            for cut in [1000, usize::MAX] {
                assert!(decode(wrong.as_bytes(), cut).is_err(), "{wrong:.60}");
            }
        }
    }

    #[test]
    fn a_taker_who_has_enough_is_given_no_more() {
        let mut all = All { limit: Some(2), ..All::default() };
        let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
        assert_eq!(Decoder::default().feed(answer, &mut all), Ok(Progress::Enough));
        assert_eq!(all.body, b"ab");
    }
}
