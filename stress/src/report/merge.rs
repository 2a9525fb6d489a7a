//! Merges the reports of the shards of one run into the report of the undivided run.
//!
//! Each shard's times run from its own origin on its own monotonic clock. Shards are aligned at these origins, as if all had
//! begun at the same time: rates are totals by the time from the first start to the last finish of any of them, and the
//! merged run is as long as its longest shard. Wall clocks only show whether the shards were one load: if one had ended long
//! before another began, they were not.

use std::time::{Duration, SystemTime};

use super::{Ending, Report, Source, Tool, plan_diff::differences};
use crate::plan::{Plan, shard::Shard};

/// The longest time between the end of one shard and the start of another: clocks differ, and so do starts.
const APART: Duration = Duration::from_secs(30);
/// Starts further apart than this get a notice: they are saved to the second.
const TOGETHER: Duration = Duration::from_secs(1);

/// Why reports cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct MergeError {
    /// Which report it is.
    pub name: String,
    /// Why, and what to do.
    pub reason: String,
}

/// The report of the run that these are the shards of. With `partial` some may be missing or interrupted.
///
/// # Errors
/// When they are not shards of one run, are incomplete, or come twice.
pub fn merge(shards: &[Source], partial: bool) -> Result<Report, MergeError> {
    let Some(first) = shards.first() else {
        return Err(MergeError { name: "merge".to_owned(), reason: "there is nothing to merge".to_owned() });
    };
    for (position, source) in shards.iter().enumerate() {
        belongs(source, first)?;
        shards[..position].iter().try_for_each(|earlier| differs(source, earlier))?;
        if let (false, Ending::Interrupted { signal }) = (partial, source.report.ending) {
            let reason =
                format!("was stopped by {signal} before its end (--allow-partial takes what there is)");
            return Err(refuse(source, reason));
        }
    }
    let of = shard(first)?.of();
    let present: Vec<u32> =
        shards.iter().filter_map(|source| source.report.plan.shard).map(Shard::index).collect();
    let missing: Vec<String> =
        (0..of).filter(|index| !present.contains(index)).map(|index| format!("{index}/{of}")).collect();
    let missing = missing.join(", ");
    if !partial && !missing.is_empty() {
        let reason =
            format!("is one of {of} shards, but {missing} is missing (--allow-partial does without)");
        return Err(refuse(first, reason));
    }
    let apart = overlap(shards)?;
    let mut merged = whole(shards, first);
    let count = shards.len();
    merged.notices.push(format!("merged from {count} of {of} shards, aligned at their starts"));
    if !missing.is_empty() {
        merged.notices.push(format!("shard {missing} is missing: these numbers are not the whole run's"));
    }
    if apart > TOGETHER {
        let apart = apart.as_secs();
        merged.notices.push(format!("by their machines' clocks the shards began up to {apart} s apart"));
    }
    Ok(merged)
}

fn refuse(source: &Source, reason: impl Into<String>) -> MergeError {
    MergeError { name: source.name.clone(), reason: reason.into() }
}

fn shard(source: &Source) -> Result<Shard, MergeError> {
    source.report.plan.shard.ok_or_else(|| {
        refuse(source, "is no shard: only runs with --shard K/N, of one plan and one seed, can be merged")
    })
}

/// Checks that it is a shard of the same plan as `first`.
fn belongs(source: &Source, first: &Source) -> Result<(), MergeError> {
    let (own, other) = (shard(source)?, shard(first)?);
    if source.report.runs.is_empty() {
        return Err(refuse(source, "has no run ID: it was not written by walrus-stress, or was changed"));
    }
    if own.of() != other.of() {
        return Err(refuse(source, format!("is shard {own}, but {} is shard {other}", first.name)));
    }
    let (plan, whole) = (undivided(&source.report.plan), undivided(&first.report.plan));
    if plan.seed != whole.seed {
        let reason = format!(
            "has seed {}, but {} has {}: give all shards the same",
            plan.seed, first.name, whole.seed
        );
        return Err(refuse(source, reason));
    }
    if plan != whole {
        let different = differences(&whole, &plan);
        let different: Vec<&str> = different.iter().map(|one| one.what.as_str()).collect();
        let reason = format!("is of another plan than {}: {} differ", first.name, different.join(", "));
        return Err(refuse(source, reason));
    }
    Ok(())
}

/// Checks that it is not the same shard as an earlier one.
fn differs(source: &Source, earlier: &Source) -> Result<(), MergeError> {
    if source.report.is_same_run_as(&earlier.report) {
        return Err(refuse(source, format!("is the same run as {}", earlier.name)));
    }
    let (own, other) = (shard(source)?, shard(earlier)?);
    if own == other {
        return Err(refuse(source, format!("is shard {own}, and so is {}: it was run twice", earlier.name)));
    }
    Ok(())
}

/// The plan without its shard.
fn undivided(plan: &Plan) -> Plan {
    Plan { shard: None, ..plan.clone() }
}

/// The time between the first and the last start by the wall clocks.
fn overlap(shards: &[Source]) -> Result<Duration, MergeError> {
    let began = |source: &Source| -> Result<SystemTime, MergeError> {
        let text = &source.report.started_at;
        humantime::parse_rfc3339(text)
            .map_err(|error| refuse(source, format!("its start `{text}` is no time: {error}")))
    };
    let mut times = Vec::new();
    for source in shards {
        times.push((began(source)?, source));
    }
    times.sort_by_key(|(began, _)| *began);
    let Some(&(first, mut last)) = times.first() else { return Ok(Duration::ZERO) };
    let end = |began: SystemTime, source: &Source| {
        let Report { started_at, elapsed, .. } = &source.report;
        let too_long = || {
            let seconds = elapsed.as_secs();
            refuse(source, format!("began at {started_at} and took {seconds} s: no clock goes that far"))
        };
        began.checked_add(*elapsed).ok_or_else(too_long)
    };
    let mut latest_end = end(first, last)?;
    let mut latest_start = first;
    for &(start, source) in &times {
        let gap = start.duration_since(latest_end).unwrap_or_default();
        if gap > APART {
            let (gap, name) = (gap.as_secs(), &last.name);
            let reason =
                format!("began {gap} s after {name} had ended: they were not one load (or a clock is wrong)");
            return Err(refuse(source, reason));
        }
        let its_end = end(start, source)?;
        if its_end > latest_end {
            (latest_end, last) = (its_end, source);
        }
        latest_start = start;
    }
    Ok(latest_start.duration_since(first).unwrap_or_default())
}

fn whole(shards: &[Source], first: &Source) -> Report {
    let mut merged = Report {
        tool: Tool::this(),
        plan: undivided(&first.report.plan),
        notices: Vec::new(),
        runs: Vec::new(),
        recording: Default::default(),
        ..first.report.clone()
    };
    for source in shards {
        let Report { started_at, elapsed, ending, recording, notices, runs, plan, .. } =
            source.report.clone();
        merged.started_at = merged.started_at.min(started_at);
        merged.elapsed = merged.elapsed.max(elapsed);
        if ending.is_partial() {
            merged.ending = ending;
        }
        merged.recording.merge(recording);
        merged.runs.extend(runs);
        let shard = plan.shard.map(|shard| format!("shard {shard}: ")).unwrap_or_default();
        merged.notices.extend(notices.iter().map(|notice| format!("{shard}{notice}")));
    }
    merged
}

#[cfg(test)]
mod tests;
