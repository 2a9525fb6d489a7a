//! Comparisons of operators from several places, side by side: each is the view from one place, with a ranking of its own.

use serde::{Deserialize, Serialize};

use super::{ReadTimes, SCHEMA as ONE_PLACE, listed};
use crate::{
    plan::vantage::VantageName,
    report::{Tool, foreign::check_texts},
    units,
};

/// The schema of the document.
pub const SCHEMA: &str = "walrus-stress/operator-places/1";

/// What several places say of the same operators.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlacesReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program that merged them.
    pub tool: Tool,
    /// The answer in a sentence.
    pub answer: String,
    /// Where it was measured.
    pub places: Vec<Place>,
    /// Each operator, those first that are among the fastest from the most places.
    pub operators: Vec<OperatorAtPlaces>,
}

/// A place from which operators were compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Its name, by `--vantage`.
    pub name: VantageName,
    /// When that began: RFC 3339, UTC.
    pub started_at: String,
    /// How many blobs were read.
    pub blobs: usize,
    /// IDs of blobs of which operators delivered different bytes there, without a majority.
    pub disputed: Vec<String>,
}

/// An operator from every place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorAtPlaces {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// From how many places it is among the fastest: of the first rank.
    pub fastest_from: usize,
    /// In the order of the places; `None` where it was not asked.
    pub places: Vec<Option<OperatorAtPlace>>,
}

/// What one place says of an operator; the fields are those of its own report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatorAtPlace {
    /// One more than the number of those that are faster from there for certain; `None` when it delivered nothing.
    pub rank: Option<usize>,
    /// Reads that were tried.
    pub asked: u64,
    /// Those that delivered the blob.
    pub delivered: u64,
    /// Reads that delivered wrong bytes.
    pub corrupt: u64,
    /// The times of first reads.
    pub first: Option<ReadTimes>,
    /// The times of the reads right after them.
    pub cached: Option<ReadTimes>,
}

/// A report of one place, as far as it is merged.
#[derive(Debug, Deserialize)]
pub struct OnePlace {
    schema: String,
    started_at: String,
    blobs: usize,
    disputed: Vec<String>,
    operators: Vec<Row>,
    plan: PlanOfOne,
}

#[derive(Debug, Deserialize)]
struct PlanOfOne {
    vantage: Option<VantageName>,
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    url: String,
    #[serde(flatten)]
    at: OperatorAtPlace,
}

impl OnePlace {
    /// Whether `text` is meant to be such a report.
    pub fn is_meant(text: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Header {
            schema: String,
        }
        serde_json::from_slice(text)
            .is_ok_and(|header: Header| header.schema.starts_with("walrus-stress/operators/"))
    }

    /// Reads what `operators --report` wrote.
    ///
    /// # Errors
    /// Why it cannot be read or merged, continuing the file's name.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| format!("is no report of `walrus-stress operators`: {error}");
        check_texts(text).map_err(wrong)?;
        let one: Self = serde_json::from_slice(text).map_err(wrong)?;
        if one.schema != ONE_PLACE {
            return Err(format!("has the schema `{}`, and this version reads `{ONE_PLACE}`", one.schema));
        }
        if one.plan.vantage.is_none() {
            return Err("has no place: compare with --vantage NAME, a name for each place".to_owned());
        }
        Ok(one)
    }

    /// The name of its place.
    pub fn place(&self) -> Option<&VantageName> {
        self.plan.vantage.as_ref()
    }
}

impl PlacesReport {
    /// The places beside each other; each has a name of its own.
    pub fn of(reports: &[OnePlace]) -> Self {
        let mut operators: Vec<OperatorAtPlaces> = Vec::new();
        for row in reports.iter().flat_map(|report| &report.operators) {
            if operators.iter().any(|known| known.url == row.url) {
                continue;
            }
            let at = |report: &OnePlace| {
                report.operators.iter().find(|other| other.url == row.url).map(|other| other.at.clone())
            };
            let places: Vec<_> = reports.iter().map(at).collect();
            let fastest_from = places.iter().flatten().filter(|at| at.rank == Some(1)).count();
            operators.push(OperatorAtPlaces {
                name: row.name.clone(),
                url: row.url.clone(),
                fastest_from,
                places,
            });
        }
        // Ranks of all places, the missing ones last; the first report's order where they are the same.
        let ranks = |one: &OperatorAtPlaces| -> usize {
            let rank = |at: &Option<OperatorAtPlace>| {
                at.as_ref().and_then(|at| at.rank).unwrap_or(operators_of(reports))
            };
            one.places.iter().map(rank).sum()
        };
        operators.sort_by_key(|one| (std::cmp::Reverse(one.fastest_from), ranks(one)));
        let place = |report: &OnePlace| {
            Some(Place {
                name: report.plan.vantage.clone()?,
                started_at: report.started_at.clone(),
                blobs: report.blobs,
                disputed: report.disputed.clone(),
            })
        };
        let places: Vec<_> = reports.iter().filter_map(place).collect();
        Self {
            schema: SCHEMA,
            tool: Tool::this(),
            answer: answer(&operators, places.len()),
            places,
            operators,
        }
    }

