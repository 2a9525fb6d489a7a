//! Plans and runs in this process, without the command line.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use stress::{
    client::Network,
    engine::{self, RunHooks, RunOutcome},
    metrics::{Group, Recording, StepKey, step_metrics::StepMetrics},
    plan::{
        Phase, Plan, Verify,
        journey::{Journey, Step},
        limits::Limits,
        load::{Load, Stop},
        retry::Retries,
        schedule::Arrivals,
        sizes::{ContentMix, Sizes},
        source::BlobSource,
        stages::Stages,
        store::StoreOptions,
    },
    report::{Ending, Report, summary::Summary},
    sample::{Novelty, Sample},
};
use tests::Bottle;
use tokio::sync::mpsc;

/// A phase of small blobs under this load until this stop; everything else has its default.
pub(crate) fn phase(load: Load, stop: Stop) -> Phase {
    Phase {
        name: "main".to_owned(),
        journey: Journey::default(),
        source: BlobSource::default(),
        delays: None,
        sizes: Sizes { min: 100, max: 1000 },
        content: ContentMix::Mixed,
        duplicates: 0.0,
        order_control: 0.0,
        load,
        stop,
        grace: Duration::from_secs(30),
        warm_up: false,
    }
}

/// The same with uploads alone.
pub(crate) fn uploads(load: Load, stop: Stop) -> Phase {
    Phase { journey: Journey { steps: vec![Step::Upload] }, ..phase(load, stop) }
}

pub(crate) fn blobs(blobs: u64) -> Stop {
    Stop { blobs: Some(blobs), duration: None }
}

pub(crate) fn millis(millis: u64) -> Stop {
    Stop { blobs: None, duration: Some(Duration::from_millis(millis)) }
}

/// An open loop with uniform arrivals.
pub(crate) fn rate(per_second: f64, max_in_flight: u32) -> Load {
    Load::Open { rate: Stages::constant(per_second), arrivals: Arrivals::Uniform, max_in_flight }
}

/// A plan for the servers in the bottle.
pub(crate) fn plan(bottle: &Bottle, phases: Vec<Phase>) -> Plan {
    Plan {
        seed: 7,
        publishers: vec![bottle.publisher_url().parse().expect("an address")],
        aggregators: vec![bottle.aggregator_url().parse().expect("an address")],
        phases,
        store: StoreOptions::default(),
        limits: Limits {
            upload_timeout: Duration::from_secs(20),
            download_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            expect_continue: false,
            insecure: false,
            ca_certificates: None,
            user_agent: "test".to_owned(),
            publisher_headers: Vec::new(),
            aggregator_headers: Vec::new(),
            cache_headers: Vec::new(),
        },
        verify: Verify::Full,
        retries: Retries::default(),
        thresholds: Vec::new(),
        unsupported_percentiles: Default::default(),
        shard: None,
        vantage: None,
    }
}

/// Runs the plan to its end, within a minute.
pub(crate) async fn run(plan: Plan, hooks: RunHooks) -> RunOutcome {
    let network = Arc::new(Network::new(&plan).expect("a plain network"));
    let run = engine::run(Arc::new(plan), network, hooks);
    tokio::time::timeout(Duration::from_secs(60), run).await.expect("the run ends").expect("the run starts")
}

/// A sample, and when it was received: not before its step had ended.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) sample: Sample,
    pub(crate) at: Instant,
}

/// Runs the plan and collects every sample.
pub(crate) async fn run_with_samples(plan: Plan) -> (RunOutcome, Vec<Received>) {
    let (sender, mut receiver) = mpsc::channel(64);
    let collector = tokio::spawn(async move {
        let mut samples = Vec::new();
        while let Some(sample) = receiver.recv().await {
            samples.push(Received { sample, at: Instant::now() });
        }
        samples
    });
    let outcome = run(plan, RunHooks { samples: Some(sender), ..RunHooks::default() }).await;
    (outcome, collector.await.expect("the channel closes"))
}

/// The summary of the report of a run.
pub(crate) fn summary(plan: Plan, outcome: RunOutcome) -> Summary {
    let (began, ending) = (SystemTime::UNIX_EPOCH, Ending::Completed);
    Summary::of(&Report::new(plan, began, outcome.elapsed, ending, outcome.recording))
}

/// The totals of a step of fresh blobs in the first phase that has it.
pub(crate) fn metrics(recording: &Recording, phase: usize, step: Step) -> &StepMetrics {
    &recording.steps[&StepKey { phase, step, novelty: Novelty::Fresh }].groups[&Group { target: 0 }]
}
