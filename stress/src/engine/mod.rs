//! THE ENGINE ROOM: turns a plan into facts; it stops early for nothing but a signal.
//!
//! A thread per core, each with its own runtime, its own workers and its own recording; the recordings are merged
//! at the end, so that nothing is shared on the hot path but the counter that hands out indices.

mod catalog;
mod clock;
mod closed;
mod job;
mod worker;

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    error::Error,
    plan::{Plan, load::Load},
    record::Recording,
    sample::Sample,
    walrus::Network,
};
pub use job::Board;
use job::Job;

/// What a run is connected to besides the network.
#[derive(Debug, Clone, Default)]
pub struct Wires {
    /// Takes every sample as it happens; the run waits for it before it starts the next step, never after one.
    pub samples: Option<mpsc::Sender<Sample>>,
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
    /// From its first start to its end.
    pub elapsed: Duration,
}

/// Runs every phase of the plan.
///
/// # Errors
/// Only when the machine refuses threads or what a runtime needs; failed steps are facts.
pub async fn run(plan: Arc<Plan>, network: Arc<Network>, wires: Wires) -> Result<Facts, Error> {
    let clock = clock::Clock::start();
    let mut recording = Recording::default();
    let mut first_index = 0;
    for phase in 0..plan.phases.len() {
        let shards = shards(plan.phases[phase].load);
        let job = Arc::new(Job::new(plan.clone(), phase, network.clone(), wires.clone(), clock, first_index));
        let threads: Vec<_> = shards.into_iter().map(|workers| spawn(job.clone(), workers)).collect();
        for thread in threads {
            let result = thread?.await;
            recording.merge(result.expect("a shard's thread sends its recording before it ends")?);
        }
        first_index = job.next_index();
    }
    Ok(Facts { recording, elapsed: clock.elapsed() })
}

/// How many workers each shard has: a shard per core, as even as can be.
fn shards(load: Load) -> Vec<u32> {
    let Load::Closed { workers } = load;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let shards = u32::try_from(cores).unwrap_or(u32::MAX).min(workers);
    (0..shards).map(|shard| workers / shards + u32::from(shard < workers % shards)).collect()
}

/// Starts a shard on a thread of its own.
fn spawn(job: Arc<Job>, workers: u32) -> Result<oneshot::Receiver<Result<Recording, Error>>, Error> {
    let (sender, receiver) = oneshot::channel();
    let body = move || {
        // The receiver is only gone when the whole run was given up.
        let _ = sender.send(closed::shard(&job, workers));
    };
    let refused = |source| Error::System { what: "cannot start a thread".to_owned(), source };
    thread::Builder::new().name("walrus-stress".to_owned()).spawn(body).map_err(refused)?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_has_a_shard_and_no_shard_is_idle() {
        for workers in [1, 2, 3, 8, 1000] {
            let shards = shards(Load::Closed { workers });
            assert_eq!(shards.iter().sum::<u32>(), workers);
            assert!(shards.iter().all(|&workers| workers > 0), "{shards:?}");
        }
    }
}
