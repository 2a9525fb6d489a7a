//! The wire against real sockets: servers that answer early, late, wrongly, in pieces or not at all.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop a test")]

mod keep_alive;
mod large;
mod lengths;
mod patience;
mod preflight;
mod salvage;
mod secured;
mod server;
mod timing;
mod weather;
