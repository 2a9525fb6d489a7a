//! The making of a bottle: two configurations, two listeners, one thread that runs both servers.

use crate::{AggregatorConfig, Bottle, PublisherConfig};
use mock_aggregator::Aggregator;
use mock_publisher::Publisher;
use mock_publisher::fault::{Faults, Role};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A change to a configuration, made once the directory is known.
type Change<C> = Box<dyn FnOnce(&mut C)>;

/// A bottle in the making.
#[derive(Default)]
pub struct Builder {
    publisher: Vec<Change<PublisherConfig>>,
    aggregator: Vec<Change<AggregatorConfig>>,
    store: Option<PathBuf>,
}

impl Builder {
    /// Changes the publisher's configuration.
    #[must_use]
    pub fn publisher(mut self, change: impl FnOnce(&mut PublisherConfig) + 'static) -> Self {
        self.publisher.push(Box::new(change));
        self
    }

    /// Changes the aggregator's configuration.
    #[must_use]
    pub fn aggregator(mut self, change: impl FnOnce(&mut AggregatorConfig) + 'static) -> Self {
        self.aggregator.push(Box::new(change));
        self
    }

    /// Gives the publisher faults, each `KIND=RATIO` as on its command line.
    #[must_use]
    pub fn publisher_faults(self, specs: &[&str]) -> Self {
        let faults = faults(Role::Publisher, specs);
        self.publisher(|config| config.weather.faults = faults)
    }

    /// Gives the aggregator faults, each `KIND=RATIO` as on its command line.
    #[must_use]
    pub fn aggregator_faults(self, specs: &[&str]) -> Self {
        let faults = faults(Role::Aggregator, specs);
        self.aggregator(|config| config.weather.faults = faults)
    }

    /// Uses this directory, which is not removed, instead of a temporary one.
    #[must_use]
    pub fn store(mut self, store: impl Into<PathBuf>) -> Self {
        self.store = Some(store.into());
        self
    }

    /// Starts both servers.
    ///
    /// # Panics
    /// If the machine has no directory, no port or no thread for them.
    #[must_use]
    pub fn start(self) -> Bottle {
        let own_store = self.store.is_none().then(|| tempfile::tempdir().expect("a temporary directory"));
        let store = own_store.as_ref().map(|dir| dir.path().to_owned()).or(self.store).unwrap_or_default();
        let mut publisher = PublisherConfig::new(&store);
        self.publisher.into_iter().for_each(|change| change(&mut publisher));
        let mut aggregator = AggregatorConfig::new(&store);
        self.aggregator.into_iter().for_each(|change| change(&mut aggregator));
        let publisher = Publisher::new(publisher).expect("a store");
        let aggregator = Aggregator::new(aggregator).expect("a store");
        let (publisher_url, publisher_listener) = listen();
        let (aggregator_url, aggregator_listener) = listen();
        let stop = CancellationToken::new();
        let servers =
            servers(publisher.clone(), publisher_listener, aggregator.clone(), aggregator_listener, &stop);
        let thread = thread::Builder::new().name("bottle".into()).spawn(servers).expect("a thread");
        let thread = Some(thread);
        Bottle {
            publisher,
            aggregator,
            publisher_url,
            aggregator_url,
            store,
            stop,
            thread,
            _own_store: own_store,
        }
    }
}

/// The work of the bottle's thread.
fn servers(
    publisher: Publisher,
    publisher_listener: TcpListener,
    aggregator: Aggregator,
    aggregator_listener: TcpListener,
    stop: &CancellationToken,
) -> impl FnOnce() + Send + 'static {
    let stop = stop.clone();
    move || {
        Runtime::new().expect("a runtime").block_on(async {
            let listener = |std| tokio::net::TcpListener::from_std(std).expect("a listener");
            let publish = mock_publisher::serve(listener(publisher_listener), publisher, stop.cancelled());
            let aggregate =
                mock_aggregator::serve(listener(aggregator_listener), aggregator, stop.cancelled());
            tokio::join!(publish, aggregate);
        });
    }
}

fn listen() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener that does not block");
    let address = listener.local_addr().expect("an address");
    (format!("http://{address}"), listener)
}

/// Faults as written on a command line.
///
/// # Panics
/// If the server cannot have them.
fn faults(role: Role, specs: &[&str]) -> Faults {
    let specs = specs.iter().map(|spec| spec.parse().expect("KIND=RATIO")).collect();
    Faults::new(role, specs).expect("faults that go together")
}
