//! What a benchmark is and how it can end.

use serde_json::Value;

use super::setup::Setup;
use crate::failure::Result;

/// One thing to measure.
pub(super) struct Benchmark {
    pub(super) name: &'static str,
    /// What is measured, in a line.
    pub(super) about: &'static str,
    /// What the figures are compared with, in a line.
    pub(super) target: &'static str,
    /// Whether it takes many minutes.
    pub(super) long: bool,
    pub(super) measure: fn(&Setup<'_>) -> Result<Outcome>,
}

/// How a benchmark ended.
pub(super) enum Outcome {
    /// Lines for a person, the same as data, and whether the target was reached.
    Measured { lines: Vec<String>, data: Value, reached: Option<bool> },
    /// It could not be measured here, and why.
    Skipped(String),
}
