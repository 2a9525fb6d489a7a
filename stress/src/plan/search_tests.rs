//! The search against servers that are a function: steady, noisy, absurd.

use proptest::prelude::*;

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn search(axis: Axis, from: f64, max: f64) -> Search {
    Search { axis, from, max, precision: 0.05, step: seconds(30), needs: 0 }
}

/// Walks to the end; `server` gives the verdict on the n-th step. Gives the answer and the steps.
fn walk(
    search: &Search,
    mut server: impl FnMut(usize, f64, Duration) -> StepVerdict,
) -> (SearchResult, Vec<StepResult>) {
    let mut tried = Vec::new();
    loop {
        match search.next(&tried) {
            NextStep::Done(answer) => return (answer, tried),
            NextStep::Try { level, length } => {
                assert!(level >= search.from.min(search.max) && level <= search.max, "{level}");
                let verdict = server(tried.len(), level, length);
                tried.push(StepResult { level, length, verdict });
                assert!(tried.len() < 200, "no end: {tried:?}");
            }
        }
    }
}

fn capacity(limit: f64) -> impl FnMut(usize, f64, Duration) -> StepVerdict {
    move |_, level, _| if level <= limit { StepVerdict::Holds } else { StepVerdict::Breaks }
}

fn levels(tried: &[StepResult]) -> Vec<f64> {
    tried.iter().map(|one| one.level).collect()
}

#[test]
fn levels_double_until_one_breaks_and_then_the_interval_is_halved() {
    let (answer, tried) = walk(&search(Axis::Concurrency, 1.0, 256.0), capacity(17.0));
    assert_eq!(answer, SearchResult::Between { holds: 17.0, breaks: 18.0 });
    assert_eq!(levels(&tried), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 23.0, 19.0, 17.0, 18.0, 17.0]);
    let (answer, tried) = walk(&search(Axis::Rate, 1.0, 1000.0), capacity(40.0));
    assert_eq!(levels(&tried), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 45.25, 38.05, 41.49, 39.73, 39.73]);
    assert_eq!(answer, SearchResult::Between { holds: 39.73, breaks: 41.49 });
}

#[test]
fn the_first_level_may_break_and_the_last_one_may_hold() {
    let (answer, tried) = walk(&search(Axis::Rate, 4.0, 100.0), capacity(3.0));
    assert_eq!((answer, tried.len()), (SearchResult::BelowFirst { breaks: 4.0 }, 1));
    let (answer, tried) = walk(&search(Axis::Rate, 4.0, 20.0), capacity(1e9));
    assert_eq!(answer, SearchResult::UpTo { holds: 20.0 });
    assert_eq!(levels(&tried), [4.0, 8.0, 16.0, 20.0, 20.0]);
    // From and maximum may be the same.
    assert_eq!(
        walk(&search(Axis::Concurrency, 5.0, 5.0), capacity(5.0)).0,
        SearchResult::UpTo { holds: 5.0 }
    );
}

#[test]
fn a_generator_that_is_the_limit_ends_the_search_whatever_was_known() {
    let (answer, tried) = walk(&search(Axis::Rate, 1.0, 100.0), |_, level, _| {
        if level < 8.0 { StepVerdict::Holds } else { StepVerdict::GeneratorLimited }
    });
    assert_eq!((answer, tried.len()), (SearchResult::GeneratorLimited { at: 8.0 }, 4));
}

#[test]
fn a_step_is_as_long_as_its_samples_take() {
    let search = Search { needs: 72, ..search(Axis::Rate, 1.0, 4.0) };
    let (_, tried) = walk(&search, capacity(1e9));
    let lengths: Vec<_> = tried.iter().map(|one| one.length.as_secs_f64()).collect();
    // 72 samples and a tenth: 79.2 s at 1/s; from 4/s on the 30 s asked for are enough.
    assert_eq!(lengths, [79.2, 39.6, 30.0, 30.0]);
}

#[test]
fn a_step_with_too_few_samples_is_made_again_and_longer_or_given_up() {
    let search = search(Axis::Concurrency, 1.0, 2.0);
    // A sample a second.
    let slow = |_: usize, _: f64, length: Duration| match length.as_secs() {
        has @ ..72 => StepVerdict::TooFewSamples { has, needs: 72 },
        _ => StepVerdict::Holds,
    };
    let (answer, tried) = walk(&search, slow);
    assert_eq!(
        (answer, tried[0].length, tried[1].length),
        (SearchResult::UpTo { holds: 2.0 }, seconds(30), seconds(90))
    );
    // Never one: the longest step is ten times as long, and that is that.
    let (answer, tried) = walk(&search, |_, _, _| StepVerdict::TooFewSamples { has: 0, needs: 72 });
    assert_eq!(answer, SearchResult::TooFewSamples { at: 1.0, has: 0, needs: 72 });
    assert_eq!(tried.iter().map(|one| one.length).collect::<Vec<_>>(), [seconds(30), seconds(300)]);
}

