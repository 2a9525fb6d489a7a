//! The commands of `walrus-stress`, with their flags.

use clap::{Parser, Subcommand};

use super::{
    compare::CompareArgs, help, merge::MergeArgs, operators::OperatorsArgs, plan::PlanArgs,
    report::ReportArgs, run_args::RunArgs, search::options::SearchArgs,
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
    #[command(after_help = MORE, after_long_help = help::run(
        "walrus-stress run --publisher http://localhost:31416 \\\n      --aggregator http://localhost:31415 -n 100 -c 4"
    ))]
    Run(Box<RunArgs>),
    /// Print what a run with these flags would do, and start nothing
    #[command(after_help = MORE, after_long_help = help::run("walrus-stress plan --plan run.toml --format toml"))]
    Plan(Box<PlanArgs>),
    /// Find the highest rate or concurrency at which thresholds hold
    #[command(after_help = MORE, after_long_help = help::run(
        "walrus-stress search --publisher http://localhost:31416 --steps upload \\\n      --slo 'upload.p50<20s' --max 50/s"
    ))]
    Search(Box<SearchArgs>),
    /// Render a saved report in any format
    #[command(after_long_help = help::end("walrus-stress report report.json --format markdown -o summary.md"))]
    Report(ReportArgs),
    /// Compare one run, or several, with another
    #[command(after_long_help = help::end(
        "walrus-stress compare before.json after.json --fail-if 'cached.p95>+10%'"
    ))]
    Compare(CompareArgs),
    /// Merge the reports of a run's shards into one
    #[command(after_long_help = help::end("walrus-stress merge shard0.json shard1.json -o report.json"))]
    Merge(MergeArgs),
    /// Compare aggregators on the same blobs
    #[command(after_long_help = help::end(
        "walrus-stress operators --publisher https://publisher.example.org \\\n      --list operators.json --network testnet --html operators.html"
    ))]
    Operators(Box<OperatorsArgs>),
}

/// The end of the short help of commands whose long help has much more.
const MORE: &str = "More with --help: details, metrics of thresholds, exit statuses, an example.";
