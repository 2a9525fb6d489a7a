//! Numbers, verdicts and loads in words, the same in every format.

use std::time::Duration;

use crate::{
    export::{events, style::clean},
    plan::{
        Phase,
        delay::Delays,
        journey::Step,
        load::Load,
        schedule::Arrivals,
        source::BlobSource,
        stages::{Stage, Stages},
    },
    report::{
        quality::{Check, CheckResult, QualityReport, Severity},
        stationarity::Drift,
        summary::{Bounded, FailureSummary, StepSummary, Summary},
        threshold::{Measured, percent},
    },
    sample::{Failure, StoredKind},
    units::{self, exact_duration},
};

/// The most columns of a label before a sentence on a terminal.
const LONGEST_LABEL: usize = 12;

/// The least that a histogram holds: a time too short for the clock is recorded as this.
pub(super) const LEAST: Duration = Duration::from_nanos(1);

/// A duration, with `≥` where the true one may be longer.
pub(in crate::export) fn bounded(number: Bounded) -> String {
    let value = if number.value <= LEAST { Duration::ZERO } else { number.value };
    format!("{}{}", if number.lower_bound { "≥" } else { "" }, units::duration(value))
}

/// The number that a threshold was compared with.
pub(in crate::export) fn measured(measured: Measured) -> String {
    match measured {
        Measured::Time(time) => bounded(time),
        Measured::Count { count, of } => {
            format!("{} of {} ({:.2}%)", units::count(count), units::count(of), percent(count, of))
        }
        Measured::PerSecond(rate) => format!("{rate:.2}/s"),
        Measured::BytesPerSecond(rate) => units::rate(rate),
        Measured::Judged { time, has, needs } => {
            let (samples, needs) = (units::counted(has, "sample"), units::count(needs));
            format!("{} (unsupported: {samples}, {needs} needed)", bounded(time))
        }
        Measured::Unsupported { has, needs } => {
            format!("not enough data: {}, {} needed", units::counted(has, "sample"), units::count(needs))
        }
    }
}

/// Whether the numbers can be trusted, and if not fully, why.
pub(in crate::export) fn quality(quality: &QualityReport) -> String {
    let exceeded = quality.checks.iter().filter(|check| check.severity > Severity::Trustworthy);
    let reasons: Vec<_> = exceeded.map(|check| reason(check, quality.drift.as_ref())).collect();
    match quality.severity() {
        None => "no verdict: nothing succeeded".to_owned(),
        Some(Severity::Trustworthy) => "trustworthy".to_owned(),
        Some(Severity::Care) => format!("use with care: {}", reasons.join(", ")),
        Some(Severity::Invalid) => format!("invalid: {}", reasons.join(", ")),
    }
}

/// What was measured, and the limit that it exceeds.
fn reason(check: &CheckResult, drift: Option<&Drift>) -> String {
    let what = checked(check, drift);
    let limit = match check.check {
        _ if check.limit == 0.0 => String::new(),
        Check::Achieved => format!(" (below {})", checked_number(check, check.limit)),
        _ => format!(" (above {})", checked_number(check, check.limit)),
    };
    format!("{what} {}{limit}", checked_number(check, check.measured))
}

/// What a quality check looked at.
pub(in crate::export) fn checked(check: &CheckResult, drift: Option<&Drift>) -> String {
    let what = match (check.check, drift) {
        (Check::Stationarity, Some(Drift { step, metric, first, last, .. })) => {
            let way = if last > first { "rose" } else { "fell" };
            return format!("{step} {} {way} from first to last third by", metric.label());
        }
        (Check::Stationarity, None) => "change from first to last third",
        (Check::StartDelayP99, _) => "p99 start delay",
        (Check::StartDelayMax, _) => "longest start delay",
        (Check::Achieved, _) => "achieved rate",
        (Check::Dropped, _) => "dropped arrivals",
        (Check::Cpu, _) => "generator CPU",
        (Check::Throttled, _) => "CPU quota used up in",
        (Check::Lag, _) => "event-loop lag p99",
        (Check::Unfinished, _) => "unfinished at the end",
        (Check::Contaminated, _) => "first downloads that were already cached",
        (Check::Samples, _) => "thresholds with too few samples",
        (Check::WallClock, _) => "wall clock step",
        (Check::Ports, _) => "ports in use",
        (Check::Descriptors, _) => "file descriptors in use",
    };
    what.to_owned()
}

