//! What is shown of a comparison: the conclusion, the limits, and every number before and after.

use std::time::Duration;

use super::document::{Cell, Document, Number as JsonNumber, Row, Section, Table};
use crate::{
    export::style::{Style, clean},
    plan::threshold::Quantity,
    report::compare::{Comparison, LimitOutcome, LimitResult, Number, Run, Value, Verdict},
    units,
};

/// The document of `comparison`.
pub(in crate::export) fn document(comparison: &Comparison) -> Document {
    let (text, style) = conclusion(comparison);
    let notes = comparison.notes.iter().map(|note| Row::fact("note", Style::Attention, clean(note)));
    let sections = vec![
        Section::new("limits", "Limits", vec![limits(comparison)]),
        Section::new("runs", "Runs", vec![runs(comparison), differences(comparison)]),
        Section::new("numbers", "Numbers", vec![numbers(comparison), remarks(comparison)]),
        Section::new("notes", "Notes", vec![Table::facts(notes.collect())]),
    ];
    let answer = Cell::text(style, text);
    Document { title: "walrus-stress compare", answer, sections, ..Document::default() }
}

/// The limits on changes, each with what was measured.
fn limits(comparison: &Comparison) -> Table {
    let rows = comparison.limits.iter().map(|result| {
        let LimitResult { limit, outcome, number } = result;
        let (word, style) = match outcome {
            LimitOutcome::Holds => ("ok", Style::Good),
            LimitOutcome::Undecided => ("undecided", Style::Attention),
            LimitOutcome::Broken => ("FAILED", Style::Bad),
            LimitOutcome::Unknown => ("UNKNOWN", Style::Bad),
        };
        let measured = match (outcome, number.verdict) {
            (LimitOutcome::Unknown, Verdict::NotEnoughData { has, needs }) => {
                let (has, needs) = (units::duration(has), units::duration(needs));
                format!("not enough data in {has}, about {needs} needed")
            }
            (LimitOutcome::Unknown, _) => HIDDEN.to_owned(),
            _ => {
                let quantity = number.quantity;
                format!("{} ({})", change(quantity, number.change), interval(quantity, number.interval))
            }
        };
        let limit = clean(&limit.to_string());
        let cells = vec![Cell::text(Style::Normal, &measured), Cell::text(style, word)];
        Row::new(&limit, cells).says(style, word).says(Style::Normal, format!("{limit}: {measured}"))
    });
    Table::new("What was measured for each limit", &["limit", "change", ""], rows.collect())
        .labelled("limits")
}

/// Why a number may have no verdict.
const HIDDEN: &str = "timeouts or unfinished work hide the true number";

fn runs(comparison: &Comparison) -> Table {
    let sides = [("before", &comparison.before), ("after", &comparison.after)];
    let run = |Run { name, started_at, elapsed, .. }: &Run| {
        format!("{} (started {}, took {})", clean(name), clean(started_at), units::duration(*elapsed))
    };
    let runs = sides
        .iter()
        .flat_map(|(side, runs)| runs.iter().map(move |one| Row::fact(*side, Style::Normal, run(one))));
    let seeds = sides.map(|(_, runs)| runs.first().map(|run| run.seed));
    let same =
        if seeds[0] == seeds[1] { "the same, with the same seed" } else { "the same, except for the seed" };
    let plans = comparison.differences.is_empty().then(|| Row::fact("plans", Style::Normal, same));
    Table::facts(runs.chain(plans).collect())
}

/// What the plans do not have in common.
fn differences(comparison: &Comparison) -> Table {
    let side = |value: &Option<String>| clean(value.as_deref().unwrap_or("–"));
    let rows = comparison.differences.iter().map(|one| {
        let (what, before, after) = (clean(&one.what), side(&one.before), side(&one.after));
        let sentence = format!("{what}: {before} → {after}");
        let cells = vec![Cell::text(Style::Normal, before), Cell::text(Style::Normal, after)];
        Row::new(what, cells).says(Style::Attention, sentence)
    });
    let caption = "What the plans do not have in common";
    Table::new(caption, &["", "before", "after"], rows.collect()).labelled("plans differ")
}

/// Every number that at least one side supports, step by step.
fn numbers(comparison: &Comparison) -> Table {
    let mut rows = Vec::new();
    for (place, numbers) in places(comparison) {
        rows.push(Row::heading(place));
        rows.extend(numbers.into_iter().map(|(position, number)| row(position, number)));
    }
    let heads = ["", "before", "after", "change", "95 % interval", "verdict"];
    let note = (!rows.is_empty()).then(|| legend(comparison));
    Table { note, ..Table::new("Before and after", &heads, rows) }
}

