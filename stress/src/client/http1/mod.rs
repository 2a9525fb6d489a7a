//! HTTP/1.1 as far as a client needs it that asks one thing at a time: the part of the wire that every exchange pays for.
//!
//! The grammar of heads and chunk sizes is httparse's; what a message's end is, follows RFC 9112. Bytes are read into one
//! buffer a thread and judged there, so that a body costs no memory, whatever its size, and a connection none while it
//! waits.

mod chunked;
mod connection;
mod decoder;
mod head;
mod request;

use std::{fmt, io};

pub(super) use connection::Connection;
pub(super) use decoder::{Progress, Taker, Wanted};
pub(super) use head::Head;
#[cfg(test)]
pub(super) use head::tests::with_head;
pub(super) use request::{Preamble, Request};

/// Why no whole answer came.
#[derive(Debug)]
pub(super) enum Break {
    /// The server closed.
    Closed,
    /// The connection broke.
    Io(io::Error),
    /// What came is not HTTP/1; says what is wrong with it.
    Malformed(String),
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Break::Closed => f.write_str("closed by the server"),
            Break::Io(error) => error.fmt(f),
            Break::Malformed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Break {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Break::Io(error) => Some(error),
            Break::Closed | Break::Malformed(_) => None,
        }
    }
}
