//! The tool's report document, as far as the scenarios read it: the only place that knows its field names.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::Value;

use crate::failure::{Context, Result};

/// A report that the tool has written.
pub(crate) struct Report(Value);

/// What the tool measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Upload,
    First,
    Cached,
}

/// The downloads.
pub(crate) const READS: [Step; 2] = [Step::First, Step::Cached];

impl Step {
    fn label(self) -> &'static str {
        match self {
            Step::Upload => "upload",
            Step::First => "first",
            Step::Cached => "cached",
        }
    }
}

impl Report {
    /// How far the clocks of the parts differ, by the end of the barrier that they passed.
    pub(crate) fn clock_offset(&self) -> Result<Duration> {
        let parts = self.0["parts"].as_array().context("the report has no parts")?;
        let at = |part: &Value| humantime::parse_rfc3339(part["barrier"]["at"].as_str()?).ok();
        let times: Option<Vec<_>> = parts.iter().map(at).collect();
        let times = times.context("a part has passed no barrier")?;
        let (first, last) = times.iter().min().zip(times.iter().max()).context("the report has no parts")?;
        last.duration_since(*first).context("the later clock is earlier")
    }

    /// The report at `path`, of the schema that is known here.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).context(format!("cannot read {}", path.display()))?;
        let report = Self(serde_json::from_str(&text).context("the report is not JSON")?);
        let schema = report.0["schema"].as_str().unwrap_or_default();
        (schema == "walrus-stress/report/1").then_some(report).context("the report has another schema")
    }

    /// Whether it is marked as stopped before its end.
    pub(crate) fn partial(&self) -> Result<bool> {
        self.0["partial"].as_bool().context("the report has no `partial`")
    }

    /// Attempts that reached for the network: done, failed or unfinished.
    pub(crate) fn attempts(&self, steps: &[Step]) -> Result<u64> {
        Ok(self.sum(steps, "done")? + self.sum(steps, "failed")? + self.sum(steps, "unfinished")?)
    }

    /// Reads that were repeated, because the kept-open connection was closed.
    pub(crate) fn stale(&self) -> Result<u64> {
        self.0["connections"]["stale"].as_u64().context("the report has no `connections.stale`")
    }

    /// Attempts that succeeded.
    pub(crate) fn done(&self, steps: &[Step]) -> Result<u64> {
        self.sum(steps, "done")
    }

    /// Bytes of bodies sent.
    pub(crate) fn bytes_sent(&self, steps: &[Step]) -> Result<u64> {
        self.sum(steps, "bytes_sent")
    }

    /// Bytes of bodies received.
    pub(crate) fn bytes_received(&self, steps: &[Step]) -> Result<u64> {
        self.sum(steps, "bytes_received")
    }

    /// Uploads that the publisher answered with this kind: `new` or `existing`.
    pub(crate) fn stored(&self, kind: &str) -> Result<u64> {
        let of = |entry: &Value| entry["stored"][kind].as_u64().unwrap_or(0);
        Ok(self.entries(&[Step::Upload])?.into_iter().map(of).sum())
    }

    /// Failures by class; classes without any are absent.
    pub(crate) fn failures(&self, steps: &[Step]) -> Result<BTreeMap<String, u64>> {
        let mut classes = BTreeMap::new();
        for entry in self.entries(steps)? {
            for failure in entry["failures"].as_array().context("a step has no `failures`")? {
                let class = failure["class"].as_str().context("a failure has no `class`")?;
                let count = failure["count"].as_u64().context("a failure has no `count`")?;
                *classes.entry(class.to_owned()).or_default() += count;
            }
        }
        classes.retain(|_, count| *count > 0);
        Ok(classes)
    }

    /// The median response time of a step whose bytes were new, in seconds.
    pub(crate) fn median(&self, step: Step) -> Result<f64> {
        let entries = self.entries(&[step])?;
        let fresh = entries.into_iter().find(|entry| entry["repeats"] != true);
        let median = fresh.and_then(|entry| entry["response_seconds"]["median"].as_f64());
        median.context(format!("the report has no median of `{}`", step.label()))
    }

    /// The longest response time of these steps, in seconds.
    pub(crate) fn longest(&self, steps: &[Step]) -> Result<f64> {
        let entries = self.entries(steps)?.into_iter();
        let longest = entries.filter_map(|entry| entry["response_seconds"]["max"].as_f64()).reduce(f64::max);
        longest.context("the report has no longest response time")
    }

    fn sum(&self, steps: &[Step], field: &str) -> Result<u64> {
        let of = |entry: &Value| entry[field].as_u64().context(format!("a step has no `{field}`"));
        self.entries(steps)?.into_iter().map(of).sum()
    }

    /// The entries of these steps; fresh bytes and repeats have one each.
    fn entries(&self, steps: &[Step]) -> Result<Vec<&Value>> {
        let all = self.0["steps"].as_array().context("the report has no `steps`")?;
        let wanted = |entry: &&Value| steps.iter().any(|step| entry["step"] == step.label());
        Ok(all.iter().filter(wanted).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Report {
        let step = |step: &str, repeats: bool, done: u64, failures: Value| {
            json!({"step": step, "repeats": repeats, "done": done, "failed": 2, "unfinished": 1, "skipped": 9,
                "bytes_sent": 10, "bytes_received": 20, "stored": {"new": 3, "existing": 4}, "failures": failures,
                "response_seconds": {"max": done, "median": if repeats { 9.0 } else { 0.5 }}})
        };
        let failures =
            |count: u64| json!([{"class": "shed", "count": count}, {"class": "reset", "count": 0}]);
        Report(json!({"partial": true, "steps": [
            step("upload", true, 1, failures(2)), step("upload", false, 5, failures(3)), step("first", false, 7, json!([])),
        ]}))
    }

    #[test]
    fn numbers_of_fresh_bytes_and_repeats_are_added() {
        let report = report();
        assert!(report.partial().unwrap());
        assert_eq!(report.attempts(&[Step::Upload]).unwrap(), 12);
        assert_eq!(report.done(&READS).unwrap(), 7);
        assert_eq!(report.bytes_sent(&[Step::Upload, Step::First]).unwrap(), 30);
        assert_eq!(report.stored("existing").unwrap(), 8);
        assert_eq!(report.failures(&[Step::Upload]).unwrap(), BTreeMap::from([("shed".to_owned(), 5)]));
        assert_eq!(report.failures(&READS).unwrap(), BTreeMap::new());
    }

    #[test]
    fn the_median_is_that_of_fresh_bytes_and_the_longest_is_of_all() {
        assert!((report().longest(&[Step::Upload, Step::First]).unwrap() - 7.0).abs() < 1e-9);
        assert!(report().longest(&[Step::Cached]).is_err());
        assert!((report().median(Step::Upload).unwrap() - 0.5).abs() < 1e-9);
        assert!(report().median(Step::Cached).is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let report = Report(json!({"steps": [{"step": "upload"}]}));
        assert_eq!(report.done(&[Step::Upload]).unwrap_err().to_string(), "a step has no `done`");
        assert!(report.partial().is_err());
        assert!(report.failures(&[Step::Upload]).is_err());
    }
}
