//! One phase of a plan: which journeys are made, under which load, until when.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    delay::Delays,
    journey::{Journey, JourneyKind, Step},
    load::{Load, Stop},
    sizes::{ContentMix, Sizes},
    source::BlobSource,
};
use crate::units::Seconds;

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
    /// When its blobs are read by the steps `after` and `again`, if it has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delays: Option<Delays>,
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
    #[serde(rename = "grace_seconds", with = "Seconds")]
    pub grace: Duration,
    /// Whether this is only to warm up: recorded apart, and left out of every number.
    pub warm_up: bool,
}

impl Phase {
    /// Checks what can be checked of a phase without the rest of the plan.
    ///
    /// # Errors
    /// Names the option to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.journey.check(self.source.is_earlier())?;
        self.source.check(&self.journey)?;
        self.check_delays()?;
        self.sizes.check()?;
        self.load.check()?;
        // Blobs of an earlier phase are limited in number.
        if !matches!(self.source, BlobSource::Earlier | BlobSource::Phase { round: false, .. }) {
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

    fn check_delays(&self) -> Result<(), ConfigError> {
        let delayed = self.journey.steps.contains(&Step::After);
        match &self.delays {
            Some(delays) if delayed => delays.check(),
            None if !delayed => Ok(()),
            Some(_) => {
                Err(ConfigError::new("--again", "needs --steps upload,after:DELAY: it reads those again"))
            }
            None => Err(ConfigError::new("--steps", "has after without a delay; after:100ms..60s names one")),
        }
    }

    /// How long what is under way may go on when nothing starts any more: with delayed reads, also until the last of them
    /// is due.
    pub fn drain(&self) -> Duration {
        self.grace.saturating_add(self.delays.as_ref().map_or(Duration::ZERO, Delays::longest))
    }

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
