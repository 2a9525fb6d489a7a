//! The active profile of a server, which can be replaced while requests are under way.

use super::faults::ChosenFault;
use super::rule::RequestContext;
use super::settings::Profile;
use crate::fault::{Role, RouteKind};
use crate::throttle::MAX_DELAY;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use strum::EnumCount;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// A profile, since when it is active, and how many requests it has had.
#[derive(Debug)]
pub struct ActiveProfile {
    /// The profile.
    pub profile: Profile,
    since: Instant,
    requests: [AtomicU64; RouteKind::COUNT],
    /// For each rule, how many requests it has had that it counts.
    counted: Vec<AtomicU64>,
}

/// The profile of a server. A request looks it up once and keeps it, whatever replaces it later.
#[derive(Debug)]
pub struct ProfileHandle {
    role: Role,
    active: watch::Sender<Arc<ActiveProfile>>,
}

impl ActiveProfile {
    fn new(profile: Profile) -> Arc<Self> {
        let counted = profile.faults.rules().iter().map(|_| AtomicU64::default()).collect();
        Arc::new(Self { profile, since: Instant::now(), requests: Default::default(), counted })
    }

    /// The number of one more request: counted from 0 for each route since the profile was set, so that the same
    /// requests after the same profile get the same faults again.
    #[must_use]
    pub fn next_number(&self, route: RouteKind) -> u64 {
        self.requests[route as usize].fetch_add(1, Ordering::Relaxed)
    }

    /// The fault of request `n`: of a rule that counts its requests and has not had all of them, which it then has had
    /// one more of, or of those with a ratio.
    #[must_use]
    pub fn choose_fault(&self, n: u64, request: &RequestContext) -> Option<ChosenFault> {
        let faults = &self.profile.faults;
        let has_one_more = |place: usize, most: u64| {
            let more = |had| (had < most).then_some(had + 1);
            self.counted[place].fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
        };
        let counted = faults.counted(request).find(|(place, most, _)| has_one_more(*place, *most));
        counted.map(|(_, _, fault)| fault).or_else(|| faults.choose(self.profile.seed, n, request))
    }

    /// What is known of a request that arrives now.
    #[must_use]
    pub fn context(&self, route_kind: RouteKind, size: Option<u64>) -> RequestContext {
        RequestContext { route_kind, size, at: self.since.elapsed() }
    }
}

impl ProfileHandle {
    /// The handle of a server.
    #[must_use]
    pub fn new(role: Role, profile: Profile) -> Arc<Self> {
        Arc::new(Self { role, active: watch::Sender::new(ActiveProfile::new(profile)) })
    }

    /// Whose profile it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The active profile.
    #[must_use]
    pub fn current(&self) -> Arc<ActiveProfile> {
        Arc::clone(&self.active.borrow())
    }

    /// Replaces the profile at once; its periods and its numbers begin now.
    pub fn set(&self, profile: Profile) {
        self.active.send_replace(ActiveProfile::new(profile));
    }

    /// Waits until no stall is under way: for its end, or until another profile replaces the one that has it. Returns
    /// whether there was one.
    pub async fn wait_out_stall(&self) -> bool {
        if self.active.borrow().profile.stalls.is_empty() {
            return false;
        }
        let mut changes = self.active.subscribe();
        let mut has_waited = false;
        loop {
            let active = Arc::clone(&changes.borrow_and_update());
            let Some(end) = active.profile.stall_end(active.since.elapsed()) else { return has_waited };
            has_waited = true;
            // A stall without end in sight must not overflow the clock.
            let end = active.since + end.min(active.since.elapsed() + MAX_DELAY);
            tokio::select! {
                () = sleep_until(end) => {}
                _ = changes.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Faults;
    use futures_util::FutureExt;
    use std::time::Duration;

    const S: Duration = Duration::from_secs(1);

    fn stalled(texts: &[&str]) -> Profile {
        let stalls = texts.iter().map(|text| text.parse().unwrap()).collect();
        Profile { stalls, ..Profile::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_ends_when_no_other_overlaps_it() {
        let stalls = ["from=10s,for=5s", "from=14s,for=3s", "from=30s,for=1s"];
        let handle = ProfileHandle::new(Role::Publisher, stalled(&stalls));
        assert!(!handle.wait_out_stall().await, "not yet");
        tokio::time::advance(11 * S).await;
        let start = Instant::now();
        assert!(handle.wait_out_stall().await);
        let waited = start.elapsed();
        assert!(waited >= 6 * S && waited < 7 * S, "{waited:?}");
        assert!(!handle.wait_out_stall().await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_profile_ends_a_stall_and_begins_its_own_time() {
        let handle = ProfileHandle::new(Role::Publisher, stalled(&["for=1h"]));
        let mut held = Box::pin(handle.wait_out_stall());
        assert!(held.as_mut().now_or_never().is_none());
        tokio::time::advance(20 * S).await;
        handle.set(stalled(&["for=2s"]));
        let start = Instant::now();
        assert!(held.await);
        assert!(start.elapsed() >= 2 * S && start.elapsed() < 3 * S, "{:?}", start.elapsed());
        handle.set(Profile::default());
        assert!(!handle.wait_out_stall().await);
    }

    #[test]
    fn a_rule_that_counts_is_for_the_first_requests_that_match_and_no_more() {
        let rules = ["500=first:2,route=store", "503=first:1", "reset=100%,route=store-quilt"];
        let rules = rules.iter().map(|text| text.parse().unwrap()).collect();
        let faults = Faults::new(Role::Publisher, rules).unwrap();
        let active = ActiveProfile::new(Profile { faults, ..Profile::default() });
        let fault = |route| {
            let request = RequestContext { route_kind: route, size: None, at: Duration::ZERO };
            active.choose_fault(active.next_number(route), &request).map(|chosen| chosen.fault.label())
        };
        let (store, quilt) = (RouteKind::Store, RouteKind::StoreQuilt);
        assert_eq!([store, quilt, quilt].map(fault), [Some("500"), Some("503"), Some("reset")]);
        assert_eq!([store, store, store].map(fault), [Some("500"), None, None]);
    }

    #[tokio::test(start_paused = true)]
    async fn periods_and_numbers_begin_when_the_profile_is_set() {
        let handle = ProfileHandle::new(Role::Publisher, Profile::default());
        tokio::time::advance(12 * S).await;
        let (old, routes) = (handle.current(), [RouteKind::Store, RouteKind::Store, RouteKind::StoreQuilt]);
        assert_eq!(old.context(RouteKind::Store, Some(7)).at, 12 * S);
        assert_eq!(routes.map(|route| old.next_number(route)), [0, 1, 0]);
        handle.set(Profile::default());
        tokio::time::advance(3 * S).await;
        let new = handle.current();
        assert_eq!(new.context(RouteKind::Store, None).at, 3 * S);
        assert_eq!(routes.map(|route| new.next_number(route)), [0, 1, 0]);
        assert_eq!(old.next_number(RouteKind::Store), 2, "a request under way keeps its profile");
    }
}
