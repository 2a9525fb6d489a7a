//! The median of read times and its interval, as two cells.

use std::time::Duration;

use super::document::{Cell, Number};
use crate::{export::style::Style, report::operators::ReadTimes, units};

/// The median and its 95 % interval; `pointer` is where the JSON has them.
pub(super) fn cells(times: Option<ReadTimes>, pointer: &str) -> [Cell; 2] {
    let median = times.map(|times| (seconds(times.median), times.median));
    let interval = times.and_then(|times| times.interval);
    let end = |value: f64, end: u8| Number {
        value,
        pointer: format!("{pointer}/median_interval_95_seconds/{end}"),
    };
    let interval = interval.map(|(low, high)| Cell {
        numbers: vec![end(low, 0), end(high, 1)],
        ..Cell::right(Style::Normal, format!("{}–{}", seconds(low), seconds(high)))
    });
    [
        Cell::number(median, &format!("{pointer}/median_seconds")),
        interval.unwrap_or_else(|| Cell::right(Style::Faint, "–")),
    ]
}

/// A number of seconds as a duration is shown.
pub(super) fn seconds(seconds: f64) -> String {
    units::duration(Duration::from_secs_f64(seconds))
}
