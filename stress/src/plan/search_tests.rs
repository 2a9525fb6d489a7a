//! The search against servers that are a function: steady, noisy, absurd.

use proptest::prelude::*;

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn search(axis: Axis, from: f64, max: f64) -> Search {
    Search { axis, from, max, precision: 0.05, step: seconds(30), needs: 0 }
}

/// Walks to the end; `server` judges the n-th step. Gives the answer and the steps.
fn walk(
    search: &Search,
    mut server: impl FnMut(usize, f64, Duration) -> Verdict,
) -> (Answer, Vec<StepResult>) {
    let mut tried = Vec::new();
    loop {
        match search.next(&tried) {
            Next::Done(answer) => return (answer, tried),
            Next::Try { level, length } => {
                assert!(level >= search.from.min(search.max) && level <= search.max, "{level}");
                let verdict = server(tried.len(), level, length);
                tried.push(StepResult { level, length, verdict });
                assert!(tried.len() < 200, "no end: {tried:?}");
            }
        }
    }
}

fn capacity(limit: f64) -> impl FnMut(usize, f64, Duration) -> Verdict {
    move |_, level, _| if level <= limit { Verdict::Holds } else { Verdict::Breaks }
}

fn levels(tried: &[StepResult]) -> Vec<f64> {
    tried.iter().map(|one| one.level).collect()
}

#[test]
fn levels_double_until_one_breaks_and_then_the_interval_is_halved() {
    let (answer, tried) = walk(&search(Axis::Concurrency, 1.0, 256.0), capacity(17.0));
    assert_eq!(answer, Answer::Between { holds: 17.0, breaks: 18.0 });
    assert_eq!(levels(&tried), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 23.0, 19.0, 17.0, 18.0, 17.0]);
    let (answer, tried) = walk(&search(Axis::Rate, 1.0, 1000.0), capacity(40.0));
    assert_eq!(levels(&tried), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 45.25, 38.05, 41.49, 39.73, 39.73]);
    assert_eq!(answer, Answer::Between { holds: 39.73, breaks: 41.49 });
}

#[test]
fn the_first_level_may_break_and_the_last_one_may_hold() {
    let (answer, tried) = walk(&search(Axis::Rate, 4.0, 100.0), capacity(3.0));
    assert_eq!((answer, tried.len()), (Answer::Nowhere { breaks: 4.0 }, 1));
    let (answer, tried) = walk(&search(Axis::Rate, 4.0, 20.0), capacity(1e9));
    assert_eq!(answer, Answer::UpTo { holds: 20.0 });
    assert_eq!(levels(&tried), [4.0, 8.0, 16.0, 20.0, 20.0]);
    // From and maximum may be the same.
    assert_eq!(walk(&search(Axis::Concurrency, 5.0, 5.0), capacity(5.0)).0, Answer::UpTo { holds: 5.0 });
}

#[test]
fn a_generator_that_is_the_limit_ends_the_search_whatever_was_known() {
    let (answer, tried) =
        walk(
            &search(Axis::Rate, 1.0, 100.0),
            |_, level, _| {
                if level < 8.0 { Verdict::Holds } else { Verdict::Generator }
            },
        );
    assert_eq!((answer, tried.len()), (Answer::Generator { at: 8.0 }, 4));
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
        has @ ..72 => Verdict::TooFew { has, needs: 72 },
        _ => Verdict::Holds,
    };
    let (answer, tried) = walk(&search, slow);
    assert_eq!(
        (answer, tried[0].length, tried[1].length),
        (Answer::UpTo { holds: 2.0 }, seconds(30), seconds(90))
    );
    // Never one: the longest step is ten times as long, and that is that.
    let (answer, tried) = walk(&search, |_, _, _| Verdict::TooFew { has: 0, needs: 72 });
    assert_eq!(answer, Answer::TooFew { at: 1.0, has: 0, needs: 72 });
    assert_eq!(tried.iter().map(|one| one.length).collect::<Vec<_>>(), [seconds(30), seconds(300)]);
}

