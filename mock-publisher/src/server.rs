//! A server over one listener: it accepts until told to stop, lets what is in flight finish for a moment, and ends.

use crate::connection::{ConnectionHandle, ConnectionStream};
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

/// How long an exchange in flight may go on after the order to stop.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait when no connection can be accepted, for want of file descriptors usually.
const PAUSE: Duration = Duration::from_millis(20);

/// Where a server is reached, and how.
#[derive(Debug)]
pub struct Endpoint {
    /// Where.
    pub listener: TcpListener,
    /// By TLS, or in the clear.
    pub tls: Option<ServerTls>,
}

impl From<TcpListener> for Endpoint {
    fn from(listener: TcpListener) -> Self {
        Self { listener, tls: None }
    }
}

/// Serves a router until `shutdown` is ready; takes about a second more at most.
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
    // Without this, the tail of a streamed body waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let wire = ConnectionHandle::new(stop.clone());
    let stream = ConnectionStream::new(stream, Arc::clone(&wire));
    let Some(tls) = tls else { return exchange(stream, wire, router, stop).await };
    tokio::select! {
        shaken = tls.accept(stream) => if let Ok(stream) = shaken {
            stats.shook_hands();
            exchange(stream, wire, router, stop).await;
        },
        () = stop.cancelled() => {}
    }
}

/// Requests and answers over one connection: HTTP/1.1, or HTTP/2 from a client that knows beforehand.
async fn exchange<S>(stream: S, wire: Arc<ConnectionHandle>, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&wire));
        router.call(request.map(Body::new))
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let mut exchange = pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A connection that breaks is the client's affair.
        _ = exchange.as_mut() => return,
        () = stop.cancelled() => exchange.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(GRACE, exchange).await;
}
