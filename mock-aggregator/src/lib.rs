//! The map of the mock aggregator: a Walrus aggregator over a mock publisher's directory, with a cache in front.
//!
//! ```text
//! GET ─▶ server ─▶ witness ─▶ front ─▶ admit ─▶ path, query, range ─▶ store ─▶ latency ─▶ spoil ─▶ headers ─▶ bytes
//!                            (a cache) (a door   (get, part, stream,   (reading)
//!                                      a route)   concat, quilt)
//! ```
//!
//! Server, witness, admission, faults and store are those of `mock_publisher`; here is what only readers need.

pub mod attributes;
pub mod blocklist;
pub mod clock;
pub mod front;
mod mirror;
mod object_id;
mod parsed;
mod query;
mod range;

mod concat;
mod control;
mod get;
mod part;
mod quilt;
mod reading;
mod sized;
mod stream;

mod aggregator;
mod daemon;
mod routes;

pub use aggregator::{Aggregator, Config, serve};
pub use daemon::{Daemon, serve_daemon};
pub use routes::router;
