//! Reads numbers from the report of a run.

use std::fs;

use serde_json::Value;

use crate::{
    e2e::harness::Harness,
    failure::{Context, Result},
};

/// The report that the tool has written.
pub(super) fn report(harness: &Harness<'_>) -> Result<Value> {
    let text = fs::read_to_string(harness.path("report.json")).context("cannot read the report")?;
    serde_json::from_str(&text).context("the report is not JSON")
}

/// A number of a document, by its JSON pointer.
pub(super) fn number(document: &Value, pointer: &str) -> Result<f64> {
    let value = document.pointer(pointer).and_then(Value::as_f64);
    value.context(format!("the document has no number at {pointer}"))
}

/// The number at `pointer` in the report's account of a step's new blobs, or of its repeats.
pub(super) fn of_step(report: &Value, step: &str, repeats: bool, pointer: &str) -> Result<f64> {
    let steps = report["steps"].as_array().context("the report has no steps")?;
    let entry = steps.iter().find(|entry| entry["step"] == step && entry["repeats"] == repeats);
    number(entry.context(format!("the report has no {step}"))?, pointer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_found_or_missed_by_name() {
        let report = json!({"steps": [
            {"step": "cached", "repeats": false, "done": 1},
            {"step": "cached", "repeats": true, "done": 2, "service_seconds": {"median": 0.5}},
        ]});
        assert_eq!(of_step(&report, "cached", true, "/service_seconds/median").unwrap(), 0.5);
        assert_eq!(of_step(&report, "cached", false, "/done").unwrap(), 1.0);
        assert!(of_step(&report, "first", true, "/done").unwrap_err().to_string().contains("no first"));
        assert!(number(&report, "/x/y").unwrap_err().to_string().ends_with("/x/y"));
    }
}
