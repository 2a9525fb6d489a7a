//! What publishers charged for uploads, and what they may have charged without saying so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::count::{Count, add};
use crate::{
    plan::price::storage_units,
    sample::{Outcome, Sample, StoredKind},
};

/// What the uploads of a step were charged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// Answers that state a price, by how the blob was stored.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_kind: BTreeMap<StoredKind, Charge>,
    /// The lowest and the highest price of a unit that was stored anew, in FROST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_unit: Option<(u64, u64)>,
    /// Attempts that may have been charged although no answer states a price.
    #[serde(default, skip_serializing_if = "Charge::is_none")]
    pub uncertain: Charge,
}

/// Uploads and their price.
#[serde_with::apply(u64 => #[serde_as(as = "Count")])]
#[serde_with::serde_as]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// How many.
    pub uploads: u64,
    /// Bytes of their blobs.
    pub bytes: u64,
    /// Storage units of their blobs.
    pub units: u64,
    /// Their price in FROST, as far as it was stated.
    pub frost: u64,
}

impl Charge {
    /// Whether there is no upload.
    pub fn is_none(&self) -> bool {
        self.uploads == 0
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: Charge) {
        add(&mut self.uploads, other.uploads);
        add(&mut self.bytes, other.bytes);
        add(&mut self.units, other.units);
        add(&mut self.frost, other.frost);
    }

    fn of(sample: &Sample, frost: u64) -> Self {
        Self { uploads: 1, bytes: sample.size, units: storage_units(sample.size), frost }
    }
}

impl Charges {
    /// Whether there is nothing to show.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Records an attempt.
    pub(super) fn record(&mut self, sample: &Sample) {
        match &sample.outcome {
            Outcome::Stored(stored) => {
                let Some(cost) = stored.cost else { return };
                let charge = Charge::of(sample, cost);
                self.by_kind.entry(stored.kind).or_default().add(charge);
                if stored.kind == StoredKind::New {
                    let price = cost.div_ceil(charge.units);
                    self.per_unit = Some(widest(self.per_unit, (price, price)));
                }
            }
            outcome if sample.step.stores() && outcome.may_have_charged(&sample.exchange, sample.size) => {
                self.uncertain.add(Charge::of(sample, 0));
            }
            _ => {}
        }
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &Charges) {
        for (kind, charge) in &other.by_kind {
            self.by_kind.entry(*kind).or_default().add(*charge);
        }
        self.uncertain.add(other.uncertain);
        self.per_unit = other.per_unit.map_or(self.per_unit, |other| Some(widest(self.per_unit, other)));
    }
}

fn widest(ours: Option<(u64, u64)>, (least, most): (u64, u64)) -> (u64, u64) {
    let (low, high) = ours.unwrap_or((least, most));
    (low.min(least), high.max(most))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        fixtures::{self, failed, sample},
        plan::journey::Step,
        sample::{FailureClass, Stored},
    };

    fn stored(kind: StoredKind, cost: Option<u64>) -> Sample {
        let outcome = Outcome::Stored(Stored { blob_id: fixtures::id(0), kind, cost });
        sample(0, Step::Upload, 0, 10, outcome)
    }

    #[test]
    fn what_was_reused_is_priced_apart() {
        let mut charges = Charges::default();
        for one in [
            stored(StoredKind::New, Some(132_300)),
            stored(StoredKind::New, Some(138_600)),
            stored(StoredKind::ReuseStorage, Some(126_000)),
            stored(StoredKind::Existing, None),
        ] {
            charges.record(&one);
        }
        let charge =
            |uploads: u64, frost| Charge { uploads, bytes: 92_160 * uploads, units: 63 * uploads, frost };
        assert_eq!(charges.by_kind[&StoredKind::New], charge(2, 270_900));
        assert_eq!(charges.by_kind[&StoredKind::ReuseStorage], charge(1, 126_000));
        assert_eq!((charges.by_kind.len(), charges.per_unit), (2, Some((2_100, 2_200))));
        let mut merged = Charges::default();
        merged.merge(&charges);
        assert_eq!(merged, charges);
    }

    #[test]
    fn an_upload_that_was_sent_and_not_refused_may_have_been_charged() {
        for (class, sent, uncertain) in [
            (FailureClass::Timeout, true, 1),
            (FailureClass::Timeout, false, 0),
            (FailureClass::Reset, true, 1),
            (FailureClass::ServerError, true, 1),
            (FailureClass::Shed, true, 0),
            (FailureClass::Auth, true, 0),
        ] {
            let mut one = sample(0, Step::Upload, 0, 10, failed(class, None, None, "no"));
            one.exchange.timing.sent = sent.then_some(Duration::from_millis(5));
            one.exchange.bytes_sent = if sent { one.size } else { 0 };
            let mut charges = Charges::default();
            charges.record(&one);
            assert_eq!(charges.uncertain.uploads, uncertain, "{class} {sent}");
            let mut read = Sample { step: Step::FIRST, ..one };
            read.exchange.timing.sent = Some(Duration::from_millis(5));
            charges.record(&read);
            assert_eq!(charges.uncertain.uploads, uncertain, "a read costs nothing");
        }
    }
}
