//! One TCP connection as handlers see it: they can abort it, wait until it is flushed, and learn that the server stops.

use crate::idle::Activity;
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

/// How a connection ends before its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// By a FIN: the client reads the end of the stream.
    Close = 1,
    /// By a RST.
    Reset = 2,
}

/// An extension of responses that must not be sent: the connection was aborted instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoResponse;

/// A handler's handle on the connection of its request.
#[derive(Debug)]
pub struct ConnectionHandle {
    abort: AtomicU8,
    flushes: AtomicU64,
    flushed: AtomicWaker,
    is_used: AtomicBool,
    pub(crate) activity: Arc<Activity>,
    stop: CancellationToken,
}

impl ConnectionHandle {
    /// The handle on a connection of a server that stops with this token.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            abort: AtomicU8::new(0),
            flushes: AtomicU64::new(0),
            flushed: AtomicWaker::new(),
            is_used: AtomicBool::new(false),
            activity: Activity::new(),
            stop,
        })
    }

    /// Ends the connection at the next write, which fails.
    pub fn abort(&self, how: Abort) {
        self.abort.store(how as u8, Ordering::Release);
    }

    /// Waits until everything written so far was passed to the kernel.
    pub async fn flushed(&self) {
        let before = self.flushes.load(Ordering::Acquire);
        poll_fn(|cx| {
            self.flushed.register(cx.waker());
            match self.flushes.load(Ordering::Acquire) == before {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Waits until the server stops.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether this is the first request on the connection.
    pub fn is_first(&self) -> bool {
        !self.is_used.swap(true, Ordering::AcqRel)
    }
}

/// A TCP stream that its handle can abort.
#[derive(Debug)]
pub struct AbortableStream {
    stream: TcpStream,
    handle: Arc<ConnectionHandle>,
}

impl AbortableStream {
    /// A stream with its handle.
    #[must_use]
    pub fn new(stream: TcpStream, handle: Arc<ConnectionHandle>) -> Self {
        Self { stream, handle }
    }

    /// Fails if the connection was aborted.
    fn check(&self) -> io::Result<()> {
        let abort = self.handle.abort.load(Ordering::Acquire);
        if abort == 0 {
            return Ok(());
        }
        if abort == Abort::Reset as u8 {
            // With SO_LINGER of zero the kernel sends a RST when the socket is closed.
            self.stream.set_zero_linger()?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for AbortableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.handle.activity.received();
        }
        read
    }
}

impl AsyncWrite for AbortableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.handle.flushes.fetch_add(1, Ordering::AcqRel);
        self.handle.flushed.wake();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
