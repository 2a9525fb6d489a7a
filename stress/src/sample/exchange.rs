//! What one HTTP exchange did, whatever its outcome.

use std::time::Duration;

use super::{cache::CacheEvidence, timing::Timing};

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
