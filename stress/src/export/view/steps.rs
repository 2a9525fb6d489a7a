//! Every number of each step: a column for each step, so that first and cached downloads stand side by side.

use strum::IntoEnumIterator;

use super::{
    describe,
    document::{Cell, Row, Shown, Table},
};
use crate::{
    export::style::Style,
    metrics::step_metrics::Span,
    report::{
        charges::PriceRange,
        stats::Percentile,
        summary::{Bounded, Distribution, StepSummary, Summary},
    },
    sample::StoredKind,
    units,
};

/// A number of every step.
pub(in crate::export) struct StepNumbers {
    /// The path of the number below `/steps/N/` in the JSON document.
    pub(in crate::export) key: String,
    label: &'static str,
    style: Style,
    shown: Shown,
    /// As shown and as the JSON has it, a step each.
    pub(in crate::export) values: Vec<Option<(String, f64)>>,
}

/// A time of a distribution, where the sample supports it.
type Time = Box<dyn Fn(&Distribution) -> Option<Bounded>>;

/// The table of all steps.
pub(super) fn table(summary: &Summary) -> Table {
    let row = |numbers: StepNumbers| {
        let StepNumbers { key, label, style, shown, values } = numbers;
        let cells = values.into_iter().enumerate().map(|(position, value)| {
            let is_some = value.as_ref().is_some_and(|(_, value)| *value > 0.0);
            let cell = Cell::number(value, &format!("/steps/{position}/{key}"));
            if is_some { Cell { style, ..cell } } else { cell }
        });
        Row::new(label, cells.collect()).only(shown)
    };
    let mut rows: Vec<Row> = counts(summary).into_iter().map(row).collect();
    rows.push(Row::heading("response time"));
    rows.extend(times(summary).into_iter().map(row));
    rows.push(Row::heading("median time of each part"));
    rows.extend(parts(summary).into_iter().map(row));
    let names: Vec<_> = summary.steps.iter().map(|step| describe::phase_step(summary, step)).collect();
    let heads: Vec<_> = [""].into_iter().chain(names.iter().map(String::as_str)).collect();
    let caption = "Each step in numbers; the response time runs from when the step was due to its last byte";
    Table { note: unsupported(summary), ..Table::new(caption, &heads, rows) }
}

/// Every number, whether screens show it or not.
pub(in crate::export) fn numbers(summary: &Summary) -> Vec<StepNumbers> {
    [counts(summary), times(summary), parts(summary), stored(summary)].into_iter().flatten().collect()
}

