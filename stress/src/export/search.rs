//! A search as a person reads it at its end: the steps in order of their level, and the answer last.

use std::io;

use super::{
    grid::{Cell, Column, Grid},
    palette::{Ink, Palette, wrap},
    terminal::{WIDTH, labelled, load_of, trust_lines},
    units,
    words::{bounded, measured as judged},
};
use crate::{
    plan::search::{Answer, Axis, Verdict},
    report::{
        Ending,
        capacity::{Capacity, Cost, Shedding, Tier},
        support::Percentile,
    },
};

/// Writes what a search came to.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, capacity: &Capacity, palette: Palette) -> io::Result<()> {
    let sections = [
        heading(capacity, palette),
        table(capacity, palette),
        facts(capacity, palette),
        answer(capacity, palette),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|lines| !lines.is_empty()).collect();
    for (position, lines) in sections.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// A level with its unit: `9.6/s`, `17 at a time`.
pub fn level(axis: Axis, level: f64) -> String {
    match axis {
        Axis::Rate => format!("{level}/s"),
        Axis::Concurrency => format!("{level} at a time"),
    }
}

/// One step in a line, as soon as it was made.
pub fn line(axis: Axis, tier: &Tier) -> String {
    let why = why(tier).map(|why| format!(": {why}")).unwrap_or_default();
    let (word, _) = verdict(tier);
    format!("{} {word}{why}", level(axis, tier.tried.level))
}

/// Every objective that broke, and what was measured.
fn why(tier: &Tier) -> Option<String> {
    let broken: Vec<_> =
        tier.broken().map(|one| format!("{}: {}", one.objective, judged(one.measured))).collect();
    (!broken.is_empty()).then(|| broken.join("; "))
}

fn verdict(tier: &Tier) -> (&'static str, Ink) {
    match tier.tried.verdict {
        Verdict::Holds => ("holds", Ink::Good),
        Verdict::Breaks => ("breaks", Ink::Error),
        Verdict::TooFew { .. } => ("too few", Ink::Existing),
        Verdict::Generator => ("generator", Ink::Alarm),
        Verdict::Interrupted => ("interrupted", Ink::Existing),
    }
}

fn heading(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ending::Interrupted { signal } = capacity.ending {
        let text = format!("PARTIAL: interrupted by {signal}; this is what was known by then");
        lines.push(palette.paint(Ink::Alarm, &text));
    }
    let tool = format!("{} {}", capacity.tool.name, capacity.tool.version);
    let (steps, took) =
        (units::counted(capacity.steps.len() as u64, "step"), units::duration(capacity.elapsed));
    let title = palette.paint(Ink::Heading, &tool);
    lines.push(format!("{title}  started {}, {steps} took {took}", capacity.started_at));
    let mut tell = |label: &str, text: &str| lines.extend(labelled(label, text, Ink::Normal, palette));
    for (position, objective) in capacity.plan.objectives.iter().enumerate() {
        tell(if position == 0 { "objectives" } else { "" }, &objective.to_string());
    }
    capacity.plan.phases.last().into_iter().for_each(|phase| tell("load", &load_of(phase)));
    for (role, targets) in
        [("publisher", &capacity.plan.publishers), ("aggregator", &capacity.plan.aggregators)]
    {
        targets.iter().for_each(|target| tell(role, &target.to_string()));
    }
    lines
}

/// A row for each step, by its level.
fn table(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let mut tiers: Vec<_> = capacity.steps.iter().collect();
    tiers.sort_by(|a, b| a.tried.level.total_cmp(&b.tried.level));
    let titles = [
        if capacity.search.axis == Axis::Rate { "rate" } else { "at a time" },
        &format!("{}s", capacity.focus),
        "failed",
        "done/s",
        "mean",
        "p95",
        "at once",
        "verdict",
    ]
    .map(|title| Cell::new(Ink::Heading, title));
    let rows = std::iter::once(titles.to_vec()).chain(tiers.into_iter().map(|tier| row(capacity, tier)));
    let mut columns = vec![Column::Right(7); 7];
    columns.push(Column::Left(0));
    let mut lines = Grid { columns, gap: 2, rows: rows.collect() }.lines(palette);
    if capacity.steps.iter().any(|tier| tier.uploads.at_first_shed.is_some()) {
        let text = "At once: the most uploads under way; with !, how many when the first one was refused.";
        lines.extend(wrap(text, WIDTH).iter().map(|line| palette.paint(Ink::Faint, line)));
    }
    lines
}

fn row(capacity: &Capacity, tier: &Tier) -> Vec<Cell> {
    let dash = || Cell::new(Ink::Faint, "–");
    let normal = |text: String| Cell::new(Ink::Normal, text);
    let response = tier.response.as_ref();
    let p95 = response.and_then(|response| response.percentiles.get(&Percentile::P95).copied());
    let (word, ink) = verdict(tier);
    let level = tier.tried.level;
    let at_once = match tier.uploads.at_first_shed {
        Some(count) => Cell::new(Ink::Error, format!("{}!", units::short_count(count))),
        None => tier.uploads.most.map_or_else(dash, |most| normal(units::short_count(most))),
    };
    vec![
        normal(if capacity.search.axis == Axis::Rate { format!("{level}/s") } else { level.to_string() }),
        normal(units::short_count(tier.done)),
        Cell::new(if tier.failed > 0 { Ink::Error } else { Ink::Normal }, units::short_count(tier.failed)),
        tier.per_second.map_or_else(dash, |rate| normal(per_second(rate))),
        response.map_or_else(dash, |response| normal(bounded(response.mean))),
        p95.map_or_else(dash, |p95| normal(bounded(p95))),
        at_once,
        Cell::new(ink, word),
    ]
}

