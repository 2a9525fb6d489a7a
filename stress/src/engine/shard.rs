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
    Run,
    clock::Clock,
    closed,
    job::{Board, Job},
    open, pulse,
    worker::skip_lost,
};
use crate::{plan::load::Load, record::Recording, walrus::Client};

/// How often a shard pins up how far it is.
const BOARD_INTERVAL: Duration = Duration::from_millis(200);

/// Which part of the whole this is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// From 0.
    pub(super) index: usize,
    /// How many parts there are.
    pub(super) of: usize,
}

/// What the workers of one thread have in common in one phase.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) job: Arc<Job>,
    pub(super) share: Share,
    /// The job's own, for this thread alone: every journey asks them, and shards shall not wait for one another.
    pub(super) stop: CancellationToken,
    /// As above: cancelled when what is still under way shall be given up.
    pub(super) abort: CancellationToken,
    pub(super) ledgers: Rc<Ledgers>,
    /// Nobody's connections at the moment: they stay open from phase to phase.
    pub(super) clients: Rc<RefCell<Vec<Client>>>,
}

/// What a shard has recorded: warm-ups apart from what is measured.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    pub(super) measured: RefCell<Recording>,
    pub(super) warm_up: RefCell<Recording>,
}

impl Shard {
    /// Where this phase's samples go.
    pub(super) fn recording(&self) -> RefMut<'_, Recording> {
        let Ledgers { measured, warm_up } = &*self.ledgers;
        if self.job.phase().warm_up { warm_up.borrow_mut() } else { measured.borrow_mut() }
    }
}

/// Runs one shard of every phase on this thread.
pub(super) fn run(runtime: &Runtime, run: &Run, share: Share) -> Ledgers {
    let ledgers = Rc::new(Ledgers::default());
    LocalSet::new().block_on(runtime, phases(run, share, &ledgers));
    Ledgers { measured: ledgers.measured.take().into(), warm_up: ledgers.warm_up.take().into() }
}

async fn phases(run: &Run, share: Share, ledgers: &Rc<Ledgers>) {
    let window = run.board.clone().map(|board| spawn_local(pin(ledgers.clone(), run.clock, board)));
    let clients = Rc::default();
    let mut first_index = 0;
    for job in &run.jobs {
        let shard = Shard {
            job: job.clone(),
            share,
            stop: job.wires.stop.child_token(),
            abort: job.abort.child_token(),
            ledgers: ledgers.clone(),
            clients: Rc::clone(&clients),
        };
        // Before the phase begins, so that it takes none of its time.
        if share.index == 0 && job.continues() {
            skip_lost(&shard).await;
        }
        let Some(leads) = run.gate.pass().await else { break };
        if leads {
            job.begin(first_index);
        }
        // The leader has begun the job when everyone has come here again.
        if run.gate.pass().await.is_none() {
            break;
        }
        phase(&Rc::new(shard)).await;
        if run.gate.pass().await.is_none() {
            break;
        }
        first_index = job.next_index();
    }
    if let Some(window) = window {
        window.abort();
    }
}

async fn phase(shard: &Rc<Shard>) {
    let guard = shard.job.deadline().map(|deadline| spawn_local(impatience(shard.job.clone(), deadline)));
    let pulse = spawn_local(pulse::feel(shard.clone()));
    match &shard.job.phase().load {
        Load::Closed { workers } => closed::work(shard, workers).await,
        Load::Open { rate, arrivals, max_in_flight } => {
            open::work(shard, rate, *arrivals, *max_in_flight).await
        }
    }
    pulse.abort();
    if let Some(guard) = guard {
        guard.abort();
    }
}

/// Gives up what is still under way when the grace is over, counted from `last_start` since the run's origin.
pub(super) async fn impatience(job: Arc<Job>, last_start: Duration) {
    let until = last_start.saturating_add(job.phase().grace);
    tokio::time::sleep(until.saturating_sub(job.clock.elapsed())).await;
    job.abort.cancel();
}

/// Keeps the board up to date until it is stopped.
async fn pin(ledgers: Rc<Ledgers>, clock: Clock, board: Arc<Board>) {
    let place = board.place();
    let mut ticks = tokio::time::interval(BOARD_INTERVAL);
    loop {
        ticks.tick().await;
        let snapshot = ledgers.measured.borrow().snapshot(clock.elapsed());
        board.pin(place, snapshot);
    }
}
