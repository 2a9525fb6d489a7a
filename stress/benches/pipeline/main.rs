//! Benchmarks of each part of the hot path: `cargo bench -p stress`.

mod bytes;
mod journey;
mod step_metrics;
mod schedule;
mod tokens;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    pipeline,
    bytes::generation,
    bytes::verification,
    step_metrics::recording,
    step_metrics::memory,
    schedule::draws,
    tokens::minting,
    journey::loopback
);
criterion_main!(pipeline);
