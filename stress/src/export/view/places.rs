//! Operators as several places see them: a column for each place.

use super::{
    document::{Cell, Document, Row, Section, Table},
    read_times,
};
use crate::{
    export::style::{Style, clean, clip},
    report::operators::places::{OperatorAtPlace, OperatorAtPlaces, PlacesReport},
    units,
};

/// The most columns of a name beside the numbers.
const NAME: usize = 20;

/// The document of `report`.
pub(in crate::export) fn document(report: &PlacesReport) -> Document {
    let any = report.operators.iter().any(|one| one.fastest_from > 0);
    let style = if any { Style::Good } else { Style::Bad };
    let sections = vec![
        Section::new("places", "Places", vec![times(report)]),
        Section::new("measured", "Where it was measured", vec![measured(report)]),
    ];
    Document {
        title: "walrus-stress operators, from several places",
        answer: Cell::text(style, clean(&report.answer)),
        summary: warnings(report),
        sections,
        ..Document::default()
    }
}

/// What went wrong, and from where it was seen.
fn warnings(report: &PlacesReport) -> Table {
    let seen = |one: &OperatorAtPlaces, wanted: fn(&OperatorAtPlace) -> bool| {
        let places = report.places.iter().zip(&one.places);
        let places = places.filter(|(_, at)| at.as_ref().is_some_and(wanted));
        let names: Vec<_> = places.map(|(place, _)| place.name.to_string()).collect();
        (!names.is_empty()).then(|| format!("{} from {}", clean(&one.name), names.join(", ")))
    };
    let row = |label: &str, style: Style, wanted: fn(&OperatorAtPlace) -> bool| {
        let all: Vec<_> = report.operators.iter().filter_map(|one| seen(one, wanted)).collect();
        (!all.is_empty()).then(|| Row::fact(label, style, all.join("; ")))
    };
    let rows = [
        row("wrong bytes", Style::Bad, |at| at.corrupt > 0),
        row("no blob", Style::Attention, |at| at.delivered == 0),
        row("some failed", Style::Attention, |at| at.delivered > 0 && at.delivered < at.asked),
    ];
    let disputed = report.places.iter().filter(|place| !place.disputed.is_empty()).map(|place| {
        Row::fact(
            "disagreement",
            Style::Attention,
            format!("from {}: {}", place.name, place.disputed.join(", ")),
        )
    });
    Table::facts(rows.into_iter().flatten().chain(disputed).collect())
}

fn times(report: &PlacesReport) -> Table {
    let rows = report.operators.iter().map(|one| {
        let cells = (0..report.places.len()).map(|place| cell(report, one, place)).collect();
        Row::new(clip(&clean(&one.name), NAME), cells)
    });
    let names: Vec<_> = report.places.iter().map(|place| place.name.as_str()).collect();
    let heads: Vec<_> = ["operator"].into_iter().chain(names).collect();
    let note = "For each place the rank and the median time of first reads. Equal ranks cannot be distinguished; ranks are \
                those of one place and no sums. A dash: not asked, or no blob delivered.";
    let caption = "First reads of aggregators from several places";
    Table { note: Some(note.to_owned()), ..Table::new(caption, &heads, rows.collect()) }
}

/// `=1 41.2 ms`.
fn cell(report: &PlacesReport, one: &OperatorAtPlaces, place: usize) -> Cell {
    let known = one.places[place].as_ref().and_then(|at| at.rank.zip(at.first));
    let Some((rank, first)) = known else { return Cell::right(Style::Faint, "–") };
    let same =
        |one: &&OperatorAtPlaces| one.places[place].as_ref().is_some_and(|other| other.rank == Some(rank));
    let shared = if report.operators.iter().filter(same).count() > 1 { "=" } else { "" };
    let style = if rank == 1 { Style::Good } else { Style::Normal };
    Cell::right(style, format!("{shared}{rank} {}", read_times::seconds(first.median)))
}

fn measured(report: &PlacesReport) -> Table {
    let place = |place: &crate::report::operators::places::Place| {
        let text = format!("{}, {}", clean(&place.started_at), units::counted(place.blobs as u64, "blob"));
        Row::fact(place.name.as_str(), Style::Normal, text)
    };
    Table::facts(report.places.iter().map(place).collect())
}
