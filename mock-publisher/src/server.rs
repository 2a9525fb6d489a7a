//! Serves a router on one listener until shutdown, with a grace period for the exchanges in flight.

use crate::connection::{AbortableStream, ConnectionHandle};
use crate::stats::Stats;
use crate::tls::ServerTls;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The grace period of exchanges in flight at shutdown.
const GRACE: Duration = Duration::from_secs(1);
/// The pause after a failed accept, usually for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(20);

/// A listener, and whether it serves HTTPS.
#[derive(Debug)]
pub struct Endpoint {
    /// The listener.
    pub listener: TcpListener,
    /// For HTTPS; HTTP if absent.
    pub tls: Option<ServerTls>,
}

impl From<TcpListener> for Endpoint {
    fn from(listener: TcpListener) -> Self {
        Self { listener, tls: None }
    }
}

/// Serves a router until `shutdown` is ready, and exchanges in flight for at most a second more.
pub async fn run(port: Endpoint, router: Router, stats: Arc<Stats>, shutdown: impl Future<Output = ()>) {
    let Endpoint { listener, tls } = port;
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let open = stats.connection();
                    let work = connection(stream, tls.clone(), router.clone(), Arc::clone(&stats), stop.clone());
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

async fn connection(
    stream: TcpStream,
    tls: Option<ServerTls>,
    router: Router,
    stats: Arc<Stats>,
    stop: CancellationToken,
) {
    // With Nagle's algorithm, the tail of a streamed body would wait for the client's delayed ACK.
    let _ = stream.set_nodelay(true);
    let handle = ConnectionHandle::new(stop.clone());
    let stream = AbortableStream::new(stream, Arc::clone(&handle));
    let Some(tls) = tls else { return exchange(stream, handle, router, stop).await };
    tokio::select! {
        handshake = tls.accept(stream) => if let Ok(stream) = handshake {
            stats.tls_handshake();
            exchange(stream, handle, router, stop).await;
        },
        () = stop.cancelled() => {}
    }
}

/// Serves one connection: HTTP/1.1, or HTTP/2 with prior knowledge.
async fn exchange<S>(stream: S, handle: Arc<ConnectionHandle>, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&handle));
        router.call(request.map(Body::new))
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let mut exchange = pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // An error of a connection concerns its client alone.
        _ = exchange.as_mut() => return,
        () = stop.cancelled() => exchange.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(GRACE, exchange).await;
}
