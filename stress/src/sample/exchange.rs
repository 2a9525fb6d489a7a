//! What one HTTP exchange did, whatever its outcome, on the run's monotonic clock.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::cache::CacheEvidence;

/// What one request and its response did: when, over which connection, with how many bytes. It is filled in while the
/// exchange is under way, so that it is complete at whatever moment the exchange ends or is cancelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExchangeRecord {
    /// When its parts happened.
    pub timing: Timing,
    /// The part that was under way last.
    pub phase: ExchangePhase,
    /// The connection that it used; `None` when it never had one.
    pub link: Option<Link>,
    /// The address at the other end of that connection.
    pub peer: Option<SocketAddr>,
    /// Bytes of request body that the kernel has accepted.
    pub bytes_sent: u64,
    /// Bytes of response body received.
    pub bytes_received: u64,
    /// The HTTP status, once the response head has arrived.
    pub status: Option<u16>,
    /// What the headers of a successful download say about caches.
    pub cache: CacheEvidence,
    /// The `Retry-After` of a response that is no success.
    pub retry_after: Option<Duration>,
    /// Whether the kept-open connection turned out to be closed, so that the read was repeated over a new one.
    pub was_stale: bool,
    /// Whether it had opened a connection before that one, which it could not use to its end.
    pub reopened: bool,
    /// Whether the kernel had no free port left for a connection.
    pub lacked_port: bool,
    /// What became of its `Expect: 100-continue`; `None` without one, and when the final response came first.
    pub expectation: Option<Expectation>,
}

/// What became of an upload's `Expect: 100-continue` (RFC 9110 §10.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// The server asked for the body with a `100 Continue`.
    Met,
    /// The server was silent for so long that the body was sent all the same.
    Ignored,
    /// Likewise, after several such uploads in a row: later uploads to this target expect nothing.
    Abandoned,
    /// The server refused the expectation with a 417: the upload was repeated without it, and later ones expect nothing.
    Refused,
}

/// The part of an exchange that is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExchangePhase {
    /// Nothing yet.
    #[default]
    NotStarted,
    /// Name resolution.
    Lookup,
    /// The TCP handshake.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Sending,
    /// The request is sent, the response has not begun.
    Waiting,
    /// Receiving the response.
    Receiving,
}

impl ExchangeRecord {
    /// The record of an exchange that starts at `now`, the time since the run's origin.
    pub fn start(now: Duration) -> Self {
        Self {
            timing: Timing { due: now, started: now, finished: now, ..Timing::default() },
            ..Self::default()
        }
    }

    /// Begins the exchange again over another connection: its start and the bytes that it has sent remain.
    pub(crate) fn restart(&mut self) {
        let Timing { due, started, finished, .. } = self.timing;
        *self = Self {
            timing: Timing { due, started, finished, ..Timing::default() },
            bytes_sent: self.bytes_sent,
            was_stale: self.was_stale,
            reopened: matches!(self.link, Some(Link::Fresh(_))),
            expectation: self.expectation,
            ..Self::default()
        };
    }
}

/// The connection of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Opened for this attempt; opening it is part of the attempt's time.
    Fresh(Connecting),
    /// Kept open (keep-alive) from an earlier attempt.
    Reused,
}

/// How long each part of opening a connection took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connecting {
    /// Name resolution; `None` when the address is a literal.
    pub dns: Option<Duration>,
    /// The TCP handshake.
    pub tcp: Duration,
    /// The TLS handshake; `None` for plain HTTP.
    pub tls: Option<Duration>,
}

impl Link {
    /// How long opening it took; zero when it was reused.
    pub fn opening(&self) -> Duration {
        match self {
            Link::Reused => Duration::ZERO,
            Link::Fresh(Connecting { dns, tcp, tls }) => {
                dns.unwrap_or_default() + *tcp + tls.unwrap_or_default()
            }
        }
    }
}

/// The time since a run's origin, the same for every thread.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The time from the origin to `instant`.
    pub fn at(self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.origin)
    }

    /// The time from the origin to now.
    pub fn elapsed(self) -> Duration {
        self.origin.elapsed()
    }
}

/// The instants of an attempt, each as the time since the run's origin on the monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// When its step was due by the schedule; in a closed loop, when the first attempt started.
    pub due: Duration,
    /// When it did start.
    pub started: Duration,
    /// When the request had left: of an upload, when the peer's machine had acknowledged it but for the last two segments
    /// (on Linux), and otherwise when the kernel had accepted its last byte. `None` when it never did.
    pub sent: Option<Duration>,
    /// When the response head had arrived.
    pub first_byte: Option<Duration>,
    /// When the last byte of the response had arrived, or the failure was known.
    pub finished: Duration,
}

impl Timing {
    /// Response time, finished − due: what a user of the service would have waited (corrected for coordinated omission).
    pub fn response(&self) -> Duration {
        self.finished.saturating_sub(self.due)
    }

    /// Time to first byte: from the start to the response head, if there was one.
    pub fn to_first_byte(&self) -> Option<Duration> {
        self.first_byte.map(|first| first.saturating_sub(self.started))
    }

    /// From the response head to the last byte, if there was a head.
    pub fn transfer(&self) -> Option<Duration> {
        self.first_byte.map(|first| self.finished.saturating_sub(first))
    }

    /// Service time: finished − started.
    pub fn service(&self) -> Duration {
        self.finished.saturating_sub(self.started)
    }
}
