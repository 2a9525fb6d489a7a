//! Where the time goes by size, a line for each step of which that can be told.

use super::closing::Fact;
use crate::{
    export::{palette::Ink, units},
    plan::journey::Step,
    report::{
        cost::{Estimate, Line, StepCost},
        summary::{StepSummary, Summary},
    },
};

pub(super) fn facts(summary: &Summary) -> Vec<Fact> {
    let known = summary.steps.iter().filter_map(|step| Some((step, step.cost.as_ref().ok()?)));
    let labels = ["by size"].into_iter().chain(std::iter::repeat(""));
    let told = known.flat_map(|(step, cost)| told(step, cost)).zip(labels);
    told.map(|(text, label)| Fact { label, text, ink: Ink::Normal }).collect()
}

fn told(step: &StepSummary, cost: &StepCost) -> Vec<String> {
    let repeats = if step.repeats { " of repeats" } else { "" };
    let (low, high) = cost.service.per_mib.interval;
    let between = if low > 0.0 { format!(" ({} to {})", seconds(low), seconds(high)) } else { String::new() };
    let mut lines = vec![format!("{}{repeats}: {}{between}", step.step, line(&cost.service))];
    if step.step == Step::Upload {
        lines.push(format!("of it sending {}; waiting {}", line(&cost.send), line(&cost.wait)));
    }
    lines
}

/// `11.2 s fixed + 380 ms/MiB`; what cannot be told from nothing is not shown as a number.
pub(in crate::export) fn line(line: &Line) -> String {
    let sure = |estimate: Estimate| (estimate.interval.0 > 0.0).then(|| seconds(estimate.value));
    match (sure(line.fixed), sure(line.per_mib)) {
        (Some(fixed), Some(per_mib)) => format!("{fixed} fixed + {per_mib}/MiB"),
        (Some(fixed), None) => format!("{fixed} at any size"),
        (None, Some(per_mib)) => format!("{per_mib}/MiB, nothing fixed"),
        (None, None) => "too uneven to tell".to_owned(),
    }
}

fn seconds(seconds: f64) -> String {
    units::duration(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
