//! The making of a bottle: two configurations, two listeners, one thread that runs both servers.

use crate::{AggregatorConfig, Bottle, PublisherConfig};
use mock_aggregator::{Aggregator, Daemon};
use mock_publisher::Publisher;
use mock_publisher::fault::Role;
use mock_publisher::profile::{Faults, Profile};
use mock_publisher::server::Endpoint;
use mock_publisher::tls::{ServerTls, TlsSource};
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
    tls: Option<ServerTls>,
    daemon: bool,
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

    /// Gives the publisher the weather of a document, TOML or JSON; what is changed after this is changed in it.
    ///
    /// # Panics
    /// If the document describes none for a publisher.
    #[must_use]
    pub fn publisher_weather(self, document: &str) -> Self {
        let profile = profile(Role::Publisher, document);
        self.publisher(|config| config.profile = profile)
    }

    /// Gives the aggregator the weather of a document, TOML or JSON; what is changed after this is changed in it.
    ///
    /// # Panics
    /// If the document describes none for an aggregator.
    #[must_use]
    pub fn aggregator_weather(self, document: &str) -> Self {
        let profile = profile(Role::Aggregator, document);
        self.aggregator(|config| config.profile = profile)
    }

    /// Gives the publisher faults, each `KIND=RATIO` as on its command line.
    #[must_use]
    pub fn publisher_faults(self, specs: &[&str]) -> Self {
        let faults = faults(Role::Publisher, specs);
        self.publisher(|config| config.profile.faults = faults)
    }

    /// Gives the aggregator faults, each `KIND=RATIO` as on its command line.
    #[must_use]
    pub fn aggregator_faults(self, specs: &[&str]) -> Self {
        let faults = faults(Role::Aggregator, specs);
        self.aggregator(|config| config.profile.faults = faults)
    }

    /// Uses this directory, which is not removed, instead of a temporary one.
    #[must_use]
    pub fn store(mut self, store: impl Into<PathBuf>) -> Self {
        self.store = Some(store.into());
        self
    }

    /// Serves both on one address, as the real daemon does: both URLs and both counts are then the same.
    #[must_use]
    pub fn daemon(mut self) -> Self {
        self.daemon = true;
        self
    }

    /// Lets both servers speak HTTPS, with a certificate for `localhost` made on the spot.
    ///
    /// # Panics
    /// If the machine cannot make one.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = Some(TlsSource::SelfSigned.load().expect("a certificate"));
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
        let certificate = self.tls.as_ref().map(|tls| tls.certificate().to_vec());
        let listen = || listen(self.tls.clone());
        let (publisher_url, first) = listen();
        let (servers, aggregator_url) = match self.daemon {
            true => (
                Servers::One(Daemon::new(publisher, aggregator).expect("a store"), first),
                publisher_url.clone(),
            ),
            false => {
                let publisher = Publisher::new(publisher).expect("a store");
                let aggregator = Aggregator::new(aggregator).expect("a store");
                let (url, second) = listen();
                (Servers::Two((publisher, first), (aggregator, second)), url)
            }
        };
        let (publisher, aggregator) = servers.halves();
        let stop = CancellationToken::new();
        let servers = servers.serve(stop.clone());
        let thread = thread::Builder::new().name("bottle".into()).spawn(servers).expect("a thread");
        let thread = Some(thread);
        Bottle {
            publisher,
            aggregator,
            publisher_url,
            aggregator_url,
            store,
            certificate,
            stop,
            thread,
            _own_store: own_store,
        }
    }
}

/// A listener of the standard library, which needs no runtime yet, and how it is spoken to.
type Place = (TcpListener, Option<ServerTls>);

/// What the bottle's thread is to serve.
enum Servers {
    Two((Publisher, Place), (Aggregator, Place)),
    One(Daemon, Place),
}

impl Servers {
    fn halves(&self) -> (Publisher, Aggregator) {
        match self {
            Self::Two(publish, aggregate) => (publish.0.clone(), aggregate.0.clone()),
            Self::One(daemon, _) => (daemon.publisher.clone(), daemon.aggregator.clone()),
        }
    }

    /// The work of the bottle's thread.
    fn serve(self, stop: CancellationToken) -> impl FnOnce() + Send + 'static {
        let port = |(listener, tls): Place| Endpoint {
            listener: tokio::net::TcpListener::from_std(listener).expect("a listener"),
            tls,
        };
        move || {
            Runtime::new().expect("a runtime").block_on(async {
                match self {
                    Self::Two((publisher, one), (aggregator, other)) => {
                        let publish = mock_publisher::serve(port(one), publisher, stop.cancelled());
                        let aggregate = mock_aggregator::serve(port(other), aggregator, stop.cancelled());
                        tokio::join!(publish, aggregate);
                    }
                    Self::One(daemon, place) => {
                        mock_aggregator::serve_daemon(port(place), daemon, stop.cancelled()).await;
                    }
                }
            });
        }
    }
}

/// A free port: its address, and its listener with how it is spoken to.
fn listen(tls: Option<ServerTls>) -> (String, Place) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener that does not block");
    let address = listener.local_addr().expect("an address");
    (format!("{}://{address}", if tls.is_some() { "https" } else { "http" }), (listener, tls))
}

/// Weather as written in a document.
///
/// # Panics
/// If the document describes none for this server.
pub(crate) fn profile(role: Role, document: &str) -> Profile {
    Profile::parse(document, role).unwrap_or_else(|bad| panic!("no weather for a {role}: {bad}"))
}

/// Faults as written on a command line.
///
/// # Panics
/// If the server cannot have them.
fn faults(role: Role, specs: &[&str]) -> Faults {
    let specs = specs.iter().map(|spec| spec.parse().expect("KIND=RATIO")).collect();
    Faults::new(role, specs).expect("faults that go together")
}
