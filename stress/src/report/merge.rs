//! Merges the reports of the shards of one run into the report of the undivided run.
//!
//! Each shard's times run from its own origin on its own monotonic clock. Shards are aligned at these origins, as if all had
//! begun at the same time: rates are totals by the time from the first start to the last finish of any of them, and the
//! merged run is as long as its longest shard. How far apart they really began is another question, see `starts`.

mod check;
mod rules;
mod starts;

use super::{Report, Source, Tool, VantageRecording};
use crate::{metrics::pairs::Pairs, plan::shard::Shard};
pub use rules::{MergeError, MergeRules};
use rules::{kind, part_name, undivided};

/// The report of the run that these are the shards of; what cannot be read has its reason in its place.
///
/// # Errors
/// Everything for which they are not merged: no shards of one run, incomplete ones, one that comes twice, or shards that were
/// not one load.
pub fn merge(
    reports: Vec<Result<Source, MergeError>>,
    rules: &MergeRules,
) -> Result<Report, Vec<MergeError>> {
    let (mut shards, mut lacking) = (Vec::new(), Vec::new());
    for report in reports {
        match report {
            Ok(shard) => shards.push(shard),
            Err(unreadable) => lacking.push(unreadable),
        }
    }
    let Some(first) = shards.first() else {
        lacking.push(MergeError { name: "merge".to_owned(), reason: "there is nothing to merge".to_owned() });
        return Err(lacking);
    };
    let mut refusals = check::foreign(&shards);
    let missing = check::missing(&shards);
    let mut notices = Vec::new();
    if refusals.is_empty() {
        refusals.extend(check::count(first, rules.expect));
        lacking.extend(check::incomplete(&shards, &missing));
        match starts::check(&shards, rules) {
            Ok(sentences) => notices = sentences,
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !rules.allow_partial {
        let allowed = |error: &MergeError| MergeError {
            reason: format!("{} (--allow-partial merges the rest)", error.reason),
            ..error.clone()
        };
        refusals.extend(lacking.iter().map(allowed));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let of = first.report.plan.number().map_or(1, Shard::of);
    let kind = kind(first);
    let mut merged = whole(&shards, first);
    if !merged.recording.can_be_read_back() {
        let reason =
            "and the others count more than 2^53 samples of one kind together, which no report can hold";
        return Err(vec![MergeError { name: first.name.clone(), reason: reason.to_owned() }]);
    }
    merged.notices.push(format!("merged from {} of {of} {kind}, aligned at their starts", shards.len()));
    merged.notices.extend(lacking.iter().map(ToString::to_string));
    merged.notices.extend(notices);
    merged.missing = missing;
    Ok(merged)
}

fn whole(shards: &[Source], first: &Source) -> Report {
    let mut merged = Report {
        tool: Tool::this(),
        plan: undivided(&first.report.plan),
        notices: Vec::new(),
        runs: Vec::new(),
        parts: Vec::new(),
        recording: Default::default(),
        vantages: Vec::new(),
        ..first.report.clone()
    };
    for source in shards {
        let Report { started_at, elapsed, ending, mut recording, notices, runs, parts, plan, .. } =
            source.report.clone();
        if let Some(vantage) = plan.vantage {
            merged.vantages.push(VantageRecording { vantage, elapsed, recording: recording.clone() });
            (recording.pairs, recording.controls) = (Pairs::default(), Pairs::default());
        }
        merged.started_at = merged.started_at.min(started_at);
        merged.elapsed = merged.elapsed.max(elapsed);
        if ending.is_partial() {
            merged.ending = ending;
        }
        merged.recording.merge(recording);
        merged.runs.extend(runs);
        merged.parts.extend(parts);
        merged.notices.extend(notices.iter().map(|notice| format!("{}: {notice}", part_name(source))));
    }
    merged.parts.sort_by_key(|part| part.shard);
    merged.vantages.sort_by_key(|one| one.vantage.number);
    merged
}

#[cfg(test)]
mod tests;
