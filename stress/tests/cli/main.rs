//! The command line as its users meet it: the real program, its screens, its files, its exit codes.

mod common;
mod connections;
mod server;
mod started;

mod bad_input;
mod bad_weather;
mod caches;
mod costs;
mod endings;
mod environment;
mod flags;
mod journeys;
mod lists;
mod log;
mod machines;
mod metrics;
mod operators;
mod order;
mod output;
mod page;
mod plan_files;
mod preset;
mod retries;
mod saved;
mod shards;
mod schema;
mod secrets;
mod search;
mod specification;
mod streams;
mod thresholds;
mod tokens;
mod quality;
mod truth;
mod writers;
