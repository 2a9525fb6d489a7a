//! Against simulated stores whose true times are known.

use super::*;
use crate::fixtures;

/// What reads at random delays from 50 ms to 60 s find, when each blob can be read from its own moment on.
fn simulated(seed: u64, blobs: usize, mut readable_from: impl FnMut(f64) -> f64) -> ReadDelays {
    let mut chance = fixtures::chances(seed);
    let mut delays = ReadDelays::default();
    for _ in 0..blobs {
        let delay = 0.05 * 1_200_f64.powf(chance());
        let side = if delay >= readable_from(chance()) { &mut delays.found } else { &mut delays.not_found };
        side.record(seconds(delay));
    }
    delays
}

#[test]
fn the_interval_of_the_time_for_nine_tenths_contains_the_true_one() {
    /// Of a logistic distribution, from its quantile function: much like a normal one.
    fn log_logistic(share: f64) -> f64 {
        0.4 * (share / (1.0 - share)).powf(0.25)
    }
    type Store = (&'static str, fn(f64) -> f64);
    let stores: [Store; 3] =
        [("fixed", |_| 0.4), ("uniform", |share| 0.2 + 2.0 * share), ("log-logistic", log_logistic)];
    for (name, store) in stores {
        for blobs in [30, 60, 500] {
            let (mut contained, mut supported_runs) = (0, 0);
            for run in 0..100 {
                let delays = simulated(run * 31 + blobs as u64, blobs, store);
                let reads = grouped(&delays);
                let interval = Estimate::of(&reads).delays(0.9);
                let truth = store(0.9);
                let above = interval.low.is_none_or(|low| low <= truth);
                // An end of a group of reads is exact to a part of the range in four hundred.
                let below = interval.high.is_none_or(|high| truth <= high * 1.02);
                contained += u32::from(above && below);
                supported_runs += u32::from(interval.high.is_some());
            }
            assert!(contained >= 90, "{name}, {blobs} blobs: {contained} of 100");
            assert!(supported_runs >= 95, "{name}, {blobs} blobs: {supported_runs} of 100 are bounded");
        }
    }
}

#[test]
fn the_interval_becomes_narrow_with_more_blobs() {
    let width = |blobs| {
        let reads = grouped(&simulated(5, blobs, |share| 0.2 + 2.0 * share));
        let share = supported(&Estimate::of(&reads), 0.9).unwrap();
        share.high.as_secs_f64() / share.low.unwrap().as_secs_f64()
    };
    let (few, many) = (width(100), width(10_000));
    assert!(many < few && many < 1.2, "{few} {many}");
}

#[test]
fn a_share_at_a_delay_lies_in_its_interval_of_the_curve() {
    let (mut contained, mut points) = (0, 0);
    for run in 0..20 {
        let reads = grouped(&simulated(run, 300, |share| 0.2 + 2.0 * share));
        for point in curve(&Estimate::of(&reads), &reads) {
            let truth = ((point.delay.as_secs_f64() - 0.2) / 2.0).clamp(0.0, 1.0);
            contained += u32::from(point.low <= truth + 0.01 && truth <= point.high + 0.01);
            points += 1;
            assert!((point.low..=point.high).contains(&point.share), "{point:?}");
        }
    }
    assert!(f64::from(contained) / f64::from(points) > 0.93, "{contained} of {points}");
}

#[test]
fn what_the_sample_cannot_bound_is_left_out() {
    let shares = |delays: &ReadDelays| {
        let reads = grouped(delays);
        super::shares(&Estimate::of(&reads)).iter().map(|one| one.share).collect::<Vec<_>>()
    };
    assert_eq!(shares(&simulated(1, 500, |_| f64::INFINITY)), [] as [f64; 0]);
    // 500 reads at once found: nine tenths were readable by the first ones, but for 99.9 % it takes more.
    let all = simulated(1, 500, |_| 0.0);
    assert_eq!(shares(&all), [0.99, 0.95, 0.9, 0.5]);
    assert_eq!(supported(&Estimate::of(&grouped(&all)), 0.9).unwrap().low, None);
}

#[test]
fn an_early_read_costs_what_most_second_reads_show() {
    let seconds = Duration::from_secs;
    let again = |counts: &[(u64, u64, u64)]| {
        counts.iter().map(|&(after, reads, found)| Again { after: seconds(after), reads, found }).collect()
    };
    let cost = |counts: &[(u64, u64, u64)]| {
        let again: Vec<_> = again(counts);
        EarlyReadCost::of(&again)
            .map(|cost| (cost.more_than.map(|time| time.as_secs()), cost.at_most.as_secs()))
    };
    assert_eq!(cost(&[(5, 20, 0), (30, 20, 0), (60, 20, 20)]), Some((Some(30), 60)));
    assert_eq!(cost(&[(5, 20, 20), (30, 20, 20)]), Some((None, 5)));
    // Half of the reads is no majority, and two are too few to call it one.
    assert_eq!(cost(&[(5, 20, 10), (30, 20, 11)]), None);
    assert_eq!(cost(&[(5, 2, 2)]), None);
    assert_eq!(cost(&[(5, 20, 0), (30, 20, 10), (60, 20, 20)]), Some((Some(5), 60)));
}

#[test]
fn second_reads_are_counted_by_their_planned_time() {
    let mut delays = ReadDelays::default();
    for milliseconds in [5_000, 5_003, 9_000] {
        delays.not_found.record(Duration::from_millis(milliseconds));
    }
    delays.found.record(Duration::from_millis(30_001));
    let times = [30, 5, 5].map(|time| AgainAfter(Duration::from_secs(time)));
    let planned = crate::plan::delay::Delays { after: "1s".parse().unwrap(), again: times.to_vec() };
    let mut report = fixtures::report(1, &[]);
    let phase = &mut report.plan.phases[0];
    phase.delays = Some(planned);
    let counted = again_by_time(phase, &delays);
    let counted: Vec<_> =
        counted.iter().map(|again| (again.after.as_secs(), again.reads, again.found)).collect();
    assert_eq!(counted, [(5, 3, 0), (30, 1, 1)]);
}
