//! Judgements in words, the same ones in every format.

use std::time::Duration;

use super::{events, palette::clean, units};
use crate::{
    metrics::step_metrics::ReasonTally,
    report::{
        Ending, Report,
        quality::{Check, CheckResult, QualityReport, Severity},
        stationarity::Drift,
        summary::{Bounded, FailureSummary, StepSummary, Summary},
        threshold::{Measured, ThresholdResult, percent},
    },
    sample::Failure,
};

/// A duration, marked where the true one may be longer.
pub fn bounded(number: Bounded) -> String {
    // What took no time that a clock could see was recorded as the least that a histogram holds.
    let value = if number.value <= LEAST { Duration::ZERO } else { number.value };
    format!("{}{}", if number.lower_bound { "≥" } else { "" }, units::duration(value))
}

const LEAST: Duration = Duration::from_nanos(1);

/// What became of a threshold.
pub fn held(threshold_result: &ThresholdResult) -> &'static str {
    if threshold_result.holds() { "ok" } else { "BROKEN" }
}

/// The number that a threshold was held against.
pub fn measured(measured: Measured) -> String {
    match measured {
        Measured::Time(time) => bounded(time),
        Measured::Count { count, of } => {
            format!("{} of {} ({:.2}%)", units::count(count), units::count(of), percent(count, of))
        }
        Measured::PerSecond(rate) => format!("{rate:.2}/s"),
        Measured::BytesPerSecond(rate) => units::rate(rate),
        Measured::Unsupported { has, needs } => {
            format!("{} cannot say, it takes {}", units::counted(has, "sample"), units::count(needs))
        }
    }
}

/// The thresholds worth telling: those that were asked for, and of the others those that broke; none when nobody
/// asked for any.
pub fn thresholds(summary: &Summary) -> Vec<&ThresholdResult> {
    let threshold_results = &summary.thresholds;
    if threshold_results.iter().all(|threshold_result| threshold_result.implicit) {
        return Vec::new();
    }
    threshold_results
        .iter()
        .filter(|threshold_result| !threshold_result.implicit || !threshold_result.holds())
        .collect()
}

/// How far the numbers can be trusted, and what speaks against it.
pub fn quality(quality: &QualityReport) -> String {
    let against = quality.checks.iter().filter(|check| check.severity > Severity::Trustworthy);
    let against: Vec<_> = against.map(|check| reason(check, quality.drift.as_ref())).collect();
    match quality.severity() {
        Severity::Trustworthy => "trustworthy".to_owned(),
        Severity::Care => format!("use with care: {}", against.join(", ")),
        Severity::Invalid => format!("invalid: {}", against.join(", ")),
    }
}

/// What was measured and the limit that it went beyond.
fn reason(check: &CheckResult, drift: Option<&Drift>) -> String {
    let what = checked(check, drift);
    let limit = match check.check {
        _ if check.limit == 0.0 => String::new(),
        Check::Achieved => format!(" (below {})", number(check, check.limit)),
        _ => format!(" (above {})", number(check, check.limit)),
    };
    format!("{what} {}{limit}", number(check, check.measured))
}

/// What a check of the trust looked at.
pub fn checked(check: &CheckResult, drift: Option<&Drift>) -> String {
    let what = match (check.check, drift) {
        (Check::Stationarity, Some(drift)) => return change(drift),
        (Check::Stationarity, None) => "change from first to last third",
        (Check::StartDelayP99, _) => "p99 start delay",
        (Check::StartDelayMax, _) => "longest start delay",
        (Check::Achieved, _) => "achieved rate",
        (Check::Dropped, _) => "dropped arrivals",
        (Check::Cpu, _) => "own CPU",
        (Check::Lag, _) => "event-loop lag p99",
        (Check::Unfinished, _) => "unfinished at the end",
        (Check::Contaminated, _) => "first downloads that were already cached",
        (Check::Samples, _) => "thresholds with too few samples",
        (Check::WallClock, _) => "wall clock moved by",
        (Check::Ports, _) => "ports in use",
        (Check::Descriptors, _) => "file descriptors in use",
    };
    what.to_owned()
}

