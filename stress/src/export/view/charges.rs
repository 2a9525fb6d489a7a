//! What the uploads of a run cost.

use super::{describe, document::Row};
use crate::{
    export::style::Style,
    plan::price::Frost,
    report::charges::{CostSummary, PriceRange},
    sample::StoredKind,
    units,
};

/// What was charged beside what was predicted, the price of a unit, and what may have been charged too.
pub(super) fn rows(cost: &CostSummary) -> Vec<Row> {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let predicted = cost
        .predicted_frost
        .map(|price| format!(", predicted {}", range(price, units::wal)))
        .unwrap_or_default();
    let mut rows = vec![fact("cost", format!("{}{predicted}", Frost(cost.charged_frost).words()))];
    rows.extend(StoredKind::reused().filter_map(|kind| {
        let reused = cost.by_kind.get(&kind).filter(|reused| !reused.is_none())?;
        let (blobs, how) = (units::counted(reused.uploads, "blob"), describe::stored(kind, false));
        Some(fact("cost", format!("of that {} for {blobs} {how}", units::wal(reused.frost))))
    }));
    if let Some(price) = cost.unit_price_frost {
        let mean = |frost: Option<u64>, of: &str| {
            frost.map(|frost| format!(", {} a {of}", units::wal(rounded(frost)))).unwrap_or_default()
        };
        let (charged, price) = (units::counted(cost.storage_units, "unit"), range(price, units::count));
        let means = mean(cost.per_blob_frost, "blob") + &mean(cost.per_gib_frost, "GiB");
        rows.push(fact("price", format!("{price} FROST a unit ({charged}){means}")));
    }
    if cost.uncertain_uploads > 0 {
        let attempts = units::counted(cost.uncertain_uploads, "attempt");
        let most = cost.uncertain_frost.map(|frost| format!(", up to {}", Frost(frost).words()));
        let text =
            format!("{attempts} without an answer may have been charged too{}", most.unwrap_or_default());
        rows.push(Row::fact("cost", Style::Attention, text));
    }
    rows
}

/// Three significant digits, as of other means.
fn rounded(frost: u64) -> u64 {
    let unit = 10_u64.pow(frost.checked_ilog10().unwrap_or(0).saturating_sub(2));
    frost.saturating_add(unit / 2) / unit * unit
}

fn range(price: PriceRange, shown: fn(u64) -> String) -> String {
    match price {
        PriceRange { least, most } if least == most => shown(least),
        PriceRange { least, most } => format!("{} to {}", shown(least), shown(most)),
    }
}
