//! The door of a route: numbers the requests, decides their fault, and lets in as many as the limits allow.

use crate::connection::{Cut, Wire};
use crate::errors;
use crate::failure::Failure;
use crate::fault::{Fault, Role};
use crate::gate::{Gate, Limits};
use crate::stats::{Route, Stats};
use crate::weather::Weather;
use crate::witness::Unanswered;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The door of one route. Requests are numbered in the order of their arrival: with one client at a time the same seed
/// gives each request the same fault again; with many, it gives the same faults in the same number.
#[derive(Debug)]
pub struct Door {
    /// Whose door it is.
    pub role: Role,
    /// What can go wrong behind it.
    pub weather: Weather,
    /// Where it is written down.
    pub stats: Arc<Stats>,
    gate: Arc<Gate>,
    next: AtomicU64,
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
}

/// Marks a request that something in front of the server answers: it takes no place inside.
#[derive(Debug, Clone, Copy)]
pub struct Exempt;

impl Visit {
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
    pub fn new(role: Role, limits: Limits, weather: Weather, stats: Arc<Stats>) -> Arc<Self> {
        Arc::new(Self { role, weather, stats, gate: Gate::new(limits), next: AtomicU64::new(0) })
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
            Fault::Reset => Some(visit.unanswered(Cut::Reset)),
            _ => errors::error(fault, self.role),
        };
        if response.is_some() {
            self.stats.fault(fault);
        }
        response
    }
}

/// Lets requests in while there is room; one that waits is let in when its turn comes.
pub async fn admit(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let (Some(wire), Some(route)) = (extensions.get::<Arc<Wire>>(), extensions.get::<Arc<Route>>()) else {
        return Failure::internal("a route of a mock needs the mock's own server").into_response();
    };
    let n = door.next.fetch_add(1, Ordering::Relaxed);
    let fault = door.weather.faults.which(door.weather.seed, n);
    let visit = Visit { n, fault, wire: Arc::clone(wire), route: Arc::clone(route) };
    if fault == Some(Fault::Shed) {
        door.stats.fault(Fault::Shed);
        return errors::busy(door.role);
    }
    if request.extensions().get::<Exempt>().is_some() {
        request.extensions_mut().insert(visit);
        return next.run(request).await;
    }
    let Some(place) = door.gate.enter() else {
        visit.route.shed.add(1);
        return errors::busy(door.role);
    };
    visit.route.admitted.add(1);
    request.extensions_mut().insert(visit);
    let turn = place.turn().await;
    let response = next.run(request).await;
    drop(turn);
    response
}
