//! The map of the mock publisher: a Walrus publisher over a directory, and the rooms it shares with the mock aggregator.
//!
//! ```text
//! PUT ─▶ server ─▶ witness ─▶ auth ─▶ admit ─▶ query, token ─▶ intake ─▶ latency ─▶ commit ─▶ wire ─▶ spoil ─▶ answer
//!        (TCP)     (counts)   (gate, fault)             (store)              (store)   (JSON)  (fault)
//! ```
//!
//! Pure decisions: which fault a request gets, how long it takes, what a repeated store answers.
//! Everything that waits or touches a disk is written around them.
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
pub mod chain;
pub mod clock;
pub mod draw;
pub mod encoding;
pub mod fault;
pub mod quilt;
pub mod reuse;
pub mod size;

pub mod store;

pub mod auth;
pub mod api_error;
pub mod query;
mod responses;

pub mod admission;
pub mod connection;
mod fault_response;
pub mod server;
pub mod body_fault;
pub mod stats;
pub mod tls;
pub mod profile;
mod request_metrics;

pub mod args;
pub mod common;
pub mod describe;
pub mod cli;
mod publisher;
mod put;
mod routes;

pub use publisher::{Config, Publisher};
pub use routes::{router, serve};
