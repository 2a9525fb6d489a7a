//! What a run does, as pure data and pure functions: no clock, no sockets, no flags.

pub mod cache_header;
pub mod class;
mod config_error;
pub mod random;
mod range;
pub mod delay;
pub mod draw;
pub mod forecast;
pub mod journey;
pub mod limits;
pub mod load;
pub mod threshold;
pub mod operators;
pub mod order;
pub(crate) mod names;
pub mod percentile;
mod phase;
pub mod price;
pub mod repeats;
mod replay_cache;
pub mod retry;
pub mod stages;
pub mod schedule;
pub mod shard;
pub mod placement;
pub mod run_key;
pub mod search;
pub mod sizes;
pub mod store;
pub mod source;
pub mod support;
pub mod target;
pub mod tokens;
pub mod vantage;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

pub use config_error::ConfigError;
pub use phase::Phase;

use limits::Limits;
use names::none_of;
use percentile::UnsupportedPercentiles;
use price::{Frost, storage_units};
use retry::Retries;
use shard::Shard;
use source::BlobSource;
use store::StoreOptions;
use target::Target;
use threshold::Threshold;
use vantage::Vantage;

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
    /// Time limits, TLS and headers of each exchange.
    pub limits: Limits,
    /// How much of a downloaded blob is compared with what was uploaded.
    pub verify: Verify,
    /// How often a failed step is tried again.
    #[serde(default)]
    pub retries: Retries,
    /// What the run must hold, besides that nothing fails.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// What becomes of thresholds on percentiles that the sample is too small for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unsupported_percentiles: UnsupportedPercentiles,
    /// Which part of the run this is; `None` when it is not divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Which of the machines that read the same blobs this is; `None` when there are no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<Vantage>,
}

/// How much of a downloaded blob is compared with what was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Verify>)]
pub enum Verify {
    /// Every byte.
    Full,
    /// The number of bytes only.
    Size,
    /// Nothing: what arrives is counted and dropped.
    Off,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_default(unsupported: &UnsupportedPercentiles) -> bool {
    *unsupported == UnsupportedPercentiles::default()
}

impl Plan {
    /// Checks that all options are usable and fit together.
    ///
    /// # Errors
    /// Names the option to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.store.check()?;
        for phase in &self.phases {
            phase.check().map_err(|error| ConfigError { phase: Some(phase.name.clone()), ..error })?;
        }
        self.check_repeats()?;
        self.check_order()?;
        self.thresholds.iter().try_for_each(|threshold| threshold.check(&self.phases))?;
        self.shard().check(&self.phases)?;
        if self.vantage.is_some() {
            Vantage::check(&self.phases)?;
        }
        self.check_tokens()?;
        self.check_max_cost()?;
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

    /// What the uploads of this shard together may cost, in FROST.
    pub fn max_cost(&self) -> Option<u64> {
        self.store.max_cost.map(|cap| self.shard().portion_of_amount(cap.0))
    }

    /// A cap below the price of a single upload would end the run before it has begun.
    fn check_max_cost(&self) -> Result<(), ConfigError> {
        let uploads = self.phases.iter().filter(|phase| phase.journey.uploads());
        let smallest = uploads.map(|phase| storage_units(phase.sizes.min)).min();
        let Some((cap, units)) = self.max_cost().zip(smallest) else { return Ok(()) };
        let least = self
            .store
            .unit_price()
            .map_or(1, |price| price.most.unwrap_or(price.least))
            .saturating_mul(units);
        if cap >= least {
            return Ok(());
        }
        let part = if self.shard.is_some() { " for this shard" } else { "" };
        let reason = format!(
            "of {}{part} is less than one upload costs, {}",
            Frost(cap).words(),
            Frost(least).words()
        );
        Err(ConfigError::new("--max-cost", reason))
    }

    /// The shard of the run that this is: the whole one when it is not divided.
    pub fn shard(&self) -> Shard {
        self.shard.unwrap_or(Shard::WHOLE)
    }

    /// Its number among the parts of a run, whether these divide it or repeat it.
    pub fn number(&self) -> Option<Shard> {
        self.shard.or(self.vantage.as_ref().map(|vantage| vantage.number))
    }

    /// The TCP ports of all targets.
    pub fn target_ports(&self) -> Vec<u16> {
        let targets = self.publishers.iter().chain(&self.aggregators);
        targets.filter_map(|target| target.url.port_or_known_default()).collect()
    }

    /// Whether a list of blobs starts again at its end.
    pub fn goes_round(&self) -> bool {
        self.phases.iter().any(|phase| matches!(phase.source, BlobSource::List { round: true, .. }))
    }
}
