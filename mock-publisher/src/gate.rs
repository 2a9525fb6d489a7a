//! Admission: some at work, some waiting, one held in between, and nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests of one route may be inside at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests at work.
    pub concurrent: usize,
    /// Requests waiting for their turn.
    pub buffer: usize,
}

impl Limits {
    /// The limits of a real publisher.
    pub const PUBLISHER: Self = Self { concurrent: 8, buffer: 8 };
    /// The limits of a real aggregator.
    pub const AGGREGATOR: Self = Self { concurrent: 256, buffer: 320 };

    /// Requests inside at once: the real queue's worker holds one more in its hands.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.concurrent.saturating_add(self.buffer).saturating_add(1)
    }
}

/// The gate of one route.
#[derive(Debug)]
pub struct Gate {
    capacity: usize,
    inside: AtomicUsize,
    desks: Arc<Semaphore>,
}

/// One request's place inside; leaving is dropping it.
#[derive(Debug)]
pub struct Place {
    gate: Arc<Gate>,
}

/// One request's turn to be worked on.
#[derive(Debug)]
pub struct Turn {
    _desk: Option<OwnedSemaphorePermit>,
    _place: Place,
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        let desks = limits.concurrent.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            capacity: limits.capacity(),
            inside: AtomicUsize::new(0),
            desks: Arc::new(Semaphore::new(desks)),
        })
    }

    /// A place inside, or `None` at once when it is full.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Option<Place> {
        let one_more = |inside| (inside < self.capacity).then_some(inside + 1);
        self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Place { gate: Arc::clone(self) })
    }
}

impl Place {
    /// Waits for a turn, first come first served.
    pub async fn turn(self) -> Turn {
        let desks = Arc::clone(&self.gate.desks);
        // The semaphore is never closed, so there is always a permit in the end.
        Turn { _desk: desks.acquire_owned().await.ok(), _place: self }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn capacity_is_work_and_buffer_and_one() {
        for (concurrent, buffer, capacity) in [(8, 8, 17), (256, 320, 577), (2, 3, 6), (1, 1, 3)] {
            assert_eq!(Limits { concurrent, buffer }.capacity(), capacity);
        }
    }

    #[test]
    fn those_inside_keep_the_next_one_out_until_one_leaves() {
        let gate = Gate::new(Limits { concurrent: 1, buffer: 1 });
        let mut inside: Vec<_> = (0..3).map(|_| gate.enter().unwrap()).collect();
        assert!(gate.enter().is_none());
        inside.pop();
        assert!(gate.enter().is_some());
    }

    #[test]
    fn turns_come_in_order_and_only_as_many_as_there_are_desks() {
        let gate = Gate::new(Limits { concurrent: 1, buffer: 5 });
        let cx = &mut Context::from_waker(Waker::noop());
        let mut first = pin!(gate.enter().unwrap().turn());
        let mut second = pin!(gate.enter().unwrap().turn());
        let turn = first.as_mut().poll(cx);
        assert!(turn.is_ready());
        assert!(second.as_mut().poll(cx).is_pending());
        drop(turn);
        assert!(second.as_mut().poll(cx).is_ready());
    }
}
