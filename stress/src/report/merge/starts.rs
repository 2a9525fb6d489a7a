//! Whether shards were one load: how far apart they began, and what is known of their machines' clocks.
//!
//! A time by one machine's clock says nothing about another's, unless both saw the same event: with clocks that differ by
//! seconds, shards that report the same start began seconds apart, and those that began together report seconds. The end
//! of a barrier is such an event: the times that machines have for it differ by their clocks' offsets, and the monotonic
//! time from there to the begin of each load is free of them.

use std::time::{Duration, SystemTime};

use super::rules::{MergeError, MergeRules, refuse};
use crate::{
    report::{BarrierEnd, Part, Report, Source},
    units,
};

/// The longest time between the end of one shard and the start of another: clocks differ, and so do starts.
const APART: Duration = Duration::from_secs(30);

/// What is known of the starts, in sentences for readers.
///
/// # Errors
/// Which shard was not part of the same load.
pub(super) fn check(shards: &[Source], rules: &MergeRules) -> Result<Vec<String>, MergeError> {
    let ends: Option<Vec<_>> = shards.iter().map(|source| Some((source, part(source)?.barrier?))).collect();
    match ends {
        Some(ends) => after_barrier(&ends, rules),
        None => by_clocks(shards),
    }
}

fn part(source: &Source) -> Option<&Part> {
    source.report.parts.first()
}

/// Shards that have all passed one barrier.
fn after_barrier(ends: &[(&Source, BarrierEnd)], rules: &MergeRules) -> Result<Vec<String>, MergeError> {
    let skew = spread(ends, |end| end.begin);
    let offset = spread(ends, |end| end.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let at_a_time = ends.iter().any(|(source, _)| part(source).is_some_and(|part| part.scheduled));
    let (Some((skew, latest)), Some((offset, fastest))) = (skew, offset) else { return Ok(Vec::new()) };
    let [shown_skew, shown_offset] = [skew, offset].map(units::duration);
    if skew > rules.max_start_skew {
        let most = units::duration(rules.max_start_skew);
        let reason = format!("began {shown_skew} after another shard: --max-start-skew is {most}");
        return Err(refuse(latest, reason));
    }
    if at_a_time && offset > rules.max_clock_offset {
        let most = units::duration(rules.max_clock_offset);
        let reason = format!(
            "its machine's clock is {shown_offset} ahead of another's: --max-clock-offset is {most}. Set the clocks, or leave \
             --start-at to the barrier"
        );
        return Err(refuse(fastest, reason));
    }
    Ok(vec![format!(
        "by their barrier the shards began within {shown_skew} of each other; their machines' clocks differ by up to {shown_offset}"
    )])
}

/// The distance between the smallest and the largest of these times, and which shard has the largest.
fn spread<'a>(
    ends: &[(&'a Source, BarrierEnd)],
    time: fn(BarrierEnd) -> Duration,
) -> Option<(Duration, &'a Source)> {
    let times = || ends.iter().map(|(source, end)| (time(*end), *source));
    let (largest, source) = times().max_by_key(|(time, _)| *time)?;
    Some((largest - times().map(|(time, _)| time).min()?, source))
}

/// Shards of which nothing but the times of their own clocks is known.
fn by_clocks(shards: &[Source]) -> Result<Vec<String>, MergeError> {
    let mut times =
        shards.iter().map(|source| Ok((began(source)?, source))).collect::<Result<Vec<_>, _>>()?;
    times.sort_by_key(|(began, _)| *began);
    let Some(&(first, mut last)) = times.first() else { return Ok(Vec::new()) };
    let mut latest_end = end(first, last)?;
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
    }
    let latest = times.last().map_or(first, |(began, _)| *began);
    let apart = units::duration(latest.duration_since(first).unwrap_or_default());
    Ok(vec![format!(
        "how far apart the shards began is not verified, as they passed no barrier: {apart} by their machines' clocks, whose \
         offsets are unknown"
    )])
}

/// When a shard began, by its machine's clock.
fn began(source: &Source) -> Result<SystemTime, MergeError> {
    let text = &source.report.started_at;
    let parsed = || {
        humantime::parse_rfc3339(text)
            .map_err(|error| refuse(source, format!("its start `{text}` is no time: {error}")))
    };
    part(source).map_or_else(parsed, |part| Ok(part.began_at))
}

fn end(began: SystemTime, source: &Source) -> Result<SystemTime, MergeError> {
    let Report { started_at, elapsed, .. } = &source.report;
    let too_long = || {
        let seconds = elapsed.as_secs();
        refuse(source, format!("began at {started_at} and took {seconds} s: no clock goes that far"))
    };
    began.checked_add(*elapsed).ok_or_else(too_long)
}
