//! FACT: what one step of one journey came to.

pub mod cache;

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

pub use crate::plan::class::FailureClass;
use crate::plan::journey::Step;
use cache::CacheEvidence;

/// One attempt at one step of one journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The phase's position in the plan.
    pub phase: usize,
    /// The blob's global index.
    pub index: u64,
    /// What was done.
    pub step: Step,
    /// Which attempt at the step this is, from 1; more than one only where retries are on.
    pub attempt: u32,
    /// Whether the blob's bytes were new to this run.
    pub novelty: Novelty,
    /// The target's position among the publishers or the aggregators.
    pub target: usize,
    /// The blob's ID, once a publisher has told it.
    pub blob_id: Option<Arc<str>>,
    /// The blob's size in bytes.
    pub size: u64,
    /// Bytes of request body given to the connection.
    pub bytes_sent: u64,
    /// Bytes of response body received.
    pub bytes_received: u64,
    /// When it happened.
    pub timing: Timing,
    /// The connection it used; `None` when it never had one.
    pub link: Option<Link>,
    /// What the headers of a successful download say of caches.
    pub cache: CacheEvidence,
    /// What came of it.
    pub outcome: Outcome,
}

/// The instants of an attempt, each as the time since the run's origin on the monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// When its step should have started. In a closed loop, when the first attempt did.
    pub due: Duration,
    /// When it did start.
    pub started: Duration,
    /// When the last byte of the request was given to the kernel.
    pub sent: Option<Duration>,
    /// When the answer's head had arrived.
    pub first_byte: Option<Duration>,
    /// When the last byte of the answer had arrived, or the failure was known.
    pub finished: Duration,
}

impl Timing {
    /// What a user of the service would have waited: finished − due.
    pub fn response(&self) -> Duration {
        self.finished.saturating_sub(self.due)
    }

    /// From the start to the answer's head, if it came.
    pub fn to_first_byte(&self) -> Option<Duration> {
        self.first_byte.map(|first| first.saturating_sub(self.started))
    }

    /// From the answer's head to its last byte, if it came.
    pub fn transfer(&self) -> Option<Duration> {
        self.first_byte.map(|first| self.finished.saturating_sub(first))
    }

    /// What the service took: finished − started.
    pub fn service(&self) -> Duration {
        self.finished.saturating_sub(self.started)
    }
}

impl Sample {
    /// A failed attempt as one after which its step goes on.
    pub(crate) fn tried_again(self) -> Self {
        match self.outcome {
            Outcome::Failed(failure) => Self { outcome: Outcome::Retried(failure), ..self },
            _ => self,
        }
    }
}

/// Whether a blob's bytes were new to this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Novelty {
    /// Made for this blob.
    Fresh,
    /// Repeats bytes that this run has already stored, on purpose, or a blob of a list that it has already read.
    Repeat,
}

/// The connection of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Opened for this attempt; opening it is part of the attempt's time.
    Fresh(Connecting),
    /// CarriedBlob open from an earlier attempt.
    Reused,
}

/// How long the parts of opening a connection took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connecting {
    /// Name resolution; `None` when the address is a literal.
    pub dns: Option<Duration>,
    /// The TCP handshake.
    pub tcp: Duration,
    /// The TLS handshake; `None` for plain HTTP.
    pub tls: Option<Duration>,
}

impl Link {
    /// How long opening it took; nothing when it was open.
    pub fn opening(&self) -> Duration {
        match self {
            Link::Reused => Duration::ZERO,
            Link::Fresh(Connecting { dns, tcp, tls }) => {
                dns.unwrap_or_default() + *tcp + tls.unwrap_or_default()
            }
        }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An upload succeeded.
    Stored(Stored),
    /// A download succeeded and was what it should be.
    Read,
    /// It failed, and with it its step.
    Failed(Failure),
    /// It failed, and its step goes on: another sample tells what came of that.
    Retried(Failure),
    /// It was still running when the run's patience ended.
    Unfinished,
    /// It was never tried, because an earlier step of its journey had not succeeded.
    Skipped,
}

impl Outcome {
    /// Whether the attempt did what it should.
    pub const fn is_success(&self) -> bool {
        matches!(self, Outcome::Stored(_) | Outcome::Read)
    }

    /// Whether the attempt's time is only the least that it would have taken: it was given up.
    pub const fn is_lower_bound(&self) -> bool {
        match self {
            Outcome::Unfinished => true,
            Outcome::Failed(failure) => {
                matches!(failure.class, FailureClass::Timeout | FailureClass::ConnectTimeout)
            }
            Outcome::Stored(_) | Outcome::Read | Outcome::Retried(_) | Outcome::Skipped => false,
        }
    }
}

/// What a publisher said of a successful upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The blob's ID: 43 characters of URL-safe base64.
    pub blob_id: String,
    /// Which way the publisher took.
    pub kind: StoredKind,
    /// The price in FROST (10⁻⁹ WAL), when it was told.
    pub cost: Option<u64>,
}

/// Which way a publisher took to store a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredKind {
    /// `newlyCreated`, registered from scratch.
    New,
    /// `newlyCreated`, with storage or a registration that was there before.
    Reused,
    /// `alreadyCertified`: the blob was there before.
    Existing,
}

/// Why an attempt failed, with what a person needs to understand it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure, by which it is counted.
    pub class: FailureClass,
    /// The HTTP status, when there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Walrus' own machine-readable reason (`BLOB_NOT_FOUND`), when it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// One line that says what happened; at most 300 characters.
    pub message: String,
}

impl Failure {
    /// A failure without an HTTP answer.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, status: None, reason: None, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.class)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, " {reason}")?;
        }
        write!(f, ": {}", self.message)
    }
}
