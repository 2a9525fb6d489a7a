//! The mock aggregator put together: its configuration, its state, its routes.

use crate::attributes::AllowList;
use crate::blocklist::Blocklist;
use crate::clock::Clock;
use crate::front::{Front, Shelf};
use crate::routes::router;
use mock_publisher::admission::Admission;
use mock_publisher::admission::Limits;
use mock_publisher::common::with_common_routes;
use mock_publisher::describe;
use mock_publisher::fault::Role;
use mock_publisher::profile::{Profile, ProfileHandle, RouteKind};
use mock_publisher::server::{self, Endpoint};
use mock_publisher::stats::{Snapshot, Stats};
use mock_publisher::store::{BadStore, Store};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// What an aggregator says of its routes.
pub(crate) const DESCRIPTION: &str = include_str!("describe/aggregator.json");

/// How an aggregator is to behave.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The directory of the blobs.
    pub store: PathBuf,
    /// Requests at work and waiting, on each route.
    pub limits: Limits,
    /// The largest blob that is read, in bytes; any if none.
    pub max_blob_size: Option<u64>,
    /// Blobs that must not be read.
    pub blocked: Blocklist,
    /// Attributes of objects, and tags of files in quilts, that become headers.
    pub allowed_attributes: AllowList,
    /// Whether all tags of a file in a quilt become headers, not only those that are allowed.
    pub all_tags: bool,
    /// Bytes of blobs that the cache remembers; 0 for none.
    pub cache_size: u64,
    /// How the cache behaves and what it looks like.
    pub front: Front,
    /// Whether blobs can be streamed; a daemon cannot.
    pub streams: bool,
    /// By which copies grow old.
    pub clock: Clock,
    /// How long things take and what goes wrong, at first.
    pub profile: Profile,
}

impl Config {
    /// An aggregator as it comes out of the box, over this directory: fast and without faults.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            limits: Limits::AGGREGATOR,
            max_blob_size: None,
            blocked: Blocklist::default(),
            allowed_attributes: AllowList::default(),
            all_tags: false,
            cache_size: 1 << 30,
            front: Front::default(),
            streams: true,
            clock: Clock::default(),
            profile: Profile::default(),
        }
    }
}

/// An aggregator, ready to be served; clones are the same aggregator.
#[derive(Debug, Clone)]
pub struct Aggregator(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) shelf: Shelf,
    pub(crate) stats: Arc<Stats>,
    pub(crate) profile: Arc<ProfileHandle>,
    /// Any door: it knows what stands in for a read.
    pub(crate) admission: Arc<Admission>,
}

impl Aggregator {
    /// Opens the store.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn new(config: Config) -> Result<Self, BadStore> {
        let profile = ProfileHandle::new(Role::Aggregator, config.profile.clone());
        Self::with_shared(config, Stats::new("mock-aggregator"), profile)
    }

    /// The same, where something else counts too, under a weather that is not its own.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn with_shared(
        config: Config,
        stats: Arc<Stats>,
        profile: Arc<ProfileHandle>,
    ) -> Result<Self, BadStore> {
        let store = Store::open(&config.store)?;
        let admission =
            Admission::new(RouteKind::Read, config.limits, Arc::clone(&profile), Arc::clone(&stats));
        Ok(Self(Arc::new(Inner {
            shelf: Shelf::new(config.cache_size),
            config,
            store,
            stats,
            profile,
            admission,
        })))
    }

    /// A door for one more route.
    pub(crate) fn admission(&self, route_kind: RouteKind) -> Arc<Admission> {
        let inner = &self.0;
        Admission::new(route_kind, inner.config.limits, Arc::clone(&inner.profile), Arc::clone(&inner.stats))
    }

    /// The weather over the aggregator, which can be changed while it works.
    #[must_use]
    pub fn profile(&self) -> &Arc<ProfileHandle> {
        &self.0.profile
    }

    /// What the aggregator saw so far.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.0.stats.snapshot()
    }
}

/// Serves an aggregator until `shutdown` is ready; exchanges in flight get a second more.
pub async fn serve(port: impl Into<Endpoint>, aggregator: Aggregator, shutdown: impl Future<Output = ()>) {
    let (stats, profile) = (Arc::clone(&aggregator.0.stats), Arc::clone(&aggregator.0.profile));
    // The document is part of this crate and always one; a test reads it.
    let page = describe::page("Walrus Aggregator", &[DESCRIPTION]).unwrap_or_default();
    let routes = with_common_routes(router(&aggregator), Arc::clone(&stats), profile, page);
    server::run(port.into(), routes, stats, shutdown).await;
}
