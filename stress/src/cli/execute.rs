//! Executes a plan: the engine runs, samples are written, progress is shown, and signals are handled.

use std::{future, sync::Arc, time::Duration};

use tokio::{
    pin,
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};

use super::{
    blob_list::stream::ListStream, descriptors::ReducedLimit, screen::Screen, signals::Signals,
    tokens::RunTokens,
};
use crate::{
    client::Network,
    engine::{self, Budget, ProgressBoard, RunHooks, RunOutcome},
    error::Error,
    plan::Plan,
    report::Signal,
    sample::Sample,
};

/// How long requests may still take after the first signal.
const SIGNAL_GRACE: Duration = Duration::from_secs(5);
/// Time between updates of the screen.
const SCREEN_INTERVAL: Duration = Duration::from_millis(200);
/// How many samples may wait for the files and the screen before the load waits for them.
const WAITING_SAMPLES: usize = 1024;

/// Takes single samples.
pub(super) trait SampleSink {
    /// Whether it needs them.
    fn wants_samples(&self) -> bool;

    /// Takes one, and may show it.
    fn take(&mut self, sample: &Sample, screen: &Screen);

    /// Writes what it has buffered.
    fn flush(&mut self);
}

/// What a run needs besides its plan.
#[derive(Clone)]
pub(super) struct RunContext {
    pub(super) network: Arc<Network>,
    /// The blobs of phases that read a list.
    pub(super) list: Option<ListStream>,
    /// The tokens of its uploads.
    pub(super) tokens: Option<RunTokens>,
    /// What its uploads may cost.
    pub(super) budget: Option<Arc<Budget>>,
    pub(super) reduced: Option<ReducedLimit>,
    /// Where the run publishes its progress.
    pub(super) progress_board: Option<Arc<ProgressBoard>>,
}

impl RunContext {
    /// A network and nothing else.
    pub(super) fn new(network: Arc<Network>) -> Self {
        Self { network, list: None, tokens: None, budget: None, reduced: None, progress_board: None }
    }
}

/// Runs the plan to its end, or until a signal, which is given back, ends it early.
pub(super) async fn execute(
    plan: &Arc<Plan>,
    context: RunContext,
    sink: &mut impl SampleSink,
    screen: &mut Screen,
    signals: &mut Signals,
) -> Result<(RunOutcome, Option<Signal>), Error> {
    let RunContext { network, list, tokens, budget, reduced, progress_board } = context;
    let (sender, mut samples) = mpsc::channel(WAITING_SAMPLES);
    let hooks = RunHooks {
        samples: (sink.wants_samples() || screen.wants_samples()).then_some(sender),
        list: list.map(|list| list.entries),
        tokens: tokens.map(|tokens| tokens.source),
        budget,
        max_in_flight: reduced.map(|reduced| reduced.max_in_flight),
        progress_board: progress_board.clone(),
        ..RunHooks::default()
    };
    let (stop, abort) = (hooks.stop.clone(), hooks.abort.clone());
    let engine = engine::run(plan.clone(), network, hooks);
    pin!(engine);
    let mut ticks = time::interval(SCREEN_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut interrupted: Option<(Signal, Instant)> = None;
    let outcome = loop {
        tokio::select! {
            outcome = &mut engine => break outcome?,
            signal = signals.first() => {
                stop.cancel();
                sink.flush();
                let cancelled_at = Instant::now() + SIGNAL_GRACE;
                interrupted = Some((signal, cancelled_at));
                screen.note(&format!(
                    "{signal}: no new blobs; {} s for those in progress, a second signal ends now",
                    SIGNAL_GRACE.as_secs()
                ));
                screen.stopping(cancelled_at.into_std());
            }
            () = at(interrupted.map(|(_, end)| end)), if !abort.is_cancelled() => abort.cancel(),
            Some(sample) = samples.recv() => sink.take(&sample, screen),
            _ = ticks.tick() => {
                sink.flush();
                if let Some(board) = &progress_board {
                    screen.update(&board.snapshot());
                }
            }
        }
    };
    // The engine has dropped its sender: only samples that it sent before are left.
    while let Some(sample) = samples.recv().await {
        sink.take(&sample, screen);
    }
    Ok((outcome, interrupted.map(|(signal, _)| signal)))
}

/// Waits for an instant; forever when there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => time::sleep_until(instant).await,
        None => future::pending().await,
    }
}
