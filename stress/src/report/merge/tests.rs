//! Merged shards equal the whole run, also after they were saved; other reports are refused by name.

use super::*;
use crate::{fixtures, report::Signal, sample::Sample};

const BLOBS: u64 = 60;

fn samples() -> Vec<Sample> {
    (0..40).flat_map(fixtures::journey).chain((40..BLOBS).flat_map(fixtures::troubled)).collect()
}

/// Shard `index` of `of` as its machine wrote it, and read back.
fn shard(index: u32, of: u32) -> Source {
    let part: Shard = format!("{index}/{of}").parse().unwrap();
    let own: Vec<_> = samples().into_iter().filter(|sample| part.keeps(sample.index)).collect();
    let mut report = fixtures::report(BLOBS, &own);
    report.plan.shard = Some(part);
    let mut file = Vec::new();
    report.save(&mut file).unwrap();
    Source { name: format!("{index}.json"), report: Report::load(file.as_slice()).unwrap() }
}

fn refused(shards: &[Source]) -> String {
    merge(shards, false).unwrap_err().to_string()
}

#[test]
fn merged_shards_equal_the_whole_run_bit_for_bit_in_any_order() {
    let whole = fixtures::report(BLOBS, &samples());
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
        let merged = merge(&order.map(|index| shard(index, 4)), false).unwrap();
        assert_eq!(merged.recording, whole.recording);
        assert_eq!((merged.elapsed, &merged.started_at), (whole.elapsed, &whole.started_at));
        assert_eq!((merged.plan.shard, merged.ending, merged.runs.len()), (None, Ending::Completed, 4));
        assert_eq!(merged.notices, ["merged from 4 of 4 shards, aligned at their starts"]);
        // Nor does another file change a bit of it.
        let (mut file, mut same) = (Vec::new(), Vec::new());
        merged.save(&mut file).unwrap();
        let loaded = Report::load(file.as_slice()).unwrap();
        assert_eq!(loaded.recording, whole.recording);
        loaded.save(&mut same).unwrap();
        assert_eq!(file, same);
    }
}

#[test]
fn a_shard_that_is_given_twice_is_refused() {
    let (a, b) = (shard(0, 2), shard(1, 2));
    let copy = Source { name: "copy.json".to_owned(), ..b.clone() };
    assert_eq!(refused(&[a.clone(), b.clone(), copy]), "copy.json: is the same run as 1.json");
    let mut again = shard(1, 2);
    again.name = "again.json".to_owned();
    assert_eq!(refused(&[a, b, again]), "again.json: is shard 1/2, and so is 1.json: it was run twice");
}

#[test]
fn a_shard_that_ends_after_the_last_representable_time_is_refused() {
    let (mut endless, other) = (shard(0, 2), shard(1, 2));
    endless.report.elapsed = Duration::from_secs(10_000_000_000_000_000_000);
    for shards in [[endless.clone(), other.clone()], [other, endless]] {
        let refused = refused(&shards);
        assert!(
            refused.starts_with("0.json: began at 2026-") && refused.contains("no clock goes"),
            "{refused}"
        );
    }
}

#[test]
fn shards_of_different_plans_are_refused() {
    let first = shard(0, 2);
    let other = |change: fn(&mut Report)| {
        let mut other = shard(1, 2);
        change(&mut other.report);
        refused(&[first.clone(), other])
    };
    assert_eq!(
        other(|report| report.plan.seed = 7),
        "1.json: has seed 7, but 0.json has 12345678901234567890: give all shards the same"
    );
    assert_eq!(
        other(|report| report.plan.phases[0].sizes.max = 1 << 20),
        "1.json: is of another plan than 0.json: main.sizes.max_bytes differ"
    );
    assert!(other(|report| report.plan.shard = None).starts_with("1.json: is no shard"));
    assert!(other(|report| report.runs.clear()).starts_with("1.json: has no run ID"));
    assert_eq!(
        other(|report| report.plan.shard = "1/3".parse().ok()),
        "1.json: is shard 1/3, but 0.json is shard 0/2"
    );
    assert!(refused(&[]).contains("nothing to merge"));
}

#[test]
fn missing_and_interrupted_shards_are_refused_unless_allowed() {
    assert_eq!(
        refused(&[shard(0, 3), shard(2, 3)]),
        "0.json: is one of 3 shards, but 1/3 is missing (--allow-partial does without)"
    );
    let mut stopped = shard(1, 2);
    stopped.report.ending = Ending::Interrupted { signal: Signal::Terminate };
    let both = [shard(0, 2), stopped];
    assert_eq!(
        refused(&both),
        "1.json: was stopped by SIGTERM before its end (--allow-partial takes what there is)"
    );
    let merged = merge(&both, true).unwrap();
    assert_eq!(merged.ending, Ending::Interrupted { signal: Signal::Terminate });
    let missing = merge(&[shard(0, 3), shard(2, 3)], true).unwrap();
    assert_eq!(missing.notices[1], "shard 1/3 is missing: these numbers are not the whole run's");
}

#[test]
fn shards_are_aligned_at_their_starts() {
    let mut late = shard(1, 2);
    late.report.started_at = "2026-09-21T14:13:27Z".to_owned();
    let merged = merge(&[late.clone(), shard(0, 2)], false).unwrap();
    let whole = fixtures::report(BLOBS, &samples());
    // Seven seconds apart by the wall clock, and still one window: each counts from its own origin.
    assert_eq!(merged.recording, whole.recording);
    assert_eq!((merged.started_at.as_str(), merged.elapsed), ("2026-09-21T14:13:20Z", whole.elapsed));
    assert_eq!(merged.notices[1], "by their machines' clocks the shards began up to 7 s apart");
    // An hour later the first had ended long ago.
    late.report.started_at = "2026-09-21T15:13:20Z".to_owned();
    let reason = refused(&[late, shard(0, 2)]);
    assert!(reason.starts_with("1.json: began 35") && reason.contains("after 0.json had ended"), "{reason}");
}
