//! Admission control of a route: numbers its requests, chooses their fault, and sheds load above the limits.

use crate::api_error::ApiError;
use crate::connection::{Abort, ConnectionHandle, NoResponse};
use crate::fault::{Fault, Role, RouteKind};
use crate::fault_response;
use crate::profile::{ActiveProfile, ChosenFault, Profile, ProfileHandle, RequestContext};
use crate::stats::{LoggedRequest, RouteCounters, Stats};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests of one route may be admitted at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests at work.
    pub concurrent: usize,
    /// Requests that wait for others to finish.
    pub buffer: usize,
}

impl Limits {
    /// The limits of a real publisher.
    pub const PUBLISHER: Self = Self { concurrent: 8, buffer: 8 };
    /// The limits of a real aggregator.
    pub const AGGREGATOR: Self = Self { concurrent: 256, buffer: 320 };

    /// Requests admitted at once: the worker of the real server's queue holds one more.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.concurrent.saturating_add(self.buffer).saturating_add(1)
    }
}

/// A bounded queue in front of a bounded number of workers.
#[derive(Debug)]
struct Limiter {
    slots: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

/// The right to be worked on; other requests get it when it is dropped.
#[derive(Debug)]
struct Permit {
    _worker: Option<OwnedSemaphorePermit>,
    _slot: OwnedSemaphorePermit,
}

impl Limiter {
    fn new(limits: Limits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { slots: semaphore(limits.capacity()), workers: semaphore(limits.concurrent) }
    }

    /// A wait for a permit, first come first served; `None` at once if the queue is full. Cancel-safe: a wait that is
    /// dropped leaves the queue.
    fn try_admit(&self) -> Option<impl Future<Output = Permit> + use<>> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let worker = Arc::clone(&self.workers).acquire_owned();
        // The semaphore is never closed: there is always a permit in the end.
        Some(async { Permit { _worker: worker.await.ok(), _slot: slot } })
    }
}

/// Admission control of one route. Requests are numbered as they arrive since the profile was set: with one client at a
/// time, the same seed gives each request the same fault again; with several, it gives the same faults in the same number.
#[derive(Debug)]
pub struct Admission {
    route_kind: RouteKind,
    profile: Arc<ProfileHandle>,
    stats: Arc<Stats>,
    limiter: Limiter,
}

/// A request that was numbered.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its number, from 0.
    pub n: u64,
    /// Its fault.
    pub fault: Option<Fault>,
    /// The connection that it arrived on.
    pub connection: Arc<ConnectionHandle>,
    /// The counters of its route.
    pub route: Arc<RouteCounters>,
    active: Arc<ActiveProfile>,
    context: RequestContext,
    after: Option<Duration>,
    /// Whether its fault is settled, whatever its size turns out to be: it was one of a number of them, or there is none
    /// because a cache answers.
    is_settled: bool,
    logged: Option<LoggedRequest>,
}

/// An extension of requests that a cache in front of the server answers: they are not limited and get no faults.
#[derive(Debug, Clone, Copy)]
pub struct Bypass;

impl Ticket {
    /// The profile that was active when it arrived.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.active.profile
    }

    /// What is known of it.
    #[must_use]
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// Sets the size of its blob, on which its fault may depend.
    pub fn set_size(&mut self, size: u64) {
        self.context.size = Some(size);
        if self.profile().faults.depends_on_size() && !self.is_settled {
            self.choose_fault();
            // A server that admitted a request was not full, whatever it would have been for the true size.
            self.fault = self.fault.filter(|fault| *fault != Fault::Shed);
        }
    }

    fn choose_fault(&mut self) {
        let chosen = self.active.choose_fault(self.n, &self.context);
        self.fault = chosen.map(|chosen| chosen.fault);
        self.after = chosen.and_then(|chosen: ChosenFault| chosen.after);
        self.is_settled = chosen.is_some_and(|chosen| chosen.is_counted);
        if let Some(logged) = &self.logged {
            logged.set_fault(self.fault);
        }
    }

    /// Waits as long as the answer of its fault takes.
    pub async fn delay(&self) {
        let profile = self.profile();
        let usual = match (self.fault, self.context.route_kind.role()) {
            (Some(Fault::Unavailable), Role::Aggregator) => profile.latency(&profile.unavailable, self.n),
            (Some(Fault::NotFound), _) => profile.latency(&profile.not_found, self.n),
            _ => Duration::ZERO,
        };
        let delay = self.after.unwrap_or(usual);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    /// Ends the connection instead of answering.
    #[must_use]
    pub fn abort(&self, how: Abort) -> Response {
        self.connection.abort(how);
        let mut response = Response::default();
        response.extensions_mut().insert(NoResponse);
        response
    }
}

