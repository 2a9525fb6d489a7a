//! The weather of one server: its faults, its seed, and the answers that bad weather gives.

use crate::draw::{self, Purpose};
use crate::failure::{Failure, Status};
use crate::fault::{Fault, Faults, Role};
use crate::latency::Latency;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// No request takes longer than this, whatever its distribution says.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What can go wrong on a server, and by which dice.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// Makes every decision repeatable.
    pub seed: u64,
    /// The faults.
    pub faults: Faults,
    /// How long a dripping body takes.
    pub drip_for: Duration,
    /// How long a late blob is not readable.
    pub not_yet_for: Duration,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            seed: 0,
            faults: Faults::default(),
            drip_for: Duration::from_secs(2),
            not_yet_for: Duration::from_secs(1),
        }
    }
}

impl Weather {
    /// How long request `n` takes.
    #[must_use]
    pub fn latency(&self, of: &Latency, n: u64) -> Duration {
        of.at(draw::bits(self.seed, Purpose::Latency, n)).min(LONGEST)
    }

    /// The place in a body of `length` bytes where request `n` is damaged.
    #[must_use]
    pub fn spot(&self, n: u64, length: u64) -> u64 {
        draw::below(draw::bits(self.seed, Purpose::Spot, n), length)
    }
}

/// Waits for a moment, and not at all if it has passed: the timer's own step is a millisecond.
pub async fn until(due: Instant) {
    if Instant::now() < due {
        sleep_until(due).await;
    }
}

/// The error that this fault is, if it is one that has an answer of its own.
#[must_use]
pub fn error(fault: Fault, role: Role) -> Option<Response> {
    let proxy = |status| Some(page(status));
    let json = |status, reason, message| Some(Failure::daemon(status, reason, message).into_response());
    match (fault, role) {
        (Fault::Internal, _) => json(Status::Internal, "INTERNAL_ERROR", "the mock was asked to fail"),
        (Fault::Unavailable, Role::Aggregator) => {
            json(Status::Unavailable, "BLOB_UNAVAILABLE", "the blob cannot be read at the moment")
        }
        (Fault::Timeout, Role::Publisher) => json(
            Status::DeadlineExceeded,
            "INSUFFICIENT_CONFIRMATIONS",
            "too few storage nodes confirmed the blob",
        ),
        (Fault::Unavailable, Role::Publisher) => proxy(StatusCode::SERVICE_UNAVAILABLE),
        (Fault::Timeout, Role::Aggregator) => proxy(StatusCode::GATEWAY_TIMEOUT),
        _ => None,
    }
}

/// What a proxy in front of a server says when the server does not.
fn page(status: StatusCode) -> Response {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr>\
         <center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html")], html).into_response()
}

/// What a full server says, at once and without reading the body.
#[must_use]
pub fn busy(role: Role) -> Response {
    let text = format!("the {role} is receiving too many requests; please try again later");
    (StatusCode::TOO_MANY_REQUESTS, text).into_response()
}