fn count(
    summary: &Summary,
    (key, label): (&str, &'static str),
    style: Style,
    shown: Shown,
    count: impl Fn(&StepSummary) -> u64,
) -> StepNumbers {
    let value = |step| (units::count(count(step)), count(step) as f64);
    let values = summary.steps.iter().map(|step| Some(value(step))).collect();
    StepNumbers { key: key.to_owned(), label, style, shown, values }
}

fn counts(summary: &Summary) -> Vec<StepNumbers> {
    type Count = fn(&StepSummary) -> u64;
    let shown_if = |any: Count| {
        if summary.steps.iter().any(|step| any(step) > 0) { Shown::Everywhere } else { Shown::Csv }
    };
    let kinds: [(&str, &str, Style, Shown, Count); 10] = [
        ("attempted", "attempted", Style::Normal, Shown::Page, |step| step.attempted),
        ("done", "succeeded", Style::Normal, Shown::Everywhere, |step| step.done),
        ("not_found", "not found", Style::Attention, shown_if(|step| step.not_found), |step| step.not_found),
        ("failed", "failed", Style::Bad, Shown::Everywhere, |step| step.failed),
        ("attempt_failures", "failed attempts", Style::Attention, Shown::Everywhere, |step| {
            step.attempt_failures
        }),
        ("unfinished", "unfinished", Style::Bad, shown_if(|step| step.unfinished), |step| step.unfinished),
        ("skipped", "skipped", Style::Attention, shown_if(|step| step.skipped), |step| step.skipped),
        ("bytes_sent", "bytes sent", Style::Normal, Shown::Csv, |step| step.bytes_sent),
        ("bytes_received", "bytes received", Style::Normal, Shown::Csv, |step| step.bytes_received),
        ("bytes_done", "bytes of blobs", Style::Normal, Shown::Csv, |step| step.bytes_done),
    ];
    let mut counts: Vec<_> = kinds
        .into_iter()
        .map(|(key, label, style, shown, of)| count(summary, (key, label), style, shown, of))
        .collect();
    let throughput = |step: &StepSummary| step.throughput_mib.map(|rate| (units::mib_per_second(rate), rate));
    counts.push(StepNumbers {
        key: "throughput_mib_per_second".to_owned(),
        // From the step's first start to its last finish, although steps overlap.
        label: "MiB/s whole run",
        style: Style::Normal,
        shown: Shown::Everywhere,
        values: summary.steps.iter().map(throughput).collect(),
    });
    let own = |step: &StepSummary| step.request_mib.map(|rate| (units::mib_per_second(rate), rate));
    counts.push(StepNumbers {
        key: "request_mib_per_second".to_owned(),
        label: "MiB/s each",
        style: Style::Normal,
        shown: Shown::Everywhere,
        values: summary.steps.iter().map(own).collect(),
    });
    counts
}

/// A time of each step; shown only where the sample of some step supports it.
fn time(
    summary: &Summary,
    key: String,
    label: &'static str,
    of: impl Fn(&StepSummary) -> Option<Bounded>,
) -> StepNumbers {
    let value = |time: Bounded| (describe::bounded(time), time.value.as_secs_f64());
    let values = summary.steps.iter().map(|step| of(step).map(value)).collect();
    StepNumbers { key, label, style: Style::Normal, shown: Shown::Everywhere, values }
}

/// The names of a distribution's times and how to take them.
fn times_of_distribution() -> Vec<(&'static str, Time)> {
    let mut times: Vec<(&'static str, Time)> = vec![
        ("min", Box::new(|times| Some(times.min))),
        ("mean", Box::new(|times| Some(times.mean))),
        ("median", Box::new(|times| Some(times.median))),
    ];
    for percentile in Percentile::iter() {
        times.push((percentile.label(), Box::new(move |times| times.percentiles.get(&percentile).copied())));
    }
    times.push(("max", Box::new(|times| Some(times.max))));
    times
}

fn times(summary: &Summary) -> Vec<StepNumbers> {
    let samples = |step: &StepSummary| step.response().map_or(0, |times| times.count);
    let mut numbers =
        vec![count(summary, ("response_seconds/count", "samples"), Style::Normal, Shown::Csv, samples)];
    for (label, of) in times_of_distribution() {
        let number = time(summary, format!("response_seconds/{label}"), label, |step| of(step.response()?));
        // The median is shown however small the sample, so that p50 says nothing new.
        let is_known = number.values.iter().any(Option::is_some) && label != Percentile::P50.label();
        let always = ["min", "mean", "median", "max"].contains(&label);
        let shown = if is_known || always { Shown::Everywhere } else { Shown::Csv };
        numbers.push(StepNumbers { shown, ..number });
    }
    numbers
}

/// The names of the response times that are lower bounds, with blanks between them.
pub(in crate::export) fn lower_bounds(step: &StepSummary) -> String {
    let Some(times) = step.response() else { return String::new() };
    let is_bound = |of: &Time| of(times).is_some_and(|time| time.lower_bound);
    let names = times_of_distribution().into_iter().filter(|(_, of)| is_bound(of)).map(|(name, _)| name);
    names.collect::<Vec<_>>().join(" ")
}

/// Where the time of successes went.
fn parts(summary: &Summary) -> Vec<StepNumbers> {
    let parts = [
        ("sending", "send_seconds", Span::Send, Shown::Everywhere),
        ("waiting", "wait_seconds", Span::Wait, Shown::Everywhere),
        ("receiving", "receive_seconds", Span::Receive, Shown::Everywhere),
        ("service time", "service_seconds", Span::Service, Shown::Csv),
        ("first byte", "first_byte_seconds", Span::FirstByte, Shown::Csv),
    ];
    parts
        .into_iter()
        .map(|(label, key, span, shown)| {
            let median = |step: &StepSummary| Some(step.spans.get(&span)?.median);
            let mut numbers = StepNumbers { shown, ..time(summary, format!("{key}/median"), label, median) };
            // An answer that comes in one piece with its head is received in no time at all.
            let least = describe::LEAST.as_secs_f64();
            let unmeasured = numbers.values.iter_mut().flatten().filter(|(_, seconds)| *seconds <= least);
            unmeasured.for_each(|(text, _)| "–".clone_into(text));
            numbers
        })
        .collect()
}

/// Uploads by what the publishers made of them, and what they charged.
fn stored(summary: &Summary) -> Vec<StepNumbers> {
    let mut numbers: Vec<_> = StoredKind::iter()
        .map(|kind| {
            let label = kind.label();
            let key = format!("stored/{label}");
            let of = |step: &StepSummary| step.stored.get(&kind).copied().unwrap_or(0);
            count(summary, (&key, label), Style::Normal, Shown::Csv, of)
        })
        .collect();
    let cost = |step: &StepSummary| step.cost_frost;
    let mut costs = count(summary, ("cost_frost", "FROST"), Style::Normal, Shown::Csv, cost);
    // A sum that is too large to be counted is no number.
    let overflowed = costs.values.iter_mut().zip(&summary.steps).filter(|(_, step)| step.cost_is_lower_bound);
    overflowed.for_each(|(cost, _)| *cost = None);
    numbers.push(costs);
    let units = |step: &StepSummary| step.storage_units;
    numbers.push(count(summary, ("storage_units", "units"), Style::Normal, Shown::Csv, units));
    let price = |key: &str, label, of: fn(PriceRange) -> u64| {
        let value = |price: PriceRange| (units::count(of(price)), of(price) as f64);
        let values = summary.steps.iter().map(|step| step.unit_price_frost.map(value)).collect();
        let key = format!("unit_price_frost/{key}");
        StepNumbers { key, label, style: Style::Normal, shown: Shown::Csv, values }
    };
    numbers.push(price("least", "lowest price of a unit", |price| price.least));
    numbers.push(price("most", "highest price of a unit", |price| price.most));
    let uncertain = |step: &StepSummary| step.uncertain_uploads;
    numbers.push(count(summary, ("uncertain_uploads", "uncertain"), Style::Normal, Shown::Csv, uncertain));
    numbers
}

/// Which percentiles the largest sample is too small for.
fn unsupported(summary: &Summary) -> Option<String> {
    let most = summary.steps.iter().filter_map(StepSummary::response).map(|response| response.count).max()?;
    let missing: Vec<_> = [Percentile::P90, Percentile::P95, Percentile::P99]
        .into_iter()
        .filter(|percentile| !percentile.is_supported_by(most))
        .map(|percentile| format!("{} ({} needed)", percentile.label(), percentile.needs()))
        .collect();
    (!missing.is_empty()).then(|| format!("Not enough samples for {}.", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixtures,
        plan::journey::Step,
        sample::{Outcome, Stored},
    };

    #[test]
    fn an_answer_in_one_piece_has_no_time_of_its_own_on_screens() {
        let samples: Vec<_> = (0..7)
            .map(|index| {
                let outcome = fixtures::stored(index, StoredKind::New);
                let mut sample = fixtures::sample(index, Step::Upload, 0, 100, outcome);
                sample.exchange.timing.first_byte = Some(sample.exchange.timing.finished);
                sample
            })
            .collect();
        let summary = Summary::of(&fixtures::report(7, &samples));
        let receiving = parts(&summary).into_iter().find(|part| part.label == "receiving").unwrap();
        assert_eq!(receiving.values[0], Some(("–".to_owned(), 1e-9)));
        let waiting = parts(&summary).into_iter().find(|part| part.label == "waiting").unwrap();
        assert_eq!(waiting.values[0].as_ref().unwrap().0, "75.0 ms");
    }

    #[test]
    fn a_cost_that_cannot_be_counted_is_no_number() {
        let charged = |cost: u64| {
            let stored = |index| match fixtures::stored(index, StoredKind::New) {
                Outcome::Stored(stored) => Outcome::Stored(Stored { cost: Some(cost), ..stored }),
                other => other,
            };
            let samples: Vec<_> =
                (0..7).map(|index| fixtures::sample(index, Step::Upload, 0, 100, stored(index))).collect();
            let summary = Summary::of(&fixtures::report(7, &samples));
            let numbers = super::stored(&summary);
            let cost = numbers.iter().find(|number| number.key == "cost_frost").unwrap();
            (cost.values[0].clone().map(|(text, _)| text), summary.uploads.unwrap().cost_is_lower_bound)
        };
        assert_eq!(charged(1_000), (Some("7,000".to_owned()), false));
        assert_eq!(charged(1 << 52), (None, true));
        assert_eq!(charged(u64::MAX), (None, true));
    }
}
