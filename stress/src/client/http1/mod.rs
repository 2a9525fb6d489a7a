//! An HTTP/1.1 client connection that serves one exchange at a time.
//!
//! It is our own rather than hyper's because hyper ends an exchange at a failed write, which loses the response of a server
//! that refuses a large body early; because `sent` has to be the moment when the request has left; and because
//! an idle connection here needs neither a task nor a buffer. httparse parses heads and chunk sizes; framing follows
//! RFC 9112. Bytes are read into one buffer per thread and handled there, so that memory does not grow with body size.

mod chunked;
mod connection;
mod decoder;
mod error;
mod fold;
mod head;
mod request;

pub(super) use connection::Connection;
pub(super) use error::ResponseError;
pub(super) use head::Head;
#[cfg(test)]
pub(super) use head::tests::with_head;
pub(super) use request::{HeadTemplate, Request};
