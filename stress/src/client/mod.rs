//! HTTP exchanges with publishers and aggregators; the only module that sends requests.
//!
//! What is measured goes over connections that a worker owns ([`Client`], `http1`). What is not measured goes over reqwest
//! (`untimed`).

mod cache_headers;
mod classify;
mod deadline;
mod dial;
mod escapes;
mod expect_continue;
mod handler;
mod headers;
mod http1;
mod network;
mod preflight;
mod probe;
mod redact;
mod response;
mod stream;
mod text;
mod tls;
mod untimed;
mod walrus_json;

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    blob::{Source, Verifier},
    plan::Verify,
    sample::{Clock, ExchangeRecord, Failure, Link, Outcome, cache::CacheEvidence},
};
use deadline::{Deadline, Interrupt};
use dial::dial;
use handler::ResponseHandler;
use http1::{Connection, Request, ResponseError};
use network::Endpoint;
pub use network::Network;
pub use preflight::preflight;
pub use probe::probe;
use redact::Redactor;
use response::Response;
pub use untimed::fetch;
pub use walrus_json::is_blob_id;

/// One request and its response.
#[derive(Debug)]
pub struct Exchange {
    /// When it happened and what it moved; due when it started, since the client knows no schedule.
    pub record: ExchangeRecord,
    /// How it ended; [`Outcome::Unfinished`] when it was aborted.
    pub outcome: Outcome,
}

/// A kept-open connection, if there is one; boxed, since it is moved with every exchange.
type ConnectionSlot = Option<Box<Connection>>;

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

    /// Stores a blob at the publisher of this number, unless `abort` is cancelled before the response is complete.
    pub async fn upload(&mut self, publisher: usize, source: Source, abort: &CancellationToken) -> Exchange {
        let endpoint = &self.network.publishers[publisher];
        self.request.upload(&endpoint.template, source, endpoint.expect_continue.wait());
        let attempt = Attempt {
            clock: self.clock,
            endpoint,
            redactor: &self.network.redactor,
            slot: &mut self.publishers[publisher],
            connect_timeout: self.network.limits.connect_timeout,
            timeout: self.network.limits.upload_timeout,
            handler: ResponseHandler::upload(&mut self.response),
        };
        let exchange = attempt.run(&mut self.request, &mut self.deadline, abort).await;
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
        let checks_length = self.network.verify != Verify::Off;
        let attempt = Attempt {
            clock: self.clock,
            endpoint,
            redactor: &self.network.redactor,
            slot: &mut self.aggregators[aggregator],
            connect_timeout: self.network.limits.connect_timeout,
            timeout: self.network.limits.download_timeout,
            handler: ResponseHandler::download(&mut self.response, verifier, checks_length),
        };
        let exchange = attempt.run(&mut self.request, &mut self.deadline, abort).await;
        self.response.shrink();
        exchange
    }
}

/// One attempt at an exchange with one target.
struct Attempt<'a, 'v> {
    clock: Clock,
    endpoint: &'a Endpoint,
    redactor: &'a Redactor,
    slot: &'a mut ConnectionSlot,
    connect_timeout: Duration,
    timeout: Duration,
    handler: ResponseHandler<'a, 'v>,
}

impl Attempt<'_, '_> {
    async fn run(
        mut self,
        request: &mut Request,
        deadline: &mut Deadline,
        abort: &CancellationToken,
    ) -> Exchange {
        let (started, timeout) = (Instant::now(), self.timeout);
        let mut record = ExchangeRecord::start(self.clock.at(started));
        let ended = {
            // Pinned where it is made: it is too large to be moved once more.
            let exchange = pin!(self.exchange(request, &mut record));
            deadline.bound(started, timeout, abort, exchange).await
        };
        if !matches!(ended, Ok(Ok(_))) {
            record.timing.finished = self.clock.elapsed();
        }
        let outcome = match ended {
            Ok(Ok((connection, end))) => {
                let (outcome, reusable) = self.handler.outcome(end, record.bytes_received);
                if reusable && record.timing.sent.is_some() && !self.endpoint.closes {
                    *self.slot = Some(connection);
                }
                outcome
            }
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(Interrupt::TimedOut) => Outcome::Failed(classify::timeout(&record, timeout)),
            Err(Interrupt::Aborted) => Outcome::Unfinished,
        };
        let outcome = self.redactor.outcome(outcome);
        if outcome != Outcome::Read {
            record.cache = CacheEvidence::default();
        }
        Exchange { record, outcome }
    }

    /// Sends over the kept-open connection, or over a new one when there is none or the server has closed it. Gives back the
    /// connection, and whether it can be reused or why the response is incomplete.
    ///
    /// # Errors
    /// When there was no response head.
    async fn exchange(
        &mut self,
        request: &mut Request,
        record: &mut ExchangeRecord,
    ) -> Result<(Box<Connection>, Result<bool, ResponseError>), Failure> {
        let kept = match self.slot.take() {
            Some(mut connection) => connection.is_idle().await.then_some(connection),
            None => None,
        };
        let mut connection = match kept {
            Some(connection) => {
                record.link = Some(Link::Reused);
                connection
            }
            None => {
                let stream = dial(self.endpoint, self.connect_timeout, record).await?;
                Box::new(Connection::new(stream, self.clock))
            }
        };
        match connection.exchange(request, &mut self.handler, record).await {
            Err(error) if record.timing.first_byte.is_none() => {
                let reused = record.link == Some(Link::Reused);
                Err(classify::broken(&error, connection.write_error.as_ref(), reused))
            }
            end => Ok((connection, end)),
        }
    }
}
