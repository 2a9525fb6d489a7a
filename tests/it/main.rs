//! The flow over a bottle: every test that needs servers, in one binary.

#![expect(clippy::unwrap_used, reason = "in a test, whatever is not there is a failure")]

mod raw;

mod aggregator;
mod auth;
mod blob_id_real;
mod counts;
mod clients;
mod concat;
mod cors;
mod daemon;
mod describe;
mod fixtures;
mod front;
mod fuzz;
mod fuzz_stores;
mod limits;
mod object;
mod order;
mod publisher;
mod publisher_epochs;
mod published;
mod quilt_store;
mod quilt_read;
mod range;
mod reuse;
mod stream;
mod tls;
mod faults;
mod profiles;
