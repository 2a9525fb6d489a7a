//! The run's metrics for whoever scrapes them while it goes on.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{engine::ProgressBoard, error::Error, live::metrics_server, plan::Plan};

/// The metrics' server, at work until dropped.
pub(super) struct Metrics {
    pub(super) address: SocketAddr,
    _server: JoinSet<Infallible>,
}

impl Metrics {
    /// Serves what is pinned up on `board`; proves before the load starts that the address can be had.
    pub(super) async fn serve(
        address: SocketAddr,
        plan: &Arc<Plan>,
        progress_board: &Arc<ProgressBoard>,
    ) -> Result<Self, Error> {
        let refused = |error| Error::Flag {
            flag: "--metrics-listen".to_owned(),
            reason: format!("cannot listen at {address}: {error}; choose another port, or 0 for a free one"),
        };
        let progress_board = progress_board.clone();
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let mut server = JoinSet::new();
        server.spawn(metrics_server::serve(listener, plan.clone(), move || progress_board.snapshot()));
        Ok(Self { address, _server: server })
    }
}

/// Reads `ADDRESS:PORT`.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "must be ADDRESS:PORT, as in 127.0.0.1:9464; port 0 takes a free one".to_owned())
}
