//! When the load of a part begins: at once, after a barrier that all parts pass, or at a time of the clock.

mod pmi;

use std::{
    env,
    time::{Duration, Instant, SystemTime},
};

use tokio::time;

use super::{choices::BarrierChoice, options::RunOptions, part::OwnPart, screen::Screen, values::WallTime};
use crate::{
    error::Error,
    report::{BarrierEnd, Part},
};

/// How long a part waits for the others unless `--barrier-timeout` says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// A clock that is set while a part waits for a time is looked at this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// How a part waits for the others before its load begins.
#[derive(Debug)]
pub(super) struct StartRule {
    /// The descriptor of the launcher's connection, where a barrier is wanted.
    barrier: Option<pmi::Descriptor>,
    timeout: Duration,
    at: Option<SystemTime>,
}

/// When a part was let go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Released {
    barrier: Option<(SystemTime, Instant)>,
    scheduled: bool,
}

impl StartRule {
    /// That of these options and of this process's environment.
    ///
    /// # Errors
    /// When a barrier is asked for that the launcher does not offer, or a time has passed.
    pub(super) fn of(options: &RunOptions, part: &OwnPart) -> Result<Self, Error> {
        let flag = |flag: &str, reason: String| Error::Flag { flag: flag.to_owned(), reason };
        let offered = pmi::offered(&|name| env::var(name).ok());
        let barrier = match options.barrier.as_deref().copied().unwrap_or_default() {
            BarrierChoice::None => None,
            // Processes that do no parts of one run have no reason to wait for each other.
            BarrierChoice::Auto if part.number.is_none() => None,
            BarrierChoice::Auto => offered.map_err(|reason| flag("--barrier", reason))?,
            BarrierChoice::Pmi => {
                let found = offered.map_err(|reason| flag("--barrier", reason))?;
                let missing =
                    "pmi: this process was started without PMI_FD: use srun --mpi=pmi2 or MPICH's mpiexec";
                Some(found.ok_or_else(|| flag("--barrier", missing.to_owned()))?)
            }
        };
        let at = options.start_at.as_deref().map(|WallTime(at)| *at);
        if let Some(late) = at.and_then(|at| SystemTime::now().duration_since(at).ok()) {
            return Err(missed(late));
        }
        let timeout = options.barrier_timeout.as_deref().copied().unwrap_or(DEFAULT_TIMEOUT);
        Ok(Self { barrier, timeout, at })
    }

    /// Waits until the load may begin.
    ///
    /// # Errors
    /// When other parts do not come to the barrier in time, or the time has passed meanwhile.
    pub(super) async fn wait(&self, screen: &Screen) -> Result<Released, Error> {
        let mut barrier = None;
        if let Some(descriptor) = self.barrier {
            screen.detail("waiting for the other parts at the launcher's barrier");
            let passed = time::timeout(self.timeout, pmi::barrier(descriptor)).await;
            let failed = |reason| Error::Flag { flag: "--barrier".to_owned(), reason };
            let late = || {
                failed(format!(
                    "the other parts did not come to the barrier within {} s (--barrier-timeout): one of them may have \
                     ended before, see its messages",
                    self.timeout.as_secs_f64()
                ))
            };
            barrier = Some(passed.map_err(|_| late())?.map_err(failed)?);
        }
        if let Some(at) = self.at {
            let left = at.duration_since(SystemTime::now()).map_err(|late| missed(late.duration()))?;
            screen.note(&format!("the load begins in {:.0} s (--start-at)", left.as_secs_f64()));
            while let Ok(left) = at.duration_since(SystemTime::now()) {
                time::sleep(left.min(LONGEST_SLEEP)).await;
            }
        }
        Ok(Released { barrier, scheduled: self.at.is_some() })
    }
}

impl Released {
    /// The record of a part whose load begins now; `None` when the run is not divided.
    pub(super) fn begin(self, own: &OwnPart) -> Option<Part> {
        let barrier = self.barrier.map(|(at, instant)| BarrierEnd { at, begin: instant.elapsed() });
        Some(Part {
            shard: own.number?,
            engine: own.engine,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            began_at: SystemTime::now(),
            barrier,
            scheduled: self.scheduled,
        })
    }
}

fn missed(late: Duration) -> Error {
    let reason = format!(
        "has passed {:.1} s ago by this machine's clock: choose a time that leaves every part enough to get ready",
        late.as_secs_f64()
    );
    Error::Flag { flag: "--start-at".to_owned(), reason }
}
