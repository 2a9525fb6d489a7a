//! walrus-stress: a stress and benchmark tool for Walrus publishers and aggregators.

pub mod error;
pub mod units;
pub mod plan;
pub mod sample;
pub mod blob;
pub mod client;
pub mod engine;
pub mod metrics;
pub mod report;
pub mod export;
pub mod live;
pub mod cli;

#[cfg(test)]
mod fixtures;
