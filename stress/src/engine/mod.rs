//! THE ENGINE ROOM: turns a plan into facts; it stops early for nothing but a signal.
//!
//! A thread per core, each with its own runtime, its own workers and its own recording; the recordings are merged
//! at the end, so that nothing is shared on the hot path but a few counters.

mod timer;
mod blob_registry;
mod closed;
mod cores;
mod usage;
mod barrier;
mod phase_runtime;
mod list;
mod open;
mod lag;
mod worker_thread;
mod carry_over;
mod iteration;
mod worker;

use std::{
    any::Any,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::Network,
    error::Error,
    metrics::Recording,
    plan::Plan,
    sample::{Clock, Sample},
};
use barrier::Barrier;
pub use list::{List, Listed};
use phase_runtime::PhaseRuntime;
pub use phase_runtime::ProgressBoard;
use usage::ProcessUsage;
use worker_thread::{Recordings, ThreadIndex};

/// What a run is connected to besides the network.
#[derive(Debug, Clone, Default)]
pub struct RunHooks {
    /// Takes every sample as it happens; the run waits for it before it starts a step, never after one.
    pub samples: Option<mpsc::Sender<Sample>>,
    /// The blobs of phases whose supply is a list.
    pub list: Option<Arc<List>>,
    /// How many journeys of a rate the machine can hold at once, where that may be fewer than the plan allows.
    pub places: Option<u32>,
    /// Where a window looks in on the run.
    pub progress_board: Option<Arc<ProgressBoard>>,
    /// Cancelled when no new journey shall start.
    pub stop: CancellationToken,
    /// Cancelled when what is still under way shall be given up.
    pub abort: CancellationToken,
    /// What each attempt takes of the generator, on top of what it does take.
    #[cfg(test)]
    pub(crate) cost: Duration,
}

/// What a run came to.
#[derive(Debug)]
pub struct Facts {
    /// The sum of its samples.
    pub recording: Recording,
    /// The samples of its warm-ups, which are no part of the above.
    pub warm_up: Recording,
    /// From its first start to its end.
    pub elapsed: Duration,
}

/// What all shards of a run have in common.
#[derive(Debug)]
struct Run {
    phases: Vec<Arc<PhaseRuntime>>,
    clock: Clock,
    progress_board: Option<Arc<ProgressBoard>>,
    /// Phases follow one another: no shard starts the next one before every shard has ended the last.
    barrier: Barrier,
    stop: CancellationToken,
    abort: CancellationToken,
}

/// What a shard does on its thread.
type Work = fn(&Runtime, &Run, ThreadIndex) -> Recordings;

/// What a shard has recorded, or what it said when it panicked.
type Ended = Result<Recordings, String>;

/// Runs every phase of the plan.
///
/// # Errors
/// Only when the machine refuses threads or what a runtime needs, or when a shard panics; failed steps are facts.
pub async fn run(plan: Arc<Plan>, network: Arc<Network>, hooks: RunHooks) -> Result<Facts, Error> {
    work(plan, network, hooks, worker_thread::run).await
}

async fn work(plan: Arc<Plan>, network: Arc<Network>, hooks: RunHooks, work: Work) -> Result<Facts, Error> {
    let (clock, shards) = (Clock::start(), shards(&plan));
    let (stop, abort) = (hooks.stop.child_token(), hooks.abort.child_token());
    let (progress_board, hooks) =
        (hooks.progress_board.clone(), RunHooks { stop: stop.clone(), abort: abort.clone(), ..hooks });
    let mut usage = ProcessUsage::start(clock);
    let registry = Arc::default();
    let runtime_of_phase = |phase| {
        Arc::new(PhaseRuntime::new(plan.clone(), phase, network.clone(), hooks.clone(), clock, &registry))
    };
    let phases = (0..plan.phases.len()).map(runtime_of_phase).collect();
    let run = Arc::new(Run { phases, clock, progress_board, barrier: Barrier::new(shards), stop, abort });
    let threads: Result<Vec<_>, _> =
        (0..shards).map(|index| spawn(run.clone(), ThreadIndex { index, of: shards }, work)).collect();
    // Those that have started wait for all.
    let threads = threads.inspect_err(|_| run.give_up())?;
    let (mut recording, mut warm_up, mut broken) = (Recording::default(), Recording::default(), None);
    for thread in threads {
        match usage.watch(thread).await.expect("a shard's thread tells how it ended") {
            Ok(step_metrics) => {
                recording.merge(step_metrics.measured.take());
                warm_up.merge(step_metrics.warm_up.take());
            }
            Err(reason) => broken = broken.or(Some(reason)),
        }
    }
    // Numbers without its part would look whole.
    if let Some(reason) = broken {
        return Err(Error::Broken { reason });
    }
    recording.join_reads();
    recording.enter_effort(&usage.spent(shards));
    Ok(Facts { recording, warm_up, elapsed: clock.elapsed() })
}

/// A shard per core, unless there is less to do at once.
fn shards(plan: &Plan) -> usize {
    let most =
        plan.phases.iter().map(|phase| plan.part().part(phase.load.most_in_flight())).max().unwrap_or(1);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    usize::try_from(most).map_or(cores, |most| most.clamp(1, cores))
}

impl Run {
    /// Ends it for every shard, whatever they are at.
    fn give_up(&self) {
        self.barrier.poison();
        self.stop.cancel();
        self.abort.cancel();
    }
}

/// What a panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it did not say why".to_owned())
}

/// Starts a shard on a thread of its own.
fn spawn(run: Arc<Run>, share: ThreadIndex, work: Work) -> Result<oneshot::Receiver<Ended>, Error> {
    let refused = |what: &str| {
        let what = what.to_owned();
        move |source| Error::System { what, source }
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(refused("cannot start a runtime"))?;
    let (sender, receiver) = oneshot::channel();
    let body = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| work(&runtime, &run, share)));
        if ended.is_err() {
            run.give_up();
        }
        // A name that is still being resolved would otherwise keep the step metrics back for as long as that takes.
        runtime.shutdown_background();
        // The receiver is only gone when the whole run was given up.
        let _ = sender.send(ended.map_err(|panic| panic_message(&*panic)));
    };
    thread::Builder::new()
        .name("walrus-stress".to_owned())
        .spawn(body)
        .map_err(refused("cannot start a thread"))?;
    Ok(receiver)
}

#[cfg(test)]
mod tests;
