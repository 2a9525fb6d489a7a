//! Whether reports are the shards of one run, each of them once, and whole.

use super::rules::{MergeError, kind, number, part_name, refuse, undivided};
use crate::{
    plan::{journey::Step, shard::Shard},
    report::{Ending, Report, Source, plan_diff::differences, types::missing_parts},
    sample::{Novelty, StoredKind},
};

/// Blobs of fewer bytes may have the same content by chance.
const DISTINCT: u64 = 32;

/// The first reason for each report for which it is no shard of the same run as the first one, or is one for a second time.
pub(super) fn foreign(shards: &[Source]) -> Vec<MergeError> {
    let Some(first) = shards.first() else { return Vec::new() };
    let wrong = |(position, source): (usize, &Source)| {
        let twice = || shards[..position].iter().find_map(|earlier| twice(source, earlier));
        belongs(source, first).err().or_else(twice).map(|reason| refuse(source, reason))
    };
    shards.iter().enumerate().filter_map(wrong).collect()
}

/// Checks that it is a shard of the same run as `first`.
fn belongs(source: &Source, first: &Source) -> Result<(), String> {
    let divided = |source: &Source| {
        let none = "is no shard: only runs with --shard, of one plan and one seed, can be merged";
        number(source).ok_or_else(|| none.to_owned())
    };
    let own = divided(source)?;
    let Ok(other) = divided(first) else { return Ok(()) };
    let (ours, theirs, name) = (&source.report, &first.report, &first.name);
    if ours.runs.is_empty() {
        return Err("has no run ID: it was not written by walrus-stress, or was changed".to_owned());
    }
    if ours.tool != theirs.tool {
        let version = |report: &Report| format!("{} {}", report.tool.name, report.tool.version);
        return Err(format!(
            "is of {}, but {name} is of {}: use one version",
            version(ours),
            version(theirs)
        ));
    }
    if own.of() != other.of() || kind(source) != kind(first) {
        return Err(format!("is {}, but {name} is {}", part_name(source), part_name(first)));
    }
    if ours.run_id != theirs.run_id {
        let id = |report: &Report| report.run_id.as_ref().map_or("none".to_owned(), |id| format!("`{id}`"));
        return Err(format!(
            "is of another run than {name}: its --run-id is {}, not {}",
            id(ours),
            id(theirs)
        ));
    }
    let (plan, whole) = (undivided(&ours.plan), undivided(&theirs.plan));
    if plan.seed != whole.seed {
        return Err(format!(
            "has seed {}, but {name} has {}: give all shards the same",
            plan.seed, whole.seed
        ));
    }
    if plan != whole {
        let different = differences(&whole, &plan);
        let different: Vec<&str> = different.iter().map(|one| one.what.as_str()).collect();
        return Err(format!("is of another plan than {name}: {} differ", different.join(", ")));
    }
    Ok(())
}

/// That it is the same shard as an earlier one.
fn twice(source: &Source, earlier: &Source) -> Option<String> {
    if source.report.is_same_run_as(&earlier.report) {
        return Some(format!("is the same run as {}", earlier.name));
    }
    if number(source) == number(earlier) {
        return Some(format!("is {}, and so is {}: it was run twice", part_name(source), earlier.name));
    }
    let name = |source: &Source| source.report.plan.vantage.as_ref().map(|vantage| vantage.name.clone());
    let own = name(source).filter(|own| name(earlier).as_ref() == Some(own))?;
    Some(format!("is called {own}, and so is {}: give each vantage point a name of its own", earlier.name))
}

/// The shards that no report is of.
pub(super) fn missing(shards: &[Source]) -> Vec<Shard> {
    let of = shards.iter().find_map(number).map_or(0, Shard::of);
    let is_missing = |wanted: &Shard| !shards.iter().any(|source| number(source) == Some(*wanted));
    (0..of).filter_map(|index| Shard::new(index, of).ok()).filter(is_missing).collect()
}

/// That the run had another number of shards than it should have.
pub(super) fn count(first: &Source, expected: Option<u32>) -> Option<MergeError> {
    let own = number(first)?;
    let expected = expected.filter(|expected| *expected != own.of())?;
    Some(refuse(first, format!("is {}, but --expect is {expected}", part_name(first))))
}

/// What the run lacks: shards that are missing, that were stopped, or that found blobs of an attempt before them.
pub(super) fn incomplete(shards: &[Source], missing: &[Shard]) -> Vec<MergeError> {
    let absent = shards.first().and_then(|first| {
        let (kind, of) = (kind(first), number(first)?.of());
        let missing = missing_parts(missing, first.report.plan.vantage.is_some())?;
        Some(refuse(first, format!("is one of {of} {kind}, but {missing}")))
    });
    let stopped = shards.iter().filter_map(|source| match source.report.ending {
        Ending::Interrupted { signal } => {
            Some(refuse(source, format!("was stopped by {signal} before its end")))
        }
        Ending::Completed => None,
    });
    absent.into_iter().chain(stopped).chain(repeated(shards)).collect()
}

/// Shards that found some of their new blobs stored already, although nothing in the plan explains it.
fn repeated(shards: &[Source]) -> Vec<MergeError> {
    let stored = |source: &Source, wanted: fn(StoredKind) -> bool| -> u64 {
        let uploads = source.report.recording.groups();
        let uploads = uploads.filter(|(key, _)| key.step == Step::Upload && key.novelty == Novelty::Fresh);
        let counts = uploads.flat_map(|(_, metrics)| metrics.stored());
        counts.filter(|(kind, _)| wanted(*kind)).map(|(_, count)| count).fold(0, u64::saturating_add)
    };
    let existing = |source: &Source| stored(source, |kind| kind == StoredKind::Existing);
    let explained = |source: &Source| {
        let plan = &source.report.plan;
        // A publisher may have stored a blob before an attempt failed.
        plan.retries.most > 0 || plan.phases.iter().any(|phase| phase.sizes.min < DISTINCT)
    };
    // A whole run that is repeated on purpose finds all of its blobs.
    let all_exist = shards.iter().all(|source| stored(source, |kind| kind != StoredKind::Existing) == 0);
    let found = shards.iter().filter(|source| !all_exist && !explained(source) && existing(source) > 0);
    found
        .map(|source| {
            let (existing, all) = (existing(source), stored(source, |_| true));
            let reason = format!(
                "found {existing} of its {all} blobs stored already: it was started twice, or a run with the same seed came \
                 before; start the whole run again"
            );
            refuse(source, reason)
        })
        .collect()
}
