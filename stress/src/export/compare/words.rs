//! What every form of a comparison says in the same words.

use std::time::Duration;

use crate::{
    export::{
        palette::{Style, clean},
        units,
    },
    plan::threshold::Quantity,
    report::compare::{Comparison, LimitOutcome, LimitResult, Number, Run, Value, Verdict},
};

/// A number with its unit.
pub(in crate::export) fn value(quantity: Quantity, value: Option<Value>) -> String {
    let Some(Value { value, lower_bound }) = value else { return "–".to_owned() };
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
pub(in crate::export) fn change(quantity: Quantity, change: Option<f64>) -> String {
    change.map_or_else(|| "–".to_owned(), |change| format!("{} {}", signed(quantity, change), unit(quantity)))
}

/// Where the true change lies with 95 %.
pub(in crate::export) fn interval(quantity: Quantity, interval: Option<(f64, f64)>) -> String {
    let text =
        |(low, high)| format!("{}…{} {}", signed(quantity, low), signed(quantity, high), unit(quantity));
    interval.map_or_else(|| "–".to_owned(), text)
}

const fn unit(quantity: Quantity) -> &'static str {
    if matches!(quantity, Quantity::Failures) { "pp" } else { "%" }
}

fn signed(quantity: Quantity, change: f64) -> String {
    let percent = change * 100.0;
    let fine = matches!(quantity, Quantity::Failures);
    match percent.abs() {
        size if size >= 9.95 && !fine => format!("{percent:+.0}"),
        size if size >= 0.005 && fine => format!("{percent:+.2}"),
        size if size >= 0.05 && !fine => format!("{percent:+.1}"),
        // Nothing has no sign.
        _ => "0".to_owned(),
    }
}

/// A verdict in a word or two, and how it looks.
pub(in crate::export) const fn verdict(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Better => ("better", Style::Good),
        Verdict::Worse => ("worse", Style::Error),
        Verdict::NoRelevantChange => ("same", Style::Normal),
        Verdict::NoEvidence => ("no evidence", Style::Faint),
        Verdict::Hidden => ("unknown (≥)", Style::Existing),
        Verdict::NotEnoughData { .. } => ("too little", Style::Existing),
    }
}

/// A run in a line.
pub(in crate::export) fn run(run: &Run) -> String {
    let (name, started, took) = (clean(&run.name), &run.started_at, units::duration(run.elapsed));
    format!("{name} (started {}, took {took})", clean(started))
}

/// The step that a number is of; with its phase and kind where there is more than one.
pub(in crate::export) fn place(comparison: &Comparison, number: &Number) -> String {
    let (place, text) = (&number.name, clean(&number.name.to_string()));
    let several = comparison.numbers.iter().any(|one| one.name.phase != place.phase);
    let phase = clean(&format!("{}:", place.phase));
    if several { text } else { text.strip_prefix(&phase).unwrap_or(&text).to_owned() }
}

/// The numbers that at least one side supports, place by place.
pub(in crate::export) fn places(comparison: &Comparison) -> Vec<(String, Vec<&Number>)> {
    let mut places: Vec<(String, Vec<&Number>)> = Vec::new();
    for number in comparison.numbers.iter().filter(|one| one.before.is_some() || one.after.is_some()) {
        let place = place(comparison, number);
        match places.last_mut().filter(|(last, _)| *last == place) {
            Some((_, numbers)) => numbers.push(number),
            None => places.push((place, vec![number])),
        }
    }
    places
}

/// What it would take to know more of these numbers, which are of one place.
pub(in crate::export) fn wanting(numbers: &[&Number]) -> Vec<String> {
    let mut told = Vec::new();
    let few = |number: &&Number| match number.verdict {
        Verdict::NotEnoughData { has, needs } => Some((has, needs)),
        _ => None,
    };
    if let Some((has, needs)) = numbers.iter().filter_map(few).max_by_key(|(_, needs)| *needs) {
        let (has, needs) = (units::duration(has), units::duration(needs));
        told.push(format!("too little data in {has}: each run should take about {needs}"));
    }
    // Where the runs are long enough, there is nothing to ask for.
    let asked = |number: &&Number| number.needs.filter(|needs| *needs > number.has);
    let unseen: Vec<String> = numbers
        .iter()
        .filter(|number| number.verdict == Verdict::NoEvidence)
        .filter_map(|number| Some(format!("{} {}", number.quantity.label(), units::duration(asked(number)?))))
        .collect();
    if !unseen.is_empty() {
        told.push(format!("to see a change of 10 %, runs should take about: {}", unseen.join(", ")));
    }
    told
}

/// A limit and what became of it.
pub(in crate::export) fn limit(threshold_result: &LimitResult) -> (&'static str, String, Style) {
    let LimitResult { limit, outcome, number } = threshold_result;
    let (word, ink) = match outcome {
        LimitOutcome::Holds => ("ok", Style::Good),
        LimitOutcome::Undecided => ("undecided", Style::Existing),
        LimitOutcome::Broken => ("BROKEN", Style::Error),
        LimitOutcome::Unknown => ("UNKNOWN", Style::Error),
    };
    let measured = match (outcome, number.verdict) {
        (LimitOutcome::Unknown, Verdict::NotEnoughData { has, needs }) => {
            format!("too little data in {}, it takes about {}", units::duration(has), units::duration(needs))
        }
        (LimitOutcome::Unknown, _) => "timeouts or unfinished work hide the true number".to_owned(),
        _ => {
            let (change, interval) =
                (change(number.quantity, number.change), interval(number.quantity, number.interval));
            format!("{change} ({interval})")
        }
    };
    (word, format!("{}: {measured}", clean(&limit.to_string())), ink)
}

/// What it all comes to, and whether that is well.
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
        parts.push(nothing(comparison).to_owned());
    }
    let failed = comparison.limits.iter().filter(|limit| limit.outcome.fails()).count();
    if failed > 0 {
        parts.push(format!(
            "{} of {} failed",
            failed,
            units::counted(comparison.limits.len() as u64, "limit")
        ));
    }
    let ink = match (comparison.regressed(), better.is_empty()) {
        (true, _) => Style::Error,
        (false, false) => Style::Good,
        (false, true) => Style::Normal,
    };
    (parts.join("; "), ink)
}

/// What there is to say when nothing is better or worse.
fn nothing(comparison: &Comparison) -> &'static str {
    let any = |wanted: fn(Verdict) -> bool| comparison.numbers.iter().any(|number| wanted(number.verdict));
    if comparison.numbers.is_empty() {
        "nothing to compare: the runs have no step in common"
    } else if any(|verdict| verdict == Verdict::NoEvidence) {
        "no evidence of a change"
    } else if any(|verdict| verdict == Verdict::NoRelevantChange) {
        "no relevant change"
    } else {
        "too little data to say anything"
    }
}

/// What plans have in common that differ in nothing else that is told.
pub(in crate::export) fn same_plans(comparison: &Comparison) -> &'static str {
    let seeds = [&comparison.before, &comparison.after].map(|runs| runs.first().map(|run| run.seed));
    if seeds[0] == seeds[1] { "the same, seed and all" } else { "the same, except for their seeds" }
}

/// How the numbers are to be read.
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
