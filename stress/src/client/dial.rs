//! Opens a connection: name resolution, TCP and TLS, each timed, all within the connect timeout.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;

use super::{
    classify,
    network::{Address, Endpoint, Tls},
    stream::Stream,
};
use crate::sample::{Connecting, ExchangePhase, ExchangeRecord, Failure, Link};

/// Opens a connection to `endpoint`, and records how long each part took as soon as it is done.
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
            let addresses = look_up(name, *port, &budget).await?;
            connecting.dns = Some(budget.started.elapsed());
            addresses
        }
    };
    record.phase = ExchangePhase::Tcp;
    let begun = Instant::now();
    let tcp = connect(&addresses, &budget, &mut record.lacked_port).await?;
    connecting.tcp = begun.elapsed();
    record.link = Some(Link::Fresh(connecting));
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

async fn look_up(name: &str, port: u16, budget: &Budget<'_>) -> Result<Vec<SocketAddr>, Failure> {
    let found = timeout(budget.left(), tokio::net::lookup_host((name, port))).await;
    let found = found.map_err(|_| budget.exceeded(ExchangePhase::Lookup))?;
    let addresses: Vec<_> = found.map_err(|error| classify::unresolved(name, Some(&error)))?.collect();
    if addresses.is_empty() {
        return Err(classify::unresolved(name, None));
    }
    Ok(addresses)
}

/// Tries the addresses in order. One that drops packets gets its share of the time, not all of it.
async fn connect(
    addresses: &[SocketAddr],
    budget: &Budget<'_>,
    lacked_port: &mut bool,
) -> Result<TcpStream, Failure> {
    let mut failure = None;
    for (tried, address) in addresses.iter().enumerate() {
        let waiting = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(budget.left() / waiting, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            // Of several failures, the first one that is no timeout is reported.
            Ok(Err(error)) => {
                *lacked_port |= error.kind() == ErrorKind::AddrNotAvailable;
                failure.get_or_insert_with(|| classify::unconnected(&address.to_string(), &error));
            }
            Err(_) => {}
        }
    }
    Err(failure.unwrap_or_else(|| budget.exceeded(ExchangePhase::Tcp)))
}

async fn handshake(tls: &Tls, tcp: TcpStream, budget: &Budget<'_>) -> Result<TlsStream<TcpStream>, Failure> {
    match timeout(budget.left(), tls.connector.connect(tls.name.clone(), tcp)).await {
        Ok(stream) => stream.map_err(|error| classify::untrusted(&budget.address.to_string(), &error)),
        Err(_) => Err(budget.exceeded(ExchangePhase::Tls)),
    }
}
