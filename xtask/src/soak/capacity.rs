//! A search over minutes, against a publisher whose capacity is known.

use std::{process::Command, time::Duration};

use serde_json::Value;

use super::{
    report::{number, report},
    soak_test::{Outcome, RunLength},
};
use crate::{
    e2e::{check::Checks, harness::Harness},
    failure::Result,
};

/// How long each step of the search takes.
const USUAL: Duration = Duration::from_secs(20);
/// What eight uploads at once of 200 ms each come to, in a second.
const CAPACITY: f64 = 40.0;
/// How close the search shall come.
const PRECISION: f64 = 0.05;

pub(super) fn run(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    let servers = harness.servers(&["--store-latency", "fixed:200ms"].map(str::to_owned), &[])?;
    let step = length.of(USUAL).as_secs().max(1);
    let flags = format!("--from 10/s --max 160/s --step {step}s --settle 5s --precision 5%");
    let mut tool = harness.start("walrus-stress", search(harness, &servers.publisher.url, &flags)?)?;
    let status = tool.wait(harness.deadline)?;
    servers.stop()?;
    checks.equal("exit status", status.code(), Some(0));
    evaluate(&report(harness)?, checks)?;
    Ok(Outcome::Done)
}

/// `walrus-stress search` for the rate of uploads that this publisher holds, and its document on the harness.
pub(super) fn search(harness: &Harness<'_>, publisher: &str, flags: &str) -> Result<Command> {
    let mut command = harness.command("walrus-stress")?;
    command.args(["search", "--publisher", publisher, "--steps", "upload", "--size", "1KiB", "--seed", "7"]);
    command.args(["--slo", "upload.failures<1%", "-q", "--report"]).arg(harness.path("report.json"));
    command.args(flags.split_whitespace());
    Ok(command)
}

fn evaluate(document: &Value, checks: &mut Checks) -> Result<()> {
    let answer = &document["answer"];
    if answer["kind"] != "between" {
        checks.holds("the search finds an interval", false, answer);
        return Ok(());
    }
    let (holds, breaks) = (number(document, "/answer/holds")?, number(document, "/answer/breaks")?);
    let near = holds / (1.0 + PRECISION) <= CAPACITY && CAPACITY <= breaks * (1.0 + PRECISION);
    checks.holds("40/s lies between what holds and what breaks, within 5 %", near, (holds, breaks));
    checks.holds("the two are within 5 %", breaks <= holds * (1.0 + PRECISION) + 1e-9, (holds, breaks));
    checks.note(format!("holds {holds:.2}/s, breaks at {breaks:.2}/s"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(kind: &str, holds: f64, breaks: f64) -> Result<String> {
        let mut checks = Checks::default();
        evaluate(&json!({"answer": {"kind": kind, "holds": holds, "breaks": breaks}}), &mut checks)?;
        checks.verdict()
    }

    #[test]
    fn the_answer_must_be_an_interval_around_what_is_known() {
        assert_eq!(verdict("between", 40.4, 41.9).unwrap(), "holds 40.40/s, breaks at 41.90/s");
        assert!(verdict("between", 37.9, 39.0).is_ok() && verdict("between", 36.0, 37.5).is_err());
        assert!(verdict("between", 42.5, 44.0).is_err(), "more than there is");
        assert!(verdict("between", 38.0, 44.0).is_err(), "not close");
        assert!(verdict("unended", 40.0, 41.0).is_err());
    }
}
