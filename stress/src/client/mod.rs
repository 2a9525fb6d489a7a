//! HTTP exchanges with publishers and aggregators; the only module that sends requests.
//!
//! What is measured goes over connections that a worker owns ([`Client`], `http1`). What is not measured goes over reqwest
//! (`untimed`).

mod attempt;
mod cache_headers;
mod classify;
mod deadline;
mod dial;
mod download;
mod escapes;
mod drain;
mod expect_continue;
mod handler;
mod happy_eyeballs;
mod headers;
mod http1;
pub mod jwt;
mod network;
mod preflight;
mod probe;
mod redact;
mod resolver;
mod response;
mod send_queue;
mod stream;
mod text;
mod tls;
mod untimed;
mod walrus_json;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    blob::{Source, Verifier},
    plan::{Verify, target::Secret},
    sample::{Clock, ExchangeRecord, Outcome},
};
pub use attempt::Exchange;
use attempt::{Attempt, ConnectionSlot};
use deadline::Deadline;
use download::Download;
use handler::ResponseHandler;
use http1::Request;
use network::Endpoint;
pub use network::Network;
pub use preflight::preflight;
pub use probe::probe;
use redact::Redactor;
pub use resolver::Resolver;
use response::Response;
pub use untimed::{fetch, without_login};
pub use walrus_json::is_blob_id;

/// One worker's access to the targets: at most one kept-open connection to each, which is not shared.
///
/// The futures of [`Client::upload`] and [`Client::read`] may be dropped at any time; their connection is dropped with them.
#[derive(Debug)]
pub struct Client {
    network: Arc<Network>,
    clock: Clock,
    publishers: Vec<ConnectionSlot>,
    aggregators: Vec<ConnectionSlot>,
    deadline: Deadline,
    request: Request,
    response: Response,
}

impl Client {
    /// A client without connections, whose records count from the origin of `clock`.
    pub fn new(network: Arc<Network>, clock: Clock) -> Self {
        let none = |endpoints: &[Endpoint]| endpoints.iter().map(|_| None).collect();
        Self {
            publishers: none(&network.publishers),
            aggregators: none(&network.aggregators),
            network,
            clock,
            deadline: Deadline::default(),
            request: Request::default(),
            response: Response::default(),
        }
    }

    /// Stores a blob at the publisher of this number, unless `abort` is cancelled before the response is complete. The value of
    /// an `Authorization` header of its own, if there is one, must be fit for a header.
    pub async fn upload(
        &mut self,
        publisher: usize,
        source: Source,
        authorization: Option<&Secret>,
        abort: &CancellationToken,
    ) -> Exchange {
        let endpoint = &self.network.publishers[publisher];
        self.request.upload(&endpoint.template, source, authorization, endpoint.expect_continue.wait());
        let attempt = Attempt {
            clock: self.clock,
            endpoint,
            redactor: &self.network.redactor,
            slot: &mut self.publishers[publisher],
            connect_timeout: self.network.limits.connect_timeout,
            timeout: self.network.limits.upload_timeout,
            handler: ResponseHandler::upload(&mut self.response),
        };
        let mut exchange = attempt.run(&mut self.request, &mut self.deadline, abort).await;
        if let Some(authorization) = authorization
            && !matches!(&exchange.outcome, Outcome::Stored(stored) if !authorization.reveal().ends_with(&stored.blob_id))
        {
            exchange.outcome = Redactor::of_token(authorization).outcome(exchange.outcome);
        }
        self.request.drop_body();
        self.response.shrink();
        exchange
    }

    /// Reads a blob from the aggregator of this number and has `verifier` check its bytes, unless `abort` is cancelled before
    /// the response is complete.
    pub async fn read(
        &mut self,
        aggregator: usize,
        blob_id: &str,
        verifier: &mut Verifier<'_>,
        abort: &CancellationToken,
    ) -> Exchange {
        if !is_blob_id(blob_id) {
            let record = ExchangeRecord::start(self.clock.elapsed());
            return Exchange { record, outcome: Outcome::Failed(classify::not_an_id(blob_id)) };
        }
        let endpoint = &self.network.aggregators[aggregator];
        self.request.download(&endpoint.template, blob_id);
        let download = Download {
            verifier,
            blob_id,
            cache_headers: &self.network.limits.cache_headers,
            compares: self.network.verify != Verify::Off,
            announced: None,
        };
        let attempt = Attempt {
            clock: self.clock,
            endpoint,
            redactor: &self.network.redactor,
            slot: &mut self.aggregators[aggregator],
            connect_timeout: self.network.limits.connect_timeout,
            timeout: self.network.limits.download_timeout,
            handler: ResponseHandler::download(&mut self.response, download),
        };
        let exchange = attempt.run(&mut self.request, &mut self.deadline, abort).await;
        self.response.shrink();
        exchange
    }
}