    /// Whether an operator delivered wrong bytes somewhere, or operators disagree about a blob.
    pub fn has_wrong_bytes(&self) -> bool {
        let corrupt = |one: &OperatorAtPlaces| one.places.iter().flatten().any(|at| at.corrupt > 0);
        self.places.iter().any(|place| !place.disputed.is_empty()) || self.operators.iter().any(corrupt)
    }
}

/// More than any rank.
fn operators_of(reports: &[OnePlace]) -> usize {
    reports.iter().map(|report| report.operators.len()).sum::<usize>() + 1
}

/// Who is among the fastest from the most places.
fn answer(operators: &[OperatorAtPlaces], places: usize) -> String {
    let most = operators.first().map_or(0, |first| first.fastest_from);
    let best: Vec<_> =
        operators.iter().filter(|one| one.fastest_from == most).map(|one| one.name.as_str()).collect();
    let of = operators.len();
    let be = if best.len() == 1 { "is" } else { "are" };
    match most {
        0 => format!("none of {of} aggregators delivered a blob anywhere"),
        most if most == places => {
            format!("{} {be} among the fastest of {of} aggregators from all {places} places", listed(&best))
        }
        most => format!(
            "no aggregator is among the fastest from every place; {} {be} from {} of {places}",
            listed(&best),
            units::count(most as u64)
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(name: &str, rank: Option<usize>, corrupt: u64) -> Value {
        let times = json!({ "median_seconds": 0.05, "median_interval_95_seconds": [0.04, 0.06] });
        json!({ "name": name, "url": format!("https://{name}.example"), "rank": rank, "asked": 40, "delivered": 40,
                "corrupt": corrupt, "first": times, "cached": null, "more": [1] })
    }

    fn place(name: Option<&str>, rows: &[Value]) -> Value {
        json!({ "schema": ONE_PLACE, "started_at": "2026-11-26T00:00:00Z", "blobs": 20, "disputed": [],
                "operators": rows, "plan": { "vantage": name, "seed": 7 } })
    }

    fn read(document: &Value) -> Result<OnePlace, String> {
        OnePlace::read(document.to_string().as_bytes())
    }

    #[test]
    fn each_place_keeps_its_own_ranking() {
        let tokyo = place(Some("tokyo"), &[row("a", Some(1), 0), row("b", Some(1), 0), row("c", Some(3), 0)]);
        let paris = place(Some("paris"), &[row("b", Some(1), 0), row("a", Some(2), 0), row("d", None, 2)]);
        let both = [read(&tokyo).unwrap(), read(&paris).unwrap()];
        let merged = PlacesReport::of(&both);
        let names: Vec<_> =
            merged.operators.iter().map(|one| (one.name.as_str(), one.fastest_from)).collect();
        assert_eq!(names, [("b", 2), ("a", 1), ("c", 0), ("d", 0)]);
        assert_eq!(merged.answer, "b is among the fastest of 4 aggregators from all 2 places");
        // c was not asked from Paris, and d's wrong bytes are of Paris alone.
        assert_eq!(merged.operators[2].places[1], None);
        assert!(merged.has_wrong_bytes());
        let split = PlacesReport::of(&[
            read(&place(Some("x"), &[row("a", Some(1), 0), row("b", Some(2), 0)])).unwrap(),
            read(&place(Some("y"), &[row("b", Some(1), 0), row("a", Some(2), 0)])).unwrap(),
        ]);
        assert_eq!(
            split.answer,
            "no aggregator is among the fastest from every place; a and b are from 1 of 2"
        );
        assert!(!split.has_wrong_bytes());
    }

    #[test]
    fn what_is_no_report_of_a_place_says_why() {
        let refused = |document: Value| read(&document).unwrap_err();
        assert!(refused(place(None, &[])).starts_with("has no place: compare with --vantage NAME"));
        let mut newer = place(Some("x"), &[]);
        newer["schema"] = json!("walrus-stress/operators/9");
        assert!(refused(newer).contains("walrus-stress/operators/9"));
        assert!(refused(json!({ "schema": ONE_PLACE })).contains("missing field"));
        assert!(refused(place(Some("a b"), &[])).contains("other characters"));
        assert!(
            refused(place(Some("x"), &[row("evil\u{1b}[2J", Some(1), 0)])).contains("control or invisible")
        );
        assert!(OnePlace::is_meant(place(None, &[]).to_string().as_bytes()));
        assert!(!OnePlace::is_meant(br#"{"schema":"walrus-stress/report/1"}"#));
    }
}
