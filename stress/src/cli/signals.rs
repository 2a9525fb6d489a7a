//! Signals that ask a run to end: the first one is passed on, the second one ends the process.

use std::{
    fs,
    io::{self, IsTerminal},
    process,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rustix::process::Signal as Number;
use tokio::{
    runtime,
    signal::unix::{self, SignalKind},
    sync::oneshot,
};

use super::{exit::Exit, print};
use crate::{error::Error, export::file::remove_lock_files, report::Signal};

/// Handles SIGINT, SIGTERM and SIGHUP on a thread of its own: the main thread may block on a terminal, a pipe or a disk.
#[derive(Debug)]
pub(super) struct Signals {
    first: oneshot::Receiver<Signal>,
    saved: Saved,
}

/// What has been written to files so far, in words for the end by a second signal.
type Saved = Arc<Mutex<String>>;

/// How long the last line may take: a terminal or a pipe may be stopped.
const LAST_LINE: Duration = Duration::from_millis(200);

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        let (sender, first) = oneshot::channel();
        let saved = Saved::new(Mutex::new("nothing was saved".to_owned()));
        let at_end = saved.clone();
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let entered = runtime.enter();
        let mut interrupt = unix::signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminate = unix::signal(SignalKind::terminate()).map_err(refused)?;
        // `nohup` has it ignored, and so it stays.
        let hang_up = if is_ignored(Number::HUP) { None } else { Some(unix::signal(SignalKind::hangup())) };
        let mut hang_up = hang_up.transpose().map_err(refused)?;
        drop(entered);
        let handle = async move {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => Signal::Interrupt,
                    _ = terminate.recv() => Signal::Terminate,
                    Some(()) = async { hang_up.as_mut()?.recv().await } => Signal::HangUp,
                }
            };
            // When the receiver is gone, the run is over and only its files are still being written.
            let _ = sender.send(next().await);
            // A lost terminal is reported twice, by the kernel and by the shell.
            loop {
                match next().await {
                    Signal::HangUp => {}
                    second => end_at_once(second, &at_end),
                }
            }
        };
        let body = move || runtime.block_on(handle);
        thread::Builder::new().name("signals".to_owned()).spawn(body).map_err(refused)?;
        Ok(Self { first, saved })
    }

    /// For tests: no signal ever comes.
    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self { first: oneshot::channel().1, saved: Saved::default() }
    }

    /// Sets what a second signal reports to be in files, or not to be.
    pub(super) fn set_saved(&self, text: String) {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Waits for the first signal; forever once it has come.
    pub(super) async fn first(&mut self) -> Signal {
        if !self.first.is_terminated()
            && let Ok(signal) = (&mut self.first).await
        {
            return signal;
        }
        std::future::pending().await
    }
}

/// Keeps SIGXFSZ from ending the process, so that a file that has reached its limit (`ulimit -f`) is an error of the write, as
/// on a full disk. Needs a runtime.
pub(super) fn survive_file_size_limits() -> Result<(), Error> {
    // A handler stays for the life of the process, also without its stream.
    unix::signal(SignalKind::from_raw(Number::XFSZ.as_raw())).map(drop).map_err(refused)
}

fn refused(source: io::Error) -> Error {
    Error::System { what: "cannot listen for signals".to_owned(), source }
}

/// Whether this process was started with the signal ignored; unknown, hence no, where there is no /proc.
fn is_ignored(signal: Number) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_signals(&status).is_some_and(|mask| mask >> (signal.as_raw() - 1) & 1 == 1)
}

/// The mask of ignored signals in this text of /proc/PID/status; bit N − 1 stands for signal N.
fn ignored_signals(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// The second signal ends the process at once. The export is whole at every instant, and the report is not begun.
#[expect(clippy::exit, reason = "the threads that would have to agree may be the ones that hang")]
fn end_at_once(signal: Signal, saved: &Saved) -> ! {
    // Below the bars, which stay as they are: what draws them may be what hangs.
    let below = if io::stderr().is_terminal() { "\n" } else { "" };
    let saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
    let line = format!("{below}{signal}: ended at once; {saved}");
    let (sender, printed) = mpsc::channel();
    let print = move || {
        print::line(&line);
        // The receiver waits, or the process has ended.
        let _ = sender.send(());
    };
    if thread::Builder::new().spawn(print).is_ok() {
        // Too late or not, this is the end.
        let _ = printed.recv_timeout(LAST_LINE);
    }
    remove_lock_files();
    process::exit(Exit::Signal(signal).code().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        assert_eq!(ignored_signals(status), Some(0x1001));
        assert_eq!(ignored_signals("Name:\tx\n"), None);
    }
}
