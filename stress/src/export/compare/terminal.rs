//! A comparison as a person reads it: 80 columns, what was meant differently first, the answer last.

use std::io;

use super::words;
use crate::{
    export::{
        grid::{Cell, Column, Grid},
        palette::{Palette, Style, clean, clip, wrap},
        terminal::WIDTH,
    },
    report::compare::{Comparison, Number},
};

/// Columns of a label at the start of a line.
const LABEL: usize = 10;
/// Columns of a difference's name, and of what it was.
const NAME: usize = 34;
const VALUE: usize = 19;

/// Writes `comparison`.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, comparison: &Comparison, palette: Palette) -> io::Result<()> {
    let sections = [
        runs(comparison, palette),
        differences(comparison, palette),
        numbers(comparison, palette),
        notes(comparison, palette),
        limits(comparison, palette),
        conclusion(comparison, palette),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|lines| !lines.is_empty()).collect();
    for (position, lines) in sections.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn runs(comparison: &Comparison, palette: Palette) -> Vec<String> {
    let side = |label: &'static str, runs: &[crate::report::compare::Run]| -> Vec<String> {
        runs.iter().flat_map(|run| labelled(label, &words::run(run), Style::Normal, palette)).collect()
    };
    [side("before", &comparison.before), side("after", &comparison.after)].concat()
}

fn differences(comparison: &Comparison, palette: Palette) -> Vec<String> {
    if comparison.differences.is_empty() {
        return labelled("plans", words::same_plans(comparison), Style::Normal, palette);
    }
    let side = |value: &Option<String>| clip(&clean(value.as_deref().unwrap_or("–")), VALUE);
    let mut rows = vec![vec![
        Cell::new(Style::Heading, "plans differ"),
        Cell::new(Style::Faint, "before"),
        Cell::new(Style::Faint, "after"),
    ]];
    rows.extend(comparison.differences.iter().map(|difference| {
        vec![
            Cell::new(Style::Normal, clip(&format!("  {}", clean(&difference.what)), NAME)),
            Cell::new(Style::Existing, side(&difference.before)),
            Cell::new(Style::Existing, side(&difference.after)),
        ]
    }));
    Grid { columns: vec![Column::Left(0), Column::Left(0), Column::Left(0)], gap: 2, rows }.lines(palette)
}

fn numbers(comparison: &Comparison, palette: Palette) -> Vec<String> {
    let places = words::places(comparison);
    let mut rows = Vec::new();
    let mut remarks = Vec::new();
    for (place, numbers) in &places {
        let heading = ["before", "after", "change", "95 % interval", "verdict"];
        let mut row = vec![Cell::new(Style::Heading, clip(place, 16))];
        row.extend(heading.map(|text| Cell::new(Style::Faint, text)));
        rows.push(row);
        rows.extend(numbers.iter().map(|number| line(number)));
        remarks.extend(words::wanting(numbers).into_iter().map(|remark| format!("{place}: {remark}")));
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = vec![
        Column::Left(12),
        Column::Right(9),
        Column::Right(9),
        Column::Right(7),
        Column::Right(13),
        Column::Left(11),
    ];
    let mut lines = Grid { columns, gap: 2, rows }.lines(palette);
    remarks.push(words::legend(comparison));
    lines.extend(
        remarks.iter().flat_map(|remark| wrap(remark, WIDTH)).map(|text| palette.paint(Style::Faint, &text)),
    );
    lines
}

fn line(number: &Number) -> Vec<Cell> {
    let quantity = number.quantity;
    let (verdict, ink) = words::verdict(number.verdict);
    vec![
        Cell::new(Style::Faint, format!("  {}", quantity.label())),
        Cell::new(Style::Normal, words::value(quantity, number.before)),
        Cell::new(Style::Normal, words::value(quantity, number.after)),
        Cell::new(ink, words::change(quantity, number.change)),
        Cell::new(Style::Normal, words::interval(quantity, number.interval)),
        Cell::new(ink, verdict),
    ]
}

fn notes(comparison: &Comparison, palette: Palette) -> Vec<String> {
    let note = |text: &String| labelled("note", &clean(text), Style::Existing, palette);
    comparison.notes.iter().flat_map(note).collect()
}

fn limits(comparison: &Comparison, palette: Palette) -> Vec<String> {
    let limit = |threshold_result| {
        let (word, text, ink) = words::limit(threshold_result);
        labelled(word, &text, ink, palette)
    };
    comparison.limits.iter().flat_map(limit).collect()
}

fn conclusion(comparison: &Comparison, palette: Palette) -> Vec<String> {
    let (text, ink) = words::conclusion(comparison);
    wrap(&text, WIDTH).iter().map(|line| palette.paint(ink, line)).collect()
}

/// `text` behind a label, wrapped beneath itself.
fn labelled(label: &str, text: &str, ink: Style, palette: Palette) -> Vec<String> {
    let lines = wrap(text, WIDTH - LABEL);
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    lines
        .iter()
        .zip(labels)
        .map(|(line, label)| {
            format!(
                "{}{}",
                palette.paint(Style::Faint, &format!("{label:<LABEL$}")),
                palette.paint(ink, line)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