fn per_second(rate: f64) -> String {
    if rate < 99.95 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

fn facts(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |label: &str, text: &str| lines.extend(labelled(label, text, Ink::Normal, palette));
    let found = matches!(capacity.answer, Answer::Between { .. } | Answer::UpTo { .. });
    match capacity.knee() {
        Some(knee) => {
            let (at, mean) = (level(capacity.search.axis, knee.level), units::duration(knee.mean));
            let done = per_second(knee.per_second);
            fact(
                "knee",
                &format!("{at}: {done} done a second, {mean} on average; most throughput for its latency"),
            );
        }
        None if found => fact("knee", "none between these levels"),
        None => {}
    }
    if let Some(Shedding { began_at, most_taken }) = capacity.shedding() {
        let taken = most_taken
            .map(|most| format!("none was refused of up to {} at once", units::counted(most, "upload")));
        let shed = began_at.map(|at| format!("the publisher began to refuse with {at} under way"));
        let text = taken.into_iter().chain(shed).collect::<Vec<_>>().join("; ");
        fact("shedding", &text);
    }
    let Cost { uploads, downloads, bytes_sent, bytes_received, frost } = capacity.cost();
    let took = [(uploads, "upload", bytes_sent, "sent"), (downloads, "download", bytes_received, "received")];
    let took = took.into_iter().filter(|(count, ..)| *count > 0).map(|(count, noun, bytes, how)| {
        format!("{} ({} {how})", units::counted(count, noun), units::bytes(bytes))
    });
    let took: Vec<_> = took.chain((frost > 0).then(|| units::wal(frost))).collect();
    fact("took", &took.join(", "));
    // The trust in an answer is the trust in what it rests on.
    let grounds = capacity.grounds().max_by_key(|tier| tier.trust.verdict());
    lines.extend(grounds.into_iter().flat_map(|tier| trust_lines(&tier.trust, palette)));
    lines
}

/// What it came to, in a sentence or two at the very end.
fn answer(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let at = |value: f64| level(capacity.search.axis, value);
    let because = |value: f64| {
        let tier = capacity
            .steps
            .iter()
            .rev()
            .find(|tier| tier.tried.level == value && tier.tried.verdict == Verdict::Breaks);
        tier.and_then(why).map(|why| format!(" ({why})")).unwrap_or_default()
    };
    let (text, ink) = match capacity.answer {
        Answer::Between { holds, breaks } => {
            (format!("holds {}, breaks at {}{}", at(holds), at(breaks), because(breaks)), Ink::Good)
        }
        Answer::UpTo { holds } => (format!("holds up to the maximum, {}", at(holds)), Ink::Good),
        Answer::Nowhere { breaks } => {
            (format!("breaks at the first step already, {}{}", at(breaks), because(breaks)), Ink::Error)
        }
        Answer::Generator { at: value } => {
            let bottleneck = capacity.steps.last().and_then(|tier| tier.bottleneck);
            let advice =
                bottleneck.map(|bottleneck| format!(": {}", bottleneck.advice())).unwrap_or_default();
            let text = format!("no capacity found: at {} the generator was the limit{advice}", at(value));
            (text, Ink::Alarm)
        }
        Answer::TooFew { at: value, has, needs } => {
            let has = units::counted(has, "sample");
            let text = format!(
                "undecided at {}: {has} in the longest step, and the objectives need {}; give a longer --step",
                at(value),
                units::count(needs)
            );
            (text, Ink::Error)
        }
        Answer::Unended { holds, breaks } => {
            let holds = holds.map_or("nothing held yet".to_owned(), |level| format!("held {}", at(level)));
            let breaks =
                breaks.map_or("nothing broke yet".to_owned(), |level| format!("broke at {}", at(level)));
            (format!("not ended: {holds}, {breaks}"), Ink::Error)
        }
    };
    wrap(&text, WIDTH).iter().map(|line| palette.paint(ink, line)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        plan::journey::Step,
        record::{Recording, gauge::Reading},
        report::fake,
    };

    #[test]
    fn every_objective_that_broke_is_named() {
        let samples: Vec<_> = (0..40).flat_map(fake::journey).chain(fake::troubled(40)).collect();
        let mut report = fake::report(41, &samples);
        report.plan.objectives =
            ["upload.max<1ms", "upload.p50<1h"].map(|text| text.parse().unwrap()).to_vec();
        let (at, none) = ((1.0, Duration::from_secs(1)), Recording::default());
        let tier = Tier::of(at, Step::Upload, &report, &none, Reading::default(), |_, _| None);
        let told = line(Axis::Rate, &tier);
        assert!(told.starts_with("1/s breaks: upload.max<1ms: "), "{told}");
        assert!(told.ends_with("; upload.failures==0: 1 of 41 (2.44%)"), "{told}");
    }
}
