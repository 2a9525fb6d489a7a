//! A worker's own HTTP/1.1 connection, driven by the exchange that uses it: no task, no channel, no pool.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::Body as _;
use hyper::{
    HeaderMap, Request, Response, Version,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;

use super::{body::Body, dial::Stream};

/// A connection; whoever waits for it drives it.
pub(super) struct Connection {
    sender: http1::SendRequest<Body>,
    driver: http1::Connection<TokioIo<Stream>, Body>,
    /// The driver has come to its end and must not be polled again.
    over: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("over", &self.over).finish_non_exhaustive()
    }
}

impl Connection {
    /// Speaks HTTP/1.1 over `stream`.
    ///
    /// # Errors
    /// When hyper refuses.
    pub(super) async fn over(stream: Stream) -> Result<Connection, hyper::Error> {
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Connection { sender, driver, over: false })
    }

    /// Whether a request can be sent: the exchange before is over and the server has not closed.
    pub(super) async fn is_idle(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(!self.over && self.sender.is_ready())
        })
        .await
    }

    /// Sends `request` and waits for the head of the answer.
    ///
    /// # Errors
    /// What hyper says of the connection's end, if it says anything.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Option<hyper::Error>> {
        let mut answer = pin!(self.sender.send_request(request));
        let (driver, over) = (&mut self.driver, &mut self.over);
        let mut last_words = None;
        poll_fn(|cx| {
            if !*over && let Poll::Ready(end) = Pin::new(&mut *driver).poll(cx) {
                *over = true;
                last_words = end.err();
            }
            match answer.as_mut().poll(cx) {
                Poll::Ready(answer) => Poll::Ready(answer.map_err(Some)),
                Poll::Pending if *over => Poll::Ready(Err(last_words.take())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// The next bytes of an answer's body; `None` behind its end.
    pub(super) fn poll_chunk(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Option<hyper::Error>>>> {
        loop {
            // The body asks first, for the driver reads only what is wanted.
            let frame = match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending if self.over => return Poll::Ready(Some(Err(None))),
                Poll::Pending => {
                    self.drive(cx);
                    match Pin::new(&mut *body).poll_frame(cx) {
                        Poll::Pending if self.over => continue,
                        polled => polled,
                    }
                }
                polled => polled,
            };
            match std::task::ready!(frame) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(Some(error)))),
                // Trailers say nothing here.
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
            }
        }
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.over && Pin::new(&mut self.driver).poll(cx).is_ready() {
            self.over = true;
        }
    }
}

/// Whether an answer's head announces that the connection ends with it.
pub(super) fn closes(version: Version, headers: &HeaderMap) -> bool {
    let said = |word: &str| headers.get_all(header::CONNECTION).iter().any(|value| names(value, word));
    if version < Version::HTTP_11 { !said("keep-alive") } else { said("close") }
}

fn names(value: &HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
}
