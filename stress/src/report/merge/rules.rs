//! What shards must be to be merged, and the words for one that is not.

use std::time::Duration;

use crate::{
    plan::{Plan, shard::Shard, vantage::Vantage},
    report::Source,
};

/// Why reports cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct MergeError {
    /// Which report it is.
    pub name: String,
    /// Why, and what to do.
    pub reason: String,
}

/// What reports must be, besides shards of one run.
#[derive(Debug, Clone, Copy)]
pub struct MergeRules {
    /// How many shards the run must have had; `None` takes the shards' word for it.
    pub expect: Option<u32>,
    /// Whether shards may be missing, stopped early, unreadable or done twice; the merged report says so.
    pub allow_partial: bool,
    /// How far apart the shards may have begun, where a barrier shows it.
    pub max_start_skew: Duration,
    /// How far the clocks of shards that began at a time of the clock may differ, where a barrier shows it.
    pub max_clock_offset: Duration,
}

/// The plan of the whole run.
pub(super) fn undivided(plan: &Plan) -> Plan {
    Plan { shard: None, vantage: None, ..plan.clone() }
}

/// What a report is one of: `shards` or `vantage points`.
pub(super) fn kind(source: &Source) -> &'static str {
    if source.report.plan.vantage.is_some() { "vantage points" } else { "shards" }
}

/// Which part of the run a report is, in words.
pub(super) fn part_name(source: &Source) -> String {
    match (&source.report.plan.vantage, source.report.plan.shard) {
        (Some(Vantage { name, number }), _) => format!("vantage point {name} ({number})"),
        (None, Some(shard)) => format!("shard {shard}"),
        (None, None) => "no part".to_owned(),
    }
}

pub(super) fn refuse(source: &Source, reason: impl Into<String>) -> MergeError {
    MergeError { name: source.name.clone(), reason: reason.into() }
}

/// The number of a report among the parts of its run, if it is one.
pub(super) fn number(source: &Source) -> Option<Shard> {
    source.report.plan.number()
}
