//! Opens a connection: name, TCP and TLS, each timed apart, all within the connect timeout.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::{
    classify,
    course::{Course, Part},
    network::{Address, Endpoint, Tls},
};
use crate::sample::{Connecting, Failure, Link};

/// An open connection's bytes.
#[derive(Debug)]
pub(super) enum Stream {
    /// As they are.
    Plain(TcpStream),
    /// Under TLS.
    Secured(Box<TlsStream<TcpStream>>),
}

/// Opens a connection to `endpoint`; `course` learns how long its parts took as soon as there is one.
///
/// # Errors
/// The failure, when there is no connection within `limit`.
pub(super) async fn dial(
    endpoint: &Endpoint,
    limit: Duration,
    course: &mut Course,
) -> Result<Stream, Failure> {
    let budget = Budget { address: &endpoint.address, limit, started: Instant::now() };
    let mut connecting = Connecting::default();
    let addresses = match &endpoint.address {
        Address::Literal(address) => vec![*address],
        Address::Name(name, port) => {
            course.enter(Part::Lookup);
            let addresses = look_up(name, *port, &budget).await?;
            connecting.dns = Some(budget.started.elapsed());
            addresses
        }
    };
    course.enter(Part::Tcp);
    let begun = Instant::now();
    let tcp = connect(&addresses, &budget).await?;
    connecting.tcp = begun.elapsed();
    course.link = Some(Link::Fresh(connecting));
    // Without this, the end of every request could wait for the answer to its beginning.
    let _ = tcp.set_nodelay(true);
    let Some(tls) = &endpoint.tls else { return Ok(Stream::Plain(tcp)) };
    course.enter(Part::Tls);
    let begun = Instant::now();
    let secured = secure(tls, tcp, &budget).await?;
    connecting.tls = Some(begun.elapsed());
    course.link = Some(Link::Fresh(connecting));
    Ok(Stream::Secured(Box::new(secured)))
}

/// The time that opening a connection may take.
struct Budget<'a> {
    address: &'a Address,
    limit: Duration,
    started: Instant,
}

impl Budget<'_> {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    fn spent(&self, part: Part) -> Failure {
        classify::connect_timeout(part, &self.address.to_string(), self.limit)
    }
}

async fn look_up(name: &str, port: u16, budget: &Budget<'_>) -> Result<Vec<SocketAddr>, Failure> {
    let found = timeout(budget.left(), tokio::net::lookup_host((name, port))).await;
    let found = found.map_err(|_| budget.spent(Part::Lookup))?;
    let addresses: Vec<_> = found.map_err(|error| classify::unresolved(name, Some(&error)))?.collect();
    if addresses.is_empty() {
        return Err(classify::unresolved(name, None));
    }
    Ok(addresses)
}

/// Tries the addresses in order. One that swallows packets gets its share of the time, not all of it.
async fn connect(addresses: &[SocketAddr], budget: &Budget<'_>) -> Result<TcpStream, Failure> {
    let mut failure = None;
    for (tried, address) in addresses.iter().enumerate() {
        let waiting = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(budget.left() / waiting, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            // Of several, the first that said something is the one to tell.
            Ok(Err(error)) => {
                failure.get_or_insert_with(|| classify::unconnected(&address.to_string(), &error));
            }
            Err(_) => {}
        }
    }
    Err(failure.unwrap_or_else(|| budget.spent(Part::Tcp)))
}

async fn secure(tls: &Tls, tcp: TcpStream, budget: &Budget<'_>) -> Result<TlsStream<TcpStream>, Failure> {
    match timeout(budget.left(), tls.connector.connect(tls.name.clone(), tcp)).await {
        Ok(secured) => secured.map_err(|error| classify::untrusted(&budget.address.to_string(), &error)),
        Err(_) => Err(budget.spent(Part::Tls)),
    }
}

macro_rules! either {
    ($stream:expr, $method:ident($($argument:expr),*)) => {
        match $stream.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Stream::Secured(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Secured(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_shutdown(cx))
    }
}
