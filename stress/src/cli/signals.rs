//! Signals that ask a run to end.

use tokio::signal::unix::{self, SignalKind};

use crate::{error::Error, report::Signal};

/// Hears SIGINT and SIGTERM from its making on.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        let hear = |kind| {
            unix::signal(kind)
                .map_err(|source| Error::System { what: "cannot listen for signals".to_owned(), source })
        };
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}
