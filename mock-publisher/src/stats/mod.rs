//! What a server saw, counted exactly: clients compare their own numbers with these.

mod counter;
mod counters;
pub mod prometheus;
mod request_log;
mod snapshot;

pub use counter::Counter;
pub use counters::{Arrival, BlobCounters, OpenConnection, RouteCounters, Stats};
pub(crate) use request_log::LoggedRequest;
pub use request_log::{BadLog, RequestLog};
pub use snapshot::{Connections, Reads, RouteSnapshot, Snapshot, Stores};
