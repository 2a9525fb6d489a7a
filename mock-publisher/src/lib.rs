//! A mock Walrus publisher over a directory, and what it shares with the mock aggregator.
//!
//! ```text
//! PUT ─▶ server ─▶ request_metrics ─▶ auth ─▶ admission ─▶ query, token ─▶ store ─▶ latency ─▶ commit ─▶ answer ─▶ body_fault
//!        (TCP)     (counters)                (fault, limits)              (spool)            (store)   (JSON)
//! ```
//!
//! Which fault a request gets, how long it takes and what a repeated store answers are pure functions of the configuration,
//! the seed and the number of the request; what waits or uses the disk is around them.
//!
//! ```
//! use mock_publisher::{Config, Publisher, serve};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let mut config = Config::new("/tmp/blobs");
//! config.profile.store.latency = "lognormal:p50=20ms,p99=200ms".parse()?;
//! let publisher = Publisher::new(config)?;
//! let server = tokio::spawn(serve(listener, publisher.clone(), async { /* ready when it is time to stop */ }));
//! // ... a client stores its blobs ...
//! assert_eq!(publisher.stats().stores.newly_created, 3);
//! # server.await?;
//! # Ok(())
//! # }
//! ```

pub mod blob_id;
pub mod blocking;
pub mod chain;
pub mod clock;
pub mod draw;
pub mod encoding;
pub mod fault;
pub mod input;
pub mod quilt;
pub mod reuse;
pub mod units;

pub mod store;

pub mod api_error;
pub mod auth;
pub mod query;
mod responses;

pub mod admission;
pub mod body_fault;
pub mod connection;
mod fault_response;
pub mod idle;
pub mod profile;
mod request_metrics;
pub mod server;
pub mod stats;
pub mod throttle;
pub mod tls;

pub mod args;
pub mod cli;
pub mod common;
pub mod openapi;
mod panics;
mod price_route;
mod publisher;
mod put;
mod routes;

pub use fault_response::page as proxy_page;
pub use publisher::{Config, Publisher};
pub use routes::{router, serve};
