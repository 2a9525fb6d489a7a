//! Runs a plan: worker threads, phases, load models, journeys. Only a signal ends a run early.
//!
//! There is a thread for each core, with its own runtime, workers and recording. The recordings are merged at the end, so
//! that the hot path shares nothing but a few counters.

mod barrier;
mod budget;
mod blob_registry;
mod closed;
mod delayed;
mod iteration;
mod list;
mod open;
pub mod operators;
mod phase;
mod ports;
mod progress;
mod run;
mod stored_ids;
mod thread_main;
mod timer;
mod tokens;
mod usage;
mod worker;
mod worker_thread;

use std::{
    any::Any,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    sync::oneshot,
};

use crate::{client::Network, error::Error, metrics::Recording, plan::Plan};
pub use budget::Budget;
pub use list::{List, Listed};
pub use progress::ProgressBoard;
use run::Run;
pub use run::RunHooks;
use thread_main::Phases;
pub use tokens::{Minter, TokenList, TokenSource};
use usage::ProcessUsage;
use worker_thread::{Recordings, ThreadIndex};

/// The result of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// The sum of its samples.
    pub recording: Recording,
    /// The samples of its warm-ups, which are not part of the above.
    pub warm_up: Recording,
    /// From its start to its end.
    pub elapsed: Duration,
}

/// What a thread has recorded, or the message of its panic.
type ThreadResult = Result<Recordings, String>;

/// Runs every phase of the plan.
///
/// # Errors
/// Only when the system refuses threads or what a runtime needs, or when a thread panics; failed steps are recorded.
pub async fn run(plan: Arc<Plan>, network: Arc<Network>, hooks: RunHooks) -> Result<RunOutcome, Error> {
    let count = thread_count(&plan);
    let phases: Arc<Phases> = plan.phases.iter().map(|_| OnceLock::new()).collect();
    let run = Arc::new(Run::new(plan, network, hooks, count));
    let usage = ProcessUsage::start(run.clock, run.plan.target_ports());
    let threads: Result<Vec<_>, _> = (0..count)
        .map(|index| {
            let (phases, index) = (phases.clone(), ThreadIndex { index, of: count });
            spawn(run.clone(), move |runtime, run| thread_main::run(runtime, run, &phases, index))
        })
        .collect();
    // Those that have started would wait for the others.
    let threads = threads.inspect_err(|_| run.fail())?;
    join(&run, threads, usage).await
}

/// A thread for each core, unless the load has fewer journeys at once.
fn thread_count(plan: &Plan) -> usize {
    let in_flight = plan.phases.iter().map(|phase| plan.shard().portion(phase.load.most_in_flight())).max();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    usize::try_from(in_flight.unwrap_or(1)).map_or(cores, |most| most.clamp(1, cores))
}

/// Starts a worker thread with a runtime of its own. If `body` panics, it ends the whole run.
fn spawn(
    run: Arc<Run>,
    body: impl FnOnce(&Runtime, &Arc<Run>) -> Recordings + Send + 'static,
) -> Result<oneshot::Receiver<ThreadResult>, Error> {
    let refused = |what: &str| {
        let what = what.to_owned();
        move |source| Error::System { what, source }
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(refused("cannot start a runtime"))?;
    let (sender, receiver) = oneshot::channel();
    let main = move || {
        let result = catch_unwind(AssertUnwindSafe(|| body(&runtime, &run)));
        if result.is_err() {
            run.fail();
        }
        // Otherwise a name resolution under way would delay the result until it ends.
        runtime.shutdown_background();
        // The receiver is gone only when the caller has dropped the whole run.
        let _ = sender.send(result.map_err(|panic| panic_message(&*panic)));
    };
    thread::Builder::new()
        .name("walrus-stress".to_owned())
        .spawn(main)
        .map_err(refused("cannot start a thread"))?;
    Ok(receiver)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Waits for all threads and merges what they have recorded.
async fn join(
    run: &Run,
    threads: Vec<oneshot::Receiver<ThreadResult>>,
    mut usage: ProcessUsage,
) -> Result<RunOutcome, Error> {
    let (mut recording, mut warm_up, mut panic) = (Recording::default(), Recording::default(), None);
    let count = threads.len();
    for thread in threads {
        match usage.sample_until(thread).await.expect("a thread always sends its result") {
            Ok(recorded) => {
                recording.merge(recorded.measured.take());
                warm_up.merge(recorded.warm_up.take());
            }
            Err(message) => panic = panic.or(Some(message)),
        }
    }
    // Without the recording of a thread the numbers would look complete, but be wrong.
    if let Some(reason) = panic {
        return Err(Error::Broken { reason });
    }
    recording.join_reads();
    recording.record_usage(&usage.finish(count));
    Ok(RunOutcome { recording, warm_up, elapsed: run.clock.elapsed() })
}

#[cfg(test)]
mod tests;
