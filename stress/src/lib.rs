//! walrus-stress: a stress and benchmark tool for Walrus publishers and aggregators.
//!
//! # Modules
//!
//! Data flows one way, in the order of this table. A module uses only those above it that are named; `cargo xtask lint` checks
//! that, and that no files of a module depend on one another in a circle.
//!
//! | module | contents | uses |
//! |---|---|---|
//! | [`error`] | why a *command* could not do its job | `plan` |
//! | [`units`] | parsing and formatting of sizes, durations, rates and shares | |
//! | [`plan`] | what a run shall do: journeys, load, schedule, targets, thresholds, retries | `units` |
//! | [`sample`] | one attempt at one step: its exchange record and its outcome | `plan` |
//! | [`blob`] | the bytes of blobs: generated from a spec, verified while they arrive | `plan`, `sample` |
//! | [`client`] | HTTP exchanges over connections of a worker's own, and failure classification | `plan`, `sample`, `blob`, `error` |
//! | [`metrics`] | aggregation of samples in constant memory: histograms, timelines, pairs of reads | `plan`, `sample` |
//! | [`engine`] | runs a plan: worker threads, open and closed loops, phases | `plan`, `sample`, `blob`, `client`, `metrics`, `error` |
//! | [`report`] | every printed number, computed once; thresholds, quality checks, comparison | `plan`, `sample`, `metrics`, `error` |
//! | [`export`] | one small file for each output format | `report` and what it is made of |
//! | [`live`] | progress bars and the `/metrics` endpoint of a running test | `metrics`, `export` |
//! | [`cli`] | arguments, plan files, commands, signals and exit codes | everything |
//!
//! ```text
//! arguments ─▶ plan ─▶ preflight ─▶ engine::run
//!                                     schedule ─▶ worker ─▶ client ─▶ network
//!                                                   │  blob: source out, verifier in
//!                                                   ▼
//!                                     sample ─▶ recording ─▶ live (reads snapshots)
//!                                       │           │
//!                                       │           ▼
//!                                       │        report ─▶ summary ─▶ export ─▶ stdout, files
//!                                       │           ▲         └─▶ thresholds, quality, comparison ─▶ exit code
//!                                       │      report files
//!                                       └─▶ exchange log and rows, streamed to files
//! ```
//!
//! Two things flow back: IDs of stored blobs become the input of later reads (`engine`), and `cli::search` runs a plan again
//! at another rate.
//!
//! # Invariants
//!
//! - Due time, size, bytes and target of a blob are functions of `(seed, global index)`. Hence runs are repeatable, blobs are
//!   never held whole, and parts of a run on several machines need no coordinator.
//! - `plan` reads no clock. Only `client` sends requests. `report` and `export` never see the network.
//! - A failed step is a sample, not an error: `engine` stops early only for a signal, an abort or a panic.
//! - Latency counts from the due time (which corrects for coordinated omission), timeouts from the start.
//! - The clock of an exchange stops before its sample is recorded, and a place in the sample channel is reserved before it
//!   starts: a slow receiver delays the next start, never a measured time.
//! - `metrics` keeps no samples: recordings merge associatively and commutatively, in memory that does not grow with the number
//!   of operations.
//! - A number that the samples cannot support is absent, not zero.
//! - `live` only reads snapshots: it cannot slow a run down.

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
