//! What a search may take, before it starts: the shortest and the longest of the searches that a server can cause.

use std::time::Duration;

use crate::{
    export,
    plan::{
        Plan,
        search::{Axis, NextStep, Search, StepResult, StepVerdict},
    },
    units,
};

/// What one search takes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outlook {
    steps: usize,
    lasts: Duration,
    /// Blobs that are started, at a rate.
    blobs: f64,
}

/// What the search may take, in a sentence.
pub(super) fn describe(search: &Search, settle: Duration, plan: &Plan) -> String {
    let (least, most) = extremes(search, settle);
    let [from, max] = [search.from, search.max].map(|level| export::search_level(search.axis, level));
    let mut text = format!(
        "search from {from} to {max}: {} to {} steps of {}, {} to {} in all (a step with too few samples is repeated, up \
         to ten times as long)",
        least.steps,
        most.steps,
        units::duration(search.step + settle),
        units::duration(least.lasts),
        units::duration(most.lasts),
    );
    if search.axis == Axis::Rate {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let blobs = most.blobs.ceil() as u64;
        text.push_str(&format!("; up to {} blobs", units::count(blobs)));
        let phase = &plan.phases[0];
        if phase.journey.uploads() {
            text.push_str(&format!(", {} of uploads", units::bytes(blobs.saturating_mul(phase.sizes.max))));
        }
    }
    text
}

/// The shortest and the longest search, over servers of every capacity.
fn extremes(search: &Search, settle: Duration) -> (Outlook, Outlook) {
    let doublings = std::iter::successors(Some(search.from), |level| Some(level * 2.0));
    let levels: Vec<f64> = doublings.take_while(|level| *level < search.max).collect();
    // Dense enough: bisections of an octave take a few steps.
    let inside = levels.iter().flat_map(|level| (0..64).map(move |n| level * (1.0 + f64::from(n) / 64.0)));
    let capacities = inside.chain([0.0, search.max]);
    let all: Vec<_> = capacities.map(|capacity| simulate(search, settle, capacity)).collect();
    let by = |a: &Outlook, b: &Outlook| a.lasts.cmp(&b.lasts);
    let least = all.iter().copied().min_by(by).expect("at least two capacities");
    let most = all.iter().copied().reduce(|a, b| Outlook {
        steps: a.steps.max(b.steps),
        lasts: a.lasts.max(b.lasts),
        blobs: a.blobs.max(b.blobs),
    });
    (least, most.expect("at least two capacities"))
}

/// The search against a server on which the levels up to `capacity` hold.
fn simulate(search: &Search, settle: Duration, capacity: f64) -> Outlook {
    let mut tried: Vec<StepResult> = Vec::new();
    while let NextStep::Try { level, length } = search.next(&tried) {
        let verdict = if level <= capacity { StepVerdict::Holds } else { StepVerdict::Breaks };
        tried.push(StepResult { level, length, verdict });
    }
    let lasts = |step: &StepResult| step.length + settle;
    Outlook {
        steps: tried.len(),
        lasts: tried.iter().map(lasts).sum(),
        blobs: tried.iter().map(|step| step.level * lasts(step).as_secs_f64()).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn no_server_makes_a_search_shorter_or_longer() {
        let search = |axis, from, max| Search {
            axis,
            from,
            max,
            precision: 0.05,
            step: Duration::from_secs(30),
            needs: 0,
        };
        for search in [search(Axis::Rate, 1.0, 1000.0), search(Axis::Concurrency, 1.0, 256.0)] {
            let settle = Duration::from_secs(5);
            let (least, most) = extremes(&search, settle);
            for capacity in (0..=20_000).map(|n| f64::from(n) / 20_000.0 * search.max) {
                let one = simulate(&search, settle, capacity);
                assert!(least.lasts <= one.lasts && one.lasts <= most.lasts, "{capacity}: {one:?} {most:?}");
                assert!(
                    one.steps <= most.steps && one.blobs <= most.blobs * 1.01,
                    "{capacity}: {one:?} {most:?}"
                );
            }
        }
    }

    #[test]
    fn the_sentence_has_time_and_blobs() {
        let plan = fixtures::plan(1);
        let search = Search {
            axis: Axis::Rate,
            from: 4.0,
            max: 8.0,
            precision: 0.05,
            step: Duration::from_secs(30),
            needs: 0,
        };
        let text = describe(&search, Duration::from_secs(5), &plan);
        assert!(text.starts_with("search from 4/s to 8/s: 1 to "), "{text}");
        assert!(text.contains(" steps of 35.0 s, 35.0 s to "), "{text}");
        assert!(text.contains(" blobs, ") && text.ends_with(" of uploads"), "{text}");
        let text = describe(&Search { axis: Axis::Concurrency, ..search }, Duration::ZERO, &plan);
        assert!(
            text.starts_with("search from 4 at a time to 8 at a time: ") && !text.contains("blobs"),
            "{text}"
        );
    }
}
