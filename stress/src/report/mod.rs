//! Reports: what a run was meant to do and what it recorded, saved, loaded, summarised, merged and compared.

mod arrivals;
mod buckets;
pub mod cache;
pub mod capacity;
pub mod compare;
pub mod charges;
pub mod cost;
mod distribution;
mod document;
mod foreign;
pub mod merge;
pub mod operators;
mod pairwise;
mod part;
mod plan_diff;
pub mod quality;
pub mod readable;
pub mod stationarity;
pub mod stats;
mod steps;
pub mod summary;
pub mod threshold;
pub mod timeline;
mod types;
pub mod vantage;

pub use document::{LoadError, SCHEMA};
pub use foreign::{check_names, check_texts};
pub use part::{BarrierEnd, Part, VantageRecording};
pub use types::{Ending, Report, RunId, Signal, Source, Tool, rfc3339};
