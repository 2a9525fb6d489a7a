//! A request on its way out: its head in one buffer that is used again, and a blob that is made while it is sent.

use std::{
    fmt,
    io::{self, IoSlice, Write as _},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use hyper::{HeaderMap, header};
use tokio::io::AsyncWrite;

use crate::{
    blob::Source,
    client::{course::Course, dial::Stream, patience::Patience},
};

/// What all requests to a target say, written once before the run. It may hold secrets.
pub(in crate::client) struct Preamble {
    /// The first line of a store.
    store: String,
    /// The first line of a read, up to the blob's ID.
    read: String,
    /// The header lines of every request.
    headers: Vec<u8>,
}

impl Preamble {
    /// Stores go to the path `store`, reads to the path `blobs` with an ID behind it, all with `headers`.
    pub(in crate::client) fn new(store: &str, blobs: &str, headers: &HeaderMap) -> Self {
        let mut lines = Vec::new();
        // The host first, as RFC 9110 §7.2 advises.
        let (host, others): (Vec<_>, Vec<_>) = headers.iter().partition(|(name, _)| *name == header::HOST);
        for (name, value) in host.into_iter().chain(others) {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.extend_from_slice(b": ");
            lines.extend_from_slice(value.as_bytes());
            lines.extend_from_slice(b"\r\n");
        }
        Self { store: format!("PUT {store} HTTP/1.1\r\n"), read: format!("GET {blobs}"), headers: lines }
    }
}

/// A request on its way out. It may hold secrets.
#[derive(Default)]
pub(in crate::client) struct Request {
    head: Vec<u8>,
    /// How much of the head the connection has taken.
    head_taken: usize,
    body: Option<Outgoing>,
    state: State,
}

impl fmt::Debug for Preamble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preamble").finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("body", &self.body)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Sending,
    Sent,
    /// The connection takes no more.
    Broken,
}

/// A blob on its way out.
#[derive(Debug)]
struct Outgoing {
    /// What the connection has not taken yet of the bytes that are made.
    chunk: Bytes,
    source: Source,
    /// The wait for the server's word, while it lasts.
    patience: Option<Patience>,
}

impl Request {
    /// Makes it the read of the blob `id`, which has to be fit for a path.
    pub(in crate::client) fn read(&mut self, preamble: &Preamble, id: &str) {
        self.begin(&preamble.read, id);
        self.head.extend_from_slice(b" HTTP/1.1\r\n");
        self.head.extend_from_slice(&preamble.headers);
        self.head.extend_from_slice(b"\r\n");
    }

    /// Makes it the store of a blob, whose first chunk is made now, before any clock runs.
    pub(in crate::client) fn store(
        &mut self,
        preamble: &Preamble,
        mut source: Source,
        patience: Option<Patience>,
    ) {
        self.begin(&preamble.store, "");
        self.head.extend_from_slice(&preamble.headers);
        // An empty blob is never held back: there is nothing to spare.
        let patience = patience.filter(|_| source.remaining() > 0);
        let expect = if patience.is_some() { "expect: 100-continue\r\n" } else { "" };
        // Writing into memory does not fail.
        let _ = write!(self.head, "{expect}content-length: {}\r\n\r\n", source.remaining());
        self.body = source.next_chunk().map(|chunk| Outgoing { chunk, source, patience });
    }

    /// Lets go of a blob that was not sent to its end.
    pub(in crate::client) fn forget(&mut self) {
        self.body = None;
    }

    fn begin(&mut self, start: &str, more: &str) {
        self.head.clear();
        self.head.extend_from_slice(start.as_bytes());
        self.head.extend_from_slice(more.as_bytes());
        (self.head_taken, self.body, self.state) = (0, None, State::Sending);
    }

    /// Gives the connection as much as it takes. Ready when it has everything; what a connection that takes no more said is
    /// told once, and from then on nothing is.
    ///
    /// # Errors
    /// When the connection takes no more.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
        go_on: bool,
        course: &mut Course,
    ) -> Poll<io::Result<()>> {
        match self.state {
            State::Sent => return Poll::Ready(Ok(())),
            State::Broken => return Poll::Pending,
            State::Sending => {}
        }
        let sent = ready!(self.poll_write(cx, stream, go_on, course));
        self.state = if sent.is_ok() { State::Sent } else { State::Broken };
        if sent.is_ok() {
            course.sent = Some(Instant::now());
        }
        Poll::Ready(sent)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
        go_on: bool,
        course: &mut Course,
    ) -> Poll<io::Result<()>> {
        loop {
            let head = &self.head[self.head_taken..];
            let body = self.body.as_ref().filter(|body| body.patience.is_none());
            let chunk = body.map_or(&[][..], |body| &body.chunk);
            if !head.is_empty() || !chunk.is_empty() {
                let taken = ready!(write(cx, stream, head, chunk))?;
                if taken == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                let of_head = taken.min(head.len());
                self.head_taken += of_head;
                self.took(taken - of_head, course);
                continue;
            }
            let Some(body) = &mut self.body else { return Pin::new(stream).poll_flush(cx) };
            if let Some(patience) = &mut body.patience {
                ready!(Pin::new(&mut *stream).poll_flush(cx))?;
                ready!(patience.poll_over(cx, go_on));
                body.patience = None;
                continue;
            }
            match body.source.next_chunk() {
                Some(chunk) => body.chunk = chunk,
                None => self.body = None,
            }
        }
    }

    fn took(&mut self, bytes: usize, course: &mut Course) {
        course.given += bytes as u64;
        if let Some(body) = &mut self.body {
            let _ = body.chunk.split_to(bytes);
        }
    }
}

/// Writes the beginning of what is not empty of the two.
fn write(cx: &mut Context<'_>, stream: &mut Stream, head: &[u8], chunk: &[u8]) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    match (head, chunk) {
        (head, []) => stream.poll_write(cx, head),
        ([], chunk) => stream.poll_write(cx, chunk),
        (head, chunk) => stream.poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(chunk)]),
    }
}
