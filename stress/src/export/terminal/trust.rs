//! How far the numbers can be trusted, and what speaks against it.

use super::labelled;
use crate::{
    export::{
        palette::{Ink, Palette},
        units,
    },
    report::trust::{Check, Grade, Subject, Trust},
};

pub(super) fn lines(trust: &Trust, palette: Palette) -> Vec<String> {
    let (verdict, ink) = match trust.verdict() {
        Grade::Trustworthy => ("trustworthy", Ink::Good),
        Grade::Care => ("use with care: ", Ink::Existing),
        Grade::Invalid => ("invalid: ", Ink::Alarm),
    };
    let against = trust.checks.iter().filter(|check| check.grade > Grade::Trustworthy);
    let against: Vec<_> = against.map(reason).collect();
    let mut lines = labelled("trust", &format!("{verdict}{}", against.join(", ")), ink, palette);
    if let Some(bottleneck) = trust.bottleneck() {
        lines.extend(labelled("", bottleneck.advice(), Ink::Normal, palette));
    }
    lines
}

/// What was measured and the limit that it went beyond.
fn reason(check: &Check) -> String {
    let what = match check.subject {
        Subject::LatenessP99 => "p99 lateness",
        Subject::LatenessMax => "longest lateness",
        Subject::Achieved => "achieved rate",
        Subject::Dropped => "dropped arrivals",
        Subject::Cpu => "own CPU",
        Subject::Lag => "event-loop lag p99",
        Subject::Unfinished => "unfinished at the end",
        Subject::Contaminated => "first downloads that were already cached",
        Subject::Samples => "thresholds with too few samples",
        Subject::WallClock => "wall clock moved by",
    };
    let limit = match check.subject {
        _ if check.limit == 0.0 => String::new(),
        Subject::Achieved => format!(" (below {})", number(check, check.limit)),
        _ => format!(" (above {})", number(check, check.limit)),
    };
    format!("{what} {}{limit}", number(check, check.measured))
}

fn number(check: &Check, value: f64) -> String {
    match check.subject {
        Subject::LatenessP99 | Subject::LatenessMax | Subject::Lag | Subject::WallClock => {
            units::duration(std::time::Duration::try_from_secs_f64(value).unwrap_or_default())
        }
        Subject::Samples => format!("{value:.0}"),
        Subject::Achieved | Subject::Dropped | Subject::Cpu | Subject::Unfinished | Subject::Contaminated => {
            format!("{:.1}%", value * 100.0)
        }
    }
}
