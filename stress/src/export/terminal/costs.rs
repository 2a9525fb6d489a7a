//! Where the time goes by size, a line for each step of which that can be told.

use std::time::Duration;

use super::closing::Fact;
use crate::{
    export::{palette::Style, units},
    plan::journey::Step,
    report::{
        cost::{LinearFit, StepCost},
        summary::{StepSummary, Summary},
    },
};

pub(super) fn facts(summary: &Summary) -> Vec<Fact> {
    let known = summary.steps.iter().filter_map(|step| Some((step, step.cost.as_ref().ok()?)));
    let labels = ["by size"].into_iter().chain(std::iter::repeat(""));
    let told = known.flat_map(|(step, cost)| told(step, cost)).zip(labels);
    told.map(|(text, label)| Fact { label, text, ink: Style::Normal }).collect()
}

fn told(step: &StepSummary, cost: &StepCost) -> Vec<String> {
    let repeats = if step.repeats { " of repeats" } else { "" };
    let mut lines = vec![format!("{}{repeats}: {}", step.step, line(&cost.service))];
    if step.step == Step::Upload {
        lines.push(format!("of it sending: {}", line(&cost.send)));
        lines.push(format!("of it waiting: {}", line(&cost.wait)));
    }
    lines
}

/// `11.2 s fixed + 380 ms/MiB (350 ms to 410 ms)`. What cannot be told from nothing is not shown as a number; and where the
/// line is not known to rise, its height at no size is none for all sizes, so that the median stands instead.
pub(in crate::export) fn line(line: &LinearFit) -> String {
    let (low, high) = line.per_mib.interval;
    let between = format!("({} to {}", seconds(low), seconds(high));
    if low <= 0.0 {
        let growth = if high < 0.0 { "less for larger blobs" } else { "no growth shown" };
        return format!("median {}; {growth} {between}/MiB)", seconds(line.median));
    }
    let per_mib = seconds(line.per_mib.value);
    if line.fixed.interval.0 > 0.0 {
        format!("{} fixed + {per_mib}/MiB {between})", seconds(line.fixed.value))
    } else {
        format!("{per_mib}/MiB {between}), what is fixed not told from 0")
    }
}

/// A time that may be less than nothing: lines are only as sure as their intervals.
pub(in crate::export) fn seconds(seconds: f64) -> String {
    let size = units::duration(Duration::try_from_secs_f64(seconds.abs()).unwrap_or(Duration::MAX));
    if seconds < 0.0 { format!("−{size}") } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::cost::Estimate;

    #[test]
    fn nothing_is_told_of_all_sizes_that_was_not_seen_at_each() {
        let of = |fixed: (f64, f64, f64), per_mib: (f64, f64, f64)| {
            let estimate = |(value, low, high)| Estimate { value, interval: (low, high) };
            line(&LinearFit { fixed: estimate(fixed), per_mib: estimate(per_mib), median: 0.25 })
        };
        for (fixed, per_mib, words) in [
            ((11.2, 10.0, 12.0), (0.38, 0.35, 0.41), "11.2 s fixed + 380 ms/MiB (350 ms to 410 ms)"),
            (
                (0.1, -0.2, 0.3),
                (0.38, 0.35, 0.41),
                "380 ms/MiB (350 ms to 410 ms), what is fixed not told from 0",
            ),
            (
                (0.2, 0.1, 0.3),
                (0.01, -0.015, 0.031),
                "median 250 ms; no growth shown (−15.0 ms to 31.0 ms/MiB)",
            ),
            (
                (0.2, -0.1, 0.3),
                (0.01, -0.015, 0.031),
                "median 250 ms; no growth shown (−15.0 ms to 31.0 ms/MiB)",
            ),
            (
                (0.5, 0.4, 0.6),
                (-0.1, -0.2, -0.05),
                "median 250 ms; less for larger blobs (−200 ms to −50.0 ms/MiB)",
            ),
        ] {
            assert_eq!(of(fixed, per_mib), words);
        }
    }
}
