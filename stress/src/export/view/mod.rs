//! Decides once what is shown of runs, comparisons, searches and plans; the formats only render it.

pub(super) mod blobs;
pub(super) mod cache;
pub(super) mod comparison;
pub(super) mod connections;
pub(super) mod charges;
pub(super) mod cost;
pub(super) mod describe;
pub(super) mod document;
pub(super) mod operators;
pub(super) mod places;
pub(super) mod plan;
mod read_times;
pub(super) mod readable;
pub(super) mod run;
pub(super) mod search;
pub(super) mod steps;
pub(super) mod thresholds;
pub(super) mod vantage;
