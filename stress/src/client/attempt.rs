//! One attempt at an exchange with one target: over which connection, how long, and with which outcome.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{
    classify,
    deadline::{Deadline, Interrupt},
    dial::dial,
    handler::ResponseHandler,
    http1::{Connection, Request, ResponseError},
    network::Endpoint,
    redact::Redactor,
};
use crate::sample::{Clock, ExchangeRecord, Expectation, Failure, Link, Outcome, cache::CacheEvidence};

/// One request and its response.
#[derive(Debug)]
pub struct Exchange {
    /// When it happened and what it moved; due when it started, since the client knows no schedule.
    pub record: ExchangeRecord,
    /// How it ended; [`Outcome::Unfinished`] when it was aborted.
    pub outcome: Outcome,
}

/// A kept-open connection, if there is one; boxed, since it is moved with every exchange.
pub(super) type ConnectionSlot = Option<Box<Connection>>;

/// How long a connection is watched after a refused upload: a server that has not read the blob closes right after its
/// response, and the next request would be lost. Opening another connection takes no less.
const REFUSAL_WATCH: Duration = Duration::from_millis(1);

/// One attempt at an exchange with one target.
pub(super) struct Attempt<'a, 'v> {
    pub(super) clock: Clock,
    pub(super) endpoint: &'a Endpoint,
    pub(super) redactor: &'a Redactor,
    pub(super) slot: &'a mut ConnectionSlot,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) handler: ResponseHandler<'a, 'v>,
}

impl Attempt<'_, '_> {
    /// Sends `request` and receives its response, unless `abort` is cancelled before that is complete.
    pub(super) async fn run(
        mut self,
        request: &mut Request,
        deadline: &mut Deadline,
        abort: &CancellationToken,
    ) -> Exchange {
        let (started, timeout, redactor) = (Instant::now(), self.timeout, self.redactor);
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
            Ok(Ok((connection, end))) => self.end(connection, end, request.size, &record).await,
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(Interrupt::TimedOut) => Outcome::Failed(classify::timeout(&record, timeout)),
            Err(Interrupt::Aborted) => Outcome::Unfinished,
        };
        let outcome = redactor.outcome(outcome);
        if outcome != Outcome::Read {
            record.cache = CacheEvidence::default();
        }
        Exchange { record, outcome }
    }

    /// The outcome of an exchange that had a response head. Keeps the connection open where the next exchange can use it.
    async fn end(
        self,
        mut connection: Box<Connection>,
        end: Result<bool, ResponseError>,
        size: u64,
        record: &ExchangeRecord,
    ) -> Outcome {
        let is_upload = !self.handler.is_repeatable();
        let (outcome, reusable) = self.handler.outcome(end, record.bytes_received);
        let is_sent = record.timing.sent.is_some();
        if reusable && is_sent {
            let watched = is_upload && !outcome.is_success();
            if !watched || connection.stays_idle(REFUSAL_WATCH).await {
                *self.slot = Some(connection);
            }
        }
        match outcome {
            Outcome::Stored(_) if !is_sent => {
                Outcome::Failed(classify::early_success(record.status, record.bytes_sent, size))
            }
            outcome => outcome,
        }
    }

    /// Sends over the kept-open connection, or over a new one when there is none or the server has closed it. Gives back the
    /// connection, and whether it can be reused or why the response is incomplete.
    ///
    /// The request is sent once more, over a new connection, in two cases: a read whose kept-open connection the server
    /// closed before any byte of a response, as RFC 9110 §9.2.2 allows of idempotent methods; and an upload whose
    /// expectation is refused, without it (§10.1.1).
    ///
    /// # Errors
    /// When there was no response head.
    async fn exchange(
        &mut self,
        request: &mut Request,
        record: &mut ExchangeRecord,
    ) -> Result<(Box<Connection>, Result<bool, ResponseError>), Failure> {
        loop {
            let mut connection = self.connect(record).await?;
            match connection.exchange(request, &mut self.handler, record).await {
                Err(error) if record.timing.first_byte.is_none() => {
                    let reused = record.link == Some(Link::Reused);
                    let stale = reused && !connection.response_begun && error.is_end();
                    if !(stale && self.handler.is_repeatable()) {
                        return Err(classify::broken(&error, connection.write_error.as_ref(), reused));
                    }
                    record.restart();
                    record.was_stale = true;
                    request.rewind();
                }
                Ok(_) if record.status == Some(417) && request.drop_expectation(&self.endpoint.template) => {
                    self.endpoint.expect_continue.refused();
                    record.restart();
                    record.expectation = Some(Expectation::Refused);
                }
                end => return Ok((connection, end)),
            }
        }
    }

    /// The kept-open connection, if the server has not closed it, or else a new one.
    async fn connect(&mut self, record: &mut ExchangeRecord) -> Result<Box<Connection>, Failure> {
        if let Some(mut connection) = self.slot.take()
            && connection.is_idle().await
        {
            (record.link, record.peer) = (Some(Link::Reused), connection.peer);
            return Ok(connection);
        }
        let stream = dial(self.endpoint, self.connect_timeout, record).await?;
        Ok(Box::new(Connection::new(stream, record.peer, self.clock)))
    }
}
