//! A wall clock that is set while a run goes on, by libfaketime.

use std::{
    env, fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    memory,
    report::{number, of_step, report},
    soak_test::{Outcome, RunLength},
};
use crate::{
    e2e::{check::Checks, harness::Harness},
    failure::{Context, Result},
};

/// How long the run takes.
const USUAL: Duration = Duration::from_secs(20);
/// What the publisher takes, in seconds.
const LATENCY: f64 = 0.2;
/// By how much the clock is set, in seconds.
const STEP: f64 = 3600.0;

pub(super) fn run(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    let Some(library) = library() else {
        return Ok(Outcome::Skipped("libfaketime is not installed, nor named by LIBFAKETIME"));
    };
    for step in ["+3600", "-3600"] {
        let servers = harness.servers(&["--store-latency", "fixed:200ms"].map(str::to_owned), &[])?;
        let (time, file) = (length.of(USUAL), harness.path("clock"));
        fs::write(&file, "+0").context("cannot write the clock's file")?;
        let flags = format!("--steps upload -c 4 --duration {}s --size 1KiB", time.as_secs());
        let mut command = memory::tool(harness, &servers, &flags)?;
        command.env("LD_PRELOAD", &library).env("FAKETIME_TIMESTAMP_FILE", &file);
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let begun = Instant::now();
        let mut tool = harness.start("walrus-stress", command)?;
        thread::sleep(time / 2);
        fs::write(&file, step).context("cannot set the clock")?;
        let status = tool.wait(harness.deadline)?;
        let took = begun.elapsed().as_secs_f64();
        servers.stop()?;
        checks.equal("exit status", status.code(), Some(0));
        evaluate(&report(harness)?, step, took, checks)?;
    }
    Ok(Outcome::Done)
}

fn evaluate(report: &Value, step: &str, took: f64, checks: &mut Checks) -> Result<()> {
    let all = report["quality"]["checks"].as_array().context("the report has no checks")?;
    let check = all.iter().find(|check| check["check"] == "wall_clock_step_seconds");
    let measured = number(check.context("the report has no check of the wall clock")?, "/measured")?;
    checks.holds(&format!("a step of {step} s is reported"), (measured - STEP).abs() < 60.0, measured);
    checks.holds(
        "the run is not called trustworthy",
        report["quality"]["severity"] != "trustworthy",
        &report["quality"],
    );
    let response = |name: &str| of_step(report, "upload", false, &format!("/response_seconds/{name}"));
    let (min, max) = (response("min")?, response("max")?);
    checks.holds("no upload was faster than its server", min >= LATENCY, min);
    checks.holds("none took longer than the run", max < took, max);
    let elapsed = number(report, "/elapsed_seconds")?;
    checks.holds("the run took no longer than it did", elapsed > 0.0 && elapsed <= took, elapsed);
    let notes = format!(
        "set by {step} s: reported as {measured:.1} s, uploads {min:.3} to {max:.3} s, all of it {elapsed:.1} s"
    );
    checks.note(notes);
    Ok(())
}

/// The library of faketime for programs with threads.
fn library() -> Option<PathBuf> {
    let named = env::var_os("LIBFAKETIME").map(PathBuf::from);
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let places = libraries.chain(["/usr/lib".into(), "/usr/local/lib".into()]);
    let usual = places.map(|place: PathBuf| place.join("faketime/libfaketimeMT.so.1"));
    named.into_iter().chain(usual).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(measured: f64, min: f64, elapsed: f64) -> Result<String> {
        let mut checks = Checks::default();
        let report = json!({
            "elapsed_seconds": elapsed,
            "steps": [{"step": "upload", "repeats": false, "response_seconds": {"min": min, "max": 0.3}}],
            "quality": {
                "severity": "use-with-care",
                "checks": [{"check": "wall_clock_step_seconds", "measured": measured}],
            },
        });
        evaluate(&report, "+3600", 21.0, &mut checks)?;
        checks.verdict()
    }

    #[test]
    fn a_clock_that_was_set_shows_in_its_check_and_nowhere_else() {
        assert!(verdict(3600.1, 0.201, 20.0).unwrap().contains("reported as 3600.1 s"));
        assert!(verdict(0.1, 0.201, 20.0).is_err(), "not reported");
        assert!(verdict(3600.1, 0.0, 20.0).is_err(), "a duration went backwards");
        assert!(verdict(3600.1, 0.201, 3620.0).is_err(), "an hour too long");
    }
}
