//! An open loop over minutes: whether it keeps its rate, as the publisher saw it.

use std::time::Duration;

use serde_json::Value;

use super::{
    memory,
    report::{number, report},
    soak_test::{Outcome, RunLength},
};
use crate::{
    deadline::Deadline,
    e2e::{check::Checks, harness::Harness, http},
    failure::{Context, Result},
};

/// Arrivals a second; in ten minutes just as many as a mock server remembers.
const RATE: f64 = 100.0;
/// How far gaps between arrivals may be from even in 99 of 100 cases, in seconds.
const UNEVEN: f64 = 0.002;

pub(super) fn run(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    let seconds = length.of(Duration::from_secs(600)).as_secs();
    let servers =
        harness.servers(&["--publisher-max-concurrent-requests", "1000"].map(str::to_owned), &[])?;
    // Repeats are known to the publisher and take no place on its disk.
    let flags = format!("--steps upload --rate {RATE}/s --duration {seconds}s --size 1KiB --duplicates 99%");
    memory::watch(harness, memory::tool(harness, &servers, &flags)?)?.is_little(checks);
    let report = report(harness)?;
    let record =
        http::get_json(&servers.publisher.url, "/mock/arrivals", Deadline::after(Duration::from_secs(60)))?;
    servers.stop()?;
    let arrivals = arrivals(&record)?;
    let wanted = RATE * seconds as f64;
    checks.equal("uploads, as the publisher saw them", arrivals.len() as f64, wanted);
    checks.equal("arrivals offered", number(&report, "/arrivals/0/offered")?, wanted);
    checks.equal("arrivals dropped", number(&report, "/arrivals/0/dropped")?, 0.0);
    let (off, uneven) = (off(&arrivals, RATE), uneven(&arrivals, RATE));
    let late = number(&report, "/arrivals/0/start_delay_seconds/p99")?;
    checks.holds("the mean rate is within 0.1 %", off.abs() <= 0.001, off);
    // A busy machine is no defect of the tool if its report shows the delay.
    let reported = report["quality"]["severity"] != "trustworthy";
    let what = format!(
        "gaps are even within {} ms, or the quality checks report it (start delay p99 {:.3} ms)",
        UNEVEN * 1e3,
        late * 1e3
    );
    checks.holds(&what, uneven < UNEVEN || reported, uneven * 1e3);
    checks.note(format!("{} arrivals", arrivals.len()));
    checks.note(format!("rate off by {:.4} %", off * 100.0));
    checks.note(format!("gaps off by {:.2} ms and start delay {:.2} ms at p99", uneven * 1e3, late * 1e3));
    checks.note(format!("the tool calls itself {}", report["quality"]["severity"]));
    Ok(Outcome::Done)
}

/// When uploads arrived, in seconds and in order.
fn arrivals(record: &Value) -> Result<Vec<f64>> {
    let record = record.as_array().context("the publisher's record is no list")?;
    let uploads = record.iter().filter(|arrival| arrival["route"] == "PUT /v1/blobs");
    let at = |arrival: &Value| arrival["at_us"].as_f64().context("an arrival without its time");
    uploads.map(|arrival| Ok(at(arrival)? / 1e6)).collect()
}

/// By which share the rate was off between the first tenth of the arrivals and the last.
///
/// The least late of each tenth shows where the schedule stood: others may have waited for the machine.
fn off(arrivals: &[f64], rate: f64) -> f64 {
    let late: Vec<_> = arrivals.iter().enumerate().map(|(number, at)| at - number as f64 / rate).collect();
    let tenth = arrivals.len().div_ceil(10);
    let least = |part: &[f64]| part.iter().copied().fold(f64::INFINITY, f64::min);
    let moved = least(&late[late.len() - tenth..]) - least(&late[..tenth]);
    moved / (0.9 * arrivals.len() as f64 / rate)
}

/// How far 99 of 100 gaps between arrivals are at most from even, in seconds.
fn uneven(arrivals: &[f64], rate: f64) -> f64 {
    let mut uneven: Vec<_> = arrivals.windows(2).map(|pair| (pair[1] - pair[0] - 1.0 / rate).abs()).collect();
    uneven.sort_by(f64::total_cmp);
    uneven.get(uneven.len() * 99 / 100).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn uploads_are_found_in_the_record() {
        let record = json!([
            {"n": 0, "route": "GET /status", "at_us": 5}, {"n": 1, "route": "PUT /v1/blobs", "at_us": 2_500_000},
        ]);
        assert_eq!(arrivals(&record).unwrap(), [2.5]);
        assert!(arrivals(&json!([{"route": "PUT /v1/blobs"}])).is_err());
    }

    #[test]
    fn a_slow_clock_is_off_and_a_late_arrival_is_not() {
        let even: Vec<_> = (0..1000).map(|number| 7.0 + f64::from(number) * 0.01).collect();
        assert!(off(&even, 100.0).abs() < 1e-9 && uneven(&even, 100.0) < 1e-9);
        let slow: Vec<_> = even.iter().map(|at| 7.0 + (at - 7.0) * 1.01).collect();
        assert!((off(&slow, 100.0) - 0.01).abs() < 0.001, "{}", off(&slow, 100.0));
        let mut late = even.clone();
        (0..20).for_each(|number| late[number * 50 + 7] += 0.005);
        assert!(off(&late, 100.0).abs() < 1e-9);
        assert!((uneven(&late, 100.0) - 0.005).abs() < 1e-6, "{}", uneven(&late, 100.0));
    }
}
