//! The configuration of a mock publisher and the state that its handlers share.

use crate::admission::{Admission, Limits, Ticket};
use crate::auth::{self, Verifier};
use crate::blob_id::BlobIdScheme;
use crate::chain::{Epochs, Prices};
use crate::clock::{Clock, millis};
use crate::draw::{self, Purpose};
use crate::fault::{Role, RouteKind};
use crate::profile::{Profile, ProfileHandle};
use crate::reuse::ObjectPool;
use crate::stats::{Arrival, RequestLog, Snapshot, Stats};
use crate::store::{BadStore, Writer};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The configuration of a publisher.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The directory of the blobs.
    pub store: PathBuf,
    /// The largest body in bytes.
    pub max_body_size: u64,
    /// The largest body of a quilt in bytes.
    pub max_quilt_body_size: u64,
    /// How many requests are processed and wait, for each route.
    pub limits: Limits,
    /// How long steps take and what goes wrong, until it is replaced.
    pub profile: Profile,
    /// The current epoch.
    pub epoch: u32,
    /// How long an epoch lasts, if it ends at all; the first begins with the server.
    pub epoch_duration: Option<Duration>,
    /// What storage costs, until it is changed.
    pub prices: Prices,
    /// The share of stores that find that the blob was stored before, from 0 to 1.
    pub existing_ratio: f64,
    /// What stores with `reuse_resources` find in the publisher's own wallet.
    pub object_pool: ObjectPool,
    /// Whether the publisher's own wallet keeps new objects, so that they can be used again; a stock one sends them on.
    pub keep_objects: bool,
    /// Bytes of blobs that the store may hold.
    pub store_limit: Option<u64>,
    /// Which IDs blobs get.
    pub blob_id: BlobIdScheme,
    /// What is required of tokens.
    pub jwt: auth::Config,
    /// The clock of epochs, of the ends of blobs and of tokens.
    pub clock: Clock,
}

impl Config {
    /// The defaults over this directory: no latency, no faults, the limits of a real publisher.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            max_body_size: 10_240 * 1024,
            max_quilt_body_size: 102_400 * 1024,
            limits: Limits::PUBLISHER,
            profile: Profile::default(),
            epoch: 1,
            epoch_duration: None,
            prices: Prices::default(),
            existing_ratio: 0.0,
            object_pool: ObjectPool::default(),
            keep_objects: false,
            store_limit: None,
            blob_id: BlobIdScheme::default(),
            jwt: auth::Config::default(),
            clock: Clock::default(),
        }
    }
}

/// A publisher, ready to be served; clones are the same publisher.
#[derive(Debug, Clone)]
pub struct Publisher(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) writer: Writer,
    pub(crate) stats: Arc<Stats>,
    pub(crate) profile: Arc<ProfileHandle>,
    pub(crate) put: Arc<Admission>,
    pub(crate) put_quilt: Arc<Admission>,
    pub(crate) verifier: Option<Arc<Verifier>>,
    prices: RwLock<Prices>,
    started_ms: u64,
}

impl Inner {
    fn epochs(&self) -> Epochs {
        Epochs { first: self.config.epoch, duration: self.config.epoch_duration }
    }

    /// The current epoch.
    pub(crate) fn epoch(&self) -> u32 {
        let elapsed_ms = self.config.clock.now_ms().saturating_sub(self.started_ms);
        self.epochs().at(Duration::from_millis(elapsed_ms))
    }

    /// When this number of epochs, the current one among them, is over, in milliseconds since 1970; `None` if never.
    pub(crate) fn ends_ms(&self, epochs: u32) -> Option<u64> {
        let begins = self.epochs().begins(self.epoch().saturating_add(epochs))?;
        self.started_ms.checked_add(millis(begins))
    }

    /// Whether a request finds that its blob was stored before.
    pub(crate) fn is_existing(&self, ticket: &Ticket) -> bool {
        let bits = draw::bits(ticket.profile().seed, Purpose::Existing, ticket.n);
        draw::unit(bits) < self.config.existing_ratio
    }
}

impl Publisher {
    /// Opens the store.
    ///
    /// # Errors
    /// The directory cannot be made or written to.
    pub fn new(config: Config) -> Result<Self, BadStore> {
        let profile = ProfileHandle::new(Role::Publisher, config.profile.clone());
        Self::with_shared(config, Stats::new("mock-publisher"), profile)
    }

    /// The same with counters and a profile that another server shares.
    ///
    /// # Errors
    /// The directory cannot be made or written to.
    pub fn with_shared(
        config: Config,
        stats: Arc<Stats>,
        profile: Arc<ProfileHandle>,
    ) -> Result<Self, BadStore> {
        let writer = Writer::with_limit(&config.store, config.store_limit)?.with_scheme(config.blob_id);
        let verifier = config.jwt.is_active().then(|| {
            let verifier = Verifier::new(config.jwt.clone(), config.clock.clone());
            Arc::new(verifier)
        });
        let admission =
            |route_kind| Admission::new(route_kind, config.limits, Arc::clone(&profile), Arc::clone(&stats));
        let (put, put_quilt) = (admission(RouteKind::Store), admission(RouteKind::StoreQuilt));
        let started_ms = config.clock.now_ms();
        let prices = RwLock::new(config.prices);
        let inner = Inner { verifier, prices, config, writer, stats, profile, put, put_quilt, started_ms };
        Ok(Self(Arc::new(inner)))
    }

    /// The fault profile, which can be replaced while the publisher works.
    #[must_use]
    pub fn profile(&self) -> &Arc<ProfileHandle> {
        &self.0.profile
    }

    /// What storage costs now.
    #[must_use]
    pub fn prices(&self) -> Prices {
        *self.0.prices.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what storage costs, for all blobs that are registered from now on.
    pub fn set_prices(&self, prices: Prices) {
        *self.0.prices.write().unwrap_or_else(PoisonError::into_inner) = prices;
    }

    /// What the publisher saw so far.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.0.stats.snapshot()
    }

    /// Writes every request to this log from now on.
    pub fn log_to(&self, log: RequestLog) {
        self.0.stats.log_to(log);
    }

    /// The last requests that arrived, the oldest first.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.0.stats.arrivals()
    }
}
