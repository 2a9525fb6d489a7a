//! The door of a route: numbers the requests, decides their fault, and lets in as many as the limits allow.

use crate::api_error::ApiError;
use crate::connection::{Abort, ConnectionHandle};
use crate::fault::{Fault, Role};
use crate::fault_response;
use crate::profile::{ActiveProfile, ChosenFault, Profile, ProfileHandle, RequestContext, RouteKind};
use crate::request_metrics::NoResponse;
use crate::stats::{Route, Stats};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// The door of one route. Requests are numbered in the order of their arrival since the weather was set: with one client
/// at a time the same seed gives each request the same fault again; with many, it gives the same faults in the same number.
#[derive(Debug)]
pub struct Admission {
    route_kind: RouteKind,
    profile: Arc<ProfileHandle>,
    stats: Arc<Stats>,
    gate: Arc<Limiter>,
}

/// A request that came through the door.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its number, from 0.
    pub n: u64,
    /// The fault that it is to meet.
    pub fault: Option<Fault>,
    /// The connection that it came by.
    pub connection: Arc<ConnectionHandle>,
    /// The counts of its route.
    pub route: Arc<Route>,
    present: Arc<ActiveProfile>,
    context: RequestContext,
    after: Option<Duration>,
}

/// Marks a request that something in front of the server answers: it takes no place inside.
#[derive(Debug, Clone, Copy)]
pub struct Bypass;

impl Ticket {
    /// The weather in which it came.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.present.profile
    }

    /// What is known of it.
    #[must_use]
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// Now the size of its blob is known, which its fault may depend on.
    pub fn set_size(&mut self, size: u64) {
        self.context.size = Some(size);
        if self.profile().faults.depends_on_size() {
            // A server that let a request in was not full, whatever it would have been for a blob of the true size.
            self.meet(self.decide().filter(|met| met.fault != Fault::Shed));
        }
    }

    fn decide(&self) -> Option<ChosenFault> {
        let profile = self.profile();
        match profile.faults.is_empty() {
            true => None,
            false => profile.faults.which(profile.seed, self.n, &self.context),
        }
    }

    fn meet(&mut self, met: Option<ChosenFault>) {
        self.fault = met.map(|met| met.fault);
        self.after = met.and_then(|met| met.after);
    }

    /// Waits as long as the answer of its fault takes.
    pub async fn delay(&self) {
        let profile = self.profile();
        let usual = match (self.fault, self.context.route_kind.role()) {
            (Some(Fault::Unavailable), Role::Aggregator) => profile.latency(&profile.unavailable, self.n),
            (Some(Fault::NotFound), _) => profile.latency(&profile.not_found, self.n),
            _ => Duration::ZERO,
        };
        let after = self.after.unwrap_or(usual);
        if !after.is_zero() {
            sleep(after).await;
        }
    }

    /// Ends the connection in place of an answer.
    #[must_use]
    pub fn abort(&self, how: Abort) -> Response {
        self.connection.abort(how);
        let mut response = Response::default();
        response.extensions_mut().insert(NoResponse);
        response
    }
}

impl Admission {
    /// A door with these limits.
    #[must_use]
    pub fn new(
        route_kind: RouteKind,
        limits: Limits,
        profile: Arc<ProfileHandle>,
        stats: Arc<Stats>,
    ) -> Arc<Self> {
        Arc::new(Self { route_kind, profile, stats, gate: Limiter::new(limits) })
    }

    /// A request that comes now; `size` is what it says about its body.
    fn ticket(&self, connection: &Arc<ConnectionHandle>, route: &Arc<Route>, size: Option<u64>) -> Ticket {
        let present = self.profile.current();
        let context = present.context(self.route_kind, size);
        let (n, connection, route) =
            (present.number(self.route_kind), Arc::clone(connection), Arc::clone(route));
        let mut ticket = Ticket { n, fault: None, connection, route, present, context, after: None };
        ticket.meet(ticket.decide());
        ticket
    }

    /// The fault that stands in for the whole work of a request, if its fault is one of those.
    pub async fn short_circuit(&self, ticket: &Ticket) -> Option<Response> {
        let fault = ticket.fault?;
        if fault == Fault::Hang {
            self.stats.fault(fault);
            ticket.connection.stopped().await;
            return Some(ticket.abort(Abort::Close));
        }
        let response = match fault {
            Fault::Reset => None,
            _ => Some(fault_response::error(fault, self.route_kind.role())?),
        };
        self.stats.fault(fault);
        ticket.delay().await;
        // Only now: a connection that is cut cannot wait.
        Some(response.unwrap_or_else(|| ticket.abort(Abort::Reset)))
    }
}

/// The length that a body says it has: that of the blob, if the body is one.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Lets requests in while there is room; one that waits is let in when its turn comes.
pub async fn admit(State(admission): State<Arc<Admission>>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let (Some(connection), Some(route)) =
        (extensions.get::<Arc<ConnectionHandle>>(), extensions.get::<Arc<Route>>())
    else {
        return ApiError::internal("a route of a mock needs the mock's own server").into_response();
    };
    let size = if admission.route_kind == RouteKind::Store { announced(request.headers()) } else { None };
    let ticket = admission.ticket(connection, route, size);
    if ticket.fault == Some(Fault::Shed) {
        admission.stats.fault(Fault::Shed);
        return fault_response::too_many_requests(admission.route_kind.role());
    }
    if request.extensions().get::<Bypass>().is_some() {
        request.extensions_mut().insert(ticket);
        return next.run(request).await;
    }
    let Some(place) = admission.gate.enter() else {
        ticket.route.shed.add(1);
        return fault_response::too_many_requests(admission.route_kind.role());
    };
    ticket.route.admitted.add(1);
    request.extensions_mut().insert(ticket);
    let turn = place.turn().await;
    let response = next.run(request).await;
    drop(turn);
    response
}

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
pub struct Limiter {
    capacity: usize,
    inside: AtomicUsize,
    semaphore: Arc<Semaphore>,
}

/// One request's place inside; leaving is dropping it.
#[derive(Debug)]
pub struct Slot {
    gate: Arc<Limiter>,
}

/// One request's turn to be worked on.
#[derive(Debug)]
pub struct Permit {
    _desk: Option<OwnedSemaphorePermit>,
    _place: Slot,
}

impl Limiter {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        let semaphore = limits.concurrent.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            capacity: limits.capacity(),
            inside: AtomicUsize::new(0),
            semaphore: Arc::new(Semaphore::new(semaphore)),
        })
    }

    /// A place inside, or `None` at once when it is full.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Option<Slot> {
        let one_more = |inside| (inside < self.capacity).then_some(inside + 1);
        self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Slot { gate: Arc::clone(self) })
    }
}

impl Slot {
    /// Waits for a turn, first come first served.
    pub async fn turn(self) -> Permit {
        let semaphore = Arc::clone(&self.gate.semaphore);
        // The semaphore is never closed, so there is always a permit in the end.
        Permit { _desk: semaphore.acquire_owned().await.ok(), _place: self }
    }
}

impl Drop for Slot {
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
        let gate = Limiter::new(Limits { concurrent: 1, buffer: 1 });
        let mut inside: Vec<_> = (0..3).map(|_| gate.enter().unwrap()).collect();
        assert!(gate.enter().is_none());
        inside.pop();
        assert!(gate.enter().is_some());
    }

    #[test]
    fn turns_come_in_order_and_only_as_many_as_there_are_desks() {
        let gate = Limiter::new(Limits { concurrent: 1, buffer: 5 });
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
