//! The door of a route: numbers the requests, decides their fault, and lets in as many as the limits allow.

use crate::connection::{Cut, Wire};
use crate::errors;
use crate::failure::Failure;
use crate::fault::{Fault, Role};
use crate::gate::{Gate, Limits};
use crate::stats::{Route, Stats};
use crate::weather::{Met, Occasion, Present, Sky, Task, Weather};
use crate::witness::Unanswered;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The door of one route. Requests are numbered in the order of their arrival since the weather was set: with one client
/// at a time the same seed gives each request the same fault again; with many, it gives the same faults in the same number.
#[derive(Debug)]
pub struct Door {
    task: Task,
    sky: Arc<Sky>,
    stats: Arc<Stats>,
    gate: Arc<Gate>,
}

/// A request that came through the door.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Its number, from 0.
    pub n: u64,
    /// The fault that it is to meet.
    pub fault: Option<Fault>,
    /// The connection that it came by.
    pub wire: Arc<Wire>,
    /// The counts of its route.
    pub route: Arc<Route>,
    present: Arc<Present>,
    occasion: Occasion,
    after: Option<Duration>,
}

/// Marks a request that something in front of the server answers: it takes no place inside.
#[derive(Debug, Clone, Copy)]
pub struct Exempt;

impl Visit {
    /// The weather in which it came.
    #[must_use]
    pub fn weather(&self) -> &Weather {
        &self.present.weather
    }

    /// What is known of it.
    #[must_use]
    pub fn occasion(&self) -> &Occasion {
        &self.occasion
    }

    /// Now the size of its blob is known, which its fault may depend on.
    pub fn sized(&mut self, size: u64) {
        self.occasion.size = Some(size);
        if self.weather().faults.ask_sizes() {
            // A server that let a request in was not full, whatever it would have been for a blob of the true size.
            self.meet(self.decide().filter(|met| met.fault != Fault::Shed));
        }
    }

    fn decide(&self) -> Option<Met> {
        let weather = self.weather();
        match weather.faults.is_empty() {
            true => None,
            false => weather.faults.which(weather.seed, self.n, &self.occasion),
        }
    }

    fn meet(&mut self, met: Option<Met>) {
        self.fault = met.map(|met| met.fault);
        self.after = met.and_then(|met| met.after);
    }

    /// Waits as long as the answer of its fault takes.
    pub async fn linger(&self) {
        let weather = self.weather();
        let usual = match (self.fault, self.occasion.task.role()) {
            (Some(Fault::Unavailable), Role::Aggregator) => weather.latency(&weather.unavailable, self.n),
            (Some(Fault::NotFound), _) => weather.latency(&weather.not_found, self.n),
            _ => Duration::ZERO,
        };
        let after = self.after.unwrap_or(usual);
        if !after.is_zero() {
            sleep(after).await;
        }
    }

    /// Ends the connection in place of an answer.
    #[must_use]
    pub fn unanswered(&self, how: Cut) -> Response {
        self.wire.cut(how);
        let mut response = Response::default();
        response.extensions_mut().insert(Unanswered);
        response
    }
}

impl Door {
    /// A door with these limits.
    #[must_use]
    pub fn new(task: Task, limits: Limits, sky: Arc<Sky>, stats: Arc<Stats>) -> Arc<Self> {
        Arc::new(Self { task, sky, stats, gate: Gate::new(limits) })
    }

    /// A request that comes now; `size` is what it says about its body.
    fn visit(&self, wire: &Arc<Wire>, route: &Arc<Route>, size: Option<u64>) -> Visit {
        let present = self.sky.now();
        let occasion = present.occasion(self.task, size);
        let (n, wire, route) = (present.number(self.task), Arc::clone(wire), Arc::clone(route));
        let mut visit = Visit { n, fault: None, wire, route, present, occasion, after: None };
        visit.meet(visit.decide());
        visit
    }

    /// The fault that stands in for the whole work of a request, if its fault is one of those.
    pub async fn instead(&self, visit: &Visit) -> Option<Response> {
        let fault = visit.fault?;
        if fault == Fault::Hang {
            self.stats.fault(fault);
            visit.wire.stopped().await;
            return Some(visit.unanswered(Cut::Close));
        }
        let response = match fault {
            Fault::Reset => None,
            _ => Some(errors::error(fault, self.task.role())?),
        };
        self.stats.fault(fault);
        visit.linger().await;
        // Only now: a connection that is cut cannot wait.
        Some(response.unwrap_or_else(|| visit.unanswered(Cut::Reset)))
    }
}

/// The length that a body says it has: that of the blob, if the body is one.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Lets requests in while there is room; one that waits is let in when its turn comes.
pub async fn admit(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let (Some(wire), Some(route)) = (extensions.get::<Arc<Wire>>(), extensions.get::<Arc<Route>>()) else {
        return Failure::internal("a route of a mock needs the mock's own server").into_response();
    };
    let size = if door.task == Task::Store { announced(request.headers()) } else { None };
    let visit = door.visit(wire, route, size);
    if visit.fault == Some(Fault::Shed) {
        door.stats.fault(Fault::Shed);
        return errors::busy(door.task.role());
    }
    if request.extensions().get::<Exempt>().is_some() {
        request.extensions_mut().insert(visit);
        return next.run(request).await;
    }
    let Some(place) = door.gate.enter() else {
        visit.route.shed.add(1);
        return errors::busy(door.task.role());
    };
    visit.route.admitted.add(1);
    request.extensions_mut().insert(visit);
    let turn = place.turn().await;
    let response = next.run(request).await;
    drop(turn);
    response
}
