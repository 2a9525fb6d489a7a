//! A worker's own connection, driven by the exchange that uses it: no task, no channel, no pool, no memory while it waits.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    task::coop::has_budget_remaining,
};

use super::{
    Break, Head, Request,
    decoder::{Decoder, Progress, Taker, Wanted},
};
use crate::client::{
    course::{Course, Part},
    dial::Stream,
    low_water::{self, LowWater},
    retry_after,
};

/// How many bytes are read at a time: enough that the system's work for a call is little beside that for its bytes, and few
/// enough that they are still in the processor's cache when they are judged.
const INBOX: usize = low_water::FULL as usize;

/// The most bytes that one connection takes in before the others of its thread have their turn: until then their answers'
/// first bytes lie unseen.
const TURN: usize = 1024 * 1024;

thread_local! {
    /// Where this thread's connections read to. What is read is judged before the next one's turn.
    static SHARED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// An open connection.
#[derive(Debug)]
pub(in crate::client) struct Connection {
    stream: Stream,
    low_water: LowWater,
}

/// What one look at the socket brought.
struct Came {
    bytes: usize,
    /// When the first of them were there.
    first: Instant,
    /// When the last of them were there, or the end behind them.
    last: Instant,
    /// How it ended behind them, if it did.
    end: Option<io::Result<()>>,
}

impl Connection {
    /// Speaks HTTP/1.1 over `stream`.
    pub(in crate::client) fn over(stream: Stream) -> Self {
        Self { stream, low_water: LowWater::default() }
    }

    /// Whether a request can be sent: the server has neither closed nor said what nobody asked for.
    pub(in crate::client) async fn is_idle(&mut self) -> bool {
        let mut byte = [0];
        poll_fn(|cx| {
            // A task that has used up its budget would be told of nothing.
            if !has_budget_remaining() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let came = Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte));
            Poll::Ready(came.is_pending())
        })
        .await
    }

    /// Sends `request` and gives the answer to `taker`, which may come before all of the request was sent. A write that
    /// fails is noted and does not end the exchange: a server that refuses a large blob answers, reads no further and
    /// closes, and its answer waits on this side.
    ///
    /// # Errors
    /// Why there is no whole answer.
    pub(in crate::client) async fn exchange(
        &mut self,
        request: &mut Request,
        taker: &mut impl Taker,
        course: &mut Course,
    ) -> Result<Progress, Break> {
        let mut decoder = Decoder::default();
        let mut under_way = UnderWay { connection: self, course };
        poll_fn(|cx| {
            let UnderWay { connection, course } = &mut under_way;
            loop {
                // First what has come: an early answer ends the sending, and writes could use up the task's budget.
                let taken = connection.poll_take(cx, &mut decoder, taker, course);
                if !matches!(taken, Poll::Pending | Poll::Ready(Ok(Progress::Unfinished))) {
                    return taken;
                }
                let go_on = decoder.told_to_go_on;
                if let Poll::Ready(Err(fault)) = request.poll_send(cx, &mut connection.stream, go_on, course)
                {
                    course.fault = Some(fault);
                }
                // The server's word to go on is no answer: behind it there may be one.
                if taken.is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Takes in what has come until there is no more, or the answer is whole, or the server says to go on.
    fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        decoder: &mut Decoder,
        taker: &mut impl Taker,
        course: &mut Course,
    ) -> Poll<Result<Progress, Break>> {
        SHARED.with_borrow_mut(|inbox| {
            inbox.resize(INBOX, 0);
            let told_before = decoder.told_to_go_on;
            let mut taken = 0;
            loop {
                if taken >= TURN {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let Came { bytes, first, last, end } =
                    ready!(self.poll_fill(cx, inbox, !decoder.knows_its_end()));
                taken += bytes;
                let unended = end.is_none();
                let mut noting = Noting { taker: &mut *taker, course: &mut *course, arrived: first };
                let fed = match bytes {
                    0 => Ok(Progress::Unfinished),
                    _ => decoder.feed(&inbox[..bytes], &mut noting),
                };
                let progress = match fed.map_err(Break::Malformed) {
                    Ok(Progress::Unfinished) => behind(decoder, end),
                    Ok(Progress::Whole { reusable }) => {
                        Ok(Some(Progress::Whole { reusable: reusable && unended }))
                    }
                    fed => fed.map(Some),
                };
                let progress = progress.transpose();
                self.wake_at(if progress.is_some() { 0 } else { decoder.left() });
                if let Some(progress) = progress {
                    if matches!(progress, Ok(Progress::Whole { .. } | Progress::Enough)) {
                        course.finished = Some(last);
                    }
                    return Poll::Ready(progress);
                }
                if decoder.told_to_go_on != told_before {
                    return Poll::Ready(Ok(Progress::Unfinished));
                }
            }
        })
    }

    /// Has the next look at the socket wait until there is something worth it of the `left` bytes that are to come. Under TLS
    /// nobody knows how many they are on the wire.
    fn wake_at(&mut self, left: u64) {
        if let Stream::Plain(socket) = &self.stream {
            self.low_water.follow(socket, left);
        }
    }

    /// Reads what is there: once, or `greedy` until there is no more. Where an answer's last byte is not known when it comes,
    /// the end is looked for first and everything judged afterwards: judging shall not be timed. After a read that did not
    /// fill the buffer, looking again costs no call to the system.
    fn poll_fill(&mut self, cx: &mut Context<'_>, inbox: &mut [u8], greedy: bool) -> Poll<Came> {
        let mut buffer = ReadBuf::new(inbox);
        let mut times: Option<(Instant, Instant)> = None;
        loop {
            let before = buffer.filled().len();
            let polled = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
            let bytes = buffer.filled().len();
            let (first, last) = match (&polled, times) {
                (Poll::Pending, None) => return Poll::Pending,
                (Poll::Pending, Some(times)) => times,
                (Poll::Ready(_), times) => {
                    let now = Instant::now();
                    (times.map_or(now, |(first, _)| first), now)
                }
            };
            let end = match polled {
                Poll::Pending => None,
                Poll::Ready(Err(error)) => Some(Err(error)),
                Poll::Ready(Ok(())) if bytes == before => Some(Ok(())),
                Poll::Ready(Ok(())) if greedy && bytes < INBOX => {
                    times = Some((first, last));
                    continue;
                }
                Poll::Ready(Ok(())) => None,
            };
            return Poll::Ready(Came { bytes, first, last, end });
        }
    }
}

/// An exchange under way. Dropped before its end, it leaves on the course what had come and nobody was woken for.
struct UnderWay<'a> {
    connection: &'a mut Connection,
    course: &'a mut Course,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Connection { stream: Stream::Plain(socket), low_water } = &*self.connection {
            self.course.received += low_water.unread(socket);
        }
    }
}

/// What the connection's end behind an unfinished answer comes to, if it has ended.
fn behind(decoder: &Decoder, end: Option<io::Result<()>>) -> Result<Option<Progress>, Break> {
    match end {
        None => Ok(None),
        Some(Ok(())) if decoder.ends_with_the_connection() => Ok(Some(Progress::Whole { reusable: false })),
        Some(Ok(())) => Err(Break::Closed),
        Some(Err(error)) => Err(Break::Io(error)),
    }
}

/// Notes on the course what passes on its way to the taker.
struct Noting<'a, T> {
    taker: &'a mut T,
    course: &'a mut Course,
    arrived: Instant,
}

impl<T: Taker> Taker for Noting<'_, T> {
    fn head(&mut self, head: &Head<'_>, length: Option<u64>) -> Wanted {
        self.course.first_byte = Some(self.arrived);
        self.course.status = Some(head.status);
        if !(200..300).contains(&head.status) {
            self.course.retry_after = retry_after::asked(head);
        }
        self.course.enter(Part::Receiving);
        self.taker.head(head, length)
    }

    fn body(&mut self, bytes: &[u8]) -> Wanted {
        self.course.received += bytes.len() as u64;
        self.taker.body(bytes)
    }
}
