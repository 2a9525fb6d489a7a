//! Builds and runs a bottle: two configurations, two listeners, one thread for both servers.

use mock_aggregator::{Aggregator, Config as AggregatorConfig, Daemon};
use mock_publisher::chain::Prices;
use mock_publisher::clock::Clock;
use mock_publisher::fault::Role;
use mock_publisher::idle::Timeouts;
use mock_publisher::profile::{Faults, Profile};
use mock_publisher::server::Endpoint;
use mock_publisher::stats::{Arrival, Snapshot};
use mock_publisher::tls::{ServerTls, TlsSource};
use mock_publisher::{Config as PublisherConfig, Publisher};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

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
    /// Removes the directory after the servers have stopped.
    _temporary: Option<TempDir>,
}

impl Bottle {
    /// Starts a bottle with the defaults: no latency, no faults, the limits of the real servers.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A bottle to be configured.
    #[must_use]
    pub fn builder() -> BottleBuilder {
        BottleBuilder::default()
    }

    /// The publisher's URL, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn publisher_url(&self) -> &str {
        &self.publisher_url
    }

    /// The aggregator's URL, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn aggregator_url(&self) -> &str {
        &self.aggregator_url
    }

    /// The directory of the blobs.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// The certificate that a client must trust, in DER, if the servers use HTTPS.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// Replaces the publisher's weather, or that of a whole daemon, by a document in TOML or JSON; its times and request
    /// numbers are counted from now.
    ///
    /// # Panics
    /// The document is not valid for the server.
    pub fn set_publisher_weather(&self, document: &str) {
        let handle = self.publisher.profile();
        handle.set(profile(handle.role(), document));
    }

    /// Replaces the aggregator's weather, or that of a whole daemon, by a document in TOML or JSON; its times and request
    /// numbers are counted from now.
    ///
    /// # Panics
    /// The document is not valid for the server.
    pub fn set_aggregator_weather(&self, document: &str) {
        let handle = self.aggregator.profile();
        handle.set(profile(handle.role(), document));
    }

    /// Changes what the publisher charges for blobs that are registered from now on.
    pub fn set_prices(&self, prices: Prices) {
        self.publisher.set_prices(prices);
    }

    /// What the publisher has counted so far.
    #[must_use]
    pub fn publisher_stats(&self) -> Snapshot {
        self.publisher.stats()
    }

    /// When requests arrived at the publisher: the last 65,536 of them, the oldest first.
    #[must_use]
    pub fn publisher_arrivals(&self) -> Vec<Arrival> {
        self.publisher.arrivals()
    }

    /// What the aggregator has counted so far.
    #[must_use]
    pub fn aggregator_stats(&self) -> Snapshot {
        self.aggregator.stats()
    }
}

impl Drop for Bottle {
    fn drop(&mut self) {
        self.stop.cancel();
        let joined = self.thread.take().map(JoinHandle::join);
        // The panic hook has printed each when it happened. A test that fails already is not to abort.
        if !thread::panicking() {
            let panics = [self.publisher.stats().panics, self.aggregator.stats().panics];
            assert_eq!(panics, [0, 0], "panics in handlers of the publisher and of the aggregator");
            assert!(joined.is_none_or(|joined| joined.is_ok()), "the thread of the servers panicked");
        }
    }
}

/// A change to a configuration, applied once the directory is known.
type Change<C> = Box<dyn FnOnce(&mut C)>;

/// A bottle that is being configured.
#[derive(Default)]
pub struct BottleBuilder {
    publisher: Vec<Change<PublisherConfig>>,
    aggregator: Vec<Change<AggregatorConfig>>,
    store: Option<PathBuf>,
    tls: Option<ServerTls>,
    timeouts: Timeouts,
    daemon: bool,
}

impl BottleBuilder {
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

    /// Makes both servers end connections that are not used.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Gives both servers this clock.
    #[must_use]
    pub fn clock(self, clock: &Clock) -> Self {
        let (one, other) = (clock.clone(), clock.clone());
        self.publisher(|config| config.clock = one).aggregator(|config| config.clock = other)
    }

    /// Gives the publisher the weather of a document in TOML or JSON; later changes apply to it.
    ///
    /// # Panics
    /// The document is not valid for a publisher.
    #[must_use]
    pub fn publisher_weather(self, document: &str) -> Self {
        let profile = profile(Role::Publisher, document);
        self.publisher(|config| config.profile = profile)
    }

    /// Gives the aggregator the weather of a document in TOML or JSON; later changes apply to it.
    ///
    /// # Panics
    /// The document is not valid for an aggregator.
    #[must_use]
    pub fn aggregator_weather(self, document: &str) -> Self {
        let profile = profile(Role::Aggregator, document);
        self.aggregator(|config| config.profile = profile)
    }

    /// Gives the publisher faults, each `KIND=RATIO` as on its command line.
    ///
    /// # Panics
    /// A publisher cannot have these faults.
    #[must_use]
    pub fn publisher_faults(self, specs: &[&str]) -> Self {
        let faults = faults(Role::Publisher, specs);
        self.publisher(|config| config.profile.faults = faults)
    }

    /// Gives the aggregator faults, each `KIND=RATIO` as on its command line.
    ///
    /// # Panics
    /// An aggregator cannot have these faults.
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