/// A number in the unit of what a quality check looked at.
pub(in crate::export) fn checked_number(check: &CheckResult, value: f64) -> String {
    match check.check {
        Check::StartDelayP99 | Check::StartDelayMax | Check::Lag | Check::WallClock => {
            units::duration(Duration::try_from_secs_f64(value).unwrap_or_default())
        }
        Check::Samples => format!("{value:.0}"),
        Check::Achieved
        | Check::Dropped
        | Check::Cpu
        | Check::Throttled
        | Check::Unfinished
        | Check::Contaminated
        | Check::Stationarity
        | Check::Ports
        | Check::Descriptors => format!("{:.1}%", value * 100.0),
    }
}

/// `passed` only when the run came to its end, something succeeded, and every threshold holds.
pub(in crate::export) fn verdict(summary: &Summary) -> &'static str {
    match (summary.partial, summary.well_so_far()) {
        (false, true) => "passed",
        (true, true) => "PARTIAL",
        (true, false) => "PARTIAL, FAILED",
        (false, false) => "FAILED",
    }
}

/// `5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1 unfinished`.
pub(in crate::export) fn outcome(summary: &Summary) -> String {
    let total = |of: fn(&StepSummary) -> u64, uploads: bool| -> u64 {
        summary.steps.iter().filter(|step| step.step.stores() == uploads).map(of).sum()
    };
    let part = |uploads: bool, noun: &str| {
        let tried = total(|step| step.attempted - step.not_found, uploads);
        let done = total(|step| step.done, uploads);
        (tried > 0).then(|| format!("{} of {}", units::count(done), units::counted(tried, noun)))
    };
    let parts: Vec<_> = [part(true, "upload"), part(false, "download")].into_iter().flatten().collect();
    let mut text = if parts.is_empty() {
        "nothing was attempted".to_owned()
    } else {
        format!("{} succeeded", parts.join(" and "))
    };
    let not_found = total(|step| step.not_found, false);
    let others =
        [(not_found, "not found yet"), (summary.failed(), "failed"), (summary.unfinished(), "unfinished")];
    for (count, what) in others {
        if count > 0 {
            text.push_str(&format!(", {} {what}", units::count(count)));
        }
    }
    if summary.retried() > 0 {
        text.push_str(&format!("; {} retried", units::counted(summary.retried(), "failed attempt")));
    }
    text
}

/// A step beside others of its phase.
pub(in crate::export) fn step(step: Step, repeats: bool) -> String {
    if repeats { format!("{step}, repeats") } else { step.to_string() }
}

/// A step beside others of the run: with its phase where several phases have the same step.
pub(in crate::export) fn phase_step(summary: &Summary, one: &StepSummary) -> String {
    let name = step(one.step, one.repeats);
    let is_same = |a: &StepSummary, b: &StepSummary| a.step == b.step && a.phase != b.phase;
    let several = summary.steps.iter().any(|a| summary.steps.iter().any(|b| is_same(a, b)));
    if several { format!("{}: {name}", one.phase) } else { name }
}

/// `2 uploads failed: shed, first at 1.10 s, last at 2.60 s`, or of those that were followed by a retry
/// `2 retries of uploads: shed, at 1.10 s`.
pub(in crate::export) fn failures(step: &StepSummary, failure: &FailureSummary, retried: bool) -> String {
    let repeats = if step.repeats { " of repeats" } else { "" };
    let (noun, class) = (events::noun(step.step), failure.class);
    let what = if retried {
        let retries = if failure.count == 1 { "retry" } else { "retries" };
        format!("{} {retries} of {noun}s{repeats}: {class}", units::count(failure.count))
    } else {
        format!("{}{repeats} failed: {class}", units::counted(failure.count, &noun))
    };
    let (first, last) = (units::duration(failure.first), units::duration(failure.last));
    if failure.count == 1 {
        format!("{what}, at {last}")
    } else {
        format!("{what}, first at {first}, last at {last}")
    }
}

/// Walrus' own reasons where it gave several, and the first failures as they happened.
pub(in crate::export) fn failure_details(failure: &FailureSummary) -> Vec<String> {
    let reasons: Vec<_> = failure
        .reasons
        .iter()
        .map(|reason| format!("{} {}", units::count(reason.count), clean(&reason.reason)))
        .collect();
    let reasons = (reasons.len() > 1).then(|| reasons.join(", "));
    let examples = failure.examples.iter().map(|example| {
        let (number, at) = (units::count(example.blob_number), units::duration(example.at));
        let id = example.blob_id.as_deref().map(|id| format!(" ({})", clean(id))).unwrap_or_default();
        let clock = example.wall_clock.as_ref().map(|clock| format!(" ({clock})")).unwrap_or_default();
        format!("blob {number}{id} at {at}{clock}: {}", failure_text(&example.failure))
    });
    reasons.into_iter().chain(examples).collect()
}

