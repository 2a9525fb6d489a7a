//! How an attempt ended, and why it failed.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

use super::exchange::ExchangeRecord;
use crate::plan::{class::FailureClass, price::may_have_charged};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An upload succeeded.
    Stored(Stored),
    /// A download succeeded, and its bytes passed verification.
    Read,
    /// A delayed read was answered with a 404: that is what it measures, not a failure.
    NotFound(Failure),
    /// It failed, and with it its step.
    Failed(Failure),
    /// It failed, and its step is retried: the next attempt has a sample of its own.
    Retried(Failure),
    /// It was still running when the grace period or the run ended (censored).
    Unfinished,
    /// It was never started, because an earlier step of its journey had not succeeded or the run was aborted.
    Skipped,
}

impl Outcome {
    /// Why the attempt failed, if it did.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Outcome::Failed(failure) | Outcome::Retried(failure) => Some(failure),
            Outcome::Stored(_)
            | Outcome::Read
            | Outcome::NotFound(_)
            | Outcome::Unfinished
            | Outcome::Skipped => None,
        }
    }

    /// Whether a publisher may have charged for this attempt without saying so: it has the whole blob, and did not refuse it.
    /// The whole blob of `size` bytes counts as sent once the kernel has all of it.
    pub fn may_have_charged(&self, record: &ExchangeRecord, size: u64) -> bool {
        let by_outcome = match self {
            Outcome::Unfinished => true,
            outcome => outcome.failure().is_some_and(|failure| may_have_charged(failure.class)),
        };
        by_outcome && (record.timing.sent.is_some() || size > 0 && record.bytes_sent >= size)
    }

    /// Whether the attempt did what it should.
    pub const fn is_success(&self) -> bool {
        matches!(self, Outcome::Stored(_) | Outcome::Read)
    }

    /// Whether the attempt's time is censored: only a lower bound of what it would have taken, since it was cut off.
    pub const fn is_lower_bound(&self) -> bool {
        match self {
            Outcome::Unfinished => true,
            Outcome::Failed(failure) => {
                matches!(failure.class, FailureClass::Timeout | FailureClass::ConnectTimeout)
            }
            Outcome::Stored(_)
            | Outcome::Read
            | Outcome::NotFound(_)
            | Outcome::Retried(_)
            | Outcome::Skipped => false,
        }
    }
}

/// A publisher's response to a successful upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The blob's ID: 43 characters of URL-safe base64.
    pub blob_id: String,
    /// How the publisher stored it.
    pub kind: StoredKind,
    /// The price in FROST (10⁻⁹ WAL), when the response has it.
    pub cost: Option<u64>,
}

/// How a publisher stored a blob; the names of what it reused are Walrus' own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumIter, IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StoredKind {
    /// `newlyCreated`, registered from scratch.
    New,
    /// `newlyCreated` within storage that was bought before: the write alone is paid.
    ReuseStorage,
    /// `newlyCreated` with a registration that was there before, and nothing is paid.
    ReuseRegistration,
    /// `newlyCreated`, although it was certified before: further epochs are paid.
    ReuseAndExtend,
    /// The same of a blob that was registered and not certified.
    ReuseAndExtendNonCertified,
    /// `alreadyCertified`: the blob was there before.
    Existing,
}

impl StoredKind {
    /// Its name in documents.
    pub fn label(self) -> &'static str {
        self.into()
    }

    /// The kinds in which something was reused.
    pub fn reused() -> impl Iterator<Item = Self> {
        Self::iter().filter(|kind| !matches!(kind, Self::New | Self::Existing))
    }
}

/// Why an attempt failed, with what a person needs to understand it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure, by which it is counted.
    pub class: FailureClass,
    /// The HTTP status, when there was a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Walrus' own machine-readable reason (`BLOB_NOT_FOUND`), when it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// One line about what happened; at most 300 characters.
    pub message: String,
}

impl Failure {
    /// A failure without an HTTP response.
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
