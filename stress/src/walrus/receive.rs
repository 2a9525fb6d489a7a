//! Takes answers in: short ones whole, blobs chunk by chunk, judged while the next chunk is on its way.

use std::{future::poll_fn, task::Poll, time::Instant};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;

use super::{connection::Connection, course::Course};
use crate::blob::{Mismatch, Verifier};

/// How the taking in of a short answer ended.
#[derive(Debug)]
pub(super) enum End {
    /// With the answer's own end.
    Whole,
    /// It is longer than anybody wants to know.
    Enough,
    /// The connection broke; with what hyper says of it, if anything.
    Broken(Option<hyper::Error>),
}

/// What was wrong with a blob.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not what was uploaded.
    Mismatch(Mismatch),
    /// The connection broke; with what hyper says of it, if anything.
    Broken(Option<hyper::Error>),
}

/// Takes in an answer of up to `limit` bytes and stops the clock.
pub(super) async fn collect(
    connection: &mut Connection,
    body: &mut Incoming,
    limit: usize,
    course: &mut Course,
) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let end = loop {
        if body.is_end_stream() {
            break End::Whole;
        }
        match poll_fn(|cx| connection.poll_chunk(body, cx)).await {
            None => break End::Whole,
            Some(Err(error)) => break End::Broken(error),
            Some(Ok(chunk)) => {
                course.received += chunk.len() as u64;
                bytes.extend_from_slice(&chunk[..chunk.len().min(limit - bytes.len())]);
                if bytes.len() == limit {
                    break End::Enough;
                }
            }
        }
    };
    course.finished = Some(Instant::now());
    (bytes, end)
}

/// Takes in a blob. The clock stops with its last byte, before that byte is judged.
///
/// # Errors
/// The first thing that was wrong.
pub(super) async fn blob(
    connection: &mut Connection,
    body: &mut Incoming,
    verifier: &mut Verifier,
    course: &mut Course,
) -> Result<(), Fault> {
    // Where the length is announced the last chunk is known when it comes. Those before it are judged at once: so they
    // are still in the processor's cache, and the connection can use their memory again.
    let length_known = body.size_hint().exact().is_some();
    // The chunk that is here but not judged yet, for it may be the last.
    let mut unjudged: Option<Bytes> = None;
    while !body.is_end_stream() {
        let next = poll_fn(|cx| {
            let polled = connection.poll_chunk(body, cx);
            if polled.is_pending()
                && let Some(chunk) = unjudged.take()
                && let Err(mismatch) = verifier.feed(&chunk)
            {
                return Poll::Ready(Err(Fault::Mismatch(mismatch)));
            }
            polled.map(|next| next.transpose().map_err(Fault::Broken))
        });
        let Some(chunk) = next.await? else { break };
        course.received += chunk.len() as u64;
        if body.is_end_stream() {
            course.finished = Some(Instant::now());
        } else if length_known {
            verifier.feed(&chunk).map_err(Fault::Mismatch)?;
            continue;
        }
        if let Some(previous) = unjudged.replace(chunk) {
            verifier.feed(&previous).map_err(Fault::Mismatch)?;
        }
    }
    course.finished.get_or_insert_with(Instant::now);
    if let Some(last) = unjudged {
        verifier.feed(&last).map_err(Fault::Mismatch)?;
    }
    verifier.finish().map_err(Fault::Mismatch)
}
