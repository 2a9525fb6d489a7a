//! What a search may take, before it starts: the shortest and the longest of the searches that a server can cause.

use std::time::Duration;

use crate::{
    export,
    plan::search::{NextStep, Search, StepResult, StepVerdict},
    units,
};

/// What one search takes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outlook {
    steps: usize,
    lasts: Duration,
}

/// What the search may take, in a sentence.
pub(super) fn describe(search: &Search, settle: Duration) -> String {
    let (least, most) = extremes(search, settle);
    let [from, max] = [search.from, search.max].map(|level| export::search_level(search.axis, level));
    format!(
        "search from {from} to {max}: {} to {} steps of {}, {} to {} in all (a step with too few samples is repeated, up \
         to ten times as long)",
        least.steps,
        most.steps,
        units::duration(search.step + settle),
        units::duration(least.lasts),
        units::duration(most.lasts),
    )
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
    let most = all
        .iter()
        .copied()
        .reduce(|a, b| Outlook { steps: a.steps.max(b.steps), lasts: a.lasts.max(b.lasts) });
    (least, most.expect("at least two capacities"))
}

/// The search against a server on which the levels up to `capacity` hold.
fn simulate(search: &Search, settle: Duration, capacity: f64) -> Outlook {
    let mut tried: Vec<StepResult> = Vec::new();
    while let NextStep::Try { level, length } = search.next(&tried) {
        let verdict = if level <= capacity { StepVerdict::Holds } else { StepVerdict::Breaks };
        tried.push(StepResult { level, length, verdict });
    }
    Outlook { steps: tried.len(), lasts: tried.iter().map(|step| step.length + settle).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::search::Axis;

    fn search(axis: Axis, from: f64, max: f64) -> Search {
        Search { axis, from, max, precision: 0.05, step: Duration::from_secs(30), needs: 0 }
    }

    #[test]
    fn no_server_makes_a_search_shorter_or_longer() {
        for search in [search(Axis::Rate, 1.0, 1000.0), search(Axis::Concurrency, 1.0, 256.0)] {
            let settle = Duration::from_secs(5);
            let (least, most) = extremes(&search, settle);
            for capacity in (0..=20_000).map(|n| f64::from(n) / 20_000.0 * search.max) {
                let one = simulate(&search, settle, capacity);
                assert!(least.lasts <= one.lasts && one.lasts <= most.lasts, "{capacity}: {one:?} {most:?}");
                assert!(one.steps <= most.steps, "{capacity}: {one:?} {most:?}");
            }
        }
    }

    #[test]
    fn the_sentence_has_levels_and_time() {
        let text = describe(&search(Axis::Rate, 4.0, 8.0), Duration::from_secs(5));
        assert!(text.starts_with("search from 4/s to 8/s: 1 to "), "{text}");
        assert!(text.contains(" steps of 35.0 s, 35.0 s to "), "{text}");
        let text = describe(&search(Axis::Concurrency, 4.0, 8.0), Duration::ZERO);
        assert!(text.starts_with("search from 4 at a time to 8 at a time: "), "{text}");
    }
}
