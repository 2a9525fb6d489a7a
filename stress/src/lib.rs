//! walrus-stress: a stress and benchmark tool for Walrus publishers and aggregators.

pub mod error;
pub mod plan;
pub mod record;
pub mod sample;
