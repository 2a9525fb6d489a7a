//! Child processes whose output is read, awaited up to a deadline, interrupted by id, and killed when dropped.

use std::{
    fs,
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    deadline::Deadline,
    failure::{Context, Failure, Result},
    output::{ProcessOutput, Stream},
};

/// A child process; dropping it kills it.
pub(crate) struct Process {
    name: String,
    child: Child,
    output: Arc<ProcessOutput>,
}

impl Process {
    /// Starts a process whose output is kept.
    pub(crate) fn start(name: &str, mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context(format!("cannot start {name}"))?;
        let output = Arc::new(ProcessOutput::default());
        if let Some(stdout) = child.stdout.take() {
            output.read_from(Stream::Stdout, stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            output.read_from(Stream::Stderr, stderr);
        }
        Ok(Self { name: name.to_owned(), child, output })
    }

    /// Starts a process that writes straight to our terminal.
    pub(crate) fn start_visibly(name: &str, mut command: Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().context(format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child, output: Arc::default() })
    }

    /// What it has written so far.
    pub(crate) fn output(&self) -> &Arc<ProcessOutput> {
        &self.output
    }

    /// Whether it has not ended yet.
    pub(crate) fn runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait().context(format!("cannot wait for {}", self.name))?.is_none())
    }

    /// Waits until it has ended and its output has been read.
    pub(crate) fn wait(&mut self, deadline: Deadline) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait().context(format!("cannot wait for {}", self.name))? {
                self.output.wait_for_end(deadline.at_most(Duration::from_secs(5)));
                return Ok(status);
            }
            if deadline.passed() {
                return Err(Failure::new(format!("{} was still running when the time was up", self.name)));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for a line on stdout that starts with `start`, and gives what follows.
    pub(crate) fn wait_for_line(&mut self, start: &str, deadline: Deadline) -> Result<String> {
        let line = self.output.wait_for_line(Stream::Stdout, start, deadline);
        line.context(format!("{} did not print `{start}…`", self.name))
    }

    /// Sends SIGINT to this process alone, as one Ctrl-C does.
    pub(crate) fn interrupt(&mut self) -> Result<()> {
        // While it has not been awaited its id cannot belong to another process.
        if !self.runs()? {
            return Err(Failure::new(format!("{} ended before it could be interrupted", self.name)));
        }
        kill_process(Pid::from_child(&self.child), Signal::INT)
            .context(format!("cannot interrupt {}", self.name))
    }

    /// Its id, while it has not been awaited.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has held at a time, in bytes; `None` where the system does not measure it or the process has ended.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        peak_memory(&fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended, which is the aim.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The peak resident memory in bytes, from the text of `/proc/PID/status`.
pub(crate) fn peak_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("the shell", command).unwrap()
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(20))
    }

    #[test]
    fn the_output_and_exit_code_of_a_process_are_read() {
        let mut process = shell("echo 'listening on http://x'; echo problem >&2; exit 3");
        assert_eq!(process.wait_for_line("listening on ", soon()).unwrap(), "http://x");
        assert_eq!(process.wait(soon()).unwrap().code(), Some(3));
        assert_eq!(process.output().text(Stream::Stderr), "problem\n");
        assert!(process.interrupt().unwrap_err().to_string().contains("ended before"));
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let mut process = shell("exec sleep 60");
        let late = process.wait(Deadline::after(Duration::from_millis(20))).unwrap_err();
        assert_eq!(late.to_string(), "the shell was still running when the time was up");
        let timed_out =
            process.wait_for_line("listening", Deadline::after(Duration::from_millis(20))).unwrap_err();
        assert_eq!(timed_out.to_string(), "the shell did not print `listening…`");
    }

    #[test]
    fn waiting_for_a_line_ends_with_the_process() {
        let failed = shell("echo no").wait_for_line("listening", soon()).unwrap_err();
        assert_eq!(failed.to_string(), "the shell did not print `listening…`");
    }

    #[test]
    fn an_interrupt_arrives() {
        let mut process = shell("trap 'echo caught; exit 130' INT; echo ready; while :; do sleep 0.01; done");
        process.wait_for_line("ready", soon()).unwrap();
        process.interrupt().unwrap();
        assert_eq!(process.wait(soon()).unwrap().code(), Some(130));
        assert_eq!(process.output().text(Stream::Stdout), "ready\ncaught\n");
    }

    #[test]
    fn a_dropped_process_is_killed() {
        let process = shell("exec sleep 60");
        let id = Pid::from_child(&process.child);
        drop(process);
        assert!(rustix::process::test_kill_process(id).is_err());
    }

    #[test]
    fn peak_memory_is_read_from_the_kernel() {
        assert_eq!(peak_memory("VmPeak:\t 9 kB\nVmHWM:\t  2048 kB\n"), Some(2_097_152));
        assert_eq!(peak_memory("State:\tZ (zombie)\n"), None);
    }
}
