//! `cargo xtask ci`: everything that must hold before a change is merged, in order, up to the first that does not.

use std::{
    env,
    process::{Command, Stdio},
    time::Instant,
};

use crate::{
    cluster, e2e,
    failure::{Context, Failure, Result},
    lint, workspace,
};

/// One thing that must hold.
struct Step {
    name: &'static str,
    check: Check,
}

/// How it is checked.
enum Check {
    /// By cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// By cargo-deny, where it is installed.
    Deny,
    /// By the cluster of `cargo xtask cluster`, where `TEST_CLUSTER=1` asks for it and the machine can make one.
    Cluster,
    /// By another task.
    Task(fn() -> Result<()>),
}

/// How a step ended well.
enum Passed {
    Checked,
    Skipped(String),
}

const STEPS: &[Step] = &[
    Step { name: "fmt", check: Check::Cargo(&["fmt", "--all", "--check"]) },
    Step {
        name: "clippy",
        check: Check::Cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    },
    Step { name: "lint", check: Check::Task(lint::run) },
    Step { name: "test", check: Check::Cargo(&["test", "--workspace"]) },
    Step {
        name: "doc",
        check: Check::Cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--config",
            "build.rustdocflags=['-D', 'warnings']",
        ]),
    },
    Step { name: "bench", check: Check::Cargo(&["bench", "-p", "stress", "--", "--test"]) },
    Step { name: "deny", check: Check::Deny },
    Step { name: "e2e", check: Check::Task(e2e::run_all) },
    Step { name: "cluster", check: Check::Cluster },
];

/// Takes the steps one after another.
pub(crate) fn run() -> Result<()> {
    let begun = Instant::now();
    let mut checked = Vec::new();
    let mut skipped = Vec::new();
    for (number, step) in STEPS.iter().enumerate() {
        println!("\n━━ {}/{} {} ━━", number + 1, STEPS.len(), step.name);
        let started = Instant::now();
        let passed =
            step.check.run().context(format!("ci: {} failed after {}", step.name, spent(started)))?;
        match passed {
            Passed::Checked => {
                println!("━━ {} passed in {}", step.name, spent(started));
                checked.push(step.name);
            }
            Passed::Skipped(why) => {
                println!("━━ {} SKIPPED: {why}", step.name);
                skipped.push(format!("{}: {why}", step.name));
            }
        }
    }
    println!("\nci: passed in {}: {}", spent(begun), checked.join(", "));
    if !skipped.is_empty() {
        println!("ci: SKIPPED {}", skipped.join("; "));
    }
    Ok(())
}

impl Check {
    fn run(&self) -> Result<Passed> {
        match self {
            Check::Cargo(arguments) => cargo(arguments).map(|()| Passed::Checked),
            Check::Task(task) => task().map(|()| Passed::Checked),
            Check::Deny if installed("deny") => {
                cargo(&["deny", "--workspace", "check", "--config", ".deny.toml"]).map(|()| Passed::Checked)
            }
            Check::Deny => Ok(Passed::Skipped(
                "cargo-deny is not installed (cargo install --locked cargo-deny)".to_owned(),
            )),
            Check::Cluster => cluster(),
        }
    }
}

/// Runs all checks of the cluster, and installs what they need.
fn cluster() -> Result<Passed> {
    if env::var("TEST_CLUSTER").as_deref() != Ok("1") {
        return Ok(Passed::Skipped("TEST_CLUSTER is not 1".to_owned()));
    }
    if let Some(obstacle) = cluster::obstacle() {
        return Ok(Passed::Skipped(obstacle));
    }
    match cluster::prepare() {
        Ok(()) => cluster::run_all().map(|()| Passed::Checked),
        Err(failure) => Ok(Passed::Skipped(format!("what it needs cannot be installed: {failure}"))),
    }
}

fn cargo(arguments: &[&str]) -> Result<()> {
    println!("cargo {}", arguments.join(" "));
    let mut command = workspace::cargo();
    let status = command.args(arguments).status().context("cannot run cargo")?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("cargo {} ({status})", arguments.join(" "))))
    }
}

/// Whether cargo has this subcommand.
fn installed(subcommand: &str) -> bool {
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet(workspace::cargo().args([subcommand, "--version"])).is_ok_and(|status| status.success())
}

fn spent(since: Instant) -> String {
    let spent = since.elapsed();
    match spent.as_secs() {
        0..60 => format!("{:.1} s", spent.as_secs_f64()),
        s => format!("{} min {:02} s", s / 60, s % 60),
    }
}
