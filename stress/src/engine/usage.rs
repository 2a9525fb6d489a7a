//! What a run takes of the machine: processor time, file descriptors, ports; and whether the machine's clocks agree.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};
use tokio::time::interval;

use super::ports::Ports;
use crate::{
    metrics::generator::{Generator, Throttling, Used},
    sample::Clock,
};

/// How often the open file descriptors are counted: with thousands of them that takes milliseconds.
const SAMPLING_INTERVAL: Duration = Duration::from_secs(1);

/// The process's resource usage since the start of the run.
#[derive(Debug)]
pub(super) struct ProcessUsage {
    clock: Clock,
    wall: SystemTime,
    cpu: Duration,
    cgroup: Cgroup,
    throttling: Throttling,
    descriptors: Used,
    local_ports: Ports,
    ports: Used,
}

impl ProcessUsage {
    /// That of a run whose targets have these ports.
    pub(super) fn start(clock: Clock, remote_ports: Vec<u16>) -> Self {
        let cgroup = Cgroup::of_this_process();
        Self {
            clock,
            wall: SystemTime::now(),
            cpu: cpu(),
            throttling: cgroup.throttling(),
            cgroup,
            descriptors: Used::default(),
            local_ports: Ports::new(remote_ports),
            ports: Used::default(),
        }
    }

    /// Waits for `part` of the run, and counts the open file descriptors and the used ports meanwhile.
    pub(super) async fn sample_until<T>(&mut self, part: impl Future<Output = T>) -> T {
        tokio::pin!(part);
        let mut ticks = interval(SAMPLING_INTERVAL);
        loop {
            tokio::select! {
                done = &mut part => return done,
                _ = ticks.tick() => {
                    self.count_descriptors();
                    self.ports = self.ports.closer(self.local_ports.used());
                }
            }
        }
    }

    /// Does nothing where there is no `/proc`.
    fn count_descriptors(&mut self) {
        // One of them is that of the folder that is being read.
        let Ok(open) = fs::read_dir("/proc/self/fd").map(|entries| entries.count().saturating_sub(1)) else {
            return;
        };
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        self.descriptors = Used { most: self.descriptors.most.max(open as u64), limit };
    }

    /// The usage so far of a run with this many worker threads.
    pub(super) fn finish(self, threads: usize) -> Generator {
        let elapsed = self.clock.elapsed();
        // A wall clock that was set back is behind its start by the error's duration.
        let wall_step = self
            .wall
            .elapsed()
            .map_or_else(|error| elapsed + error.duration(), |passed| passed.abs_diff(elapsed));
        // There are no more threads than cores that the process may run on.
        let cores = self.cgroup.quota().map_or(threads as f64, |quota| quota.min(threads as f64));
        Generator {
            cpu: cpu().saturating_sub(self.cpu),
            available: elapsed.mul_f64(cores),
            throttling: self.cgroup.throttling().since(self.throttling),
            wall_step,
            descriptors: self.descriptors,
            ports: self.ports.closer(self.local_ports.used()),
            ..Generator::default()
        }
    }
}

/// Processor time of all threads of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
}

/// The control group of this process and those above it, as their folders (cgroup v2).
///
/// Version 1 is not read: systemd and the container runtimes have left it. There a quota shows as lag alone.
#[derive(Debug)]
struct Cgroup {
    folders: Vec<PathBuf>,
}

