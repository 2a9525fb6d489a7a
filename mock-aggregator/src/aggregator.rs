//! The configuration of a mock aggregator and the state that its handlers share.

use crate::blocklist::Blocklist;
use crate::cache::{CacheConfig, Lru};
use crate::response::AllowList;
use mock_publisher::admission::Admission;
use mock_publisher::admission::Limits;
use mock_publisher::clock::Clock;
use mock_publisher::fault::{Role, RouteKind};
use mock_publisher::profile::{Profile, ProfileHandle};
use mock_publisher::stats::{RequestLog, Snapshot, Stats};
use mock_publisher::store::{BadStore, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// How an aggregator behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The directory of the blobs.
    pub store: PathBuf,
    /// Requests in progress and waiting, on each route.
    pub limits: Limits,
    /// The largest blob that is read, in bytes; `None` for any.
    pub max_blob_size: Option<u64>,
    /// Blobs that must not be read.
    pub blocked: Blocklist,
    /// Attributes of objects, and tags of files in quilts, that become headers.
    pub allowed_attributes: AllowList,
    /// Whether all tags of a file in a quilt become headers.
    pub all_tags: bool,
    /// Bytes of blobs that the cache keeps; 0 for none.
    pub cache_size: u64,
    /// How the cache behaves, and which headers it writes.
    pub cache: CacheConfig,
    /// Whether blobs can be streamed; in a daemon they cannot.
    pub streams: bool,
    /// The clock by which cache entries and blobs expire.
    pub clock: Clock,
    /// Latencies and faults at the start.
    pub profile: Profile,
}

impl Config {
    /// The defaults for this directory: no latency, no faults, the limits of the real aggregator.
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
            cache: CacheConfig::default(),
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
    pub(crate) lru: Lru,
    pub(crate) stats: Arc<Stats>,
    pub(crate) profile: Arc<ProfileHandle>,
    /// How many documents the cache has served: each draws its own latency.
    pub(crate) documents: AtomicU64,
    /// The admission of no route: it only knows which faults replace a read.
    pub(crate) admission: Arc<Admission>,
}

impl Aggregator {
    /// Opens the store.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn new(config: Config) -> Result<Self, BadStore> {
        let profile = ProfileHandle::new(Role::Aggregator, config.profile.clone());
        Self::with_shared(config, Stats::new("mock-aggregator"), profile)
    }

    /// The same with counts and a profile that are shared with another server.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn with_shared(
        config: Config,
        stats: Arc<Stats>,
        profile: Arc<ProfileHandle>,
    ) -> Result<Self, BadStore> {
        let store = Store::open(&config.store)?;
        let admission =
            Admission::new(RouteKind::Read, config.limits, Arc::clone(&profile), Arc::clone(&stats));
        Ok(Self(Arc::new(Inner {
            lru: Lru::new(config.cache_size),
            config,
            store,
            stats,
            profile,
            documents: AtomicU64::new(0),
            admission,
        })))
    }

    /// The admission of one more route.
    pub(crate) fn admission(&self, route_kind: RouteKind) -> Arc<Admission> {
        let inner = &self.0;
        Admission::new(route_kind, inner.config.limits, Arc::clone(&inner.profile), Arc::clone(&inner.stats))
    }

    /// The profile of latencies and faults, which can be replaced while the aggregator runs.
    #[must_use]
    pub fn profile(&self) -> &Arc<ProfileHandle> {
        &self.0.profile
    }

    /// Writes every request to this log from now on.
    pub fn log_to(&self, log: RequestLog) {
        self.0.stats.log_to(log);
    }

    /// What the aggregator has counted so far.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.0.stats.snapshot()
    }
}
