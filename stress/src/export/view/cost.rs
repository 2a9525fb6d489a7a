//! How a step's time grows with the size of the blob.

use std::time::Duration;

use super::{
    describe,
    document::{Cell, Row, Section, Shown, Table},
};
use crate::{
    export::style::Style,
    plan::journey::Step,
    report::{
        cost::{Estimate, LinearFit},
        summary::{StepSummary, Summary},
    },
    units,
};

/// The section; it has no rows when no step's line is known.
pub(super) fn section(summary: &Summary) -> Section {
    let steps = || summary.steps.iter().enumerate();
    let rows: Vec<_> = steps().flat_map(|(position, step)| lines(summary, step, position)).collect();
    let heads = ["", "blobs", "fixed", "from", "to", "per MiB", "from", "to", "in words"];
    let caption = "A line through the times over the sizes (Theil–Sen estimator), each number with its 95 % \
                   confidence interval; opening connections is excluded";
    let unknown = steps().filter_map(|(_, step)| {
        let reason = step.cost.as_ref().err()?;
        let place = describe::phase_step(summary, step);
        (step.done > 0 && !rows.is_empty()).then(|| Row::fact(place, Style::Normal, reason.words()))
    });
    let unknown = Table::facts(unknown.collect()).only(Shown::Page);
    let known = Table::new(caption, &heads, rows).labelled("by size");
    Section::new("by-size", "Time by size", vec![known, unknown])
}

fn lines(summary: &Summary, step: &StepSummary, position: usize) -> Vec<Row> {
    let Ok(cost) = &step.cost else { return Vec::new() };
    let place = describe::phase_step(summary, step);
    let mut parts = vec![(place.clone(), "service", &cost.service)];
    if step.step == Step::Upload {
        parts.push((format!("{place}, sending"), "send", &cost.send));
        parts.push((format!("{place}, waiting"), "wait", &cost.wait));
    }
    let row = |(name, part, line): (String, &str, &LinearFit)| {
        let pointer = format!("/steps/{position}/cost_by_size");
        let number = |value: f64, name: String| Cell::number(Some((seconds(value), value)), &name);
        let estimate = |estimate: Estimate, name: &str| {
            let name = format!("{pointer}/{part}/{name}");
            [
                number(estimate.value, format!("{name}/value")),
                number(estimate.interval.0, format!("{name}/interval_95/0")),
                number(estimate.interval.1, format!("{name}/interval_95/1")),
            ]
        };
        let samples = (units::count(cost.samples), cost.samples as f64);
        let mut cells = vec![Cell::number(Some(samples), &format!("{pointer}/samples"))];
        cells.extend(estimate(line.fixed, "fixed_seconds"));
        cells.extend(estimate(line.per_mib, "seconds_per_mib"));
        Row::new(&name, cells).says(Style::Normal, format!("{name}: {}", words(line)))
    };
    parts.into_iter().map(row).collect()
}

/// `11.2 s fixed + 380 ms/MiB (350 ms to 410 ms)`. Where the line is not known to rise, its height at size 0 says nothing
/// about any size, so that the median stands instead; a fixed part that may be 0 is not shown as a number.
fn words(line: &LinearFit) -> String {
    let (low, high) = line.per_mib.interval;
    let between = format!("({} to {}", seconds(low), seconds(high));
    if low <= 0.0 {
        let growth = if high < 0.0 { "shorter for larger blobs" } else { "no growth with size found" };
        return format!("median {}; {growth} {between}/MiB)", seconds(line.median));
    }
    let per_mib = seconds(line.per_mib.value);
    if line.fixed.interval.0 > 0.0 {
        format!("{} fixed + {per_mib}/MiB {between})", seconds(line.fixed.value))
    } else {
        format!("{per_mib}/MiB {between}), fixed part not distinguishable from 0")
    }
}

/// A time that may be negative, as the end of an interval may be.
fn seconds(seconds: f64) -> String {
    let size = units::duration(Duration::try_from_secs_f64(seconds.abs()).unwrap_or(Duration::MAX));
    if seconds < 0.0 { format!("−{size}") } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_interval_supports_is_shown_as_a_number() {
        let of = |fixed: (f64, f64, f64), per_mib: (f64, f64, f64)| {
            let estimate = |(value, low, high)| Estimate { value, interval: (low, high) };
            words(&LinearFit { fixed: estimate(fixed), per_mib: estimate(per_mib), median: 0.25 })
        };
        for (fixed, per_mib, expected) in [
            ((11.2, 10.0, 12.0), (0.38, 0.35, 0.41), "11.2 s fixed + 380 ms/MiB (350 ms to 410 ms)"),
            (
                (0.1, -0.2, 0.3),
                (0.38, 0.35, 0.41),
                "380 ms/MiB (350 ms to 410 ms), fixed part not distinguishable from 0",
            ),
            (
                (0.2, 0.1, 0.3),
                (0.01, -0.015, 0.031),
                "median 250 ms; no growth with size found (−15.0 ms to 31.0 ms/MiB)",
            ),
            (
                (0.2, -0.1, 0.3),
                (0.01, -0.015, 0.031),
                "median 250 ms; no growth with size found (−15.0 ms to 31.0 ms/MiB)",
            ),
            (
                (0.5, 0.4, 0.6),
                (-0.1, -0.2, -0.05),
                "median 250 ms; shorter for larger blobs (−200 ms to −50.0 ms/MiB)",
            ),
        ] {
            assert_eq!(of(fixed, per_mib), expected);
        }
    }
}
