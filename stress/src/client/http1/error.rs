//! Why a response is incomplete.

use std::{fmt, io};

/// Why a response is incomplete.
#[derive(Debug)]
pub(in crate::client) enum ResponseError {
    /// The server closed the connection.
    Closed,
    /// Reading from the connection failed.
    Io(io::Error),
    /// The bytes are not HTTP/1; says what is wrong with them.
    Malformed(String),
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResponseError::Closed => f.write_str("closed by the server"),
            ResponseError::Io(error) => error.fmt(f),
            ResponseError::Malformed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ResponseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ResponseError::Io(error) => Some(error),
            ResponseError::Closed | ResponseError::Malformed(_) => None,
        }
    }
}
