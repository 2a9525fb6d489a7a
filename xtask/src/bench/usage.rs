//! CPU time, wall time and peak memory of a process.

use std::{
    fs::{self, File},
    io::{Read, Seek},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    param::clock_ticks_per_second,
    process::{Pid, WaitId, WaitIdOptions, waitid},
};

use crate::{
    failure::{Context, Failure, Result},
    process::peak_memory,
};

/// How often memory is sampled.
const INTERVAL: Duration = Duration::from_millis(20);
/// What counts as early.
const EARLY: Duration = Duration::from_secs(60);
/// The longest that one turn may take.
const TIMEOUT: Duration = Duration::from_secs(900);

/// The resource usage of a process.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    /// Processor time of all its threads, in user and in kernel mode.
    pub(crate) cpu: Duration,
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// The most memory it held, in bytes, as seen every 20 ms.
    pub(crate) memory: u64,
    /// The same as of its first minute; nothing when it ended before.
    pub(crate) early_memory: Option<u64>,
    /// What it stdout on stdout.
    pub(crate) stdout: String,
}

/// Runs a process to its end; it must exit with success.
pub(crate) fn run_measured(mut command: Command) -> Result<Usage> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut stdout = tempfile::tempfile().context("cannot make a temporary file")?;
    let mut stderr = tempfile::tempfile().context("cannot make a temporary file")?;
    let output = |file: &File| file.try_clone().context("cannot share a temporary file");
    command.stdin(Stdio::null()).stdout(output(&stdout)?).stderr(output(&stderr)?);
    let started = Instant::now();
    let mut child = command.spawn().context(format!("cannot start {name}"))?;
    let Watched { ended, wall, memory, early_memory } = watch(&mut child, started)?;
    // It has ended but was not awaited yet: only so long does the kernel still know what it used up.
    let cpu = cpu(&fs::read_to_string(format!("/proc/{}/stat", child.id())).context("cannot read /proc")?);
    let status = child.wait().context(format!("cannot wait for {name}"))?;
    let stdout = text(&mut stdout)?;
    if !ended || !status.success() {
        let fate = if ended { format!("ended with {status}") } else { "took too long".to_owned() };
        return Err(Failure::new(format!("{name} {fate}: {}{stdout}", text(&mut stderr)?)));
    }
    Ok(Usage {
        cpu: cpu.context("the kernel has no processor time of it")?,
        wall,
        memory,
        early_memory,
        stdout,
    })
}

struct Watched {
    /// False when it took too long.
    ended: bool,
    wall: Duration,
    memory: u64,
    early_memory: Option<u64>,
}

/// Waits for the end without taking it away from the kernel, looking at memory meanwhile.
fn watch(child: &mut Child, started: Instant) -> Result<Watched> {
    let pid = Pid::from_child(child);
    let (sender, over) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let waited = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        // The receiver is gone after a timeout.
        let _ = sender.send(started.elapsed());
        waited
    });
    let (mut memory, mut early_memory) = (0, None);
    let mut ended = true;
    let wall = loop {
        match over.recv_timeout(INTERVAL) {
            Ok(wall) => break wall,
            Err(_) if ended && started.elapsed() > TIMEOUT => {
                ended = false;
                child.kill().context("cannot end a process that takes too long")?;
            }
            Err(_) => {
                let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
                memory = memory.max(peak_memory(&status).unwrap_or(0));
                if started.elapsed() >= EARLY {
                    early_memory.get_or_insert(memory);
                }
            }
        }
    };
    let waited = waiter.join().map_err(|_| Failure::new("the waiting thread broke"))?;
    waited.context("cannot wait for a process")?;
    Ok(Watched { ended, wall, memory, early_memory })
}

/// User and system time in `/proc/PID/stat` (proc_pid_stat(5): fields 14 and 15, in clock ticks).
fn cpu(stat: &str) -> Option<Duration> {
    // The second setup is the program's name, which may hold anything; the third follows the last bracket.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64))
}

fn text(file: &mut File) -> Result<String> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).context("cannot read a temporary file")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_usage_of_a_process_is_measured() {
        let spent =
            run_measured(shell("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done")).unwrap();
        assert_eq!(spent.stdout, "done\n");
        assert!(
            spent.cpu > Duration::ZERO && spent.cpu <= spent.wall + Duration::from_millis(20),
            "{spent:?}"
        );
        assert!(spent.memory > 100_000, "{spent:?}");
    }

    #[test]
    fn a_failed_process_is_reported_with_its_output() {
        let failure = run_measured(shell("echo oh no >&2; exit 3")).unwrap_err().to_string();
        assert_eq!(failure, "sh ended with exit status: 3: oh no\n");
    }

    #[test]
    fn processor_time_is_read_behind_any_name() {
        let stat = "7 (a) b c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        let ticks = clock_ticks_per_second() as f64;
        assert_eq!(cpu(stat), Some(Duration::from_secs_f64(200.0 / ticks)));
        assert_eq!(cpu("7 (a) S"), None);
    }
}
