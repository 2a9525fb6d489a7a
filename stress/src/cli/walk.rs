//! The run under way: the engine works, the listener writes, the screen shows, and signals are heard.

use std::{future, sync::Arc, time::Duration};

use tokio::{
    pin,
    sync::mpsc,
    time::{self, Instant, MissedTickBehavior},
};

use super::{descriptors::Fewer, list::stream::Streamed, screen::Screen, signals::Signals};
use crate::{
    client::Network,
    engine::{self, ProgressBoard, RunHooks, RunOutcome},
    error::Error,
    plan::Plan,
    report::Signal,
    sample::Sample,
};

/// How long what is under way may go on after the first signal.
const GRACE: Duration = Duration::from_secs(5);
/// How often the screen is brought up to date.
const SCREEN_INTERVAL: Duration = Duration::from_millis(200);
/// How many samples may wait for the export and the screen before the load waits for them.
const WAITING_SAMPLES: usize = 1024;

/// Who hears single samples.
pub(super) trait SampleSink {
    /// Whether they are of interest.
    fn wants_samples(&self) -> bool;

    /// Takes one; events of it may be shown.
    fn hear(&mut self, sample: &Sample, screen: &Screen);

    /// Lets nothing that was heard wait any longer.
    fn flush(&mut self);
}

/// What a run goes out with.
#[derive(Clone)]
pub(super) struct RunContext {
    pub(super) network: Arc<Network>,
    /// The blobs of phases whose supply is a list.
    pub(super) list: Option<Streamed>,
    /// What the machine cannot hold.
    pub(super) fewer: Option<Fewer>,
    /// Where a window looks in on the run.
    pub(super) progress_board: Option<Arc<ProgressBoard>>,
}

impl RunContext {
    /// Nothing but the network.
    pub(super) fn new(network: Arc<Network>) -> Self {
        Self { network, list: None, fewer: None, progress_board: None }
    }
}

/// Puts the load on and lives with it until it ends; with it comes the signal that ended it early.
pub(super) async fn walk(
    plan: &Arc<Plan>,
    context: RunContext,
    listener: &mut impl SampleSink,
    screen: &mut Screen,
    signals: &mut Signals,
) -> Result<(RunOutcome, Option<Signal>), Error> {
    let (mut samples, hooks) = hooks(listener.wants_samples() || screen.wants_samples());
    let RunContext { network, list, fewer, progress_board } = context;
    let (list, max_in_flight) = (list.map(|streamed| streamed.list), fewer.map(|fewer| fewer.places));
    let hooks = RunHooks { list, max_in_flight, progress_board: progress_board.clone(), ..hooks };
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
                listener.flush();
                interrupted = Some((signal, Instant::now() + GRACE));
                screen.note(&format!(
                    "{signal}: no new blobs; waiting up to {} s for those under way, again to end at once",
                    GRACE.as_secs()
                ));
            }
            () = at(interrupted.map(|(_, patience)| patience)), if !abort.is_cancelled() => abort.cancel(),
            Some(sample) = samples.recv() => listener.hear(&sample, screen),
            _ = ticks.tick() => {
                listener.flush();
                if let Some(progress_board) = &progress_board {
                    screen.update(&progress_board.snapshot());
                }
            }
        }
    };
    // The engine has let go of its end: what it sent last is still waiting here.
    while let Some(sample) = samples.recv().await {
        listener.hear(&sample, screen);
    }
    Ok((outcome, interrupted.map(|(signal, _)| signal)))
}

/// What connects the engine to this side; nobody sends samples unless someone `listens`.
fn hooks(listens: bool) -> (mpsc::Receiver<Sample>, RunHooks) {
    let (sender, receiver) = mpsc::channel(WAITING_SAMPLES);
    (receiver, RunHooks { samples: listens.then_some(sender), ..RunHooks::default() })
}

/// Waits for an instant; for ever when there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => time::sleep_until(instant).await,
        None => future::pending().await,
    }
}
