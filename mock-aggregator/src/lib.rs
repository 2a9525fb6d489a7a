//! The map of the mock aggregator: a Walrus aggregator over a mock publisher's directory, with a cache in front.
//!
//! ```text
//! GET ─▶ server ─▶ witness ─▶ admit ─▶ path, query, range ─▶ store ─▶ cache ─▶ latency ─▶ headers ─▶ spoil ─▶ bytes
//! ```
//!
//! Server, witness, admission, faults and store are those of `mock_publisher`; here is what only readers need.

mod aggregator;
pub mod cache;
mod get;
mod mirror;
mod query;
mod range;
pub mod size;

pub use aggregator::{Aggregator, Config, router, serve};
