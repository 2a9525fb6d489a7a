//! The mock publisher put together: its configuration, its state, its routes.

use crate::admit::{Door, admit};
use crate::common::dress;
use crate::encoding::Prices;
use crate::fault::Role;
use crate::gate::Limits;
use crate::latency::Latency;
use crate::put::put_blob;
use crate::server;
use crate::stats::{Snapshot, Stats};
use crate::store::{BadStore, Writer};
use crate::weather::Weather;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::put;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// How a publisher is to behave.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The directory of the blobs.
    pub store: PathBuf,
    /// The largest body in bytes.
    pub max_body_size: u64,
    /// Requests at work and waiting.
    pub limits: Limits,
    /// How long a store takes once its body is there.
    pub store_latency: Latency,
    /// What goes wrong.
    pub weather: Weather,
    /// The present epoch.
    pub epoch: u32,
    /// What storage costs.
    pub prices: Prices,
}

impl Config {
    /// A publisher as it comes out of the box, over this directory: fast and without faults.
    #[must_use]
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            max_body_size: 10_240 * 1024,
            limits: Limits::PUBLISHER,
            store_latency: Latency::default(),
            weather: Weather::default(),
            epoch: 1,
            prices: Prices::default(),
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
    pub(crate) put: Arc<Door>,
}

impl Publisher {
    /// Opens the store.
    ///
    /// # Errors
    /// The directory cannot be made or written to.
    pub fn new(config: Config) -> Result<Self, BadStore> {
        let writer = Writer::open(&config.store)?;
        let stats = Stats::new("mock-publisher");
        let put = Door::new(Role::Publisher, config.limits, config.weather.clone(), Arc::clone(&stats));
        Ok(Self(Arc::new(Inner { config, writer, stats, put })))
    }

    /// What the publisher saw so far.
    #[must_use]
    pub fn stats(&self) -> Snapshot {
        self.0.stats.snapshot()
    }
}

/// The routes of a publisher, without what every mock has.
pub fn router(publisher: &Publisher) -> Router {
    let door = from_fn_with_state(Arc::clone(&publisher.0.put), admit);
    Router::new().route("/v1/blobs", put(put_blob).route_layer(door)).with_state(publisher.clone())
}

/// Serves a publisher until `shutdown` is ready; exchanges in flight get a second more.
pub async fn serve(listener: TcpListener, publisher: Publisher, shutdown: impl Future<Output = ()>) {
    let stats = Arc::clone(&publisher.0.stats);
    server::run(listener, dress(router(&publisher), Arc::clone(&stats)), stats, shutdown).await;
}
