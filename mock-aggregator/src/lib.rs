//! The map of the mock aggregator: a Walrus aggregator over a mock publisher's directory, with a cache in front.
//!
//! ```text
//! GET ─▶ server ─▶ witness ─▶ admit ─▶ path, query, range ─▶ store ─▶ cache ─▶ latency ─▶ headers ─▶ spoil ─▶ bytes
//!                           (routes)   (get, part, stream, concat, quilt)     (reading)
//! ```
//!
//! Server, witness, admission, faults and store are those of `mock_publisher`; here is what only readers need.

pub mod attributes;
pub mod blocklist;
pub mod cache;
mod mirror;
mod object_id;
mod parsed;
mod query;
mod range;
pub mod size;

mod concat;
mod control;
mod get;
mod part;
mod quilt;
mod reading;
mod stream;

mod aggregator;
mod routes;

pub use aggregator::{Aggregator, Config, serve};
pub use routes::router;
