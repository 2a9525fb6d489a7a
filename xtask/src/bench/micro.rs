//! Single functions on one core, as the criterion benches measure them.

use std::{fs, path::PathBuf, process::Stdio};

use serde_json::{Map, Value, json};

use super::{Outcome, Work, field::Field, figures::three};
use crate::{
    failure::{Context, Failure, Result},
    workspace,
};

/// The works.
pub(crate) const WORKS: &[Work] = &[
    Work {
        name: "generation",
        what: "fresh random bytes in blobs of 10 MiB, binary and text",
        target: "≥ 5 GB/s a core",
        long: false,
        measure: |_| throughput("generation", 5.0),
    },
    Work {
        name: "verification",
        what: "downloads of 10 MiB compared with what was uploaded, binary and text",
        target: "≥ 8 GB/s a core",
        long: false,
        measure: |_| throughput("verification", 8.0),
    },
    Work {
        name: "recording",
        what: "one sample entered into the totals",
        target: "≤ 100 ns",
        long: false,
        measure: recording,
    },
];

/// How many samples one turn of its bench enters.
const SAMPLES: f64 = 1000.0;
/// The size of the blobs of the byte benches.
const LARGE: u64 = 10 << 20;

fn throughput(group: &str, least: f64) -> Result<Outcome> {
    run(group)?;
    let (mut lines, mut data, mut reached) = (Vec::new(), Map::new(), true);
    for content in ["binary", "text"] {
        let nanoseconds = estimate(&format!("{group}/{content}/{LARGE}"))?;
        let speed = LARGE as f64 / nanoseconds;
        lines.push(format!("{content:<7} {} GB/s", three(speed)));
        data.insert(content.to_owned(), json!({ "gigabytes_per_second": speed }));
        reached &= speed >= least;
    }
    Ok(Outcome::Measured { lines, data: data.into(), reached: Some(reached) })
}

fn recording(_: &Field<'_>) -> Result<Outcome> {
    run("recording")?;
    let nanoseconds = estimate("recording/samples")? / SAMPLES;
    let lines = vec![format!("{} ns a sample", three(nanoseconds))];
    let data = json!({ "nanoseconds": nanoseconds });
    Ok(Outcome::Measured { lines, data, reached: Some(nanoseconds <= 100.0) })
}

fn run(group: &str) -> Result<()> {
    let mut command = workspace::cargo();
    command.args(["bench", "-p", "stress", "--", group]).stdout(Stdio::null()).stderr(Stdio::inherit());
    let status = command.status().context("cannot run cargo bench")?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("cargo bench failed ({status})"))) }
}

/// The median that criterion found, in nanoseconds.
fn estimate(bench: &str) -> Result<f64> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace::root().join("target"), PathBuf::from);
    let path = target.join("criterion").join(bench).join("new/estimates.json");
    let text = fs::read_to_string(&path).context(format!("cannot read {}", path.display()))?;
    let estimates: Value = serde_json::from_str(&text).context("criterion's estimates are not JSON")?;
    estimates["median"]["point_estimate"].as_f64().context("criterion's estimates have no median")
}
