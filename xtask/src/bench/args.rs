//! The arguments of `cargo xtask bench`.

use std::path::PathBuf;

/// The flags.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these; a prefix such as `read` selects all of them
    pub(super) names: Vec<String>,
    /// List the benchmarks instead of running them
    #[arg(long)]
    pub(super) list: bool,
    /// How often each tool has its turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) rounds: u32,
    /// How much of the usual work each turn has: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    pub(super) scale: f64,
    /// Also what takes many minutes
    #[arg(long)]
    pub(super) long: bool,
    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}
