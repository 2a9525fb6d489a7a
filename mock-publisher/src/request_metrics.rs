//! The witness: sees every request come and go, and writes down what it saw.

use crate::connection::ConnectionHandle;
use crate::profile::ProfileHandle;
use crate::stats::{Route, Stats};
use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Marks a response that must not be sent: the connection ends instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoResponse;

/// Requests under these paths are not counted: whoever looks at the counts must not change them.
const EXCLUDED_PATHS: [&str; 2] = ["/mock/", "/metrics"];

/// Counts the request, its answer and their bytes; hands the route's counts on to the handlers. While nothing is
/// answered, it holds the request.
pub(crate) async fn count_requests(
    State((stats, profile)): State<(Arc<Stats>, Arc<ProfileHandle>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if path.is_some_and(|path| EXCLUDED_PATHS.iter().any(|off| path.starts_with(off))) {
        return next.run(request).await;
    }
    if request.extensions().get::<Arc<ConnectionHandle>>().is_some_and(|wire| wire.is_first()) {
        stats.used();
    }
    let name = name(request.method(), path);
    let route = stats.route(&name);
    stats.arrival(&name);
    let mut ticket = Ticket { route: Arc::clone(&route), over: false };
    route.received.add(1);
    if profile.wait_out_stall().await {
        stats.stalled();
    }
    request.extensions_mut().insert(Arc::clone(&route));
    let response = next.run(request).await;
    if response.extensions().get::<NoResponse>().is_some() {
        return response;
    }
    route.answer(response.status().as_u16());
    ticket.over = true;
    response.map(|body| Body::new(Counted { body, route }))
}

/// The name of a route in the counts: there are only so many, whatever clients ask for.
fn name(method: &Method, path: Option<&str>) -> String {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::POST,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    let method = if known.contains(method) { method.as_str() } else { "OTHER" };
    format!("{method} {}", path.unwrap_or("invalid-route"))
}

/// A request under way; when it ends without an answer, that is counted.
struct Ticket {
    route: Arc<Route>,
    over: bool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.over {
            self.route.unanswered.add(1);
        }
    }
}

/// A response body whose bytes are counted as they are handed to the network.
struct Counted {
    body: Body,
    route: Arc<Route>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
            self.route.bytes_out.add(data.map_or(0, |data| data.len() as u64));
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
    fn names_are_few_whatever_is_asked_for() {
        let rows = [
            ("PUT", Some("/v1/blobs"), "PUT /v1/blobs"),
            ("BREW", Some("/v1/blobs"), "OTHER /v1/blobs"),
            ("GET", None, "GET invalid-route"),
        ];
        for (method, path, expected) in rows {
            assert_eq!(name(&method.parse().unwrap(), path), expected);
        }
    }
}
