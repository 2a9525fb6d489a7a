//! How far the numbers can be trusted, and what speaks against it.

use super::labelled;
use crate::{
    export::{
        palette::{Ink, Palette},
        units,
    },
    report::{
        stationarity::Drift,
        trust::{Check, Grade, Subject, Trust},
    },
};

pub(super) fn lines(trust: &Trust, palette: Palette) -> Vec<String> {
    let ink = match trust.verdict() {
        Grade::Trustworthy => Ink::Good,
        Grade::Care => Ink::Existing,
        Grade::Invalid => Ink::Alarm,
    };
    let mut lines = labelled("trust", &verdict(trust), ink, palette);
    if let Some(bottleneck) = trust.bottleneck() {
        lines.extend(labelled("", bottleneck.advice(), Ink::Normal, palette));
    }
    lines
}

/// The verdict and what speaks against more trust.
pub(in crate::export) fn verdict(trust: &Trust) -> String {
    let verdict = match trust.verdict() {
        Grade::Trustworthy => "trustworthy",
        Grade::Care => "use with care: ",
        Grade::Invalid => "invalid: ",
    };
    let against = trust.checks.iter().filter(|check| check.grade > Grade::Trustworthy);
    let against: Vec<_> = against.map(|check| reason(check, trust.drift.as_ref())).collect();
    format!("{verdict}{}", against.join(", "))
}

/// What was measured and the limit that it went beyond.
fn reason(check: &Check, drift: Option<&Drift>) -> String {
    let what = name(check, drift);
    let limit = match check.subject {
        _ if check.limit == 0.0 => String::new(),
        Subject::Achieved => format!(" (below {})", number(check, check.limit)),
        _ => format!(" (above {})", number(check, check.limit)),
    };
    format!("{what} {}{limit}", number(check, check.measured))
}

/// What was checked.
pub(in crate::export) fn name(check: &Check, drift: Option<&Drift>) -> String {
    let name = match (check.subject, drift) {
        (Subject::Stationarity, Some(drift)) => return change(drift),
        (Subject::Stationarity, None) => "change from first to last third",
        (Subject::LatenessP99, _) => "p99 lateness",
        (Subject::LatenessMax, _) => "longest lateness",
        (Subject::Achieved, _) => "achieved rate",
        (Subject::Dropped, _) => "dropped arrivals",
        (Subject::Cpu, _) => "own CPU",
        (Subject::Lag, _) => "event-loop lag p99",
        (Subject::Unfinished, _) => "unfinished at the end",
        (Subject::Samples, _) => "thresholds with too few samples",
        (Subject::WallClock, _) => "wall clock moved by",
        (Subject::Ports, _) => "ports in use",
        (Subject::Descriptors, _) => "file descriptors in use",
    };
    name.to_owned()
}

/// A number in the unit of what was checked.
pub(in crate::export) fn number(check: &Check, value: f64) -> String {
    match check.subject {
        Subject::LatenessP99 | Subject::LatenessMax | Subject::Lag | Subject::WallClock => {
            units::duration(std::time::Duration::try_from_secs_f64(value).unwrap_or_default())
        }
        Subject::Samples => format!("{value:.0}"),
        Subject::Achieved
        | Subject::Dropped
        | Subject::Cpu
        | Subject::Unfinished
        | Subject::Stationarity
        | Subject::Ports
        | Subject::Descriptors => format!("{:.1}%", value * 100.0),
    }
}

/// What changed in the course of the run.
fn change(drift: &Drift) -> String {
    let Drift { step, number, first, last, .. } = drift;
    let way = if last > first { "rose" } else { "fell" };
    format!("{step} {} {way} from first to last third by", number.label())
}
