//! Publisher and aggregator on one address, as the real daemon: the routes and limits of both, one set of counts.

use crate::aggregator::{Aggregator, Config, DESCRIPTION};
use crate::routes::router;
use mock_publisher::common::with_common_routes;
use mock_publisher::describe;
use mock_publisher::fault::Role;
use mock_publisher::profile::ProfileHandle;
use mock_publisher::server::{self, Endpoint};
use mock_publisher::stats::{Snapshot, Stats};
use mock_publisher::store::BadStore;
use mock_publisher::{Config as PublisherConfig, Publisher};
use std::sync::Arc;

/// Both servers in one, ready to be served; clones are the same daemon.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// The half that stores; its counts are those of the whole.
    pub publisher: Publisher,
    /// The half that reads; its counts are those of the whole.
    pub aggregator: Aggregator,
    stats: Arc<Stats>,
}

impl Daemon {
    /// Opens the publisher's store for both. Blobs cannot be streamed: the real daemon's wallets do not know how.
    ///
    /// # Errors
    /// The directory cannot be made or written to.
    pub fn new(publisher: PublisherConfig, aggregator: Config) -> Result<Self, BadStore> {
        let stats = Stats::new("mock-daemon");
        let profile =
            ProfileHandle::new(Role::Daemon, publisher.profile.clone().and(aggregator.profile.clone()));
        let aggregator = Config { store: publisher.store.clone(), streams: false, ..aggregator };
        Ok(Self {
            publisher: Publisher::with_shared(publisher, Arc::clone(&stats), Arc::clone(&profile))?,
            aggregator: Aggregator::with_shared(aggregator, Arc::clone(&stats), profile)?,
            stats,
        })
    }

    /// What the daemon saw so far.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.stats.snapshot()
    }
}

/// Serves a daemon until `shutdown` is ready; exchanges in flight get a second more.
pub async fn serve_daemon(port: impl Into<Endpoint>, daemon: Daemon, shutdown: impl Future<Output = ()>) {
    let routes = mock_publisher::router(&daemon.publisher).merge(router(&daemon.aggregator));
    // The documents are part of these crates and always documents; a test reads them.
    let page = describe::page("Walrus Daemon", &[describe::PUBLISHER, DESCRIPTION]).unwrap_or_default();
    let (stats, profile) = (daemon.stats, Arc::clone(daemon.aggregator.profile()));
    server::run(port.into(), with_common_routes(routes, Arc::clone(&stats), profile, page), stats, shutdown)
        .await;
}