/// A number in the unit of what a check looked at.
pub fn number(check: &CheckResult, value: f64) -> String {
    match check.check {
        Check::StartDelayP99 | Check::StartDelayMax | Check::Lag | Check::WallClock => {
            units::duration(Duration::try_from_secs_f64(value).unwrap_or_default())
        }
        Check::Samples => format!("{value:.0}"),
        Check::Achieved
        | Check::Dropped
        | Check::Cpu
        | Check::Unfinished
        | Check::Contaminated
        | Check::Stationarity
        | Check::Ports
        | Check::Descriptors => format!("{:.1}%", value * 100.0),
    }
}

/// What changed in the course of the run.
fn change(drift: &Drift) -> String {
    let Drift { step, metric, first, last, .. } = drift;
    let way = if last > first { "rose" } else { "fell" };
    format!("{step} {} {way} from first to last third by", metric.label())
}

/// `2 uploads failed: shed`.
pub fn failed(step: &StepSummary, failure: &FailureSummary) -> String {
    format!("{} failed: {}", counted(step, failure), failure.class)
}

/// `2 retries of uploads: shed`.
pub fn tried_again(step: &StepSummary, failure: &FailureSummary) -> String {
    let retries = if failure.count == 1 { "retry" } else { "retries" };
    let repeats = if step.repeats { " (repeats)" } else { "" };
    let (count, noun) = (units::count(failure.count), events::noun(step.step));
    format!("{count} {retries} of {noun}s{repeats}: {}", failure.class)
}

/// How many of what.
fn counted(step: &StepSummary, failure: &FailureSummary) -> String {
    let what = units::counted(failure.count, &events::noun(step.step));
    if step.repeats { format!("{what} of repeats") } else { what }
}

/// When the failures of a class were known, since the run's origin.
pub fn when(failure: &FailureSummary) -> String {
    let (first, last) = (units::duration(failure.first), units::duration(failure.last));
    if failure.count == 1 { format!("at {last}") } else { format!("first at {first}, last at {last}") }
}

/// Walrus' own reasons, when it gave several: `12 BLOB_NOT_FOUND, 3 BLOB_UNAVAILABLE`; nothing otherwise.
pub fn reasons(failure: &FailureSummary) -> Option<String> {
    let reason =
        |(reason, tally): &(String, ReasonTally)| format!("{} {}", units::count(tally.count), clean(reason));
    let reasons: Vec<_> = failure.reasons.iter().map(reason).collect();
    (reasons.len() > 1).then(|| reasons.join(", "))
}

/// What a failure's class does not say already.
pub fn details(failure: &Failure) -> String {
    let status = failure.status.map(|status| status.to_string());
    let code = [status, failure.reason.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let message = clean(&failure.message);
    if code.is_empty() { message } else { format!("{}: {message}", clean(&code)) }
}

/// What was done, in one sentence: `5 of 7 uploads and 4 of 8 downloads succeeded, 5 failed, 1 unfinished`.
pub fn outcome(report: &Report, summary: &Summary) -> String {
    let total = |of: fn(&StepSummary) -> u64, uploads: bool| -> u64 {
        summary.steps.iter().filter(|step| step.step.stores() == uploads).map(of).sum()
    };
    let part = |uploads: bool, noun: &str| {
        let (done, tried) = (total(|step| step.done, uploads), total(|step| step.attempted, uploads));
        (tried > 0).then(|| format!("{} of {}", units::count(done), units::counted(tried, noun)))
    };
    let parts: Vec<_> = [part(true, "upload"), part(false, "download")].into_iter().flatten().collect();
    let mut text = if parts.is_empty() {
        "nothing was tried".to_owned()
    } else {
        format!("{} succeeded", parts.join(" and "))
    };
    for (count, what) in [(summary.failed(), "failed"), (summary.unfinished(), "unfinished")] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", units::count(count)));
        }
    }
    if summary.retried() > 0 {
        text.push_str(&format!("; {} tried again", units::counted(summary.retried(), "failed attempt")));
    }
    match report.ending {
        Ending::Completed => text,
        Ending::Interrupted { .. } => format!("PARTIAL: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_no_time_is_not_told_as_a_nanosecond() {
        let told = |nanoseconds, lower_bound| {
            bounded(Bounded { value: Duration::from_nanos(nanoseconds), lower_bound })
        };
        assert_eq!([told(1, false), told(2, false), told(1_500, true)], ["0 s", "2 ns", "≥1.50 µs"]);
    }
}
