//! Serves a router on one listener until shutdown, with a grace period for the exchanges in flight.

use crate::connection::{AbortableStream, ConnectionHandle};
use crate::idle::{Timeouts, UnderWay};
use crate::panics::{ConnectionPanics, RequestPanics};
use crate::stats::Stats;
use crate::tls::ServerTls;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The grace period of exchanges in flight at shutdown.
const GRACE: Duration = Duration::from_secs(1);
/// The pause after a failed accept, usually for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(20);

/// A listener, whether it serves HTTPS, and how long it keeps connections without a request.
#[derive(Debug)]
pub struct Endpoint {
    /// The listener.
    pub listener: TcpListener,
    /// For HTTPS; HTTP if absent.
    pub tls: Option<ServerTls>,
    /// When connections without a request end.
    pub timeouts: Timeouts,
}

impl From<TcpListener> for Endpoint {
    fn from(listener: TcpListener) -> Self {
        Self { listener, tls: None, timeouts: Timeouts::default() }
    }
}

/// What all connections of a server share.
#[derive(Clone)]
struct Shared {
    tls: Option<ServerTls>,
    timeouts: Timeouts,
    router: Router,
    stats: Arc<Stats>,
    stop: CancellationToken,
}

/// Serves a router until `shutdown` is ready, and exchanges in flight for at most a second more.
///
/// A panic of a handler ends its connection; the panic hook prints it, and the statistics count it.
pub async fn run(port: Endpoint, router: Router, stats: Arc<Stats>, shutdown: impl Future<Output = ()>) {
    let Endpoint { listener, tls, timeouts } = port;
    let stop = CancellationToken::new();
    let shared = Shared { tls, timeouts, router, stats: Arc::clone(&stats), stop: stop.clone() };
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let open = stats.connection();
                    let work = connection(stream, shared.clone());
                    connections.spawn(async move {
                        work.await;
                        drop(open);
                    });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    stop.cancel();
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, shared: Shared) {
    // With Nagle's algorithm, the tail of a streamed body would wait for the client's delayed ACK.
    let _ = stream.set_nodelay(true);
    let handle = ConnectionHandle::new(shared.stop.clone());
    let stream = AbortableStream::new(stream, Arc::clone(&handle));
    let Some(tls) = shared.tls.clone() else { return exchange(stream, handle, shared).await };
    tokio::select! {
        handshake = tls.accept(stream) => if let Ok(stream) = handshake {
            shared.stats.tls_handshake();
            exchange(stream, handle, shared).await;
        },
        () = shared.stop.cancelled() => {}
        () = handle.activity.expired(shared.timeouts) => {}
    }
}

/// Serves one connection: HTTP/1.1, or HTTP/2 with prior knowledge or negotiated by ALPN.
async fn exchange<S>(stream: S, handle: Arc<ConnectionHandle>, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let Shared { router, stats, stop, timeouts, .. } = shared;
    let router = TowerToHyperService::new(router);
    let (activity, connection_panics) = (Arc::clone(&handle.activity), ConnectionPanics::new(&stats));
    let watched = connection_panics.of_request();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (under_way, panics) = (handle.activity.request(), watched.clone());
        request.extensions_mut().insert(Arc::clone(&handle));
        let answer = router.call(request.map(Body::new));
        async move {
            let answer = {
                let _guard = panics.guard();
                answer.await?
            };
            Ok::<_, Infallible>(answer.map(|body| Body::new(Answer { body, panics, _under_way: under_way })))
        }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let mut exchange = pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // An error of a connection concerns its client alone.
        _ = exchange.as_mut() => return,
        () = activity.expired(timeouts) => return,
        () = stop.cancelled() => exchange.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(GRACE, exchange).await;
}

/// The body of an answer, until whose end its request is under way.
struct Answer {
    body: Body,
    panics: RequestPanics,
    _under_way: UnderWay,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, panics, .. } = &mut *self;
        let _guard = panics.guard();
        Pin::new(body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
