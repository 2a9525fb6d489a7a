//! Tests of repeats: their share and their sources, within a phase and across phases.

use std::time::Duration;

use super::*;
use crate::plan::{
    journey::Journey,
    load::Stop,
    schedule::Arrivals,
    sizes::{ContentMix, Sizes},
    stages::Stages,
};

fn phase(load: Load, duplicates: f64) -> Phase {
    Phase {
        name: "main".to_owned(),
        journey: Journey::default(),
        source: BlobSource::default(),
        delays: None,
        sizes: Sizes { min: 1, max: 1 },
        content: ContentMix::Mixed,
        duplicates,
        order_control: 0.0,
        load,
        stop: Stop { blobs: Some(8000), duration: None },
        grace: Duration::from_secs(30),
        warm_up: false,
    }
}

fn rate(per_second: f64) -> Load {
    Load::Open { rate: Stages::constant(per_second), arrivals: Arrivals::Uniform, max_in_flight: 10_000 }
}

#[test]
fn repeats_have_the_configured_share_and_repeat_fresh_blobs_that_are_not_under_way() {
    for (load, lag, share) in [
        (Load::closed(8), 8, 0.25),
        (Load::closed(8), 8, 0.5),
        (Load::closed(8), 8, 0.95),
        (rate(40.0), 64, 0.5),
    ] {
        let phase = phase(load, share);
        let repeatable = Repeatable::of([&phase], 0);
        let sources: Vec<_> = (0..8000).map(|index| source(5, index, &phase, &repeatable)).collect();
        let repeats = sources.iter().flatten().count() as f64;
        assert!((repeats / 8000.0 - share).abs() < 0.03, "{repeats} repeats at {share}");
        for (index, source) in (0..).zip(&sources).filter_map(|(index, source)| Some((index, (*source)?))) {
            assert!(source + lag <= index, "{index} repeats {source}, which may be under way");
            let source = usize::try_from(source).unwrap();
            assert_eq!(sources[source], None, "{index} repeats {source}, which is itself a repeat");
        }
    }
}

#[test]
fn a_short_run_at_a_rate_has_repeats_too() {
    let phase = phase(rate(40.0), 0.5);
    let repeatable = Repeatable::of([&phase], 0);
    let repeats = (0..200).filter(|index| source(1, *index, &phase, &repeatable).is_some()).count();
    // 136 may be; five standard deviations are 29.
    assert!((39..=97).contains(&repeats), "{repeats}");
}

#[test]
fn at_a_share_of_one_only_the_first_blobs_are_fresh() {
    let phase = phase(Load::closed(8), 1.0);
    for first in [0, 900] {
        let repeatable = Repeatable::of([&phase], first);
        for index in 0..500 {
            let source = source(5, first + index, &phase, &repeatable);
            assert_eq!(source.is_none(), index < 8, "{index}");
            assert!(source.is_none_or(|source| (first..first + 8).contains(&source)), "{index}: {source:?}");
        }
    }
}

#[test]
fn a_later_phase_repeats_blobs_that_are_new_in_every_earlier_phase_drawn_alike() {
    // The first 900 blobs are drawn differently, the next 300 are the first that may be repeated.
    let (one, two) = (phase(Load::closed(16), 0.8), phase(Load::closed(2), 0.3));
    let (own, both) = (Repeatable::of([&one], 900), Repeatable::of([&one, &two], 900));
    let mut repeats = 0;
    for index in 1200..2200 {
        let Some(found) = source(5, index, &two, &both) else { continue };
        repeats += 1;
        assert!((900..=index - 2).contains(&found), "{index} repeats {found}");
        let before = if found < 1200 { source(5, found, &one, &own) } else { source(5, found, &two, &both) };
        assert_eq!(before, None, "{index} repeats {found}, which is itself a repeat");
    }
    // Of 1,000; five standard deviations are 73.
    assert!((227..=373).contains(&repeats), "{repeats}");
}
