//! Repeats across phases, as the publisher counted them.

use stress::{
    engine::RunHooks,
    metrics::StepKey,
    plan::{Phase, journey::Step, load::Load, repeats, sizes::Sizes, store::Persistence},
    sample::Novelty,
};
use tests::Bottle;

use crate::common::{blobs, plan, run, uploads};

#[tokio::test]
async fn a_phase_repeats_earlier_blobs_that_are_drawn_alike_or_else_its_own() {
    let bottle = Bottle::start();
    // A single worker: what is to be repeated is stored by then.
    let repeating = |count| Phase { duplicates: 0.5, ..uploads(Load::closed(1), blobs(count)) };
    let others = Phase { sizes: Sizes { min: 2000, max: 3000 }, ..repeating(60) };
    let mut plan = plan(&bottle, vec![uploads(Load::closed(4), blobs(300)), repeating(60), others]);
    plan.store.persistence = Some(Persistence::Permanent);
    let wanted = |phase: usize, from: u64, first: u64| {
        let repeatable = plan.repeatable(phase, first);
        let sources =
            (from..from + 60).filter_map(|index| repeats::source(7, index, &plan.phases[phase], &repeatable));
        let sources: Vec<u64> = sources.collect();
        assert!(sources.iter().all(|source| *source >= first), "{sources:?}");
        sources.len() as u64
    };
    let expected = [wanted(1, 300, 0), wanted(2, 360, 360)];
    assert!(expected.iter().all(|count| (12..=48).contains(count)), "{expected:?}");
    let outcome = run(plan.clone(), RunHooks::default()).await;
    let repeats = [1, 2].map(|phase| {
        let key = StepKey { phase, step: Step::Upload, novelty: Novelty::Repeat };
        outcome.recording.steps[&key].total().done
    });
    assert_eq!(repeats, expected);
    let stores = bottle.publisher_stats().stores;
    assert_eq!(stores.newly_created, 420 - expected.iter().sum::<u64>());
}
