//! walrus-stress: a stress and benchmark tool for Walrus publishers and aggregators.

pub mod error;
pub mod plan;
pub mod sample;
pub mod blob;
pub mod walrus;
pub mod engine;
pub mod record;
pub mod report;
pub mod export;
pub mod live;
pub mod cli;
