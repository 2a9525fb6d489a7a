//! Decodes a response from the bytes as they arrive: interim heads (1xx), the head, the body and its end. No I/O.

use std::{mem::MaybeUninit, ops::ControlFlow, time::Duration};

use httparse::{Header, ParserConfig, Response, Status};

use super::{
    chunked::{Chunked, Part},
    fold,
    head::{Framing, Head},
};
use crate::{
    client::handler::ResponseHandler,
    sample::{ExchangePhase, ExchangeRecord},
};

/// The most header lines of a response.
const MAX_HEADERS: usize = 128;
/// The most bytes of a response head.
const MAX_HEAD: usize = 64 * 1024;

/// How far a response has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// More bytes are needed.
    Incomplete,
    /// It has ended, or the handler wants no more of it.
    Ended {
        /// Whether the connection can serve another exchange: the whole response has been read, it did not announce a close,
        /// and no bytes follow it.
        reusable: bool,
    },
}

/// The most heads with folded lines in the bytes of one read: servers send one.
const MOST_FOLDED: u8 = 16;

/// The state of a response that arrives.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a head that is still incomplete.
    held: Vec<u8>,
    state: State,
    /// Whether the server has sent `100 Continue`.
    pub(super) got_100_continue: bool,
    /// Whether any byte has arrived.
    pub(super) has_begun: bool,
    /// How long the server keeps the connection open while it is idle, where it says so.
    pub(super) keep_alive: Option<Duration>,
    closes: bool,
    /// Heads with folded lines among the bytes that are decoded now: each is a copy and a level of recursion.
    folded: u8,
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
    /// Whether the last byte of the response can be recognised on its arrival.
    pub(super) fn has_known_end(&self) -> bool {
        matches!(self.state, State::Length(_))
    }

    /// Decodes `bytes`, which arrived at `arrived` since the run's origin; an empty slice changes nothing.
    ///
    /// # Errors
    /// Says what in them is not HTTP/1.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        arrived: Duration,
        handler: &mut ResponseHandler<'_, '_>,
        record: &mut ExchangeRecord,
    ) -> Result<Progress, String> {
        if bytes.is_empty() {
            return Ok(Progress::Incomplete);
        }
        self.has_begun = true;
        self.folded = 0;
        if !matches!(self.state, State::Head) {
            return self.body(bytes, handler, record);
        }
        if self.held.is_empty() {
            return self.head(bytes, arrived, handler, record);
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        self.head(&held, arrived, handler, record)
    }

    /// Whether the end of the connection is the end of the response.
    pub(super) fn ends_with_connection(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    fn head(
        &mut self,
        mut bytes: &[u8],
        arrived: Duration,
        handler: &mut ResponseHandler<'_, '_>,
        record: &mut ExchangeRecord,
    ) -> Result<Progress, String> {
        loop {
            let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
            let parsed = match parse(bytes, &mut headers) {
                Ok(parsed) => parsed,
                Err(error) => {
                    // httparse refuses folded lines, which are rare.
                    let unfolded =
                        fold::unfolded(bytes).filter(|_| self.folded < MOST_FOLDED).ok_or(error)?;
                    self.folded += 1;
                    return self.head(&unfolded, arrived, handler, record);
                }
            };
            if parsed.as_ref().map_or(bytes.len(), |(_, length)| *length) > MAX_HEAD {
                return Err("its head has no end".to_owned());
            }
            let Some((head, length)) = parsed else {
                self.held.extend_from_slice(bytes);
                return Ok(Progress::Incomplete);
            };
            bytes = &bytes[length..];
            // Interim responses are not the response (RFC 9110 §15.2). What follows a 101 is no HTTP any more, so that one
            // is taken as the response, although as a failed one.
            if matches!(head.status, 100 | 102..=199) {
                self.got_100_continue |= head.status == 100;
                if bytes.is_empty() {
                    return Ok(Progress::Incomplete);
                }
                continue;
            }
            let framing = head.framing()?;
            (self.closes, self.state) = (head.closes(), State::of(framing));
            self.keep_alive = head.keep_alive();
            record.timing.first_byte = Some(arrived);
            record.phase = ExchangePhase::Receiving;
            record.status = Some(head.status);
            if !(200..300).contains(&head.status) {
                record.retry_after = head.retry_after();
            }
            let length = if let Framing::Length(length) = framing { Some(length) } else { None };
            if handler.head(&head, length, record).is_break() {
                return Ok(Progress::Ended { reusable: false });
            }
            return self.body(bytes, handler, record);
        }
    }

    fn body(
        &mut self,
        mut bytes: &[u8],
        handler: &mut ResponseHandler<'_, '_>,
        record: &mut ExchangeRecord,
    ) -> Result<Progress, String> {
        loop {
            let part = self.part(bytes)?;
            if !part.content.is_empty() {
                record.bytes_received += part.content.len() as u64;
                if handler.body(part.content) == ControlFlow::Break(()) {
                    return Ok(Progress::Ended { reusable: false });
                }
            }
            if part.ended {
                return Ok(Progress::Ended { reusable: part.rest.is_empty() && !self.closes });
            }
            bytes = part.rest;
            if bytes.is_empty() {
                return Ok(Progress::Incomplete);
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

/// The head at the beginning of `bytes` and its length in bytes; `None` when it is incomplete.
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
    use crate::client::response::Response;

    /// What was decoded of some bytes.
    #[derive(Debug, PartialEq)]
    struct Decoded {
        progress: Progress,
        status: Option<u16>,
        body: Vec<u8>,
        got_100_continue: bool,
    }

    fn decode(bytes: &[u8], cut: usize, limit: usize) -> Result<Decoded, String> {
        let (mut decoder, mut progress) = (Decoder::default(), Progress::Incomplete);
        let (mut kept, mut record) = (Response::default(), ExchangeRecord::default());
        let mut handler = ResponseHandler::keeping(&mut kept, limit);
        for piece in bytes.chunks(cut) {
            progress = decoder.feed(piece, Duration::ZERO, &mut handler, &mut record)?;
            if progress != Progress::Incomplete {
                break;
            }
        }
        let got_100_continue = decoder.got_100_continue;
        Ok(Decoded { progress, status: record.status, body: kept.body, got_100_continue })
    }

    const REUSABLE: Progress = Progress::Ended { reusable: true };
    const CLOSES: Progress = Progress::Ended { reusable: false };

    proptest! {
        #[test]
        fn a_response_is_the_same_however_it_is_cut(
            body in prop::collection::vec(any::<u8>(), 0..500), chunked: bool, interim in 0_usize..3, cut in 1_usize..600,
        ) {
            let mut response = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(interim);
            if chunked {
                response.extend_from_slice(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n");
                for chunk in body.chunks(90) {
                    response.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    response.extend_from_slice(&[chunk, b"\r\n"].concat());
                }
                response.extend_from_slice(b"0\r\n\r\n");
            } else {
                response.extend_from_slice(format!("HTTP/1.1 201 \r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
                response.extend_from_slice(&body);
            }
            let expected = Decoded { progress: REUSABLE, status: Some(201), body, got_100_continue: interim > 0 };
            prop_assert_eq!(decode(&response, cut, usize::MAX), Ok(expected));
            let short = decode(&response[..response.len() - 1], cut, usize::MAX).unwrap();
            prop_assert_eq!(short.progress, Progress::Incomplete);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 1_usize..50) {
            let _ = decode(&bytes, cut, usize::MAX);
            let _ = decode(&[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), &bytes].concat(), cut, usize::MAX);
        }
    }

    #[test]
    fn a_connection_is_reusable_only_after_a_complete_response_without_a_close() {
        for (response, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", REUSABLE),
            ("HTTP/1.1 204 No Content\r\n\r\n", REUSABLE),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab", CLOSES),
            ("HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na", CLOSES),
            ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", CLOSES),
            ("HTTP/1.1 200 OK\r\n\r\nabc", Progress::Incomplete),
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", CLOSES),
            (
                "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                CLOSES,
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", CLOSES),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked,\r\n\r\n0\r\n\r\n", REUSABLE),
        ] {
            assert_eq!(
                decode(response.as_bytes(), usize::MAX, usize::MAX).unwrap().progress,
                expected,
                "{response}"
            );
        }
    }

    #[test]
    fn a_folded_header_is_one_header_however_it_is_cut() {
        let response = b"HTTP/1.1 200 OK\r\nx: a\r\n\tb\r\ncontent-length:\r\n  2\r\n\r\nhi";
        let expected =
            Decoded { progress: REUSABLE, status: Some(200), body: b"hi".to_vec(), got_100_continue: false };
        for cut in 1..=response.len() {
            assert_eq!(decode(response, cut, usize::MAX).as_ref(), Ok(&expected), "{cut}");
        }
        let many = format!("HTTP/1.1 200 OK\r\nx: a\r\n{}", " b\r\n".repeat(MAX_HEAD));
        assert!(decode(many.as_bytes(), 1000, usize::MAX).is_err());
    }

    #[test]
    fn malformed_http_is_refused() {
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD));
        let long = format!("{endless}\r\ncontent-length: 0\r\n\r\n");
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
        for wrong in [
            "220 mail.example.com ESMTP\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\n a: c\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            &endless,
            &long,
            &many,
        ] {
            for cut in [1000, usize::MAX] {
                assert!(decode(wrong.as_bytes(), cut, usize::MAX).is_err(), "{wrong:.60}");
            }
        }
    }

    #[test]
    fn a_handler_that_wants_no_more_gets_no_more() {
        let response =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
        let decoded = decode(response, usize::MAX, 2).unwrap();
        assert_eq!((decoded.progress, decoded.body), (CLOSES, b"ab".to_vec()));
    }
}