#[test]
fn a_level_that_held_by_luck_is_found_out() {
    // Everything above 10 breaks, but the first look at 11 to 12 is lucky.
    let mut lucky = true;
    let (answer, _) = walk(&search(Axis::Concurrency, 1.0, 100.0), |_, level, _| match level {
        11.0..=12.0 if std::mem::take(&mut lucky) => Verdict::Holds,
        level if level <= 10.0 => Verdict::Holds,
        _ => Verdict::Breaks,
    });
    assert_eq!(answer, Answer::Between { holds: 10.0, breaks: 11.0 });
}

#[test]
fn what_is_known_half_way_is_told() {
    let tried: Vec<_> =
        [(1.0, Verdict::Holds), (2.0, Verdict::Holds), (4.0, Verdict::Breaks), (3.0, Verdict::Interrupted)]
            .map(|(level, verdict)| StepResult { level, length: seconds(1), verdict })
            .into();
    assert_eq!(Search::unended(&tried), Answer::Unended { holds: Some(2.0), breaks: Some(4.0) });
    assert_eq!(Search::unended(&[]), Answer::Unended { holds: None, breaks: None });
}

#[test]
fn a_step_may_be_as_long_as_a_time_can_be() {
    let search = Search { step: Duration::MAX, needs: 10, ..search(Axis::Rate, 1.0, 8.0) };
    assert_eq!(search.next(&[]), Next::Try { level: 1.0, length: Duration::MAX });
    let verdict = Verdict::TooFew { has: 1, needs: 10 };
    let tried = [StepResult { level: 1.0, length: Duration::MAX, verdict }];
    assert_eq!(search.next(&tried), Next::Done(Answer::TooFew { at: 1.0, has: 1, needs: 10 }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_steady_capacity_lies_in_the_interval(limit in 0.1_f64..5000.0, from in 0.5_f64..50.0, precision in 0.005_f64..0.5) {
        let search = Search { precision, ..search(Axis::Rate, from, 1000.0) };
        let (answer, tried) = walk(&search, capacity(limit));
        match answer {
            Answer::Between { holds, breaks } => {
                prop_assert!(holds <= limit && limit < breaks && breaks <= holds * (1.0 + precision));
            }
            Answer::UpTo { holds } => prop_assert!(holds == 1000.0 && limit >= 1000.0),
            Answer::Nowhere { breaks } => prop_assert!(breaks == from && limit < from),
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
            limit if limit < f64::from(from) => Answer::Nowhere { breaks: f64::from(from) },
            limit if limit >= 256.0 => Answer::UpTo { holds: 256.0 },
            _ => Answer::Between { holds: limit, breaks: limit + 1.0 },
        };
        prop_assert_eq!(answer, expected);
        prop_assert!(tried.iter().all(|one| one.level.fract() == 0.0));
    }

    /// Whatever a server does, the search ends, and what it claims was seen: twice at the lower end, once at the upper.
    #[test]
    fn an_absurd_server_gets_an_honest_answer(verdicts in proptest::collection::vec(any::<bool>(), 200), whole: bool) {
        let axis = if whole { Axis::Concurrency } else { Axis::Rate };
        let judge = |step: usize, _: f64, _: Duration| if verdicts[step] { Verdict::Holds } else { Verdict::Breaks };
        let (answer, tried) = walk(&search(axis, 1.0, 1000.0), judge);
        let count = |level: f64, verdict| tried.iter().filter(|one| one.level == level && one.verdict == verdict).count();
        match answer {
            Answer::Between { holds, breaks } => {
                prop_assert!(holds < breaks && count(breaks, Verdict::Breaks) >= 1);
                prop_assert!(count(holds, Verdict::Holds) >= 2 && count(holds, Verdict::Breaks) == 0);
            }
            Answer::UpTo { holds } => prop_assert!(count(holds, Verdict::Holds) >= 2),
            Answer::Nowhere { breaks } => prop_assert!(count(breaks, Verdict::Breaks) >= 1),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
