//! Opens a connection: name resolution, TCP and TLS, each timed, all within the connect timeout.

use std::{
    io,
    net::SocketAddr,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;

use super::{
    classify,
    happy_eyeballs::{self, ConnectError},
    network::{Address, Endpoint, Tls},
    resolver,
    stream::Stream,
};
use crate::sample::{Connecting, ExchangePhase, ExchangeRecord, Failure, Link};

/// Opens a connection to `endpoint`, and records how long each part took as soon as it is done, and the peer.
///
/// # Errors
/// The failure, when there is no connection within `limit`.
pub(super) async fn dial(
    endpoint: &Endpoint,
    limit: Duration,
    record: &mut ExchangeRecord,
) -> Result<Stream, Failure> {
    let budget = Budget { address: &endpoint.address, limit, started: Instant::now() };
    let mut connecting = Connecting::default();
    let addresses = match &endpoint.address {
        Address::Literal(address) => vec![*address],
        Address::Name(name, port) => {
            record.phase = ExchangePhase::Lookup;
            let addresses = look_up(endpoint, name, *port, &budget).await?;
            connecting.dns = Some(budget.started.elapsed());
            addresses
        }
    };
    record.phase = ExchangePhase::Tcp;
    let begun = Instant::now();
    let (peer, tcp) = match happy_eyeballs::connect(&addresses, budget.left()).await {
        Ok(connected) => connected,
        Err(ConnectError::TimedOut) => return Err(budget.exceeded(ExchangePhase::Tcp)),
        Err(ConnectError::Failed(address, error)) => {
            record.lacked_port = error.kind() == io::ErrorKind::AddrNotAvailable;
            return Err(classify::unconnected(&address.to_string(), &error));
        }
    };
    connecting.tcp = begun.elapsed();
    record.link = Some(Link::Fresh(connecting));
    record.peer = Some(peer);
    // With Nagle's algorithm the end of a request could wait for the acknowledgement of its beginning.
    let _ = tcp.set_nodelay(true);
    let Some(tls) = &endpoint.tls else { return Ok(Stream::Plain(tcp)) };
    record.phase = ExchangePhase::Tls;
    let begun = Instant::now();
    let stream = handshake(tls, tcp, &budget).await?;
    connecting.tls = Some(begun.elapsed());
    record.link = Some(Link::Fresh(connecting));
    Ok(Stream::Tls(Box::new(stream)))
}

/// The connect timeout, which all parts share.
struct Budget<'a> {
    address: &'a Address,
    limit: Duration,
    started: Instant,
}

impl Budget<'_> {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    fn exceeded(&self, phase: ExchangePhase) -> Failure {
        classify::connect_timeout(phase, &self.address.to_string(), self.limit)
    }
}

/// The addresses of a name, in the order in which this connection tries them.
async fn look_up(
    endpoint: &Endpoint,
    name: &str,
    port: u16,
    budget: &Budget<'_>,
) -> Result<Vec<SocketAddr>, Failure> {
    let found = timeout(budget.left(), endpoint.resolver.look_up(name, port)).await;
    let found = found.map_err(|_| budget.exceeded(ExchangePhase::Lookup))?;
    let addresses = found.map_err(|error| classify::unresolved(name, Some(&error)))?;
    if addresses.is_empty() {
        return Err(classify::unresolved(name, None));
    }
    Ok(resolver::order(addresses, endpoint.connections.fetch_add(1, Relaxed)))
}

async fn handshake(tls: &Tls, tcp: TcpStream, budget: &Budget<'_>) -> Result<TlsStream<TcpStream>, Failure> {
    match timeout(budget.left(), tls.connector.connect(tls.name.clone(), tcp)).await {
        Ok(stream) => stream.map_err(|error| classify::untrusted(&budget.address.to_string(), &error)),
        Err(_) => Err(budget.exceeded(ExchangePhase::Tls)),
    }
}