fn row(position: usize, number: &Number) -> Row {
    let pointer = |name: &str| format!("/numbers/{position}/{name}");
    let quantity = number.quantity;
    let side = |one: Option<Value>, name: &str| {
        Cell::number(one.map(|one| (value(quantity, one), one.value)), &pointer(name))
    };
    let changed = number.change.map(|value| (change(quantity, Some(value)), value));
    let end = |value: f64, name: &str| JsonNumber { value, pointer: pointer(name) };
    let ends = number
        .interval
        .map(|(low, high)| vec![end(low, "change_interval_95/0"), end(high, "change_interval_95/1")]);
    let (word, style) = verdict(number.verdict);
    Row::new(
        quantity.label(),
        vec![
            side(number.before, "before"),
            side(number.after, "after"),
            Cell { style, ..Cell::number(changed, &pointer("change")) },
            Cell {
                numbers: ends.unwrap_or_default(),
                ..Cell::right(Style::Normal, interval(quantity, number.interval))
            },
            Cell::text(style, word),
        ],
    )
}

/// What it would take to know more, step by step.
fn remarks(comparison: &Comparison) -> Table {
    let rows = places(comparison).into_iter().flat_map(|(place, numbers)| {
        let numbers: Vec<_> = numbers.into_iter().map(|(_, number)| number).collect();
        wanting(&numbers)
            .into_iter()
            .map(move |text| Row::fact(&place, Style::Normal, text))
            .collect::<Vec<_>>()
    });
    Table::facts(rows.collect())
}

/// The numbers with their positions, by step.
pub(in crate::export) fn places(comparison: &Comparison) -> Vec<(String, Vec<(usize, &Number)>)> {
    let mut places: Vec<(String, Vec<(usize, &Number)>)> = Vec::new();
    let known = |number: &Number| number.before.is_some() || number.after.is_some();
    for (position, number) in comparison.numbers.iter().enumerate().filter(|(_, number)| known(number)) {
        let place = place(comparison, number);
        match places.last_mut().filter(|(last, _)| *last == place) {
            Some((_, numbers)) => numbers.push((position, number)),
            None => places.push((place, vec![(position, number)])),
        }
    }
    places
}

/// The step of a number; with its phase where there is more than one.
fn place(comparison: &Comparison, number: &Number) -> String {
    let (name, text) = (&number.name, clean(&number.name.to_string()));
    let several = comparison.numbers.iter().any(|one| one.name.phase != name.phase);
    let phase = clean(&format!("{}:", name.phase));
    if several { text } else { text.strip_prefix(&phase).unwrap_or(&text).to_owned() }
}

/// How long runs would have to be to know more of these numbers, which are of one step.
fn wanting(numbers: &[&Number]) -> Vec<String> {
    let mut remarks = Vec::new();
    let few = |number: &&Number| match number.verdict {
        Verdict::NotEnoughData { has, needs } => Some((has, needs)),
        _ => None,
    };
    if let Some((has, needs)) = numbers.iter().filter_map(few).max_by_key(|(_, needs)| *needs) {
        let (has, needs) = (units::duration(has), units::duration(needs));
        remarks.push(format!("not enough data in {has}: each run should take about {needs}"));
    }
    // Where the runs are long enough already, longer ones would not help.
    let needs = |number: &&Number| number.needs.filter(|needs| *needs > number.has);
    let unseen: Vec<String> = numbers
        .iter()
        .filter(|number| number.verdict == Verdict::NoEvidence)
        .filter_map(|number| Some(format!("{} {}", number.quantity.label(), units::duration(needs(number)?))))
        .collect();
    if !unseen.is_empty() {
        remarks.push(format!("to see a change of 10 %, runs should take about: {}", unseen.join(", ")));
    }
    if numbers.iter().any(|number| number.verdict == Verdict::Hidden) {
        remarks.push(format!("where the verdict is unknown, {HIDDEN}"));
    }
    remarks
}

