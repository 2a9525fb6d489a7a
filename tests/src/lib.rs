//! `Bottle`: a mock publisher and a mock aggregator in this process, over one directory, on free ports.
//!
//! ```
//! use tests::Bottle;
//!
//! let bottle = Bottle::builder().publisher_faults(&["reset=10%"]).start();
//! println!("point a client at {} and {}", bottle.publisher_url(), bottle.aggregator_url());
//! assert_eq!(bottle.publisher_stats().stores.newly_created, 0);
//! ```
//!
//! The servers run on threads of their own: a test may be async, or block, or start a program that connects to them.
//! Dropping the bottle stops them and removes the directory.

mod bottle;

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the publisher's README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../mock-publisher/README.md")]
struct PublisherReadme;

/// The examples of the aggregator's README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../mock-aggregator/README.md")]
struct AggregatorReadme;

pub use bottle::{Bottle, BottleBuilder};
pub use mock_aggregator::Config as AggregatorConfig;
pub use mock_aggregator::cache::{CacheConfig, Persona};
pub use mock_publisher::Config as PublisherConfig;
pub use mock_publisher::chain::Prices;
pub use mock_publisher::reuse::ObjectPool;
pub use mock_publisher::stats::{Arrival, RouteSnapshot, Snapshot};

/// The route of stores in the counts.
pub const PUT_BLOB: &str = "PUT /v1/blobs";
/// The route of reads in the counts.
pub const GET_BLOB: &str = "GET /v1/blobs/{blob_id}";
