//! THE WIRE: exchanges with publishers and aggregators; the only room that knows HTTP.

mod classify;
mod client;
mod course;
mod dial;
mod evidence;
mod headers;
mod http1;
mod intake;
mod low_water;
mod network;
mod patience;
mod preflight;
mod retry_after;
mod text;
mod timer;
mod tls;
mod wire;

use std::time::{Duration, Instant};

use crate::sample::{Failure, Link, cache::CacheEvidence};

pub use client::Client;
pub use network::Network;
pub use preflight::preflight;
pub use wire::is_blob_id;

/// One request and its answer: when it happened, what it moved, and what came of it.
#[derive(Debug)]
pub struct Exchange<T> {
    /// When it started, connecting included; the request had been made before.
    pub started: Instant,
    /// When the kernel had taken the last byte of the request; `None` when it never had.
    pub sent: Option<Instant>,
    /// When the head of the answer was there.
    pub first_byte: Option<Instant>,
    /// When the last byte of the answer was there, or the failure was known.
    pub finished: Instant,
    /// The connection it used; `None` when it never had one.
    pub link: Option<Link>,
    /// Bytes of request body given to the connection.
    pub bytes_sent: u64,
    /// Bytes of response body received.
    pub bytes_received: u64,
    /// What the headers of a successful download say of caches.
    pub cache: CacheEvidence,
    /// How long the server asked to be left alone, if it answered with an error and said so.
    pub retry_after: Option<Duration>,
    /// What came of it.
    pub result: Result<T, Failure>,
}
