//! Forecasts compared with sums computed by hand.

use std::time::Duration;

use super::*;
use crate::plan::{
    Verify,
    journey::Journey,
    limits::Limits,
    load::Stop,
    retry::Retries,
    schedule::Arrivals,
    sizes::{ContentMix, Sizes},
    source::Listing,
    stages::Stage,
    store::StoreOptions,
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan(change: impl FnOnce(&mut Phase)) -> Plan {
    let mut phase = Phase {
        name: "main".to_owned(),
        journey: Journey::default(),
        source: BlobSource::Made,
        delays: None,
        sizes: Sizes { min: 1000, max: 1000 },
        content: ContentMix::Mixed,
        duplicates: 0.0,
        order_control: 0.0,
        load: Load::closed(8),
        stop: Stop { blobs: Some(10), duration: None },
        grace: seconds(30),
        warm_up: false,
    };
    change(&mut phase);
    let limits = Limits {
        upload_timeout: seconds(300),
        download_timeout: seconds(60),
        connect_timeout: seconds(10),
        expect_continue: false,
        insecure: false,
        ca_certificates: None,
        user_agent: "test".to_owned(),
        publisher_headers: Vec::new(),
        aggregator_headers: Vec::new(),
        cache_headers: Vec::new(),
    };
    let (publishers, aggregators, store) = (Vec::new(), Vec::new(), StoreOptions::default());
    let (verify, retries, thresholds) = (Verify::Full, Retries::default(), Vec::new());
    let shard = None;
    Plan {
        seed: 7,
        publishers,
        aggregators,
        phases: vec![phase],
        store,
        limits,
        verify,
        retries,
        thresholds,
        unsupported_percentiles: Default::default(),
        vantage: None,
        shard,
    }
}

fn only(change: impl FnOnce(&mut Phase)) -> Forecast {
    forecast(&plan(change)).remove(0)
}

fn open(rate: Stages) -> Load {
    Load::Open { rate, arrivals: Arrivals::Uniform, max_in_flight: 100 }
}

fn between<T>(least: T, most: T) -> Range<T> {
    Range { least, most: Some(most) }
}

#[test]
fn a_number_of_blobs_is_known_to_the_byte() {
    let result = only(|_| {});
    assert_eq!((result.uploads, result.downloads), (Range::exactly(10), Range::exactly(20)));
    assert_eq!((result.bytes_up, result.bytes_down), (Range::exactly(10_000), Range::exactly(20_000)));
    // 8 at a time are 2 rounds; each blob may wait for an upload (300 s) and two downloads (60 s each).
    assert_eq!(result.lasts, between(Duration::ZERO, seconds(2 * 420)));
}

#[test]
fn sizes_of_a_range_are_those_that_will_be_drawn() {
    let plan = plan(|phase| phase.sizes = Sizes { min: 1000, max: 2000 });
    let sum = (0..10).map(|index| Draw::of(plan.seed, index, &plan.phases[0]).size).sum();
    assert_eq!(forecast(&plan)[0].bytes_up, Range::exactly(sum));
    // Repeats may be new after all: only bounds are known.
    let result = only(|phase| (phase.sizes, phase.duplicates) = (Sizes { min: 1000, max: 2000 }, 0.5));
    assert_eq!(result.bytes_up, between(10_000, 20_000));
}

#[test]
fn a_second_phase_continues_with_the_index_after_the_first_one() {
    let mut plan = plan(|phase| phase.sizes = Sizes { min: 1000, max: 2000 });
    plan.phases.push(plan.phases[0].clone());
    let sum = (10..20).map(|index| Draw::of(plan.seed, index, &plan.phases[0]).size).sum();
    assert_eq!(forecast(&plan)[1].bytes_up, Range::exactly(sum));
    // After a phase of unknown length the indices of the blobs are unknown.
    plan.phases[0].stop = Stop { blobs: None, duration: Some(seconds(5)) };
    assert_eq!(forecast(&plan)[1].bytes_up, between(10_000, 20_000));
}

#[test]
fn a_time_bounds_a_closed_loop_and_does_not_count_it() {
    let time = Stop { blobs: None, duration: Some(seconds(60)) };
    let result = only(|phase| phase.stop = time);
    assert_eq!(result.uploads, Range { least: 8, most: None });
    assert_eq!(
        (result.bytes_up, result.lasts),
        (Range { least: 8000, most: None }, between(seconds(60), seconds(90)))
    );
    let result = only(|phase| phase.stop = Stop { blobs: Some(5), ..time });
    assert_eq!((result.uploads, result.lasts), (between(5, 5), between(Duration::ZERO, seconds(90))));
}

#[test]
fn arrivals_are_counted_before_they_come() {
    let ramp = Stages(vec![
        Stage { from: 10.0, to: 10.0, duration: Some(seconds(30)) },
        Stage { from: 10.0, to: 50.0, duration: Some(seconds(60)) },
    ]);
    let result = only(|phase| {
        phase.load = open(ramp.clone());
        phase.stop = Stop { blobs: None, duration: None };
    });
    assert_eq!(result.uploads, Range::exactly(300 + 1800));
    let result = only(|phase| {
        phase.load = open(Stages::constant(2.0));
        phase.stop = Stop { blobs: Some(9), duration: None };
    });
    // The first is due at once, the ninth after 4 s; then follows the grace period.
    assert_eq!((result.uploads, result.lasts), (Range::exactly(9), between(seconds(4), seconds(34))));
}

#[test]
fn what_a_list_holds_is_not_known() {
    let result = only(|phase| {
        phase.source = BlobSource::List { name: "ids".to_owned(), round: false, listing: Listing::BlobIds };
        phase.journey = Journey::with_reads(false, 2);
    });
    assert_eq!((result.uploads, result.bytes_up), (Range::exactly(0), Range::exactly(0)));
    assert_eq!((result.downloads, result.bytes_down), (Range::exactly(20), Range { least: 0, most: None }));
}

#[test]
fn a_phase_for_each_step_has_the_same_requests_and_bytes() {
    let mut plan = plan(|phase| phase.stop.blobs = Some(16));
    plan.phases = plan.phases[0].clone().step_by_step();
    let result = forecast(&plan);
    let count =
        |result: &[Forecast], of: fn(&Forecast) -> Range<u64>| result.iter().map(of).sum::<Range<u64>>();
    assert_eq!((result.len(), count(&result, |one| one.uploads)), (3, Range::exactly(16)));
    assert_eq!(count(&result, |one| one.downloads), Range::exactly(32));
    assert_eq!(count(&result, |one| one.bytes_down), Range::exactly(32_000));
    assert_eq!(result[2].lasts, between(Duration::ZERO, seconds(2 * 60)));
}

#[test]
fn a_forecast_of_a_shard_is_of_its_part() {
    let mut plan = plan(|phase| phase.sizes = Sizes { min: 1000, max: 2000 });
    plan.phases.push(plan.phases[0].clone());
    let whole = forecast(&plan);
    let parts = ["0/3", "1/3", "2/3"].map(|shard| {
        plan.shard = Some(shard.parse().unwrap());
        forecast(&plan)
    });
    // Blobs 0 to 9 and 10 to 19; blob 10 is the second shard's.
    for (phase, uploads) in [[4, 3, 3], [3, 4, 3]].into_iter().enumerate() {
        assert_eq!(parts.each_ref().map(|part| part[phase].uploads), uploads.map(Range::exactly));
        let bytes: Range<u64> = parts.iter().map(|part| part[phase].bytes_down).sum();
        assert_eq!(bytes, whole[phase].bytes_down);
    }
    // The second shard has 3 of 8 workers: two rounds for its 4 blobs.
    assert_eq!(parts[1][1].lasts.most, Some(seconds(2 * 420)));
    // An arrival each second, the last of the first shard's at 9 s.
    plan.phases.truncate(1);
    plan.phases[0].load = open(Stages::constant(1.0));
    plan.shard = Some("0/3".parse().unwrap());
    let lasts = forecast(&plan)[0].lasts;
    plan.shard = Some("2/3".parse().unwrap());
    let earlier = forecast(&plan)[0].lasts;
    assert_eq!(lasts.least.saturating_sub(earlier.least), seconds(1));
}

#[test]
fn order_controls_come_on_top() {
    let share = |share: f64| {
        let plan = plan(|phase| phase.order_control = share);
        forecast(&plan).remove(0)
    };
    let (none, all) = (share(0.0), share(1.0));
    let exactly = Range::exactly;
    assert_eq!((none.uploads, none.downloads, none.bytes_down), (exactly(10), exactly(20), exactly(20_000)));
    assert_eq!((all.uploads, all.downloads), (exactly(20), exactly(30)));
    assert_eq!((all.bytes_up, all.bytes_down), (exactly(20_000), exactly(30_000)));
    let some = share(0.3).uploads.exact().unwrap();
    assert!((10..=20).contains(&some), "{some}");
    let timed = plan(|phase| {
        phase.order_control = 0.3;
        phase.stop = Stop { blobs: None, duration: Some(seconds(5)) };
    });
    assert_eq!(forecast(&timed)[0].uploads, Range { least: 8, most: None });
}
