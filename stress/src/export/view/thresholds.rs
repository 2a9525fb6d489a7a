//! What was measured for each threshold, and whether it holds.

use super::{
    describe,
    document::{Cell, Row, Shown, Table},
};
use crate::{
    export::style::Style,
    report::{
        summary::Summary,
        threshold::{Measured, ThresholdResult},
    },
};

/// For a page's top: how many thresholds hold, or which do not; `None` when none was asked for and all defaults hold.
pub(super) fn in_short(results: &[ThresholdResult]) -> Option<Row> {
    let failed: Vec<_> =
        results.iter().filter(|one| !one.holds()).map(|one| one.threshold.to_string()).collect();
    let asked = results.iter().filter(|one| !one.implicit).count();
    let row = match (failed.is_empty(), asked) {
        (true, 0) => return None,
        (true, asked) => match results.iter().filter(|one| one.shortfall().is_some()).count() {
            0 => Row::fact("thresholds", Style::Good, format!("all {asked} hold")),
            unsupported => {
                let text = format!(
                    "all {asked} hold, {unsupported} by a percentile that the sample does not support"
                );
                Row::fact("thresholds", Style::Attention, text)
            }
        },
        (false, _) => Row::fact("thresholds", Style::Bad, format!("failed: {}", failed.join(", "))),
    };
    Some(row.only(Shown::Page))
}

/// Those that were asked for; of the defaults terminals and comments show only those that failed, and only if others
/// were asked for, since otherwise the failures say the same.
pub(super) fn table(summary: &Summary) -> Table {
    let any_asked = summary.thresholds.iter().any(|one| !one.implicit);
    let rows = summary.thresholds.iter().enumerate().map(|(position, one)| {
        let (value, name) = match one.measured {
            Measured::Time(time) | Measured::Judged { time, .. } => {
                (time.value.as_secs_f64(), "measured_seconds")
            }
            Measured::Count { count, .. } => (count as f64, "measured"),
            Measured::PerSecond(rate) => (rate, "measured_per_second"),
            Measured::BytesPerSecond(rate) => (rate, "measured_bytes_per_second"),
            Measured::Unsupported { has, .. } => (has as f64, "samples"),
        };
        let (word, style) = if one.holds() { ("ok", Style::Good) } else { ("FAILED", Style::Bad) };
        let measured = describe::measured(one.measured);
        let everywhere = any_asked && (!one.implicit || !one.holds());
        let default = if one.implicit { " (default)" } else { "" };
        let sentence = format!("{}: {measured}", one.threshold);
        let cells = vec![
            Cell::number(Some((measured, value)), &format!("/thresholds/{position}/{name}")),
            Cell::text(style, word),
        ];
        Row::new(format!("{}{default}", one.threshold), cells)
            .says(style, word)
            .says(Style::Normal, sentence)
            .only(if everywhere { Shown::Everywhere } else { Shown::Page })
    });
    let caption = "What was measured for each threshold; by default no step may fail or be unfinished";
    Table::new(caption, &["threshold", "measured", ""], rows.collect()).labelled("thresholds")
}
