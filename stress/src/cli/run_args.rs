//! The flags of the commands that make a run.

use std::path::PathBuf;

use clap::Args;

use super::options::RunOptions;

/// The flags of a run: a plan file, and options that win over it.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Plan file (TOML), or report whose run is repeated
    ///
    /// Flags and environment variables win over it. - is stdin.
    #[arg(long, value_name = "FILE", env = "WALRUS_STRESS_PLAN", hide_env = true)]
    pub(super) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: RunOptions,
}
