//! INTENT: what a run shall do, as pure data and pure functions; no clock, no sockets, no flags.

pub mod class;
pub mod draw;
pub mod forecast;
pub mod journey;
pub mod limits;
pub mod load;
pub mod threshold;
pub mod order;
pub mod percentile;
pub mod repeats;
pub mod retry;
pub mod stages;
pub mod schedule;
pub mod shard;
pub mod search;
pub mod sizes;
pub mod store;
pub mod source;
pub mod target;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use journey::{Journey, JourneyKind, Step};
use limits::Limits;
use load::{Load, Stop};
use retry::Retries;
use shard::Shard;
use sizes::{ContentMix, Sizes};
use source::BlobSource;
use store::StoreOptions;
use target::Target;
use threshold::Threshold;

/// Everything needed to run again, secrets excepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The run's seed: together with a blob's index it decides size, content, targets and bytes.
    pub seed: u64,
    /// Where blobs are stored; empty when no step uploads.
    pub publishers: Vec<Target>,
    /// Where blobs are read; empty when no step reads.
    pub aggregators: Vec<Target>,
    /// The phases, run one after the other; blob indices count on through those that bring blobs.
    pub phases: Vec<Phase>,
    /// How uploads ask the publisher to store.
    pub store: StoreOptions,
    /// Time limits and manners of each exchange.
    pub limits: Limits,
    /// How much of a downloaded blob is compared with what was uploaded.
    pub verify: Verify,
    /// How often a failed step is tried again.
    #[serde(default)]
    pub retries: Retries,
    /// What the run shall hold, besides that nothing fails.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Which part of the run this is; `None` when it is not divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// Journeys made under one load until a stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The phase's name in reports.
    pub name: String,
    /// The steps of each journey, in order.
    pub journey: Journey,
    /// Where its blobs come from.
    #[serde(default)]
    pub source: BlobSource,
    /// How large the blobs are.
    pub sizes: Sizes,
    /// What the blobs are made of.
    pub content: ContentMix,
    /// The share of blobs, 0 to 1, that repeat bytes already stored in this run.
    pub duplicates: f64,
    /// The share of journeys, 0 to 1, that also read a second blob for the first time, right behind the first one's first
    /// download: what differs between the two is no matter of caches.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub order_control: f64,
    /// How many journeys are under way, or how often one starts.
    pub load: Load,
    /// When no new journey is started.
    pub stop: Stop,
    /// How long what is under way may go on when nothing starts any more.
    #[serde(rename = "grace_seconds", with = "limits::seconds")]
    pub grace: Duration,
    /// Whether this is only to warm up: recorded apart, and left out of every number.
    pub warm_up: bool,
}

/// How much of a downloaded blob is compared with what was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// Every byte.
    Full,
    /// The number of bytes only.
    Size,
    /// Nothing: what arrives is counted and dropped.
    Off,
}

impl Plan {
    /// Whether the plan holds together; the error names the contradiction in a user's words.
    ///
    /// # Errors
    /// A [`ConfigError`] when two wishes exclude each other or a needed one is missing.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.store.check()?;
        for phase in &self.phases {
            phase.check()?;
        }
        self.check_repeats()?;
        self.check_order()?;
        self.thresholds.iter().try_for_each(|threshold| threshold.check(&self.phases))?;
        self.shard().check(&self.phases)?;
        let uploads = self.phases.iter().any(|phase| phase.journey.uploads());
        let reads = self.phases.iter().any(|phase| phase.journey.reads());
        if uploads && self.publishers.is_empty() {
            return Err(ConfigError::new(
                "--publisher",
                "is missing: the run uploads blobs and needs a publisher's URL",
            ));
        }
        if reads && self.aggregators.is_empty() {
            return Err(ConfigError::new(
                "--aggregator",
                "is missing: the run reads blobs and needs an aggregator's URL",
            ));
        }
        Ok(())
    }
}

impl Plan {
    /// The shard of the run that this is: the whole one when it is not divided.
    pub fn shard(&self) -> Shard {
        self.shard.unwrap_or(Shard::WHOLE)
    }

    /// Whether a list of blobs starts again at its end.
    pub fn goes_round(&self) -> bool {
        self.phases.iter().any(|phase| matches!(phase.source, BlobSource::List { round: true, .. }))
    }
}

impl Phase {
    /// Whether the phase holds together by itself.
    ///
    /// # Errors
    /// A [`ConfigError`] when two wishes exclude each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.journey.check(self.source == BlobSource::Earlier)?;
        self.source.check(&self.journey)?;
        self.sizes.check()?;
        self.load.check()?;
        // Blobs that are there already come to their end.
        if self.source != BlobSource::Earlier {
            self.stop.check(self.load.length())?;
        }
        if !(0.0..=1.0).contains(&self.order_control) {
            return Err(ConfigError::new("--order-control", "must lie between 0% and 100%"));
        }
        if self.order_control > 0.0 && !(self.source == BlobSource::Made && self.journey.pairs()) {
            let reason = "is about blobs that are uploaded and then at once read twice: it goes neither with --order \
                          phased, nor with a list of blobs, nor with --steps that leave out upload, first or cached";
            return Err(ConfigError::new("--order-control", reason));
        }
        Ok(())
    }
}

impl Phase {
    /// How long journeys start, from the phase's beginning; `None` when only the number of blobs ends it.
    pub fn length(&self) -> Option<Duration> {
        [self.stop.duration, self.load.length()].into_iter().flatten().min()
    }

    /// The steps of all kinds of journeys in the phase.
    pub fn steps(&self) -> Vec<Step> {
        let controls = self.order_control > 0.0;
        self.journey.steps_of(if controls { JourneyKind::OrderControl } else { JourneyKind::Plain })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// Two wishes that exclude each other, or one that cannot be met: names the flag and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag} {reason}")]
pub struct ConfigError {
    /// The flag to change.
    pub flag: &'static str,
    /// What is wrong with it and what to do, continuing a sentence that starts with the flag.
    pub reason: String,
}

impl ConfigError {
    /// A contradiction of `flag`, for `reason`.
    pub fn new(flag: &'static str, reason: impl Into<String>) -> Self {
        Self { flag, reason: reason.into() }
    }
}
