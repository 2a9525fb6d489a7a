//! A comparison for a pull request: the answer first, then tables.

use std::io;

use super::words;
use crate::{export::markdown::escaped, report::compare::Comparison};

/// Writes `comparison` as GitHub's Markdown.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, comparison: &Comparison) -> io::Result<()> {
    let (conclusion, _) = words::conclusion(comparison);
    writeln!(out, "### walrus-stress compare\n\n**{}**\n", escaped(&conclusion))?;
    for (label, runs) in [("Before", &comparison.before), ("After", &comparison.after)] {
        for run in runs {
            writeln!(out, "- {label}: {}", escaped(&words::run(run)))?;
        }
    }
    if comparison.differences.is_empty() {
        writeln!(out, "- Plans: {}", words::same_plans(comparison))?;
    } else {
        writeln!(out, "\n| plan | before | after |\n|---|---|---|")?;
        for difference in &comparison.differences {
            let side = |value: &Option<String>| escaped(value.as_deref().unwrap_or("–"));
            let (before, after) = (side(&difference.before), side(&difference.after));
            writeln!(out, "| {} | {before} | {after} |", escaped(&difference.what))?;
        }
    }
    if !comparison.limits.is_empty() {
        writeln!(out, "\n| limit | |\n|---|---|")?;
        for threshold_result in &comparison.limits {
            let (word, text, _) = words::limit(threshold_result);
            writeln!(out, "| {} | {} |", escaped(word), escaped(&text))?;
        }
    }
    numbers(out, comparison)?;
    for note in &comparison.notes {
        writeln!(out, "- {}", escaped(note))?;
    }
    writeln!(out, "- {}", escaped(&words::legend(comparison)))
}

fn numbers(out: &mut dyn io::Write, comparison: &Comparison) -> io::Result<()> {
    writeln!(out, "\n| | | before | after | change | 95 % interval | verdict |")?;
    writeln!(out, "|---|---|--:|--:|--:|--:|---|")?;
    let places = words::places(comparison);
    for (place, numbers) in &places {
        for number in numbers {
            let quantity = number.quantity;
            let cells = [
                escaped(place),
                quantity.label().to_owned(),
                words::value(quantity, number.before),
                words::value(quantity, number.after),
                words::change(quantity, number.change),
                words::interval(quantity, number.interval),
                words::verdict(number.verdict).0.to_owned(),
            ];
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
    }
    writeln!(out)?;
    for (place, numbers) in &places {
        for remark in words::wanting(numbers) {
            writeln!(out, "- {}: {}", escaped(place), escaped(&remark))?;
        }
    }
    Ok(())
}