#[test]
fn a_level_that_held_by_luck_is_found_out() {
    // Everything above 10 breaks, but the first look at 11 to 12 is lucky.
    let mut lucky = true;
    let (answer, _) = walk(&search(Axis::Concurrency, 1.0, 100.0), |_, level, _| match level {
        11.0..=12.0 if std::mem::take(&mut lucky) => StepVerdict::Holds,
        level if level <= 10.0 => StepVerdict::Holds,
        _ => StepVerdict::Breaks,
    });
    assert_eq!(answer, SearchResult::Between { holds: 10.0, breaks: 11.0 });
}

#[test]
fn an_incomplete_search_has_what_is_known() {
    let tried: Vec<_> = [
        (1.0, StepVerdict::Holds),
        (2.0, StepVerdict::Holds),
        (4.0, StepVerdict::Breaks),
        (3.0, StepVerdict::Interrupted),
    ]
    .map(|(level, verdict)| StepResult { level, length: seconds(1), verdict })
    .into();
    assert_eq!(Search::incomplete(&tried), SearchResult::Incomplete { holds: Some(2.0), breaks: Some(4.0) });
    assert_eq!(Search::incomplete(&[]), SearchResult::Incomplete { holds: None, breaks: None });
}

#[test]
fn a_step_may_be_as_long_as_a_time_can_be() {
    let search = Search { step: Duration::MAX, needs: 10, ..search(Axis::Rate, 1.0, 8.0) };
    assert_eq!(search.next(&[]), NextStep::Try { level: 1.0, length: Duration::MAX });
    let verdict = StepVerdict::TooFewSamples { has: 1, needs: 10 };
    let tried = [StepResult { level: 1.0, length: Duration::MAX, verdict }];
    assert_eq!(
        search.next(&tried),
        NextStep::Done(SearchResult::TooFewSamples { at: 1.0, has: 1, needs: 10 })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_steady_capacity_lies_in_the_interval(limit in 0.1_f64..5000.0, from in 0.5_f64..50.0, precision in 0.005_f64..0.5) {
        let search = Search { precision, ..search(Axis::Rate, from, 1000.0) };
        let (answer, tried) = walk(&search, capacity(limit));
        match answer {
            SearchResult::Between { holds, breaks } => {
                prop_assert!(holds <= limit && limit < breaks && breaks <= holds * (1.0 + precision));
            }
            SearchResult::UpTo { holds } => prop_assert!(holds == 1000.0 && limit >= 1000.0),
            SearchResult::BelowFirst { breaks } => prop_assert!(breaks == from && limit < from),
            other => prop_assert!(false, "{other:?}"),
        }
        prop_assert!(tried.len() <= 12 + 10, "{} steps", tried.len());
    }

    #[test]
    fn whole_numbers_are_met_exactly(limit in 1_u32..300, from in 1_u32..20) {
        let search = Search { precision: 0.0, ..search(Axis::Concurrency, f64::from(from), 256.0) };
        let (answer, tried) = walk(&search, capacity(f64::from(limit)));
        let limit = f64::from(limit);
        let expected = match limit {
            limit if limit < f64::from(from) => SearchResult::BelowFirst { breaks: f64::from(from) },
            limit if limit >= 256.0 => SearchResult::UpTo { holds: 256.0 },
            _ => SearchResult::Between { holds: limit, breaks: limit + 1.0 },
        };
        prop_assert_eq!(answer, expected);
        prop_assert!(tried.iter().all(|one| one.level.fract() == 0.0));
    }

    /// Whatever a server does, the search ends, and what it claims was seen: twice at the lower end, once at the upper.
    #[test]
    fn an_absurd_server_gets_an_honest_answer(verdicts in proptest::collection::vec(any::<bool>(), 200), whole: bool) {
        let axis = if whole { Axis::Concurrency } else { Axis::Rate };
        let verdict = |step: usize, _: f64, _: Duration| if verdicts[step] { StepVerdict::Holds } else { StepVerdict::Breaks };
        let (answer, tried) = walk(&search(axis, 1.0, 1000.0), verdict);
        let count = |level: f64, verdict| tried.iter().filter(|one| one.level == level && one.verdict == verdict).count();
        match answer {
            SearchResult::Between { holds, breaks } => {
                prop_assert!(holds < breaks && count(breaks, StepVerdict::Breaks) >= 1);
                prop_assert!(count(holds, StepVerdict::Holds) >= 2 && count(holds, StepVerdict::Breaks) == 0);
            }
            SearchResult::UpTo { holds } => prop_assert!(count(holds, StepVerdict::Holds) >= 2),
            SearchResult::BelowFirst { breaks } => prop_assert!(count(breaks, StepVerdict::Breaks) >= 1),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
