//! The sky above a server: the present weather, since when it is, and how it changes while requests are under way.

use super::{LONGEST, Profile, RequestContext, RouteKind, route_kind::ROUTE_KINDS};
use crate::fault::Role;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Weather, and since when it is.
#[derive(Debug)]
pub struct ActiveProfile {
    /// The weather.
    pub profile: Profile,
    since: Instant,
    numbers: [AtomicU64; ROUTE_KINDS.len()],
}

/// The sky above a server; a request looks up once, and meets the weather of that moment whatever comes later.
#[derive(Debug)]
pub struct ProfileHandle {
    role: Role,
    now: watch::Sender<Arc<ActiveProfile>>,
}

impl ActiveProfile {
    fn new(profile: Profile) -> Arc<Self> {
        Arc::new(Self { profile, since: Instant::now(), numbers: Default::default() })
    }

    /// A moment that is counted from when the weather was set; no later than anybody will wait for.
    fn moment(&self, at: Duration) -> Instant {
        self.since + at.min(self.since.elapsed() + LONGEST)
    }

    /// The number of one more request: they are counted from 0 for each task since the weather was set, so that the
    /// same weather and the same requests after it give the same faults again.
    #[must_use]
    pub fn number(&self, route_kind: RouteKind) -> u64 {
        self.numbers[route_kind.index()].fetch_add(1, Ordering::Relaxed)
    }

    /// What is known of a request that comes now.
    #[must_use]
    pub fn context(&self, route_kind: RouteKind, size: Option<u64>) -> RequestContext {
        // The clock is asked only if it has a say.
        let at = if self.profile.faults.ask_time() { self.since.elapsed() } else { Duration::ZERO };
        RequestContext { route_kind, size, at }
    }
}

impl ProfileHandle {
    /// A sky above a server of this role.
    #[must_use]
    pub fn new(role: Role, profile: Profile) -> Arc<Self> {
        Arc::new(Self { role, now: watch::Sender::new(ActiveProfile::new(profile)) })
    }

    /// Whose sky it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The present weather.
    #[must_use]
    pub fn current(&self) -> Arc<ActiveProfile> {
        Arc::clone(&self.now.borrow())
    }

    /// Replaces the weather at once; its windows and its numbers begin now.
    pub fn set(&self, profile: Profile) {
        self.now.send_replace(ActiveProfile::new(profile));
    }

    /// Waits for the end of a stall, if there is one: its own end, or that of the weather that it belongs to. Gives
    /// whether there was one.
    pub async fn wait_out_stall(&self) -> bool {
        if self.now.borrow().profile.stalls.is_empty() {
            return false;
        }
        let mut changes = self.now.subscribe();
        let mut waited = false;
        loop {
            let present = Arc::clone(&changes.borrow_and_update());
            let Some(end) = present.profile.stalled(present.since.elapsed()) else { return waited };
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

    fn stalled(texts: &[&str]) -> Profile {
        let stalls = texts.iter().map(|text| text.parse().unwrap()).collect();
        Profile { stalls, ..Profile::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_holds_until_its_end_and_the_next_one_after_it() {
        let profile = ProfileHandle::new(
            Role::Publisher,
            stalled(&["from=10s,for=5s", "from=14s,for=3s", "from=30s,for=1s"]),
        );
        assert!(!profile.wait_out_stall().await, "not yet");
        tokio::time::advance(11 * S).await;
        let start = Instant::now();
        assert!(profile.wait_out_stall().await);
        let waited = start.elapsed();
        assert!(waited >= 6 * S && waited < 7 * S, "{waited:?}");
        assert!(!profile.wait_out_stall().await);
    }

    #[tokio::test(start_paused = true)]
    async fn new_weather_ends_a_stall_and_begins_its_own_time() {
        let profile = ProfileHandle::new(Role::Publisher, stalled(&["for=1h"]));
        let mut held = Box::pin(profile.wait_out_stall());
        assert!(held.as_mut().now_or_never().is_none());
        tokio::time::advance(20 * S).await;
        profile.set(stalled(&["for=2s"]));
        let start = Instant::now();
        assert!(held.await);
        assert!(start.elapsed() >= 2 * S && start.elapsed() < 3 * S, "{:?}", start.elapsed());
        profile.set(Profile::default());
        assert!(!profile.wait_out_stall().await);
    }

    #[tokio::test(start_paused = true)]
    async fn windows_and_numbers_begin_when_the_weather_is_set() {
        let windy = || {
            let rules = vec!["500=1,from=10s".parse().unwrap()];
            Profile {
                faults: super::super::Faults::new(Role::Publisher, rules).unwrap(),
                ..Profile::default()
            }
        };
        let profile = ProfileHandle::new(Role::Publisher, windy());
        tokio::time::advance(12 * S).await;
        let (old, tasks) = (profile.current(), [RouteKind::Store, RouteKind::Store, RouteKind::StoreQuilt]);
        assert_eq!(old.context(RouteKind::Store, Some(7)).at, 12 * S);
        assert_eq!(tasks.map(|route_kind| old.number(route_kind)), [0, 1, 0]);
        profile.set(windy());
        tokio::time::advance(3 * S).await;
        let new = profile.current();
        assert_eq!(new.context(RouteKind::Store, None).at, 3 * S);
        assert_eq!(tasks.map(|route_kind| new.number(route_kind)), [0, 1, 0]);
        assert_eq!(old.number(RouteKind::Store), 2, "a request under way keeps its weather");
        profile.set(Profile::default());
        assert_eq!(
            profile.current().context(RouteKind::Store, None).at,
            Duration::ZERO,
            "nobody asks the clock"
        );
    }
}
