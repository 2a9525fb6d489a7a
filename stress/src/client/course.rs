//! How far an exchange has come: kept outside its future, so that it is known even when that was dropped.

use std::{
    io,
    time::{Duration, Instant},
};

use super::Exchange;
use crate::sample::{Failure, Link, cache::CacheEvidence};

/// The part of an exchange that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The host's name is looked up.
    Lookup,
    /// The TCP handshake.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// The request goes out.
    Sending,
    /// The request is out, the answer has not begun.
    Waiting,
    /// The answer comes in.
    Receiving,
}

impl Part {
    /// The part in a sentence that says what was being done.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Part::Lookup => "connecting (looking up the name)",
            Part::Tcp => "connecting (TCP)",
            Part::Tls => "connecting (TLS)",
            Part::Sending => "sending the request",
            Part::Waiting => "waiting for the answer",
            Part::Receiving => "receiving the answer",
        }
    }
}

/// How far an exchange has come.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) started: Instant,
    /// When the kernel had taken the whole request.
    pub(super) sent: Option<Instant>,
    pub(super) first_byte: Option<Instant>,
    pub(super) finished: Option<Instant>,
    pub(super) link: Option<Link>,
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    pub(super) received: u64,
    pub(super) cache: CacheEvidence,
    /// Bytes of the request's body that the connection has taken.
    pub(super) given: u64,
    /// The write that failed, if one did.
    pub(super) fault: Option<io::Error>,
    part: Part,
    under_way: bool,
}

impl Course {
    /// A course on which nothing is under way.
    pub(super) fn new() -> Course {
        Course {
            started: Instant::now(),
            sent: None,
            first_byte: None,
            finished: None,
            link: None,
            status: None,
            retry_after: None,
            received: 0,
            cache: CacheEvidence::default(),
            given: 0,
            fault: None,
            part: Part::Sending,
            under_way: false,
        }
    }

    /// Starts the clock of a new exchange.
    pub(super) fn start(&mut self) {
        (self.sent, self.given, self.fault) = (None, 0, None);
        (self.first_byte, self.finished, self.link, self.status) = (None, None, None, None);
        (self.received, self.retry_after, self.cache) = (0, None, CacheEvidence::default());
        self.part = Part::Sending;
        self.under_way = true;
        self.started = Instant::now();
    }

    /// A new part begins.
    pub(super) fn enter(&mut self, part: Part) {
        self.part = part;
    }

    /// The part that is under way.
    pub(super) fn part(&self) -> Part {
        if self.part == Part::Sending && self.sent.is_some() { Part::Waiting } else { self.part }
    }

    /// The exchange is over: stops the clock, unless it was stopped before.
    pub(super) fn end<T>(&mut self, result: Result<T, Failure>) -> Exchange<T> {
        self.under_way = false;
        Exchange {
            started: self.started,
            sent: self.sent,
            first_byte: self.first_byte,
            finished: self.finished.unwrap_or_else(Instant::now),
            link: self.link,
            bytes_sent: self.given,
            bytes_received: self.received,
            cache: self.cache,
            retry_after: self.retry_after,
            result,
        }
    }

    /// What an exchange whose future was dropped had come to.
    pub(super) fn abandon(&mut self) -> Option<Exchange<()>> {
        self.under_way.then(|| self.end(Ok(())))
    }
}
