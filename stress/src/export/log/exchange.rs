//! One exchange as a line of the log: request, target, instants and outcome.

use std::{borrow::Cow, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    plan::{Plan, journey::Step},
    sample::{
        Failure, Link, Novelty, Outcome, Sample, StoredKind,
        cache::{CacheStatus, StatusHeader},
    },
    units::{OptionalSeconds, Seconds},
};

/// One exchange. Instants are seconds since the run's origin on the monotonic clock; an instant that was not reached is
/// `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange<'a> {
    /// The phase's name.
    pub phase: Cow<'a, str>,
    /// What was done.
    pub step: Step,
    /// The blob's index + 1.
    pub blob_number: u64,
    /// Whether the blob repeats bytes that the run stored, or a blob that it read, before.
    pub repeat: bool,
    /// Which attempt at the step this was, counted from 1.
    pub attempt: u32,
    /// Of a delayed read, the time from the upload's answer (`after`), or from the end of the read that found no blob
    /// (`again`), to its start.
    #[serde(
        default,
        rename = "delay_seconds",
        with = "OptionalSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub delay: Option<Duration>,
    /// The address of the publisher or the aggregator.
    pub target: Cow<'a, str>,
    /// The blob's ID, once it is known.
    pub blob_id: Option<Cow<'a, str>>,
    /// The blob's size.
    pub size_bytes: u64,
    /// Bytes of request body given to the connection.
    pub bytes_sent: u64,
    /// Bytes of response body received.
    pub bytes_received: u64,
    /// When it should have started.
    #[serde(rename = "due_seconds", with = "Seconds")]
    pub due: Duration,
    /// When it did start.
    #[serde(rename = "started_seconds", with = "Seconds")]
    pub started: Duration,
    /// When the request had left: of an upload, when the peer's machine had acknowledged nearly all of it.
    #[serde(default, rename = "sent_seconds", with = "OptionalSeconds")]
    pub sent: Option<Duration>,
    /// When the response head had arrived.
    #[serde(default, rename = "first_byte_seconds", with = "OptionalSeconds")]
    pub first_byte: Option<Duration>,
    /// When the last byte of the response had arrived, or the failure was known.
    #[serde(rename = "finished_seconds", with = "Seconds")]
    pub finished: Duration,
    /// Where its connection came from; `null` when it never had one.
    pub connection: Option<Connection>,
    /// The address at the other end of that connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
    /// Whether a kept-open connection turned out to be closed before, so that the read was repeated over this new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale_connection: bool,
    /// How long name resolution took, of a connection opened for this exchange.
    #[serde(
        default,
        rename = "dns_seconds",
        with = "OptionalSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub dns: Option<Duration>,
    /// How long the TCP handshake took.
    #[serde(
        default,
        rename = "tcp_seconds",
        with = "OptionalSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub tcp: Option<Duration>,
    /// How long the TLS handshake took.
    #[serde(
        default,
        rename = "tls_seconds",
        with = "OptionalSeconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub tls: Option<Duration>,
    /// The cache status in the response headers of a successful download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
    /// The header that it is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_header: Option<StatusHeader>,
    /// How it ended.
    #[serde(flatten)]
    pub ended: Ended<'a>,
}

/// Where an exchange's connection came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    /// Opened for this exchange.
    Fresh,
    /// Kept alive from an earlier one.
    Reused,
}

/// How an exchange ended, by its `outcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Ended<'a> {
    /// It succeeded.
    Done {
        /// Of an upload, what the publisher made of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        stored: Option<StoredKind>,
        /// What the publisher charged, in FROST, if the response has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        cost_frost: Option<u64>,
    },
    /// It failed, with `class`, `status`, `reason` and `message`.
    Failed(Cow<'a, Failure>),
    /// A delayed read found no blob, which is no failure; with the same fields.
    NotFound(Cow<'a, Failure>),
    /// It failed likewise and was retried: a later line has the next attempt.
    Retried(Cow<'a, Failure>),
    /// It was still under way when the grace period ended.
    Unfinished,
}

impl<'a> Exchange<'a> {
    /// The exchange of `sample`; `None` for a step that was skipped.
    pub fn of(sample: &'a Sample, plan: &'a Plan) -> Option<Self> {
        let ended = match &sample.outcome {
            Outcome::Stored(stored) => Ended::Done { stored: Some(stored.kind), cost_frost: stored.cost },
            Outcome::Read => Ended::Done { stored: None, cost_frost: None },
            Outcome::NotFound(failure) => Ended::NotFound(Cow::Borrowed(failure)),
            Outcome::Failed(failure) => Ended::Failed(Cow::Borrowed(failure)),
            Outcome::Retried(failure) => Ended::Retried(Cow::Borrowed(failure)),
            Outcome::Unfinished => Ended::Unfinished,
            Outcome::Skipped => return None,
        };
        let targets = if sample.step.stores() { &plan.publishers } else { &plan.aggregators };
        let (connection, opening) = match sample.exchange.link {
            Some(Link::Fresh(opening)) => (Some(Connection::Fresh), Some(opening)),
            Some(Link::Reused) => (Some(Connection::Reused), None),
            None => (None, None),
        };
        let timing = sample.exchange.timing;
        Some(Self {
            phase: plan
                .phases
                .get(sample.phase)
                .map_or_else(Cow::default, |phase| phase.name.as_str().into()),
            step: sample.step,
            blob_number: sample.index + 1,
            repeat: sample.novelty == Novelty::Repeat,
            attempt: sample.attempt,
            delay: sample.delay,
            target: targets.get(sample.target).map_or_else(Cow::default, |target| target.to_string().into()),
            blob_id: sample.blob_id.as_deref().map(Cow::Borrowed),
            size_bytes: sample.size,
            bytes_sent: sample.exchange.bytes_sent,
            bytes_received: sample.exchange.bytes_received,
            due: timing.due,
            started: timing.started,
            sent: timing.sent,
            first_byte: timing.first_byte,
            finished: timing.finished,
            connection,
            peer: sample.exchange.peer,
            stale_connection: sample.exchange.was_stale,
            dns: opening.and_then(|opening| opening.dns),
            tcp: opening.map(|opening| opening.tcp),
            tls: opening.and_then(|opening| opening.tls),
            cache: sample.exchange.cache.status_header.map(|_| sample.exchange.cache.cache_status),
            cache_header: sample.exchange.cache.status_header,
            ended,
        })
    }
}