/// What is worse, what is better, and how many limits failed.
pub(in crate::export) fn conclusion(comparison: &Comparison) -> (String, Style) {
    let named = |verdict: Verdict| -> Vec<String> {
        let numbers = comparison.numbers.iter().filter(|number| number.verdict == verdict);
        numbers.map(|number| format!("{} {}", place(comparison, number), number.quantity.label())).collect()
    };
    let (worse, better) = (named(Verdict::Worse), named(Verdict::Better));
    let mut parts = Vec::new();
    if !worse.is_empty() {
        parts.push(format!("worse: {}", worse.join(", ")));
    }
    if !better.is_empty() {
        parts.push(format!("better: {}", better.join(", ")));
    }
    if parts.is_empty() {
        parts.push(unchanged(comparison).to_owned());
    }
    let failed = comparison.limits.iter().filter(|limit| limit.outcome.fails()).count();
    if failed > 0 {
        let limits = units::counted(comparison.limits.len() as u64, "limit");
        parts.push(format!("{failed} of {limits} failed"));
    }
    let style = match (comparison.regressed(), worse.is_empty(), better.is_empty()) {
        (true, ..) => Style::Bad,
        // Limits that hold do not make it good that something is worse.
        (false, false, _) => Style::Attention,
        (false, true, false) => Style::Good,
        (false, true, true) if comparison.is_undecided() => Style::Attention,
        (false, true, true) => Style::Normal,
    };
    (parts.join("; "), style)
}

/// The conclusion when nothing is better or worse.
fn unchanged(comparison: &Comparison) -> &'static str {
    let any = |wanted: fn(Verdict) -> bool| comparison.numbers.iter().any(|number| wanted(number.verdict));
    if comparison.numbers.is_empty() {
        "nothing to compare: the runs have no step in common"
    } else if any(|verdict| verdict == Verdict::NoEvidence) {
        "no evidence of a change"
    } else if any(|verdict| verdict == Verdict::NoRelevantChange) {
        "no relevant change"
    } else {
        "not enough data to compare"
    }
}

/// A verdict in a word or two.
pub(in crate::export) const fn verdict(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Better => ("better", Style::Good),
        Verdict::Worse => ("worse", Style::Bad),
        Verdict::NoRelevantChange => ("same", Style::Normal),
        Verdict::NoEvidence => ("no evidence", Style::Faint),
        Verdict::Hidden => ("unknown", Style::Attention),
        Verdict::NotEnoughData { .. } => ("not enough data", Style::Attention),
    }
}

/// A number with its unit.
fn value(quantity: Quantity, Value { value, lower_bound }: Value) -> String {
    let text = match quantity {
        Quantity::Percentile(_) | Quantity::Mean => {
            units::duration(Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX))
        }
        Quantity::Rate => format!("{}/s", units::mib_per_second(value)),
        Quantity::Throughput => units::rate(value),
        Quantity::Failures => format!("{:.2} %", value * 100.0),
        Quantity::Speedup => format!("{}x", units::mib_per_second(value)),
    };
    if lower_bound { format!("≥{text}") } else { text }
}

/// A change with its sign, in percent; of a share, in percentage points.
fn change(quantity: Quantity, change: Option<f64>) -> String {
    change.map_or_else(|| "–".to_owned(), |change| format!("{} {}", signed(quantity, change), unit(quantity)))
}

/// Where the true change lies with 95 % confidence.
fn interval(quantity: Quantity, interval: Option<(f64, f64)>) -> String {
    let text =
        |(low, high)| format!("{}…{} {}", signed(quantity, low), signed(quantity, high), unit(quantity));
    interval.map_or_else(|| "–".to_owned(), text)
}

const fn unit(quantity: Quantity) -> &'static str {
    if matches!(quantity, Quantity::Failures) { "pp" } else { "%" }
}

fn signed(quantity: Quantity, change: f64) -> String {
    let percent = change * 100.0;
    let is_share = matches!(quantity, Quantity::Failures);
    match percent.abs() {
        size if size >= 9.95 && !is_share => format!("{percent:+.0}"),
        size if size >= 0.005 && is_share => format!("{percent:+.2}"),
        size if size >= 0.05 && !is_share => format!("{percent:+.1}"),
        _ => "0".to_owned(),
    }
}

/// How the intervals and verdicts are to be read.
pub(in crate::export) fn legend(comparison: &Comparison) -> String {
    let relevance = (comparison.relevance * 1000.0).round() / 10.0;
    match comparison.numbers.iter().filter(|number| number.interval.is_some()).count() {
        0 => {
            format!("Nothing was measured long enough for an interval; changes count from {relevance} % on.")
        }
        1 => format!("The interval holds the true change with 95 %; changes count from {relevance} % on."),
        all => format!(
            "Intervals hold the true change with 95 %, each number by itself; verdicts allow for all {all} numbers \
             (Holm) and count changes from {relevance} % on."
        ),
    }
}
