//! A timer with a finer resolution than the runtime's millisecond.

use std::time::Duration;

#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;

#[cfg(target_os = "linux")]
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
#[cfg(target_os = "linux")]
use tokio::io::unix::AsyncFd;

/// Wakes one task after a given time.
#[derive(Debug)]
pub(super) enum PreciseTimer {
    /// The kernel's (`timerfd`).
    #[cfg(target_os = "linux")]
    Kernel(AsyncFd<OwnedFd>),
    /// The runtime's, where the kernel has none or no descriptor is left.
    Runtime,
}

impl PreciseTimer {
    pub(super) fn new() -> Self {
        #[cfg(target_os = "linux")]
        {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags).ok();
            #[expect(deprecated, reason = "an owned descriptor stays open as long as it is registered")]
            let timer = timer.and_then(|timer| AsyncFd::new(timer).ok());
            if let Some(timer) = timer {
                return PreciseTimer::Kernel(timer);
            }
        }
        PreciseTimer::Runtime
    }

    /// Waits for `time`. Cancel-safe: after a dropped wait, the next one starts anew.
    pub(super) async fn after(&mut self, time: Duration) {
        match self {
            #[cfg(target_os = "linux")]
            PreciseTimer::Kernel(timer) if set(timer, time).is_ok() => {
                // Readiness left over from a dropped wait must not wake this one: setting the timer has cleared it.
                while let Ok(mut guard) = timer.readable().await {
                    let mut expirations = [0; 8];
                    if rustix::io::read(timer.get_ref(), &mut expirations).is_ok() {
                        return;
                    }
                    guard.clear_ready();
                }
            }
            _ => tokio::time::sleep(time).await,
        }
    }
}

#[cfg(target_os = "linux")]
fn set(timer: &AsyncFd<OwnedFd>, time: Duration) -> rustix::io::Result<()> {
    // All zeros would disarm it.
    let time = time.max(Duration::from_nanos(1));
    let it_value = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
    rustix::time::timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn it_never_wakes_early_and_is_cancel_safe() {
        let mut timer = PreciseTimer::new();
        for time in [0, 1, 300, 2500].map(Duration::from_micros) {
            let cancelled = tokio::time::timeout(Duration::ZERO, timer.after(Duration::from_secs(60))).await;
            assert!(cancelled.is_err());
            let start = Instant::now();
            timer.after(time).await;
            assert!(start.elapsed() >= time);
        }
    }
}
