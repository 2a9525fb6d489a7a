//! What storing cost: charged against predicted, the price of a unit, and what failed uploads may have cost.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Report;
use crate::{
    metrics::{
        Recording,
        charges::{Charge, Charges},
    },
    plan::forecast::Range,
    sample::StoredKind,
};

/// Bytes in a GiB.
const GIB: f64 = 1_073_741_824.0;

/// What the uploads of a run cost, all amounts in FROST (10⁻⁹ WAL).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostSummary {
    /// What publishers charged, where their answers say so.
    pub charged_frost: u64,
    /// What the price given beforehand predicts for the same uploads, as far as they stored anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_frost: Option<PriceRange>,
    /// Storage units of the uploads that were charged.
    pub storage_units: u64,
    /// The price of a unit that was stored anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price_frost: Option<PriceRange>,
    /// The mean price of a blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_blob_frost: Option<u64>,
    /// The mean price of a GiB of blobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_gib_frost: Option<u64>,
    /// The uploads that were charged, by how the blob was stored.
    pub by_kind: BTreeMap<StoredKind, Charge>,
    /// Uploads that may have been charged although no answer states a price.
    pub uncertain_uploads: u64,
    /// What they cost at most, at the highest price of a unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncertain_frost: Option<u64>,
}

/// A price, or the lowest and the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PriceRange {
    /// The lowest.
    pub least: u64,
    /// The highest.
    pub most: u64,
}

impl CostSummary {
    /// `None` when no upload was charged, and none can have been.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let charges = total(&report.recording);
        if charges.is_none() {
            return None;
        }
        let mut all = Charge::default();
        charges.by_kind.values().for_each(|charge| all.add(*charge));
        let new = charges.by_kind.get(&StoredKind::New).copied().unwrap_or_default();
        let given = report.plan.store.unit_price();
        let unit_price = charges.per_unit.map(|(least, most)| PriceRange { least, most });
        let given = given.map(PriceRange::from);
        let highest = unit_price.or(given).map(|price| price.most);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let mean = |of: f64| (of > 0.0).then(|| (all.frost as f64 / of).round() as u64);
        Some(Self {
            charged_frost: all.frost,
            predicted_frost: given.map(|price| price.times(new.units)),
            storage_units: all.units,
            unit_price_frost: unit_price,
            per_blob_frost: mean(all.uploads as f64),
            per_gib_frost: mean(all.bytes as f64 / GIB),
            by_kind: charges.by_kind,
            uncertain_uploads: charges.uncertain.uploads,
            uncertain_frost: highest
                .filter(|_| !charges.uncertain.is_none())
                .map(|price| price.saturating_mul(charges.uncertain.units)),
        })
    }
}

/// The charges of all uploads.
fn total(recording: &Recording) -> Charges {
    recording.groups().fold(Charges::default(), |mut total, (_, metrics)| {
        total.merge(&metrics.charges);
        total
    })
}

impl From<Range<u64>> for PriceRange {
    fn from(range: Range<u64>) -> Self {
        Self { least: range.least, most: range.most.unwrap_or(range.least) }
    }
}

impl PriceRange {
    fn times(self, units: u64) -> Self {
        Self { least: self.least.saturating_mul(units), most: self.most.saturating_mul(units) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures,
        plan::{journey::Step, price::Price},
        sample::FailureClass,
    };

    #[test]
    fn what_was_charged_stands_beside_what_was_predicted() {
        let mut samples: Vec<_> = (0..3).flat_map(fixtures::journey).collect();
        let mut lost = fixtures::sample(
            3,
            Step::Upload,
            40,
            10,
            fixtures::failed(FailureClass::Timeout, None, None, "late"),
        );
        lost.exchange.timing.sent = Some(lost.exchange.timing.started);
        samples.push(lost);
        let mut report = fixtures::report(4, &samples);
        let cost = CostSummary::of(&report).unwrap();
        assert_eq!((cost.charged_frost, cost.storage_units), (3 * 132_300, 3 * 63));
        assert_eq!(cost.unit_price_frost, Some(PriceRange { least: 2_100, most: 2_100 }));
        assert_eq!((cost.predicted_frost, cost.per_blob_frost), (None, Some(132_300)));
        assert_eq!((cost.uncertain_uploads, cost.uncertain_frost), (1, Some(132_300)));
        report.plan.store.price = Some(Price::Listed { storage: 90, write: 2_000 });
        let cost = CostSummary::of(&report).unwrap();
        assert_eq!(cost.predicted_frost, Some(PriceRange { least: 2_090 * 189, most: 2_090 * 189 }));
    }

    #[test]
    fn a_run_that_nothing_was_charged_for_has_no_costs() {
        assert_eq!(CostSummary::of(&fixtures::report(1, &[])), None);
    }
}