impl Cgroup {
    fn of_this_process() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::new(Path::new("/sys/fs/cgroup"), &groups)
    }

    /// From the contents of `/proc/self/cgroup`, where the line `0::/path` is that of version 2.
    fn new(mount: &Path, groups: &str) -> Self {
        let path = groups.lines().find_map(|line| line.strip_prefix("0::/"));
        // A container may see the host's path, but its own group as the mount: then only the latter has files.
        let folders =
            path.into_iter().flat_map(|path| Path::new(path).ancestors()).map(|part| mount.join(part));
        Self { folders: folders.collect() }
    }

    /// The smallest quota among the groups, in cores.
    fn quota(&self) -> Option<f64> {
        let quota = |folder: &PathBuf| {
            let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
            let (quota, period) = text.trim().split_once(' ')?;
            // Without a quota it says `max` instead of a number.
            let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
            (quota > 0.0 && period > 0.0).then(|| quota / period)
        };
        self.folders.iter().filter_map(quota).min_by(f64::total_cmp)
    }

    /// How often the groups had used up their quotas, since they were made.
    fn throttling(&self) -> Throttling {
        let mut throttling = Throttling::default();
        for folder in &self.folders {
            let text = fs::read_to_string(folder.join("cpu.stat")).unwrap_or_default();
            for (name, count) in text.lines().filter_map(|line| line.split_once(' ')) {
                let count: u64 = count.parse().unwrap_or(0);
                match name {
                    "nr_periods" => throttling.periods += count,
                    "nr_throttled" => throttling.throttled += count,
                    _ => {}
                }
            }
        }
        throttling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_descriptors_are_counted() {
        let mut usage = ProcessUsage::start(Clock::start(), Vec::new());
        let files: Vec<_> = (0..50).map(|_| fs::File::open(".").unwrap()).collect();
        usage.count_descriptors();
        drop(files);
        usage.count_descriptors();
        let Used { most, limit } = usage.finish(1).descriptors;
        assert!((50..limit).contains(&most), "{most} of {limit}");
    }

    #[test]
    fn work_takes_processor_time_and_the_clocks_agree() {
        let usage = ProcessUsage::start(Clock::start(), Vec::new());
        let began = cpu();
        while cpu() - began < Duration::from_millis(20) {
            std::hint::black_box(began);
        }
        let usage = usage.finish(2);
        assert!(usage.cpu >= Duration::from_millis(20), "{usage:?}");
        assert!(usage.wall_step < Duration::from_secs(1), "{usage:?}");
    }

    /// The control group of `groups` on a system with these files.
    fn cgroup(groups: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, Cgroup) {
        let mount = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = mount.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let cgroup = Cgroup::new(mount.path(), groups);
        (mount, cgroup)
    }

    #[test]
    fn the_smallest_quota_of_the_group_and_those_above_it_counts() {
        for (files, expected) in [
            (vec![], None),
            (vec![("a/b/cpu.max", "max 100000\n")], None),
            (vec![("a/b/cpu.max", "50000 100000\n")], Some(0.5)),
            (vec![("a/b/cpu.max", "250000 100000\n")], Some(2.5)),
            (vec![("a/b/cpu.max", "300000 100000\n"), ("a/cpu.max", "150000 100000\n")], Some(1.5)),
            (vec![("a/b/cpu.max", "nonsense")], None),
            (vec![("a/b/cpu.max", "0 0")], None),
            // A container that sees its own group as the mount.
            (vec![("cpu.max", "20000 100000\n")], Some(0.2)),
        ] {
            let (_mount, cgroup) = cgroup("9:memory:/m\n0::/a/b\n", &files);
            assert_eq!(cgroup.quota(), expected, "{files:?}");
        }
        for groups in ["", "1:cpu:/a\n"] {
            let (_mount, cgroup) = cgroup(groups, &[("cpu.max", "20000 100000\n")]);
            assert_eq!(cgroup.quota(), None, "{groups:?}");
        }
    }

    #[test]
    fn throttled_periods_are_those_since_the_start() {
        let stat = |periods: u64, throttled: u64| {
            format!("usage_usec 5\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 7\n")
        };
        let (mount, cgroup) =
            cgroup("0::/a\n", &[("a/cpu.stat", &stat(100, 40)), ("cpu.stat", "usage_usec 9\n")]);
        let before = cgroup.throttling();
        fs::write(mount.path().join("a/cpu.stat"), stat(160, 55)).unwrap();
        assert_eq!(cgroup.throttling().since(before), Throttling { periods: 60, throttled: 15 });
    }
}