impl Admission {
    /// Admission control with these limits.
    #[must_use]
    pub fn new(
        route_kind: RouteKind,
        limits: Limits,
        profile: Arc<ProfileHandle>,
        stats: Arc<Stats>,
    ) -> Arc<Self> {
        Arc::new(Self { route_kind, profile, stats, limiter: Limiter::new(limits) })
    }

    /// A request that arrives now, without a fault yet; `size` is the length that it announces for its body.
    fn ticket(
        &self,
        connection: &Arc<ConnectionHandle>,
        route: &Arc<RouteCounters>,
        logged: Option<LoggedRequest>,
        size: Option<u64>,
    ) -> Ticket {
        let active = self.profile.current();
        Ticket {
            n: active.next_number(self.route_kind),
            fault: None,
            connection: Arc::clone(connection),
            route: Arc::clone(route),
            context: active.context(self.route_kind, size),
            active,
            after: None,
            is_settled: true,
            logged,
        }
    }

    /// The answer of the request's fault, if it replaces the whole work of the route.
    pub async fn short_circuit(&self, ticket: &Ticket) -> Option<Response> {
        let fault = ticket.fault?;
        let response = match fault {
            Fault::Hang => {
                self.stats.fault(fault);
                ticket.connection.stopped().await;
                return Some(ticket.abort(Abort::Close));
            }
            Fault::Reset => None,
            _ => Some(fault_response::of(fault, self.route_kind.role())?),
        };
        self.stats.fault(fault);
        ticket.delay().await;
        // Only after the delay: an aborted connection ends at its next write, and this future with it.
        Some(response.unwrap_or_else(|| ticket.abort(Abort::Reset)))
    }
}

/// The length that a body announces: that of the blob, if the body is one.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The middleware: numbers a request and runs it when its turn comes, or answers 429 at once if the route is full.
pub async fn admit(State(admission): State<Arc<Admission>>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let (Some(connection), Some(route)) =
        (extensions.get::<Arc<ConnectionHandle>>(), extensions.get::<Arc<RouteCounters>>())
    else {
        return ApiError::internal("a route of a mock needs the mock's own server").into_response();
    };
    let is_blob = admission.route_kind == RouteKind::Store;
    let size = if is_blob { content_length(request.headers()) } else { None };
    let logged = extensions.get::<LoggedRequest>().cloned();
    let mut ticket = admission.ticket(connection, route, logged, size);
    if request.extensions().get::<Bypass>().is_some() {
        request.extensions_mut().insert(ticket);
        return next.run(request).await;
    }
    ticket.choose_fault();
    if ticket.fault == Some(Fault::Shed) {
        admission.stats.fault(Fault::Shed);
        return fault_response::too_many_requests(admission.route_kind.role());
    }
    let Some(permit) = admission.limiter.try_admit() else {
        ticket.route.shed.add(1);
        return fault_response::too_many_requests(admission.route_kind.role());
    };
    ticket.route.admitted.add(1);
    request.extensions_mut().insert(ticket);
    let _permit = permit.await;
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn capacity_is_concurrent_plus_buffer_plus_one() {
        for (concurrent, buffer, capacity) in [(8, 8, 17), (256, 320, 577), (2, 3, 6), (1, 1, 3)] {
            assert_eq!(Limits { concurrent, buffer }.capacity(), capacity);
        }
    }

    #[test]
    fn a_full_queue_admits_the_next_when_one_leaves() {
        let limiter = Limiter::new(Limits { concurrent: 1, buffer: 1 });
        let mut admitted: Vec<_> = (0..3).map(|_| limiter.try_admit().unwrap()).collect();
        assert!(limiter.try_admit().is_none());
        admitted.pop();
        assert!(limiter.try_admit().is_some());
    }

    #[test]
    fn permits_come_in_order_and_only_as_many_as_may_be_at_work() {
        let limiter = Limiter::new(Limits { concurrent: 1, buffer: 5 });
        let cx = &mut Context::from_waker(Waker::noop());
        let mut first = pin!(limiter.try_admit().unwrap());
        let mut second = pin!(limiter.try_admit().unwrap());
        let permit = first.as_mut().poll(cx);
        assert!(permit.is_ready());
        assert!(second.as_mut().poll(cx).is_pending());
        drop(permit);
        assert!(second.as_mut().poll(cx).is_ready());
    }
}
