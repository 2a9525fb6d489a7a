//! Shows a run while it goes on: progress bars, and metrics over HTTP. Both only read snapshots and cannot slow it down.

pub mod bar;
pub mod goal;
pub mod metrics_server;
pub mod progress;
mod recent;
