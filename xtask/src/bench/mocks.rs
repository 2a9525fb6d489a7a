//! Whether the mock servers are a bottleneck: what a client gets from the aggregator, against nginx with the same bytes.

use std::{fs, process::Command, time::Duration};

use serde_json::{Value, json};

use super::{
    benchmark::{Benchmark, Outcome},
    competitors::Tool,
    figures::Figures,
    setup::Setup,
    usage::run_measured,
};
use crate::{
    deadline::Deadline,
    failure::{Context, Failure, Result},
    process::Process,
};

/// The work.
pub(crate) const BENCHMARKS: &[Benchmark] = &[Benchmark {
    name: "mocks",
    about: "100 KiB reads by oha, 8 connections, from mock-aggregator and from nginx",
    target: "requests/s ≥ 0.6 × nginx's",
    long: false,
    measure,
}];

fn measure(setup: &Setup<'_>) -> Result<Outcome> {
    if setup.tools.oha.is_none() {
        return Ok(Outcome::Skipped("oha is not installed (cargo install oha)".to_owned()));
    }
    let (_publisher, publisher) = server(setup, "mock-publisher")?;
    let (_aggregator, aggregator) = server(setup, "mock-aggregator")?;
    let export = setup.path("export.json");
    let mut store =
        setup.ours(&["--publisher", &publisher, "--aggregator", &aggregator, "--size", "100KiB", "-n", "1"]);
    store.arg("--export").arg(&export);
    run_measured(store)?;
    let rows = fs::read_to_string(&export).context("cannot read the export")?;
    let rows: Value = serde_json::from_str(&rows).context("the export is not JSON")?;
    let id = rows[0]["blob_id"].as_str().context("the export names no blob")?.to_owned();
    let requests = setup.scaled(30_000);
    let mock = format!("{aggregator}/v1/blobs/{id}");
    let nginx = setup.url("100k");
    let (mut mocks, mut nginxes) = (Vec::new(), Vec::new());
    for round in 0..setup.rounds {
        // Who goes first changes.
        if round % 2 == 0 {
            mocks.push(speed(setup, &mock, requests)?);
        }
        nginxes.push(speed(setup, &nginx, requests)?);
        if round % 2 == 1 {
            mocks.push(speed(setup, &mock, requests)?);
        }
    }
    let ratios: Figures = mocks.iter().zip(&nginxes).map(|(mock, nginx)| mock / nginx).collect();
    let (mocks, nginxes): (Figures, Figures) = (mocks.into_iter().collect(), nginxes.into_iter().collect());
    let lines = vec![
        format!("mock-aggregator  {} requests/s   {} of nginx's", mocks.text(), ratios.text()),
        format!("nginx            {} requests/s", nginxes.text()),
    ];
    let data = json!({ "unit": "requests/s", "mock": mocks.data(), "nginx": nginxes.data(), "ratio": ratios.data() });
    Ok(Outcome::Measured { lines, data, reached: ratios.median().map(|ratio| ratio >= 0.6) })
}

/// A mock server over the setup's own store.
fn server(setup: &Setup<'_>, name: &str) -> Result<(Process, String)> {
    let mut command = Command::new(setup.program(name)?);
    command.args(["--listen", "127.0.0.1:0", "--store"]).arg(setup.path("mock-store"));
    let mut process = Process::start(name, command)?;
    let url = process.wait_for_line("listening on ", Deadline::after(Duration::from_secs(10)))?;
    Ok((process, url.trim_end_matches('/').to_owned()))
}

/// Requests a second by oha.
fn speed(setup: &Setup<'_>, url: &str, requests: u64) -> Result<f64> {
    let command = setup.oha(url, requests, 8).ok_or_else(|| Failure::new("oha has gone"))?;
    let spent = run_measured(command)?;
    Ok(Tool::Oha.requests(requests, &spent)? as f64 / spent.wall.as_secs_f64())
}
