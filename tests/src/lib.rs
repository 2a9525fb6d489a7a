//! A Walrus in a bottle: a publisher and an aggregator in this process, over one directory, on free ports.
//!
//! ```
//! use tests::Bottle;
//!
//! let bottle = Bottle::builder().publisher_faults(&["reset=10%"]).start();
//! println!("point a client at {} and {}", bottle.publisher_url(), bottle.aggregator_url());
//! assert_eq!(bottle.publisher_stats().stores.newly_created, 0);
//! ```
//!
//! The servers run on threads of their own: a test may be async, or block, or start a program that talks to them.
//! Dropping the bottle stops them and removes the directory.

mod builder;

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub use builder::Builder;
pub use mock_aggregator::Config as AggregatorConfig;
pub use mock_aggregator::front::{Face, Front};
pub use mock_publisher::Config as PublisherConfig;
pub use mock_publisher::stats::{Arrival, RouteSnapshot, Snapshot};

use mock_aggregator::Aggregator;
use mock_publisher::Publisher;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The route of stores in the counts.
pub const PUT_BLOB: &str = "PUT /v1/blobs";
/// The route of reads in the counts.
pub const GET_BLOB: &str = "GET /v1/blobs/{blob_id}";

/// A publisher and an aggregator, running until dropped.
#[derive(Debug)]
pub struct Bottle {
    publisher: Publisher,
    aggregator: Aggregator,
    publisher_url: String,
    aggregator_url: String,
    store: PathBuf,
    certificate: Option<Vec<u8>>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _own_store: Option<TempDir>,
}

impl Bottle {
    /// A bottle as it comes out of the box: no latency, no faults, the limits of the real servers.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A bottle to be configured.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the publisher listens, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn publisher_url(&self) -> &str {
        &self.publisher_url
    }

    /// Where the aggregator listens, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn aggregator_url(&self) -> &str {
        &self.aggregator_url
    }

    /// The directory of the blobs.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// The certificate that a client must trust, in DER, if the servers speak HTTPS.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// Replaces the publisher's weather, or all of a daemon's, by that of a document, TOML or JSON; its windows and
    /// numbers begin now.
    ///
    /// # Panics
    /// If the document describes none for a publisher.
    pub fn set_publisher_weather(&self, document: &str) {
        let profile = self.publisher.profile();
        profile.set(builder::profile(profile.role(), document));
    }

    /// Replaces the aggregator's weather, or all of a daemon's, by that of a document, TOML or JSON; its windows and
    /// numbers begin now.
    ///
    /// # Panics
    /// If the document describes none for an aggregator.
    pub fn set_aggregator_weather(&self, document: &str) {
        let profile = self.aggregator.profile();
        profile.set(builder::profile(profile.role(), document));
    }

    /// What the publisher saw so far.
    #[must_use]
    pub fn publisher_stats(&self) -> Snapshot {
        self.publisher.stats()
    }

    /// When requests arrived at the publisher, the last 65,536 of them, the oldest first.
    #[must_use]
    pub fn publisher_arrivals(&self) -> Vec<Arrival> {
        self.publisher.arrivals()
    }

    /// What the aggregator saw so far.
    #[must_use]
    pub fn aggregator_stats(&self) -> Snapshot {
        self.aggregator.stats()
    }
}

impl Drop for Bottle {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A server that panicked has said so already.
            let _ = thread.join();
        }
    }
}
