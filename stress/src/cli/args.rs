//! The commands of `walrus-stress`, with their flags.

use clap::{Parser, Subcommand};

use super::{
    compare::CompareArgs, merge::MergeArgs, options::RunArgs, plan::PlanArgs, report::ReportArgs,
    search::options::SearchArgs,
};

/// Stress and benchmark tool for Walrus publishers and aggregators.
#[derive(Debug, Parser)]
#[command(name = "walrus-stress", version, about, max_term_width = 100)]
pub(super) struct Args {
    /// The command.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Upload random blobs, download each twice, and report
    #[command(after_help = RUN_EXIT_STATUS, after_long_help = RUN_DETAILS)]
    Run(Box<RunArgs>),
    /// Print what a run with these flags would do, and start nothing
    #[command(after_long_help = "Example: walrus-stress plan --plan run.toml --format toml")]
    Plan(Box<PlanArgs>),
    /// Find the highest rate or concurrency at which thresholds hold
    Search(Box<SearchArgs>),
    /// Render a saved report, in any format
    #[command(after_long_help = "Example: walrus-stress report report.json --format markdown -o summary.md")]
    Report(ReportArgs),
    /// Compare one run, or several, with another
    Compare(CompareArgs),
    /// Merge the reports of a run's shards into one
    #[command(after_long_help = "Example: walrus-stress merge shard0.json shard1.json -o report.json")]
    Merge(MergeArgs),
}

const RUN_EXIT_STATUS: &str = "\
Exit status: 0 all well; 1 a failed request, a broken threshold, or a file not written;
2 wrong usage, or the load never started; 3 invalid numbers, with --strict;
130, 143 stopped by SIGINT, SIGTERM.";

const RUN_DETAILS: &str = "\
Every flag can also be set in the environment: --min-size is WALRUS_STRESS_MIN_SIZE. Lists are
comma-separated, switches are true or false. Flags win over the environment, and both over the plan
file.

Exit status: 0 all well; 1 an upload or a download failed, a threshold broke, or a file could not be
written; 2 wrong usage, or the load never started; 3 invalid numbers, with --strict; 130 and 143 stopped by
SIGINT and SIGTERM.

Example: walrus-stress run --publisher http://localhost:31416 --aggregator http://localhost:31415 -n 100 -c 4";
