//! A publisher with the real one's limits (8 at work, 8 queued and 1 in between) under 18 uploads at once.

use stress::{
    engine::RunHooks,
    plan::{journey::Step, load::Load, sizes::Sizes},
    sample::{FailureClass, Outcome, Sample},
};
use tests::{Bottle, PUT_BLOB};
use tokio::sync::mpsc;

use crate::common::{blobs, metrics, plan, run, uploads};

const MIB: u64 = 1024 * 1024;

/// Sends 18 uploads of this size to a publisher that never finishes one, and aborts when one has ended; returns that one.
async fn eighteen(size: u64, expect_continue: bool) -> Sample {
    let bottle = Bottle::builder()
        .publisher(|config| config.profile.store.latency = "1h".parse().expect("a latency"))
        .start();
    let mut main = uploads(Load::closed(18), blobs(18));
    main.sizes = Sizes { min: size, max: size };
    let mut plan = plan(&bottle, vec![main]);
    plan.limits.expect_continue = expect_continue;
    let (sender, mut samples) = mpsc::channel::<Sample>(18);
    let hooks = RunHooks { samples: Some(sender), ..RunHooks::default() };
    let abort = hooks.abort.clone();
    let collector = tokio::spawn(async move {
        let refused = samples.recv().await.expect("one of them ends");
        abort.cancel();
        let mut unfinished = 0;
        while let Some(sample) = samples.recv().await {
            assert_eq!(sample.outcome, Outcome::Unfinished);
            unfinished += 1;
        }
        (refused, unfinished)
    });
    let outcome = run(plan, hooks).await;
    let (refused, unfinished) = collector.await.expect("the channel closes");
    let route = bottle.publisher_stats().route(PUT_BLOB);
    assert_eq!((route.received, route.admitted, route.shed, route.status(429)), (18, 17, 1, 1), "{size}");
    let upload = metrics(&outcome.recording, 0, Step::Upload);
    let classes: Vec<_> = upload.failures.iter().map(|(class, tally)| (*class, tally.count)).collect();
    assert_eq!((classes, upload.unfinished, unfinished), (vec![(FailureClass::Shed, 1)], 17, 17), "{size}");
    refused
}

#[tokio::test]
async fn of_eighteen_uploads_at_once_one_is_refused_with_429_whatever_its_size() {
    for size in [10, MIB, 4 * MIB, 9 * MIB] {
        for round in 0..3 {
            let refused = eighteen(size, false).await;
            assert!(
                matches!(&refused.outcome, Outcome::Failed(failure) if failure.status == Some(429)),
                "{size} {round}: {refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn with_expect_continue_a_refused_upload_sends_no_body() {
    for size in [10, MIB, 9 * MIB] {
        let refused = eighteen(size, true).await;
        assert_eq!((refused.exchange.bytes_sent, refused.size), (0, size), "{refused:?}");
    }
}
