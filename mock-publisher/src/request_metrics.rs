//! The middleware that counts every request, its answer and their bytes, and that holds requests during a stall.

use crate::connection::{ConnectionHandle, NoResponse};
use crate::profile::ProfileHandle;
use crate::stats::{LoggedRequest, RouteCounters, Stats};
use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Whether a path is one by which a mock is observed and controlled: its requests are not counted, held or cached.
#[must_use]
pub fn is_control(path: &str) -> bool {
    path.starts_with("/mock/") || path == "/metrics"
}

/// Counts a request, and hands the counters of its route to the handlers.
pub(crate) async fn count_requests(
    State((stats, profile)): State<(Arc<Stats>, Arc<ProfileHandle>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if path.is_some_and(is_control) {
        return next.run(request).await;
    }
    if request.extensions().get::<Arc<ConnectionHandle>>().is_some_and(|connection| connection.is_first()) {
        stats.connection_used();
    }
    let name = route_name(request.method(), path);
    let route = stats.route(&name);
    stats.arrival(&name);
    route.received.add(1);
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let logged = stats.log().map(|log| LoggedRequest::new(log, request.method().as_str(), target));
    let mut in_flight = InFlight { route: Arc::clone(&route), is_answered: false };
    if profile.wait_out_stall().await {
        stats.stalled();
    }
    request.extensions_mut().insert(Arc::clone(&route));
    if let Some(logged) = &logged {
        request.extensions_mut().insert(logged.clone());
    }
    let response = next.run(request).await;
    if response.extensions().get::<NoResponse>().is_some() {
        return response;
    }
    let status = response.status().as_u16();
    route.answer(status);
    in_flight.is_answered = true;
    if let Some(logged) = &logged {
        logged.set_status(status);
    }
    response.map(|body| Body::new(CountedBody { body, route, logged }))
}

/// The name of a route in the counts. Its cardinality is bounded, whatever clients ask for.
fn route_name(method: &Method, path: Option<&str>) -> String {
    use Method as M;
    let known = [M::GET, M::HEAD, M::PUT, M::POST, M::DELETE, M::OPTIONS, M::PATCH];
    let method = if known.contains(method) { method.as_str() } else { "OTHER" };
    format!("{method} {}", path.unwrap_or("invalid-route"))
}

/// A request under way. If it is dropped without an answer, because it was aborted or its client left, that is counted.
struct InFlight {
    route: Arc<RouteCounters>,
    is_answered: bool,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.is_answered {
            self.route.unanswered.add(1);
        }
    }
}

/// A response body whose bytes are counted as hyper takes them.
struct CountedBody {
    body: Body,
    route: Arc<RouteCounters>,
    logged: Option<LoggedRequest>,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            let bytes = data.len() as u64;
            self.route.bytes_out.add(bytes);
            if let Some(logged) = &self.logged {
                logged.add_bytes(bytes);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_routes_are_bounded() {
        let rows = [
            ("PUT", Some("/v1/blobs"), "PUT /v1/blobs"),
            ("BREW", Some("/v1/blobs"), "OTHER /v1/blobs"),
            ("GET", None, "GET invalid-route"),
        ];
        for (method, path, expected) in rows {
            assert_eq!(route_name(&method.parse().unwrap(), path), expected);
        }
    }
}
