//! One TCP connection as the handlers see it: they can cut it, wait until it is flushed, and hear that the server stops.

use futures_util::task::AtomicWaker;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// How a connection is ended before its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// In peace: the client reads the end of the stream.
    Close = 1,
    /// In anger: the client gets a reset.
    Reset = 2,
}

/// A handler's hold on the connection that its request came by.
#[derive(Debug)]
pub struct ConnectionHandle {
    abort: AtomicU8,
    flushes: AtomicU64,
    waiting: AtomicWaker,
    carried: AtomicBool,
    stop: CancellationToken,
}

impl ConnectionHandle {
    /// The hold on a connection of a server that stops with this token.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            abort: AtomicU8::new(0),
            flushes: AtomicU64::new(0),
            waiting: AtomicWaker::new(),
            carried: AtomicBool::new(false),
            stop,
        })
    }

    /// From now on nothing is written any more; the next attempt ends the connection.
    pub fn abort(&self, how: Abort) {
        self.abort.store(how as u8, Ordering::Release);
    }

    /// Waits until everything written so far has left for the network.
    pub async fn flushed(&self) {
        let before = self.flushes.load(Ordering::Acquire);
        poll_fn(|cx| {
            self.waiting.register(cx.waker());
            let moved = self.flushes.load(Ordering::Acquire) != before;
            if moved { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Waits until the server stops.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether this is the first request that the connection carries.
    pub fn is_first(&self) -> bool {
        !self.carried.swap(true, Ordering::AcqRel)
    }
}

/// The TCP stream that obeys a `Wire`.
#[derive(Debug)]
pub struct ConnectionStream {
    stream: TcpStream,
    wire: Arc<ConnectionHandle>,
}

impl ConnectionStream {
    /// Puts a stream under a wire.
    #[must_use]
    pub fn new(stream: TcpStream, wire: Arc<ConnectionHandle>) -> Self {
        Self { stream, wire }
    }

    fn obey(&self) -> io::Result<()> {
        let abort = self.wire.abort.load(Ordering::Acquire);
        if abort == 0 {
            return Ok(());
        }
        if abort == Abort::Reset as u8 {
            self.stream.set_zero_linger()?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for ConnectionStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for ConnectionStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.obey()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.obey()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.wire.flushes.fetch_add(1, Ordering::AcqRel);
        self.wire.waiting.wake();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.obey()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
