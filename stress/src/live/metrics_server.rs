//! Serves `/metrics` of a run over HTTP, rendered anew at most five times a second.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

use crate::{export::prometheus, metrics::snapshot::Snapshot, plan::Plan};

/// How long a rendered page is served again: workers publish their counts no more often.
const FRESH: Duration = Duration::from_millis(200);

/// How many connections are served at a time.
const CONNECTIONS: usize = 16;

/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The source of snapshots, and the page rendered last.
struct Page<S> {
    plan: Arc<Plan>,
    snapshot: S,
    rendered: Mutex<Option<(Instant, String)>>,
}

/// Serves what `snapshot` gives, on `listener`, until dropped.
pub async fn serve<S>(listener: TcpListener, plan: Arc<Plan>, snapshot: S) -> Infallible
where
    S: Fn() -> Snapshot + Send + Sync + 'static,
{
    let page = Arc::new(Page { plan, snapshot, rendered: Mutex::default() });
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely out of descriptors; the load needs them more.
            tokio::time::sleep(FRESH).await;
            continue;
        };
        let page = page.clone();
        connections.spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = page.respond(&request);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // An error of one connection concerns only its client.
            let _ = connection.await;
            drop(permit);
        });
    }
}

impl<S: Fn() -> Snapshot> Page<S> {
    fn respond(&self, request: &Request<Incoming>) -> Response<String> {
        let (status, kind, text) = match (request.uri().path(), request.method()) {
            ("/metrics", &Method::GET | &Method::HEAD) => {
                (StatusCode::OK, prometheus::CONTENT_TYPE, self.text())
            }
            ("/metrics", _) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "text/plain",
                "only GET and HEAD are answered here\n".to_owned(),
            ),
            _ => (StatusCode::NOT_FOUND, "text/plain", "the metrics are at /metrics\n".to_owned()),
        };
        let mut response = Response::new(text);
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        }
        response
    }

    /// The page, rendered anew unless it is fresh.
    fn text(&self) -> String {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        match &*rendered {
            Some((at, text)) if at.elapsed() < FRESH => text.clone(),
            _ => {
                let text = prometheus::snapshot(&self.plan, &(self.snapshot)());
                *rendered = Some((Instant::now(), text.clone()));
                text
            }
        }
    }
}
