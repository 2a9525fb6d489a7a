//! Single functions on one core, as the criterion benches measure them.

use std::{fs, path::PathBuf};

use serde_json::{Map, Value, json};

use super::{
    benchmark::{Benchmark, Outcome},
    figures::Figures,
    setup::Setup,
};
use crate::{
    failure::{Context, Failure, Result},
    workspace,
};

/// The benchmarks.
pub(crate) const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "generation",
        about: "fresh random bytes in blobs of 10 MiB, binary and text",
        target: "≥ 5 GB/s a core",
        long: false,
        measure: |setup| throughput(setup, "generation", 5.0),
    },
    Benchmark {
        name: "verification",
        about: "downloads of 10 MiB compared with what was uploaded, binary and text",
        target: "≥ 8 GB/s a core",
        long: false,
        measure: |setup| throughput(setup, "verification", 8.0),
    },
    Benchmark {
        name: "recording",
        about: "one sample entered into the totals",
        target: "≤ 100 ns",
        long: false,
        measure: recording,
    },
];

/// How many samples one turn of its bench enters.
const SAMPLES: f64 = 1000.0;
/// The size of the blobs of the byte benches.
const LARGE: u64 = 10 << 20;

fn throughput(setup: &Setup<'_>, group: &str, least: f64) -> Result<Outcome> {
    let (mut lines, mut data, mut reached) = (Vec::new(), Map::new(), true);
    for content in ["binary", "text"] {
        let nanoseconds = turns(setup, &format!("{group}/{content}/{LARGE}"))?;
        let speeds: Figures = nanoseconds.into_iter().map(|nanoseconds| LARGE as f64 / nanoseconds).collect();
        lines.push(format!("{content:<7} {} GB/s", speeds.text()));
        reached &= speeds.median().is_some_and(|speed| speed >= least);
        data.insert(content.to_owned(), json!({ "unit": "GB/s", "figures": speeds.data() }));
    }
    Ok(Outcome::Measured { lines, data: data.into(), reached: Some(reached) })
}

fn recording(setup: &Setup<'_>) -> Result<Outcome> {
    let nanoseconds = turns(setup, "recording/samples")?;
    let each: Figures = nanoseconds.into_iter().map(|nanoseconds| nanoseconds / SAMPLES).collect();
    let lines = vec![format!("{} ns a sample", each.text())];
    let reached = each.median().map(|each| each <= 100.0);
    Ok(Outcome::Measured { lines, data: json!({ "unit": "ns", "figures": each.data() }), reached })
}

/// The nanoseconds that one turn of a bench took in each round: in a process of its own, because where its memory happens to
/// lie stays the same for a process' life and can cost a third.
fn turns(setup: &Setup<'_>, bench: &str) -> Result<Vec<f64>> {
    let turn = |_| {
        run(bench)?;
        estimate(bench)
    };
    (0..setup.rounds).map(turn).collect()
}

fn run(bench: &str) -> Result<()> {
    let mut command = workspace::cargo();
    command.args(["bench", "--quiet", "-p", "stress", "--bench", "pipeline", "--", "--quiet", "--noplot"]);
    command.args(["--warm-up-time", "1", "--measurement-time", "2", "--exact", bench]);
    let output = command.output().context("cannot run cargo bench")?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("cargo bench failed ({}): {}", output.status, stderr.trim_end())))
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
