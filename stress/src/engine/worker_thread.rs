//! A shard: one thread's part of a run, with a runtime, connections and a recording of its own.

use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use tokio::{
    runtime::Runtime,
    task::{LocalSet, spawn_local},
};
use tokio_util::sync::CancellationToken;

use super::{
    Run, closed, lag, open,
    phase_runtime::{PhaseRuntime, ProgressBoard},
    worker::skip_lost,
};
use crate::{client::Client, metrics::Recording, plan::load::Load, sample::Clock};

/// How often a shard pins up how far it is.
const BOARD_INTERVAL: Duration = Duration::from_millis(200);

/// Which part of the whole this is.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThreadIndex {
    /// From 0.
    pub(super) index: usize,
    /// How many parts there are.
    pub(super) of: usize,
}

/// What the workers of one thread have in common in one phase.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) runtime_of_phase: Arc<PhaseRuntime>,
    pub(super) share: ThreadIndex,
    /// The job's own, for this thread alone: every journey asks them, and shards shall not wait for one another.
    pub(super) stop: CancellationToken,
    /// As above: cancelled when what is still under way shall be given up.
    pub(super) abort: CancellationToken,
    pub(super) step_metrics: Rc<Recordings>,
    /// Nobody's connections at the moment: they stay open from phase to phase.
    pub(super) clients: Rc<RefCell<Vec<Client>>>,
}

/// What a shard has recorded: warm-ups apart from what is measured.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    pub(super) measured: RefCell<Recording>,
    pub(super) warm_up: RefCell<Recording>,
}

impl Shard {
    /// Where this phase's samples go.
    pub(super) fn recording(&self) -> RefMut<'_, Recording> {
        let Recordings { measured, warm_up } = &*self.step_metrics;
        if self.runtime_of_phase.phase().warm_up { warm_up.borrow_mut() } else { measured.borrow_mut() }
    }
}

/// Runs one shard of every phase on this thread.
pub(super) fn run(runtime: &Runtime, run: &Run, share: ThreadIndex) -> Recordings {
    let step_metrics = Rc::new(Recordings::default());
    LocalSet::new().block_on(runtime, phases(run, share, &step_metrics));
    Recordings { measured: step_metrics.measured.take().into(), warm_up: step_metrics.warm_up.take().into() }
}

async fn phases(run: &Run, share: ThreadIndex, step_metrics: &Rc<Recordings>) {
    let window = run
        .progress_board
        .clone()
        .map(|progress_board| spawn_local(pin(step_metrics.clone(), run.clock, progress_board)));
    let clients = Rc::default();
    let mut first_index = 0;
    for runtime_of_phase in &run.phases {
        let shard = Shard {
            runtime_of_phase: runtime_of_phase.clone(),
            share,
            stop: runtime_of_phase.hooks.stop.child_token(),
            abort: runtime_of_phase.abort.child_token(),
            step_metrics: step_metrics.clone(),
            clients: Rc::clone(&clients),
        };
        // Before the phase begins, so that it takes none of its time.
        if share.index == 0 && runtime_of_phase.continues() {
            skip_lost(&shard).await;
        }
        let Some(leads) = run.barrier.wait().await else { break };
        if leads {
            runtime_of_phase.begin(first_index);
        }
        // The leader has begun the job when everyone has come here again.
        if run.barrier.wait().await.is_none() {
            break;
        }
        phase(&Rc::new(shard)).await;
        if run.barrier.wait().await.is_none() {
            break;
        }
        first_index = runtime_of_phase.next_index();
    }
    if let Some(window) = window {
        window.abort();
    }
}

async fn phase(shard: &Rc<Shard>) {
    let guard = shard
        .runtime_of_phase
        .deadline()
        .map(|deadline| spawn_local(impatience(shard.runtime_of_phase.clone(), deadline)));
    let lag = spawn_local(lag::feel(shard.clone()));
    match &shard.runtime_of_phase.phase().load {
        Load::Closed { workers } => closed::work(shard, workers).await,
        Load::Open { rate, arrivals, max_in_flight } => {
            open::work(shard, rate, *arrivals, *max_in_flight).await
        }
    }
    lag.abort();
    if let Some(guard) = guard {
        guard.abort();
    }
}

/// Gives up what is still under way when the grace is over, counted from `last_start` since the run's origin.
pub(super) async fn impatience(runtime_of_phase: Arc<PhaseRuntime>, last_start: Duration) {
    let until = last_start.saturating_add(runtime_of_phase.phase().grace);
    tokio::time::sleep(until.saturating_sub(runtime_of_phase.clock.elapsed())).await;
    runtime_of_phase.abort.cancel();
}

/// Keeps the board up to date until it is stopped.
async fn pin(step_metrics: Rc<Recordings>, clock: Clock, progress_board: Arc<ProgressBoard>) {
    let place = progress_board.place();
    let mut ticks = tokio::time::interval(BOARD_INTERVAL);
    loop {
        ticks.tick().await;
        let snapshot = step_metrics.measured.borrow().snapshot(clock.elapsed());
        progress_board.pin(place, snapshot);
    }
}
