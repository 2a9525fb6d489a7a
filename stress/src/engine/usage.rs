//! What a run takes of the machine, and whether the machine's clocks agree meanwhile.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};
use tokio::time::interval;

use super::cores;
use crate::{
    metrics::{
        generator::{Generator, Used},
        histogram::Latencies,
    },
    sample::Clock,
};

/// How often the open file descriptors are counted: with thousands of them that takes milliseconds.
const LOOK: Duration = Duration::from_secs(1);

/// A run's effort in the making.
#[derive(Debug)]
pub(super) struct ProcessUsage {
    clock: Clock,
    wall: SystemTime,
    cpu: Duration,
    descriptors: Used,
}

impl ProcessUsage {
    pub(super) fn start(clock: Clock) -> Self {
        Self { clock, wall: SystemTime::now(), cpu: cpu(), descriptors: Used::default() }
    }

    /// Waits for a part of the run and keeps an eye on the descriptors meanwhile.
    pub(super) async fn watch<T>(&mut self, part: impl Future<Output = T>) -> T {
        tokio::pin!(part);
        let mut looks = interval(LOOK);
        loop {
            tokio::select! {
                done = &mut part => return done,
                _ = looks.tick() => self.look(),
            }
        }
    }

    /// Counts the open descriptors, where the system tells.
    fn look(&mut self) {
        // One of them is that of the folder that is being read.
        let Ok(open) = fs::read_dir("/proc/self/fd").map(|entries| entries.count().saturating_sub(1)) else {
            return;
        };
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        self.descriptors = Used { most: self.descriptors.most.max(open as u64), limit };
    }

    /// What it came to, for as many threads as the load could run on at once.
    pub(super) fn spent(self, threads: usize) -> Generator {
        let elapsed = self.clock.elapsed();
        // A wall clock that went back tells by how much.
        let wall = self.wall.elapsed().map_or_else(
            |error| elapsed + error.duration(), // it stands that much before the start
            |passed| passed.abs_diff(elapsed),
        );
        let cores = cores::usable().map_or(threads as f64, |cores| cores.min(threads as f64));
        Generator {
            cpu: cpu().saturating_sub(self.cpu),
            available: elapsed.mul_f64(cores),
            lag: Latencies::default(),
            wall_step: wall,
            descriptors: self.descriptors,
            ports: fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
                .ok()
                .and_then(|range| ports(&range))
                .unwrap_or(0),
        }
    }
}

/// How many ports a range like `32768 60999` has.
fn ports(range: &str) -> Option<u64> {
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    last.checked_sub(first).map(|apart| apart + 1)
}

/// Processor time of all threads of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_ranges_are_counted() {
        for (range, expected) in
            [("32768\t60999\n", Some(28_232)), ("5 5", Some(1)), ("9 3", None), ("", None), ("1024 x", None)]
        {
            assert_eq!(ports(range), expected, "{range:?}");
        }
    }

    #[test]
    fn open_descriptors_are_counted() {
        let mut usage = ProcessUsage::start(Clock::start());
        let files: Vec<_> = (0..50).map(|_| fs::File::open(".").unwrap()).collect();
        usage.look();
        drop(files);
        usage.look();
        let Used { most, limit } = usage.spent(1).descriptors;
        assert!((50..limit).contains(&most), "{most} of {limit}");
    }

    #[test]
    fn work_takes_processor_time_and_the_clocks_agree() {
        let usage = ProcessUsage::start(Clock::start());
        let began = cpu();
        while cpu() - began < Duration::from_millis(20) {
            std::hint::black_box(began);
        }
        let spent = usage.spent(2);
        assert!(spent.cpu >= Duration::from_millis(20), "{spent:?}");
        assert!(spent.available >= Duration::from_millis(20), "{spent:?}");
        assert!(spent.wall_step < Duration::from_secs(1), "{spent:?}");
    }
}
