//! A mock Walrus aggregator over the directory of a mock publisher, with a cache in front.
//!
//! ```text
//! GET ─▶ server ─▶ counts ─▶ cache ─▶ admission ─▶ path, query, range ─▶ handlers ─▶ store ─▶ latency ─▶ fault ─▶ bytes
//!                           (cache/)              (request)  (handlers/, read)                        (response)
//! ```
//!
//! Server, counts, admission, faults and store are those of `mock_publisher`; this crate has what only reads need.

mod request;
mod response;
mod blocklist;
pub mod cache;

mod aggregator;
mod handlers;
mod read;
mod server;

pub use aggregator::{Aggregator, Config};
pub use blocklist::{BadBlocklist, Blocklist};
pub use response::AllowList;
pub use server::{Daemon, serve, serve_daemon};
