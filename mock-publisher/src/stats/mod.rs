//! What a server saw, counted exactly: clients compare their own numbers with these.

mod counters;
pub mod prometheus;
mod snapshot;

pub use counters::{Arrival, BlobCounters, Counter, OpenConnection, RouteCounters, Stats};
pub use snapshot::{Connections, Reads, RouteSnapshot, Snapshot, Stores};
