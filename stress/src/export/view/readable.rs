//! How soon after storing blobs can be read, in sentences and numbers.

use std::time::Duration;

use super::document::{Cell, Row, Section, Table};
use crate::{
    export::style::{Style, clean},
    plan::journey::Step,
    report::{
        readable::{LEAST_READS, Readable, ReadableShare},
        summary::{StepSummary, Summary},
    },
    units::{self, exact_duration},
};

/// The answer for each aggregator.
pub(super) fn answers(summary: &Summary) -> Vec<Row> {
    let answers = summary.readable.iter().flat_map(|one| {
        let place = place(summary, one).map(|place| format!("{place}: ")).unwrap_or_default();
        let style = if one.shares.is_empty() { Style::Attention } else { Style::Good };
        let early =
            early(one).map(|early| Row::fact("readable", Style::Attention, format!("{place}{early}")));
        [Row::fact("readable", style, format!("{place}{}", answer(one)))].into_iter().chain(early)
    });
    let unread = |step: &&StepSummary| step.step == Step::After && step.attempted == 0 && step.skipped > 0;
    let unread = summary.steps.iter().filter(unread).map(|_| {
        let why = "no delayed read was made: only blobs are read that were new to the publisher";
        Row::fact("readable", Style::Attention, why)
    });
    answers.chain(unread).collect()
}

/// Every number.
pub(super) fn section(summary: &Summary) -> Section {
    let note = "Each blob was read once, so the times are estimates: the shortest delay at which the share of reads that \
                find their blob, which can only grow, reaches the share, with its 95 % interval. Larger shares are left out \
                where the reads do not bound their time.";
    let shares = Table { note: Some(note.to_owned()), ..shares(summary) };
    Section::new("readable", "How soon blobs can be read", vec![shares, again(summary)])
}

/// `90 % readable 0.41 s after the store (0.38 s to 0.52 s), by 500 reads`.
fn answer(one: &Readable) -> String {
    let reads = units::counted(one.reads, "read");
    let delays = format!("{} to {}", units::duration(one.shortest), units::duration(one.longest));
    if let Some(share) = one.shares.first() {
        let without = match one.without_answer {
            0 => String::new(),
            count => format!("; {} had no answer", units::count(count)),
        };
        return format!("{}, by {reads}{without}", after(share));
    }
    if one.reads < LEAST_READS {
        return format!("not enough data: {reads}, about {LEAST_READS} blobs needed");
    }
    let found = units::count(one.found);
    format!(
        "{found} of {reads} {delays} after the store found their blob: for a time, blobs must be read later or more of them"
    )
}

fn after(share: &ReadableShare) -> String {
    let (after, high) = (units::duration(share.after), units::duration(share.high));
    let interval = match share.low {
        Some(low) => format!("{} to {high}", units::duration(low)),
        None => format!("at most {high}; shorter delays were not tried"),
    };
    format!("{} readable {after} after the store ({interval})", percent(share.share))
}

/// What a read cost that came too early.
fn early(one: &Readable) -> Option<String> {
    let cost = one.early_read_cost?;
    let at_most = exact_duration(cost.at_most);
    let counts: Vec<_> = one
        .again
        .iter()
        .map(|again| {
            let (found, reads) = (units::count(again.found), units::count(again.reads));
            format!("{found} of {reads} found after {}", exact_duration(again.after))
        })
        .collect();
    let cost = match cost.more_than {
        Some(more) => format!("more than {}, at most {at_most}", exact_duration(more)),
        None => format!("at most {at_most}"),
    };
    Some(format!("a read that came too early cost {cost}: read again, {}", counts.join(", ")))
}

fn shares(summary: &Summary) -> Table {
    let row = |position: usize, place: Option<String>, one: &Readable| {
        let row = move |(number, share): (usize, &ReadableShare)| {
            let pointer = |name: &str| format!("/readable/{position}/shares/{number}/{name}");
            let time = |time: Option<Duration>, name: &str| {
                Cell::number(time.map(|time| (units::duration(time), time.as_secs_f64())), &pointer(name))
            };
            let label = match &place {
                Some(place) => format!("{place}: {}", percent(share.share)),
                None => percent(share.share),
            };
            Row::new(
                label,
                vec![
                    time(Some(share.after), "after_seconds"),
                    time(share.low, "low_seconds"),
                    time(Some(share.high), "high_seconds"),
                ],
            )
        };
        one.shares.iter().enumerate().map(row).collect::<Vec<_>>()
    };
    let places = summary.readable.iter().enumerate();
    let rows = places.flat_map(|(position, one)| row(position, place(summary, one), one)).collect();
    Table::new("After which time which share can be read", &["readable", "after", "from", "to"], rows)
}

fn again(summary: &Summary) -> Table {
    let places = summary.readable.iter().enumerate();
    let rows = places.flat_map(|(position, one)| {
        let place = place(summary, one).map(|place| format!("{place}: ")).unwrap_or_default();
        one.again.iter().enumerate().map(move |(number, again)| {
            let count = |count: u64, name: &str| {
                let pointer = format!("/readable/{position}/again/{number}/{name}");
                Cell::number(Some((units::count(count), count as f64)), &pointer)
            };
            let label = format!("{place}after {}", exact_duration(again.after));
            Row::new(label, vec![count(again.reads, "reads"), count(again.found, "found")])
        })
    });
    let heads = ["read again", "reads", "found"];
    Table::new("Blobs that were not found, read once more", &heads, rows.collect())
}

/// The phase and the aggregator, where there are several.
pub(in crate::export) fn place(summary: &Summary, one: &Readable) -> Option<String> {
    let phase = summary.readable.iter().any(|other| other.phase != one.phase).then(|| clean(&one.phase));
    let several = summary.readable.iter().any(|other| other.target != one.target);
    let parts: Vec<_> = phase.into_iter().chain(several.then(|| clean(&one.aggregator))).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 1e2)
}
