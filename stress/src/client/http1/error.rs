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

impl ResponseError {
    /// Whether the connection ended, as opposed to bytes that are wrong.
    pub(in crate::client) fn is_end(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match self {
            ResponseError::Closed => true,
            // The last one is a close without the close_notify of TLS.
            ResponseError::Io(error) => {
                matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof)
            }
            ResponseError::Malformed(_) => false,
        }
    }
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
