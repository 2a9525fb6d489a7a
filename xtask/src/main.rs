//! The workspace's own automation, as `cargo xtask TASK`; it uses the other crates only as processes.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints for a person at a terminal")]

mod bench;
mod ci;
mod cluster;
mod deadline;
mod e2e;
mod failure;
mod lint;
mod process;
mod soak;

mod output;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The workspace's own automation.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the main job and then every scenario, with real processes on this machine
    E2e {
        /// Only these scenarios; a prefix such as `fault` selects all of them
        names: Vec<String>,
        /// Show the scenarios instead of running them
        #[arg(long)]
        list: bool,
        /// Use optimised builds of the programs
        #[arg(long)]
        release: bool,
    },
    /// Measure what the tool itself costs, compared with other tools, on this machine
    Bench(bench::args::Args),
    /// Check everything that must hold before a change is merged
    Ci,
    /// Run one load on several nodes within this machine, by Slurm, MPI and Ansible; needs root on Debian
    Cluster(cluster::args::Args),
    /// Run tests that need minutes or a quiet machine
    Soak(soak::args::Args),
    /// Check what rustc and clippy do not: one-way modules, circles of files, dependencies, file lengths
    Lint,
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::E2e { list: true, .. } => {
            e2e::list();
            Ok(())
        }
        Task::E2e { names, release, .. } => e2e::run(&names, release),
        Task::Bench(args) => bench::run(&args),
        Task::Ci => ci::run(),
        Task::Cluster(args) => cluster::run(&args),
        Task::Soak(args) => soak::run(&args),
        Task::Lint => lint::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
