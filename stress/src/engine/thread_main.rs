//! The main function of a worker thread: runs the phases in step with the other threads.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    runtime::Runtime,
    task::{LocalSet, spawn_local},
};

use super::{
    closed, delayed, open,
    phase::PhaseRuntime,
    progress::ProgressBoard,
    run::Run,
    worker,
    worker_thread::{Recordings, ThreadIndex, WorkerThread},
};
use crate::plan::load::Load;

/// How often a thread publishes its progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// The phases of a run, each made by the first thread that reaches it.
pub(super) type Phases = [OnceLock<Arc<PhaseRuntime>>];

/// Runs this thread's portion of every phase.
pub(super) fn run(runtime: &Runtime, run: &Arc<Run>, phases: &Phases, index: ThreadIndex) -> Recordings {
    let recordings = Rc::new(Recordings::default());
    LocalSet::new().block_on(runtime, async {
        let publisher =
            run.hooks.progress_board.clone().map(|board| {
                spawn_local(publish_progress(index.index, recordings.clone(), run.clone(), board))
            });
        // Without an answer another thread has panicked.
        let _ = run_phases(run, phases, index, &recordings).await;
        if let Some(publisher) = publisher {
            publisher.abort();
        }
    });
    Recordings { measured: recordings.measured.take().into(), warm_up: recordings.warm_up.take().into() }
}

/// `None` when another thread has panicked.
async fn run_phases(
    run: &Arc<Run>,
    phases: &Phases,
    index: ThreadIndex,
    recordings: &Rc<Recordings>,
) -> Option<()> {
    let clients = Rc::default();
    let mut first_indices = vec![0];
    for phase in phases {
        let phase = phase.get_or_init(|| Arc::new(PhaseRuntime::new(run.clone(), &first_indices)));
        let thread = Rc::new(WorkerThread {
            phase: phase.clone(),
            index,
            stop: phase.stop.child_token(),
            abort: phase.abort.child_token(),
            recordings: recordings.clone(),
            delayed: RefCell::default(),
            places: delayed::places(),
            clients: Rc::clone(&clients),
        });
        // Before the phase begins, so that it takes none of its time.
        if index.index == 0 && phase.continues() {
            worker::skip_failed(&thread).await;
        }
        run.barrier.wait().await?;
        phase.begin();
        run_load(&thread).await;
        recordings.measured.borrow_mut().end_phase(thread.phase.position);
        run.barrier.wait().await?;
        first_indices.push(phase.next_index());
    }
    Some(())
}

async fn run_load(thread: &Rc<WorkerThread>) {
    let phase = &thread.phase;
    let grace = phase.deadline().map(|deadline| spawn_local(phase.clone().abort_after_grace(deadline)));
    let lag = spawn_local(thread.clone().sample_lag());
    match &phase.planned().load {
        Load::Closed { workers } => closed::run(thread, workers).await,
        Load::Open { rate, arrivals, .. } => open::run(thread, rate, *arrivals).await,
    }
    lag.abort();
    if let Some(grace) = grace {
        grace.abort();
    }
}

/// Publishes this thread's progress until it is stopped.
async fn publish_progress(
    thread: usize,
    recordings: Rc<Recordings>,
    run: Arc<Run>,
    board: Arc<ProgressBoard>,
) {
    let mut ticks = tokio::time::interval(PROGRESS_INTERVAL);
    loop {
        ticks.tick().await;
        let snapshot = recordings.measured.borrow().snapshot(run.clock.elapsed());
        board.publish(thread, snapshot);
    }
}
