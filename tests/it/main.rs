//! The tests that need a bottle, in one binary.

#![expect(clippy::unwrap_used, reason = "in a test, a missing value is a failure")]

mod raw;

mod aggregator;
mod auth;
mod blob_id_real;
mod cache;
mod clients;
mod concat;
mod control;
mod cors;
mod counts;
mod daemon;
mod openapi;
mod faults;
mod fixtures;
mod fuzz;
mod fuzz_stores;
mod limits;
#[cfg(unix)]
mod nginx;
mod order;
mod profiles;
mod published;
mod publisher;
mod publisher_epochs;
mod quilt_read;
mod quilt_store;
mod reads;
mod reuse;
mod tls;
mod visibility;
