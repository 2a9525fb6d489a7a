//! One connection, driven by the exchange that uses it: no task, no channel, no pool, and no buffer while it is idle.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    task::coop::has_budget_remaining,
    time::timeout,
};

use super::{
    decoder::{Decoder, Progress},
    error::ResponseError,
    request::Request,
};
use crate::{
    client::{
        drain::{Drain, Draining, Next},
        handler::ResponseHandler,
        send_queue,
        stream::Stream,
    },
    sample::{Clock, ExchangePhase, ExchangeRecord},
};

/// Bytes read at a time: enough that a system call costs little beside copying its bytes, and few enough that they are still
/// in the processor's cache when they are verified.
const READ_SIZE: usize = 256 * 1024;

/// The most bytes that one connection reads before the other tasks of its thread have their turn; until then the first bytes
/// of their responses wait unseen.
const MAX_BYTES_PER_POLL: usize = 1024 * 1024;

thread_local! {
    /// The buffer that all connections of this thread read into. What is read is handled within the same poll.
    static READ_BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// An open connection.
#[derive(Debug)]
pub(in crate::client) struct Connection {
    stream: Stream,
    clock: Clock,
    /// The address at its other end.
    pub(in crate::client) peer: Option<SocketAddr>,
    /// An upload that was written whole and has not left yet.
    draining: Option<Draining>,
    /// The write that failed, if one did. The connection is then read from, but never written to or used again.
    pub(in crate::client) write_error: Option<io::Error>,
    /// Whether any byte of the latest response has arrived.
    pub(in crate::client) response_begun: bool,
    /// When the server ends the connection if it stays idle, since the run's origin, where it has announced that.
    expires: Option<Duration>,
}

/// What was read from the socket at once.
struct ReadBatch {
    bytes: usize,
    /// When the first of them were there, since the run's origin.
    first: Duration,
    /// When the last of them were there, or the end of the stream after them.
    last: Duration,
    /// How the stream ended after them, if it did.
    end: Option<io::Result<()>>,
}

impl Connection {
    /// A connection over `stream` to `peer` that stamps its exchanges with `clock`.
    pub(in crate::client) fn new(stream: Stream, peer: Option<SocketAddr>, clock: Clock) -> Self {
        Self { stream, clock, peer, draining: None, write_error: None, response_begun: false, expires: None }
    }

    /// Whether a request can be sent: the server has neither closed the connection, nor announced that it will have, nor sent
    /// an unsolicited response.
    pub(in crate::client) async fn is_idle(&mut self) -> bool {
        if self.expires.is_some_and(|expires| self.clock.elapsed() >= expires) {
            return false;
        }
        let mut byte = [0];
        poll_fn(|cx| {
            // Without budget every read is pending, whatever has arrived.
            if !has_budget_remaining() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte));
            Poll::Ready(read.is_pending())
        })
        .await
    }

    /// Whether the server leaves the connection open and silent for `time`.
    pub(in crate::client) async fn stays_idle(&mut self, time: Duration) -> bool {
        let mut byte = [0];
        let read = poll_fn(|cx| Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte)));
        timeout(time, read).await.is_err()
    }

    /// Sends `request` and passes the response to `handler`, which may arrive before the request is sent. A failed write
    /// does not end the exchange: a server that refuses a large body responds, reads no further and closes, and its response
    /// is already in this side's receive buffer. Returns whether the connection can serve another exchange.
    ///
    /// Cancel-safe as far as `record` is concerned; the connection must not be used again afterwards.
    ///
    /// # Errors
    /// Why the response is incomplete.
    pub(in crate::client) async fn exchange(
        &mut self,
        request: &mut Request,
        handler: &mut ResponseHandler<'_, '_>,
        record: &mut ExchangeRecord,
    ) -> Result<bool, ResponseError> {
        let mut decoder = Decoder::default();
        record.phase = ExchangePhase::Sending;
        let ended = poll_fn(|cx| {
            loop {
                // Reads come first: an early response ends the sending, and writes could use up the task's budget.
                let received = self.poll_receive(cx, &mut decoder, handler, record);
                self.end_drain(record);
                match received {
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok(Progress::Ended { reusable })) => return Poll::Ready(Ok(reusable)),
                    Poll::Ready(Ok(Progress::Incomplete)) | Poll::Pending => {}
                }
                self.poll_send(cx, request, decoder.got_100_continue, record);
                // After a 100 (Continue) the final response may have arrived, too.
                if received.is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
        self.response_begun = decoder.has_begun;
        self.expires = decoder.keep_alive.map(|idle| record.timing.finished.saturating_add(idle));
        ended
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Request,
        got_100_continue: bool,
        record: &mut ExchangeRecord,
    ) {
        if record.timing.sent.is_some() || self.write_error.is_some() {
            return;
        }
        if self.draining.is_none() {
            match request.poll_send(cx, &mut self.stream, got_100_continue, record) {
                Poll::Ready(Ok(())) => self.written(request.size, record),
                Poll::Ready(Err(error)) => self.write_error = Some(error),
                Poll::Pending => {}
            }
        }
        if let Some(draining) = &mut self.draining
            && let Poll::Ready(left) =
                draining.poll_left(cx, self.clock, || send_queue::unacknowledged(self.stream.tcp()))
        {
            self.draining = None;
            left_at(left, record);
        }
    }

    /// The kernel has accepted the last byte of a request; `size` bytes of it were a blob. Only these can take a while to leave.
    fn written(&mut self, size: u64, record: &mut ExchangeRecord) {
        let now = self.clock.elapsed();
        let queued = if size > 0 { send_queue::unacknowledged(self.stream.tcp()) } else { None };
        if let (Some(queued), Some(peer)) = (queued, self.peer) {
            let opening = record.link.map(|link| link.opening()).unwrap_or_default();
            let mut drain = Drain::new(record.timing.started + opening, size, peer.ip());
            if let Next::ReadAfter(pause) = drain.read(now, queued) {
                self.draining = Some(Draining::new(drain, pause));
                return;
            }
        }
        left_at(now, record);
    }

    /// An upload has left when its response begins.
    fn end_drain(&mut self, record: &mut ExchangeRecord) {
        if let Some(first_byte) = record.timing.first_byte
            && let Some(draining) = self.draining.take()
        {
            record.timing.sent = Some(draining.drain.left_by(first_byte));
        }
    }

    /// Reads until nothing more has arrived, the response has ended, or a 100 (Continue) lets the request go on.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        decoder: &mut Decoder,
        handler: &mut ResponseHandler<'_, '_>,
        record: &mut ExchangeRecord,
    ) -> Poll<Result<Progress, ResponseError>> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(READ_SIZE, 0);
            let got_100_before = decoder.got_100_continue;
            let mut received = 0;
            while received < MAX_BYTES_PER_POLL {
                let batch = ready!(self.poll_read(cx, buffer, !decoder.has_known_end()));
                received += batch.bytes;
                let fed = decoder.feed(&buffer[..batch.bytes], batch.first, handler, record);
                let ended = match (fed.map_err(ResponseError::Malformed), batch.end) {
                    (Ok(Progress::Ended { reusable }), end) => {
                        Some(Ok(Progress::Ended { reusable: reusable && end.is_none() }))
                    }
                    (Err(error), _) => Some(Err(error)),
                    (Ok(Progress::Incomplete), None) => None,
                    (Ok(Progress::Incomplete), Some(Ok(()))) if decoder.ends_with_connection() => {
                        Some(Ok(Progress::Ended { reusable: false }))
                    }
                    (Ok(Progress::Incomplete), Some(Ok(()))) => Some(Err(ResponseError::Closed)),
                    (Ok(Progress::Incomplete), Some(Err(error))) => Some(Err(ResponseError::Io(error))),
                };
                if let Some(ended) = ended {
                    record.timing.finished = batch.last;
                    return Poll::Ready(ended);
                }
                if decoder.got_100_continue != got_100_before {
                    return Poll::Ready(Ok(Progress::Incomplete));
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    /// Reads once or, when `greedy`, until nothing more has arrived. Where the last byte of a response cannot be recognised
    /// on its arrival (chunked, until close), everything is read first and verified afterwards, so that verification is not
    /// timed. After a read that did not fill the buffer, another one costs no system call.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8], greedy: bool) -> Poll<ReadBatch> {
        let mut buffer = ReadBuf::new(buffer);
        let mut times: Option<(Duration, Duration)> = None;
        loop {
            let before = buffer.filled().len();
            let polled = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
            let bytes = buffer.filled().len();
            let (first, last) = match (&polled, times) {
                (Poll::Pending, None) => return Poll::Pending,
                (Poll::Pending, Some(times)) => times,
                (Poll::Ready(_), times) => {
                    let now = self.clock.elapsed();
                    (times.map_or(now, |(first, _)| first), now)
                }
            };
            let end = match polled {
                Poll::Pending => None,
                Poll::Ready(Err(error)) => Some(Err(error)),
                Poll::Ready(Ok(())) if bytes == before => Some(Ok(())),
                Poll::Ready(Ok(())) if greedy && bytes < READ_SIZE => {
                    times = Some((first, last));
                    continue;
                }
                Poll::Ready(Ok(())) => None,
            };
            return Poll::Ready(ReadBatch { bytes, first, last, end });
        }
    }
}

/// The request had left at this time, since the run's origin.
fn left_at(left: Duration, record: &mut ExchangeRecord) {
    record.timing.sent = Some(left);
    if record.phase == ExchangePhase::Sending {
        record.phase = ExchangePhase::Waiting;
    }
}
