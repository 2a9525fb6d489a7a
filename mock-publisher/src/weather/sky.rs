//! The sky above a server: the present weather, since when it is, and how it changes while requests are under way.

use super::{LONGEST, Occasion, Task, Weather, task::TASKS};
use crate::fault::Role;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Weather, and since when it is.
#[derive(Debug)]
pub struct Present {
    /// The weather.
    pub weather: Weather,
    since: Instant,
    numbers: [AtomicU64; TASKS.len()],
}

/// The sky above a server; a request looks up once, and meets the weather of that moment whatever comes later.
#[derive(Debug)]
pub struct Sky {
    role: Role,
    now: watch::Sender<Arc<Present>>,
}

impl Present {
    fn new(weather: Weather) -> Arc<Self> {
        Arc::new(Self { weather, since: Instant::now(), numbers: Default::default() })
    }

    /// A moment that is counted from when the weather was set; no later than anybody will wait for.
    fn moment(&self, at: Duration) -> Instant {
        self.since + at.min(self.since.elapsed() + LONGEST)
    }

    /// The number of one more request: they are counted from 0 for each task since the weather was set, so that the
    /// same weather and the same requests after it give the same faults again.
    #[must_use]
    pub fn number(&self, task: Task) -> u64 {
        self.numbers[task.index()].fetch_add(1, Ordering::Relaxed)
    }

    /// What is known of a request that comes now.
    #[must_use]
    pub fn occasion(&self, task: Task, size: Option<u64>) -> Occasion {
        // The clock is asked only if it has a say.
        let at = if self.weather.faults.ask_time() { self.since.elapsed() } else { Duration::ZERO };
        Occasion { task, size, at }
    }
}

impl Sky {
    /// A sky above a server of this role.
    #[must_use]
    pub fn new(role: Role, weather: Weather) -> Arc<Self> {
        Arc::new(Self { role, now: watch::Sender::new(Present::new(weather)) })
    }

    /// Whose sky it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The present weather.
    #[must_use]
    pub fn now(&self) -> Arc<Present> {
        Arc::clone(&self.now.borrow())
    }

    /// Replaces the weather at once; its windows and its numbers begin now.
    pub fn set(&self, weather: Weather) {
        self.now.send_replace(Present::new(weather));
    }

    /// Waits for the end of a stall, if there is one: its own end, or that of the weather that it belongs to. Gives
    /// whether there was one.
    pub async fn calm(&self) -> bool {
        if self.now.borrow().weather.stalls.is_empty() {
            return false;
        }
        let mut changes = self.now.subscribe();
        let mut waited = false;
        loop {
            let present = Arc::clone(&changes.borrow_and_update());
            let Some(end) = present.weather.stalled(present.since.elapsed()) else { return waited };
            waited = true;
            tokio::select! {
                () = sleep_until(present.moment(end)) => {}
                _ = changes.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const S: Duration = Duration::from_secs(1);

    fn stalled(texts: &[&str]) -> Weather {
        let stalls = texts.iter().map(|text| text.parse().unwrap()).collect();
        Weather { stalls, ..Weather::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_holds_until_its_end_and_the_next_one_after_it() {
        let sky =
            Sky::new(Role::Publisher, stalled(&["from=10s,for=5s", "from=14s,for=3s", "from=30s,for=1s"]));
        assert!(!sky.calm().await, "not yet");
        tokio::time::advance(11 * S).await;
        let start = Instant::now();
        assert!(sky.calm().await);
        let waited = start.elapsed();
        assert!(waited >= 6 * S && waited < 7 * S, "{waited:?}");
        assert!(!sky.calm().await);
    }

    #[tokio::test(start_paused = true)]
    async fn new_weather_ends_a_stall_and_begins_its_own_time() {
        let sky = Sky::new(Role::Publisher, stalled(&["for=1h"]));
        let mut held = Box::pin(sky.calm());
        assert!(held.as_mut().now_or_never().is_none());
        tokio::time::advance(20 * S).await;
        sky.set(stalled(&["for=2s"]));
        let start = Instant::now();
        assert!(held.await);
        assert!(start.elapsed() >= 2 * S && start.elapsed() < 3 * S, "{:?}", start.elapsed());
        sky.set(Weather::default());
        assert!(!sky.calm().await);
    }

    #[tokio::test(start_paused = true)]
    async fn windows_and_numbers_begin_when_the_weather_is_set() {
        let windy = || {
            let rules = vec!["500=1,from=10s".parse().unwrap()];
            Weather {
                faults: super::super::Faults::new(Role::Publisher, rules).unwrap(),
                ..Weather::default()
            }
        };
        let sky = Sky::new(Role::Publisher, windy());
        tokio::time::advance(12 * S).await;
        let (old, tasks) = (sky.now(), [Task::Store, Task::Store, Task::StoreQuilt]);
        assert_eq!(old.occasion(Task::Store, Some(7)).at, 12 * S);
        assert_eq!(tasks.map(|task| old.number(task)), [0, 1, 0]);
        sky.set(windy());
        tokio::time::advance(3 * S).await;
        let new = sky.now();
        assert_eq!(new.occasion(Task::Store, None).at, 3 * S);
        assert_eq!(tasks.map(|task| new.number(task)), [0, 1, 0]);
        assert_eq!(old.number(Task::Store), 2, "a request under way keeps its weather");
        sky.set(Weather::default());
        assert_eq!(sky.now().occasion(Task::Store, None).at, Duration::ZERO, "nobody asks the clock");
    }
}