    /// Makes both servers use HTTPS, with a self-signed certificate for `localhost`.
    ///
    /// # Panics
    /// No certificate could be generated.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = Some(TlsSource::SelfSigned.load().expect("a certificate"));
        self
    }

    /// Starts both servers.
    ///
    /// # Panics
    /// There is no directory, port or thread for them.
    #[must_use]
    pub fn start(self) -> Bottle {
        let temporary = self.store.is_none().then(|| tempfile::tempdir().expect("a temporary directory"));
        let store = temporary.as_ref().map(|dir| dir.path().to_owned()).or(self.store).unwrap_or_default();
        let mut publisher = PublisherConfig::new(&store);
        self.publisher.into_iter().for_each(|change| change(&mut publisher));
        let mut aggregator = AggregatorConfig::new(&store);
        self.aggregator.into_iter().for_each(|change| change(&mut aggregator));
        let certificate = self.tls.as_ref().map(|tls| tls.certificate().to_vec());
        let listen = || listen(self.tls.clone());
        let (publisher_url, first) = listen();
        let (servers, aggregator_url) = match self.daemon {
            true => (
                Servers::Daemon(Daemon::new(publisher, aggregator).expect("a store"), first),
                publisher_url.clone(),
            ),
            false => {
                let publisher = Publisher::new(publisher).expect("a store");
                let aggregator = Aggregator::new(aggregator).expect("a store");
                let (url, second) = listen();
                (Servers::Two((publisher, first), (aggregator, second)), url)
            }
        };
        let (publisher, aggregator) = servers.handles();
        let stop = CancellationToken::new();
        let serve = servers.serve(self.timeouts, stop.clone());
        let thread = thread::Builder::new().name("bottle".into()).spawn(serve).expect("a thread");
        Bottle {
            publisher,
            aggregator,
            publisher_url,
            aggregator_url,
            store,
            certificate,
            stop,
            thread: Some(thread),
            _temporary: temporary,
        }
    }
}

/// A listener of the standard library, which needs no runtime yet, and the TLS on it.
type Listener = (TcpListener, Option<ServerTls>);

/// What the bottle's thread serves.
enum Servers {
    Two((Publisher, Listener), (Aggregator, Listener)),
    Daemon(Daemon, Listener),
}

impl Servers {
    fn handles(&self) -> (Publisher, Aggregator) {
        match self {
            Self::Two(publish, aggregate) => (publish.0.clone(), aggregate.0.clone()),
            Self::Daemon(daemon, _) => (daemon.publisher.clone(), daemon.aggregator.clone()),
        }
    }

    /// The main function of the bottle's thread.
    fn serve(self, timeouts: Timeouts, stop: CancellationToken) -> impl FnOnce() + Send + 'static {
        let port = move |(listener, tls): Listener| Endpoint {
            listener: tokio::net::TcpListener::from_std(listener).expect("a listener"),
            tls,
            timeouts,
        };
        move || {
            Runtime::new().expect("a runtime").block_on(async {
                match self {
                    Self::Two((publisher, first), (aggregator, second)) => {
                        let publish = mock_publisher::serve(port(first), publisher, stop.cancelled());
                        let aggregate = mock_aggregator::serve(port(second), aggregator, stop.cancelled());
                        tokio::join!(publish, aggregate);
                    }
                    Self::Daemon(daemon, listener) => {
                        mock_aggregator::serve_daemon(port(listener), daemon, stop.cancelled()).await;
                    }
                }
            });
        }
    }
}

/// A listener on a free port, and its URL.
fn listen(tls: Option<ServerTls>) -> (String, Listener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener that does not block");
    let address = listener.local_addr().expect("an address");
    (format!("{}://{address}", if tls.is_some() { "https" } else { "http" }), (listener, tls))
}

fn profile(role: Role, document: &str) -> Profile {
    Profile::parse(document, role).unwrap_or_else(|bad| panic!("not valid for a {role}: {bad}"))
}

fn faults(role: Role, specs: &[&str]) -> Faults {
    let specs = specs.iter().map(|spec| spec.parse().expect("KIND=RATIO")).collect();
    Faults::new(role, specs).expect("faults that go together")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mock_publisher::profile::Latency;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    fn status(url: &str, path: &str) {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").expect("HTTP")).expect("a server");
        let head =
            format!("PUT {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx");
        stream.write_all(head.as_bytes()).expect("a server");
        let _ = stream.read_to_end(&mut Vec::new());
    }

    #[test]
    fn a_panic_of_a_handler_fails_the_test_that_caused_it() {
        let impossible = Latency::Uniform { low: Duration::from_secs(2), high: Duration::from_secs(1) };
        let bottle =
            Bottle::builder().publisher(move |config| config.profile.store.latency = impossible).start();
        status(bottle.publisher_url(), "/v1/blobs");
        assert_eq!(bottle.publisher_stats().panics, 1);
        let panic = catch_unwind(AssertUnwindSafe(|| drop(bottle))).expect_err("a panic");
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(message.contains("panics in handlers of the publisher"), "{message}");
    }

    #[test]
    fn a_bottle_without_a_panic_is_dropped_without_one() {
        let bottle = Bottle::start();
        status(bottle.publisher_url(), "/v1/blobs");
        drop(bottle);
    }
}