/// What a failure's class does not say already.
fn failure_text(failure: &Failure) -> String {
    let status = failure.status.map(|status| status.to_string());
    let code = [status, failure.reason.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let message = clean(&failure.message);
    if code.is_empty() { message } else { format!("{}: {message}", clean(&code)) }
}

/// What a publisher made of an upload.
pub(in crate::export) const fn stored(kind: StoredKind, forced: bool) -> &'static str {
    match kind {
        StoredKind::New if forced => "forced",
        StoredKind::New => "new",
        StoredKind::ReuseStorage => "with reused storage",
        StoredKind::ReuseRegistration => "with a reused registration",
        StoredKind::ReuseAndExtend => "extended",
        StoredKind::ReuseAndExtendNonCertified => "extended and certified",
        StoredKind::Existing => "existing",
    }
}

/// What a phase asks for: blobs, their sizes, how many at a time, for how long.
pub(in crate::export) fn load(phase: &Phase) -> String {
    let at_most = if phase.stop.blobs.is_some() { "at most " } else { "" };
    let time = phase.stop.duration.map(|time| format!(", for {at_most}{}", units::duration(time)));
    let (time, pace) = (time.unwrap_or_default(), pace(&phase.load));
    let blobs = phase.stop.blobs.map_or_else(|| "blobs".to_owned(), |blobs| units::counted(blobs, "blob"));
    let kind = match &phase.source {
        BlobSource::Earlier => return format!("the same blobs, {pace}{time}"),
        BlobSource::Phase { name, round: true } => format!("{}, round after round", clean(name)),
        BlobSource::List { name, round: true, .. } => format!("{}, round after round", clean(name)),
        _ => blobs_of(phase),
    };
    let control = if phase.order_control > 0.0 {
        format!(", {}% with an order control", (phase.order_control * 1e4).round() / 1e2)
    } else {
        String::new()
    };
    let delays = phase.delays.as_ref().map_or_else(String::new, delays);
    format!("{blobs} of {kind}, {pace}{time}{control}{delays}")
}

/// When delayed reads are made.
fn delays(delays: &Delays) -> String {
    let again: Vec<_> = delays.again.iter().map(|after| exact_duration(after.0)).collect();
    let again = match again.as_slice() {
        [] => String::new(),
        times => format!("; if not found, again after {}", times.join(" or ")),
    };
    format!(", each read once after {}{again}", delays.after)
}

/// The label of a phase's line and the line: a name that is too long for a label stands in the line.
pub(super) fn phase_fact(name: &str, text: String) -> (String, String) {
    if name.chars().count() <= LONGEST_LABEL {
        (clean(name), text)
    } else {
        ("phase".to_owned(), format!("{}: {text}", clean(name)))
    }
}

/// What each step of a search asks for, apart from the level.
pub(in crate::export) fn search_load(phase: &Phase) -> String {
    let steps = phase.journey.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{steps} of blobs of {}", blobs_of(phase))
}

/// The sizes of a phase's blobs, or where they come from.
fn blobs_of(phase: &Phase) -> String {
    let (min, max) = (units::bytes(phase.sizes.min), units::bytes(phase.sizes.max));
    match &phase.source {
        BlobSource::Made if min == max => min,
        BlobSource::Made => format!("{min} to {max}"),
        BlobSource::List { name, .. } => clean(name),
        BlobSource::Earlier => "earlier phases".to_owned(),
        BlobSource::Phase { name, .. } => format!("the phase {}", clean(name)),
    }
}

/// How a load goes on.
fn pace(load: &Load) -> String {
    let level = |stages: &Stages, unit: &str| {
        let stage = |stage: &Stage| {
            let (from, to) = (units::level(stage.from), units::level(stage.to));
            let ramp = if stage.from == stage.to { String::new() } else { format!(" to {to}{unit}") };
            let length = stage.duration.map(|duration| format!(" for {}", units::duration(duration)));
            format!("{from}{unit}{ramp}{}", length.unwrap_or_default())
        };
        stages.0.iter().map(stage).collect::<Vec<_>>().join(", ")
    };
    match load {
        Load::Closed { workers } => format!("{} at a time", level(workers, "")),
        Load::Open { rate, arrivals: Arrivals::Uniform, .. } => format!("starting {}", level(rate, "/s")),
        Load::Open { rate, arrivals: Arrivals::Poisson, .. } => {
            format!("starting {} (Poisson)", level(rate, "/s"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_too_short_for_the_clock_is_shown_as_zero() {
        let shown = |nanoseconds, lower_bound| {
            bounded(Bounded { value: Duration::from_nanos(nanoseconds), lower_bound })
        };
        assert_eq!([shown(1, false), shown(2, false), shown(1_500, true)], ["0 s", "2 ns", "≥1.50 µs"]);
    }
}
