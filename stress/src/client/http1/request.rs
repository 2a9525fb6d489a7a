//! A request that is sent: its head in one reused buffer, and a blob that is generated while it is sent.

use std::{
    fmt,
    io::{self, IoSlice, Write as _},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, header};
use tokio::io::AsyncWrite;

use crate::{
    blob::Source,
    client::{expect_continue::ContinueWait, stream::Stream},
    plan::target::Secret,
    sample::ExchangeRecord,
};

/// The parts of request heads that are the same for all requests to a target, written once before the run. It may hold
/// secrets.
pub(in crate::client) struct HeadTemplate {
    /// The request line of an upload.
    put: String,
    /// The request line of a download, up to the blob's ID.
    get: String,
    /// The header lines of every request.
    headers: Vec<u8>,
}

impl HeadTemplate {
    /// Uploads go to the path `store`, downloads to the path `blobs` followed by an ID, all with `headers`.
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
        Self { put: format!("PUT {store} HTTP/1.1\r\n"), get: format!("GET {blobs}"), headers: lines }
    }
}

/// A request that is sent. It may hold secrets.
#[derive(Default)]
pub(in crate::client) struct Request {
    head: Vec<u8>,
    /// How many bytes of the head the connection has accepted.
    head_sent: usize,
    body: Option<Body>,
    /// The size of the blob that it uploads, in bytes; 0 of a download.
    pub(in crate::client) size: u64,
    /// The whole blob and the request's own authorization, while it can be asked for without an expectation.
    restart: Option<(Source, Option<Secret>)>,
}

impl fmt::Debug for HeadTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadTemplate").finish_non_exhaustive()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("body", &self.body).finish_non_exhaustive()
    }
}

/// A blob that is sent.
#[derive(Debug)]
struct Body {
    /// What the connection has not accepted yet of the bytes generated so far.
    chunk: Bytes,
    source: Source,
    /// The wait for a `100 Continue`, while it lasts.
    wait: Option<ContinueWait>,
}

impl Request {
    /// Makes it the download of the blob `id`, which has to be fit for a path.
    pub(in crate::client) fn download(&mut self, template: &HeadTemplate, id: &str) {
        self.begin(&template.get, id);
        self.head.extend_from_slice(b" HTTP/1.1\r\n");
        self.head.extend_from_slice(&template.headers);
        self.head.extend_from_slice(b"\r\n");
    }

    /// Makes it the upload of a blob, with an `Authorization` header of its own if there is one. The first chunk is generated
    /// now, before the exchange is timed.
    pub(in crate::client) fn upload(
        &mut self,
        template: &HeadTemplate,
        mut source: Source,
        authorization: Option<&Secret>,
        wait: Option<ContinueWait>,
    ) {
        self.begin(&template.put, "");
        self.head.extend_from_slice(&template.headers);
        // Writing into memory does not fail.
        if let Some(authorization) = authorization {
            let _ = write!(self.head, "authorization: {}\r\n", authorization.reveal());
        }
        // An empty blob is never held back: there is nothing to spare.
        let wait = wait.filter(|_| source.remaining() > 0);
        self.size = source.remaining();
        self.restart = wait.is_some().then(|| (source.restarted(), authorization.cloned()));
        let expect = if wait.is_some() { "expect: 100-continue\r\n" } else { "" };
        let _ = write!(self.head, "{expect}content-length: {}\r\n\r\n", self.size);
        self.body = source.next_chunk().map(|chunk| Body { chunk, source, wait });
    }

    /// Makes it the same upload without its expectation, from the beginning; false when it has none.
    pub(in crate::client) fn drop_expectation(&mut self, template: &HeadTemplate) -> bool {
        let Some((source, authorization)) = self.restart.take() else { return false };
        self.upload(template, source, authorization.as_ref(), None);
        true
    }

    /// Makes it ready to be sent once more; only for requests without a body.
    pub(in crate::client) fn rewind(&mut self) {
        self.head_sent = 0;
    }

    /// Releases a blob that was not sent to its end.
    pub(in crate::client) fn drop_body(&mut self) {
        (self.body, self.restart) = (None, None);
    }

    fn begin(&mut self, start: &str, more: &str) {
        self.head.clear();
        self.head.extend_from_slice(start.as_bytes());
        self.head.extend_from_slice(more.as_bytes());
        (self.head_sent, self.body, self.size, self.restart) = (0, None, 0, None);
    }

    /// Writes as much as the connection accepts; ready when it has accepted everything.
    ///
    /// # Errors
    /// When a write fails; the request cannot be continued then.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
        got_100_continue: bool,
        record: &mut ExchangeRecord,
    ) -> Poll<io::Result<()>> {
        loop {
            let head = &self.head[self.head_sent..];
            let body = self.body.as_ref().filter(|body| body.wait.is_none());
            let chunk = body.map_or(&[][..], |body| &body.chunk);
            if !head.is_empty() || !chunk.is_empty() {
                let written = ready!(write(cx, stream, head, chunk))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                let of_head = written.min(head.len());
                self.head_sent += of_head;
                if let Some(body) = &mut self.body {
                    record.bytes_sent += (written - of_head) as u64;
                    let _ = body.chunk.split_to(written - of_head);
                }
                continue;
            }
            let Some(body) = &mut self.body else { return Pin::new(stream).poll_flush(cx) };
            if let Some(wait) = &mut body.wait {
                ready!(Pin::new(&mut *stream).poll_flush(cx))?;
                record.expectation = Some(ready!(wait.poll_over(cx, got_100_continue)));
                body.wait = None;
                continue;
            }
            match body.source.next_chunk() {
                Some(chunk) => body.chunk = chunk,
                None => self.body = None,
            }
        }
    }
}

/// Writes the beginning of `head` and `chunk`, of which at least one is not empty.
fn write(cx: &mut Context<'_>, stream: &mut Stream, head: &[u8], chunk: &[u8]) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    match (head, chunk) {
        (head, []) => stream.poll_write(cx, head),
        ([], chunk) => stream.poll_write(cx, chunk),
        (head, chunk) => stream.poll_write_vectored(cx, &[IoSlice::new(head), IoSlice::new(chunk)]),
    }
}
