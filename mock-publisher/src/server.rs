//! A server over one listener: it accepts until told to stop, lets what is in flight finish for a moment, and ends.

use crate::connection::{Wire, WireIo};
use crate::stats::Stats;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long an exchange in flight may go on after the order to stop.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait when no connection can be accepted, for want of file descriptors usually.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves a router until `shutdown` is ready; takes about a second more at most.
pub async fn run(
    listener: TcpListener,
    router: Router,
    stats: Arc<Stats>,
    shutdown: impl Future<Output = ()>,
) {
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let open = stats.connection();
                    let work = connection(stream, router.clone(), stop.clone());
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

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Without this, the tail of a streamed body waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let wire = Wire::new(stop.clone());
    let io = TokioIo::new(WireIo::new(stream, Arc::clone(&wire)));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&wire));
        router.call(request.map(Body::new))
    });
    let mut exchange = pin!(http1::Builder::new().serve_connection(io, service));
    tokio::select! {
        // A connection that breaks is the client's affair.
        _ = exchange.as_mut() => return,
        () = stop.cancelled() => exchange.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(GRACE, exchange).await;
}
