//! What a run takes of the machine, and whether the machine's clocks agree meanwhile.

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use super::clock::Clock;
use crate::record::{generator::Generator, histogram::Latencies};

/// A run's effort in the making.
#[derive(Debug)]
pub(super) struct Effort {
    clock: Clock,
    wall: SystemTime,
    cpu: Duration,
}

impl Effort {
    pub(super) fn start(clock: Clock) -> Self {
        Self { clock, wall: SystemTime::now(), cpu: cpu() }
    }

    /// What it came to, for as many threads as the load could run on at once.
    pub(super) fn spent(self, threads: usize) -> Generator {
        let elapsed = self.clock.elapsed();
        // A wall clock that went back tells by how much.
        let wall = self.wall.elapsed().map_or_else(
            |error| elapsed + error.duration(), // it stands that much before the start
            |passed| passed.abs_diff(elapsed),
        );
        Generator {
            cpu: cpu().saturating_sub(self.cpu),
            available: elapsed.saturating_mul(u32::try_from(threads).unwrap_or(u32::MAX)),
            lag: Latencies::default(),
            wall_step: wall,
        }
    }
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
    fn work_takes_processor_time_and_the_clocks_agree() {
        let effort = Effort::start(Clock::start());
        let began = cpu();
        while cpu() - began < Duration::from_millis(20) {
            std::hint::black_box(began);
        }
        let spent = effort.spent(2);
        assert!(spent.cpu >= Duration::from_millis(20), "{spent:?}");
        assert!(spent.available >= Duration::from_millis(20), "{spent:?}");
        assert!(spent.wall_step < Duration::from_secs(1), "{spent:?}");
    }
}
