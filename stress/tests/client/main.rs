//! The HTTP client against real sockets: servers that respond early, late, wrongly, in pieces or not at all.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop a test")]

mod addresses;
mod early_response;
mod expect_continue;
mod failures;
mod keep_alive;
mod large;
mod lengths;
mod namespace;
mod ports;
mod preflight;
mod server;
mod shaped;
mod timing;
mod tls;
