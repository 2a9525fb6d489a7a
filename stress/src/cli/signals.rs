//! Signals that ask a run to end: the first one is passed on, the second one ends the process.

use std::{process, thread};

use tokio::{
    runtime,
    signal::unix::{self, SignalKind},
    sync::oneshot,
};

use super::exit::Exit;
use crate::{error::Error, report::Signal};

/// Handles SIGINT and SIGTERM on a thread of its own: the main thread may block on a terminal, a pipe or a disk.
#[derive(Debug)]
pub(super) struct Signals(oneshot::Receiver<Signal>);

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        let refused = |source| Error::System { what: "cannot listen for signals".to_owned(), source };
        let (sender, receiver) = oneshot::channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let entered = runtime.enter();
        let mut interrupt = unix::signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminate = unix::signal(SignalKind::terminate()).map_err(refused)?;
        drop(entered);
        let handle = async move {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                }
            };
            // When the receiver is gone, the run is over and only its files are still being written.
            let _ = sender.send(next().await);
            end_at_once(next().await);
        };
        let body = move || runtime.block_on(handle);
        thread::Builder::new().name("signals".to_owned()).spawn(body).map_err(refused)?;
        Ok(Self(receiver))
    }

    /// For tests: no signal ever comes.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self(oneshot::channel().1)
    }

    /// Waits for the first signal; forever once it has come.
    pub(super) async fn first(&mut self) -> Signal {
        if !self.0.is_terminated()
            && let Ok(signal) = (&mut self.0).await
        {
            return signal;
        }
        std::future::pending().await
    }
}

/// The second signal ends the process at once. The export is whole at every instant, and the report is not begun.
#[expect(clippy::exit, reason = "the threads that would have to agree may be the ones that hang")]
fn end_at_once(signal: Signal) -> ! {
    process::exit(Exit::Signal(signal).code().into())
}
