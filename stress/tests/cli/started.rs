//! A run that is still going on: its lines as they come, signals, and pipes that close.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::common::{HARD_LIMIT, PROGRAM, Ran, Run};

/// A run that was started; it is killed when it takes longer than any run may.
pub(crate) struct Started {
    child: Child,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<BufReader<ChildStderr>>,
    pub(crate) shown: String,
    dir: TempDir,
    /// Dropped when the run has ended.
    watchdog: Sender<()>,
}

impl Run {
    /// Starts the program.
    pub(crate) fn start(self) -> Started {
        let mut child = Command::new(PROGRAM)
            .args(&self.args)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let (watchdog, over) = channel::<()>();
        let pid = Pid::from_child(&child);
        thread::spawn(move || {
            if over.recv_timeout(HARD_LIMIT) == Err(RecvTimeoutError::Timeout) {
                // It may have ended at this very moment.
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let stdout = child.stdout.take();
        let stderr = child.stderr.take().map(BufReader::new);
        Started { child, stdout, stderr, shown: String::new(), dir: self.dir, watchdog }
    }
}

impl Started {
    /// Reads stderr up to a line that contains `text`.
    pub(crate) fn until(mut self, text: &str) -> Started {
        let stderr = self.stderr.as_mut().expect("stderr is open");
        loop {
            let from = self.shown.len();
            let read = stderr.read_line(&mut self.shown).expect("a line");
            assert!(read > 0, "the run ended before it showed `{text}`: {}", self.shown);
            if self.shown[from..].contains(text) {
                return self;
            }
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(self, signal: Signal) -> Started {
        kill_process(Pid::from_child(&self.child), signal).expect("a process that takes signals");
        self
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Where the run works.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// Waits for the end of a run that cannot print anything more; gives its directory and its exit code.
    pub(crate) fn die(mut self) -> (TempDir, Option<i32>) {
        let status = self.child.wait().expect("a child to wait for");
        drop(self.watchdog);
        (self.dir, status.code())
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Ran {
        let mut stdout = String::new();
        // Both pipes are small enough for one to be read after the other.
        if let Some(mut pipe) = self.stderr.take() {
            pipe.read_to_string(&mut self.shown).expect("stderr is UTF-8");
        }
        if let Some(mut pipe) = self.stdout.take() {
            pipe.read_to_string(&mut stdout).expect("stdout is UTF-8");
        }
        let status: ExitStatus = self.child.wait().expect("a child to wait for");
        drop(self.watchdog);
        let ran = Ran { code: status.code(), stdout, stderr: self.shown, dir: self.dir };
        assert!(ran.code.is_some(), "hung or crashed: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }
}
