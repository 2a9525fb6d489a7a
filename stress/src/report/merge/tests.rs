//! Merged shards equal the whole run, also after they were saved; other reports are refused by name.

use std::time::{Duration, SystemTime};

use super::*;
use crate::{
    fixtures,
    metrics::MAX_COUNT,
    plan::{Plan, shard::Shard},
    report::{BarrierEnd, Ending, Part, Signal},
    sample::{Sample, StoredKind},
};

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
    // Some of the made-up blobs are stored already, which retries explain.
    report.plan.retries.most = 1;
    let mut file = Vec::new();
    report.save(&mut file).unwrap();
    Source { name: format!("{index}.json"), report: Report::load(file.as_slice()).unwrap() }
}

const RULES: MergeRules = MergeRules {
    expect: None,
    allow_partial: false,
    max_start_skew: Duration::from_millis(250),
    max_clock_offset: Duration::from_millis(50),
};

const PARTIAL: MergeRules = MergeRules { allow_partial: true, ..RULES };

fn merged(shards: &[Source], rules: &MergeRules) -> Result<Report, Vec<MergeError>> {
    merge(shards.iter().cloned().map(Ok).collect(), rules)
}

/// Why they are not merged, a line for each report.
fn refused_by(shards: &[Source], rules: &MergeRules) -> String {
    let refusals = merged(shards, rules).unwrap_err();
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn refused(shards: &[Source]) -> String {
    refused_by(shards, &RULES)
}

/// The notice on shards without a barrier whose clocks show the same start.
const UNVERIFIED: &str = "how far apart the shards began is not verified, as they passed no barrier: 0 s by their machines' \
                          clocks, whose offsets are unknown";

#[test]
fn merged_shards_equal_the_whole_run_bit_for_bit_in_any_order() {
    let whole = fixtures::report(BLOBS, &samples());
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
        let merged = merged(&order.map(|index| shard(index, 4)), &RULES).unwrap();
        assert_eq!(merged.recording, whole.recording);
        assert_eq!((merged.elapsed, &merged.started_at), (whole.elapsed, &whole.started_at));
        assert_eq!((merged.plan.shard, merged.ending, merged.runs.len()), (None, Ending::Completed, 4));
        assert_eq!(merged.notices, ["merged from 4 of 4 shards, aligned at their starts", UNVERIFIED]);
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
fn shards_that_count_more_than_a_report_can_hold_are_refused() {
    let (mut first, mut second) = (shard(0, 2), shard(1, 2));
    let lag = &mut first.report.recording.generator.lag;
    lag.record(Duration::from_millis(1));
    while lag.count() < MAX_COUNT {
        let same = lag.clone();
        lag.merge(&same);
    }
    assert_eq!(lag.count(), MAX_COUNT);
    let mut file = Vec::new();
    merged(&[first.clone(), second.clone()], &RULES).unwrap().save(&mut file).unwrap();
    assert!(Report::load(file.as_slice()).is_ok(), "as many as a report can hold");
    second.report.recording.generator.lag.record(Duration::from_millis(1));
    let refused = refused(&[first, second]);
    assert!(refused.starts_with("0.json: ") && refused.contains("more than 2^53 samples"), "{refused}");
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
    let run = |report: &mut Report, id: &str| report.run_id = id.parse().ok();
    let mut named = first.clone();
    run(&mut named.report, "slurm-1.0");
    assert_eq!(
        refused(&[named, shard(1, 2)]),
        "1.json: is of another run than 0.json: its --run-id is none, not `slurm-1.0`"
    );
    assert!(
        other(|report| report.tool.version = "9.0.0".to_owned())
            .contains("is of walrus-stress 9.0.0, but 0.json")
    );
    assert!(refused(&[]).contains("nothing to merge"));
    assert!(refused_by(&[], &PARTIAL).contains("nothing to merge"));
}

#[test]
fn what_is_missing_stopped_or_unreadable_is_named_and_refused_unless_allowed() {
    let mut stopped = shard(1, 4);
    stopped.report.ending = Ending::Interrupted { signal: Signal::Terminate };
    let cut = MergeError { name: "2.json".to_owned(), reason: "cannot be read: EOF".to_owned() };
    let reports = || vec![Ok(shard(0, 4)), Ok(stopped.clone()), Err(cut.clone())];
    let refusals = merge(reports(), &RULES).unwrap_err();
    let reasons: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    let lacking = [
        "2.json: cannot be read: EOF",
        "0.json: is one of 4 shards, but shards 2/4, 3/4 are missing",
        "1.json: was stopped by SIGTERM before its end",
    ];
    assert_eq!(reasons, lacking.map(|reason| format!("{reason} (--allow-partial merges the rest)")));
    let rest = merge(reports(), &PARTIAL).unwrap();
    assert_eq!(rest.ending, Ending::Interrupted { signal: Signal::Terminate });
    assert_eq!(rest.notices[1..4], lacking);
    assert_eq!(
        (rest.missing_parts().as_deref(), rest.is_partial()),
        (Some("shards 2/4, 3/4 are missing"), true)
    );
    // Only missing: the end of those that are there was regular.
    let missing = merged(&[shard(0, 3), shard(2, 3)], &PARTIAL).unwrap();
    assert_eq!((missing.ending, missing.is_partial()), (Ending::Completed, true));
}

#[test]
fn the_number_of_shards_may_be_expected() {
    let both = [shard(0, 2), shard(1, 2)];
    for rules in [RULES, PARTIAL] {
        let expecting = |expect| MergeRules { expect: Some(expect), ..rules };
        assert!(merged(&both, &expecting(2)).is_ok());
        assert_eq!(refused_by(&both, &expecting(3)), "0.json: is shard 0/2, but --expect is 3");
    }
}

#[test]
fn blobs_of_an_earlier_attempt_are_refused_unless_the_plan_explains_them() {
    // Uploads of blobs that are all new, or all there already.
    let uploads = |index: u32, kind: StoredKind| {
        let mut part = shard(index, 2);
        let blobs = (0..10).filter(|blob| blob % 2 == u64::from(index));
        let sample = |blob| {
            fixtures::sample(blob, crate::plan::journey::Step::Upload, 0, 50, fixtures::stored(blob, kind))
        };
        part.report.plan.retries.most = 0;
        part.report.recording = fixtures::recording(&blobs.map(sample).collect::<Vec<_>>());
        part
    };
    let (new, old) = (uploads(0, StoredKind::New), uploads(1, StoredKind::Existing));
    let refused = refused(&[new.clone(), old.clone()]);
    assert!(
        refused.starts_with("1.json: found 5 of its 5 blobs stored already: it was started twice"),
        "{refused}"
    );
    let allowed = merged(&[new.clone(), old.clone()], &PARTIAL).unwrap();
    assert!(allowed.notices[1].starts_with("1.json: found 5 of its 5 blobs"), "{:?}", allowed.notices);
    // A whole run again, retries, or blobs so small that they are alike.
    assert!(merged(&[uploads(0, StoredKind::Existing), old.clone()], &RULES).is_ok());
    for explain in [|plan: &mut Plan| plan.retries.most = 1, |plan: &mut Plan| plan.phases[0].sizes.min = 2] {
        let mut both = [new.clone(), old.clone()];
        both.iter_mut().for_each(|part| explain(&mut part.report.plan));
        assert!(merged(&both, &RULES).is_ok());
    }
}

#[test]
fn without_a_barrier_clocks_show_only_whether_shards_were_one_load() {
    let mut late = shard(1, 2);
    late.report.started_at = "2026-09-21T14:13:27Z".to_owned();
    let merged = merged(&[late.clone(), shard(0, 2)], &RULES).unwrap();
    let whole = fixtures::report(BLOBS, &samples());
    // Seven seconds apart by the wall clock, and still one window: each counts from its own origin.
    assert_eq!(merged.recording, whole.recording);
    assert_eq!((merged.started_at.as_str(), merged.elapsed), ("2026-09-21T14:13:20Z", whole.elapsed));
    assert_eq!(merged.notices[1], UNVERIFIED.replace("0 s", "7.00 s"));
    // An hour later the first had ended long ago.
    late.report.started_at = "2026-09-21T15:13:20Z".to_owned();
    let reason = refused(&[late, shard(0, 2)]);
    assert!(reason.starts_with("1.json: began 35") && reason.contains("after 0.json had ended"), "{reason}");
}

/// Shard `index` of 2, whose machine's clock is `ahead`, and whose load began this long after a barrier.
fn after_barrier(index: u32, ahead: u64, begin: u64) -> Source {
    let mut source = shard(index, 2);
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_000 + ahead);
    let begin = Duration::from_millis(begin);
    source.report.parts = vec![Part {
        shard: source.report.plan.shard.unwrap(),
        engine: None,
        host: format!("node{index}"),
        began_at: at + begin,
        barrier: Some(BarrierEnd { at, begin }),
        scheduled: false,
    }];
    source
}

#[test]
fn a_barrier_shows_how_far_apart_shards_began_whatever_their_clocks_say() {
    // An hour between the clocks, three milliseconds between the starts.
    let merged = merged(&[after_barrier(0, 3_600_000, 5), after_barrier(1, 0, 8)], &RULES).unwrap();
    let reasons = "by their barrier the shards began within 3.00 ms of each other; their machines' clocks differ by up to 60.0 min";
    assert_eq!(merged.notices[1], reasons);
    let hosts: Vec<_> = merged.parts.iter().map(|part| part.host.as_str()).collect();
    assert_eq!(hosts, ["node0", "node1"]);
    // Clocks agree, starts do not.
    let apart = [after_barrier(0, 0, 5), after_barrier(1, 0, 256)];
    assert_eq!(refused(&apart), "1.json: began 251 ms after another shard: --max-start-skew is 250 ms");
    assert!(merged_with_skew(&apart, 251).is_ok() && merged_with_skew(&apart, 250).is_err());
}

fn merged_with_skew(shards: &[Source], millis: u64) -> Result<Report, Vec<MergeError>> {
    merged(shards, &MergeRules { max_start_skew: Duration::from_millis(millis), ..RULES })
}

#[test]
fn clocks_matter_where_they_gave_the_start() {
    let mut shards = [after_barrier(0, 60, 5), after_barrier(1, 0, 65)];
    assert!(merged(&shards, &RULES).is_ok());
    shards[0].report.parts[0].scheduled = true;
    let reason = refused(&shards);
    let expected =
        "0.json: its machine's clock is 60.0 ms ahead of another's: --max-clock-offset is 50.0 ms.";
    assert!(reason.starts_with(expected), "{reason}");
    let lenient = MergeRules { max_clock_offset: Duration::from_millis(60), ..RULES };
    assert!(merged(&shards, &lenient).is_ok());
}

#[test]
fn a_part_is_read_as_it_was_written() {
    let Source { report, .. } = after_barrier(1, 7, 3);
    let mut file = Vec::new();
    report.save(&mut file).unwrap();
    assert_eq!(Report::load(file.as_slice()).unwrap(), report);
}
