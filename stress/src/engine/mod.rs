//! THE ENGINE ROOM: turns a plan into facts; it stops early for nothing but a signal.
//!
//! A thread per core, each with its own runtime, its own workers and its own recording; the recordings are merged
//! at the end, so that nothing is shared on the hot path but a few counters.

mod alarm;
mod catalog;
mod clock;
mod closed;
mod cores;
mod effort;
mod job;
mod list;
mod open;
mod pulse;
mod shard;
mod shelf;
mod traveller;
mod worker;

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use tokio::{
    runtime,
    sync::{Barrier, mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::{error::Error, plan::Plan, record::Recording, sample::Sample, walrus::Network};
use clock::Clock;
use effort::Effort;
pub use job::Board;
use job::Job;
pub use list::{List, Listed};
use shard::{Ledgers, Share};

/// What a run is connected to besides the network.
#[derive(Debug, Clone, Default)]
pub struct Wires {
    /// Takes every sample as it happens; the run waits for it before it starts a step, never after one.
    pub samples: Option<mpsc::Sender<Sample>>,
    /// The blobs of phases whose supply is a list.
    pub list: Option<Arc<List>>,
    /// Where a window looks in on the run.
    pub board: Option<Arc<Board>>,
    /// Cancelled when no new journey shall start.
    pub stop: CancellationToken,
    /// Cancelled when what is still under way shall be given up.
    pub abort: CancellationToken,
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
    jobs: Vec<Arc<Job>>,
    clock: Clock,
    board: Option<Arc<Board>>,
    /// Phases follow one another: no shard starts the next one before every shard has ended the last.
    barrier: Barrier,
}

/// Runs every phase of the plan.
///
/// # Errors
/// Only when the machine refuses threads or what a runtime needs; failed steps are facts.
pub async fn run(plan: Arc<Plan>, network: Arc<Network>, wires: Wires) -> Result<Facts, Error> {
    let (clock, shards) = (Clock::start(), shards(&plan));
    let mut effort = Effort::start(clock);
    let catalog = Arc::default();
    let job =
        |phase| Arc::new(Job::new(plan.clone(), phase, network.clone(), wires.clone(), clock, &catalog));
    let jobs = (0..plan.phases.len()).map(job).collect();
    let run = Arc::new(Run { jobs, clock, board: wires.board.clone(), barrier: Barrier::new(shards) });
    // All of them before the first await: a shard that could not start would keep the others waiting for ever.
    let threads: Vec<_> =
        (0..shards).map(|index| spawn(run.clone(), Share { index, of: shards })).collect::<Result<_, _>>()?;
    let (mut recording, mut warm_up) = (Recording::default(), Recording::default());
    for thread in threads {
        let ledgers: Ledgers =
            effort.watch(thread).await.expect("a shard's thread sends its ledgers before it ends");
        recording.merge(ledgers.measured.take());
        warm_up.merge(ledgers.warm_up.take());
    }
    recording.join_reads();
    recording.enter_effort(&effort.spent(shards));
    Ok(Facts { recording, warm_up, elapsed: clock.elapsed() })
}

/// A shard per core, unless there is less to do at once.
fn shards(plan: &Plan) -> usize {
    let most =
        plan.phases.iter().map(|phase| plan.part().part(phase.load.most_in_flight())).max().unwrap_or(1);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    usize::try_from(most).map_or(cores, |most| most.clamp(1, cores))
}

/// Starts a shard on a thread of its own.
fn spawn(run: Arc<Run>, share: Share) -> Result<oneshot::Receiver<Ledgers>, Error> {
    let refused = |what: &str| {
        let what = what.to_owned();
        move |source| Error::System { what, source }
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(refused("cannot start a runtime"))?;
    let (sender, receiver) = oneshot::channel();
    let body = move || {
        let ledgers = shard::run(&runtime, &run, share);
        // A name that is still being resolved would otherwise keep the ledgers back for as long as that takes.
        runtime.shutdown_background();
        // The receiver is only gone when the whole run was given up.
        let _ = sender.send(ledgers);
    };
    thread::Builder::new()
        .name("walrus-stress".to_owned())
        .spawn(body)
        .map_err(refused("cannot start a thread"))?;
    Ok(receiver)
}
