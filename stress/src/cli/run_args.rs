//! The flags of the commands that make a run.

use std::path::PathBuf;

use clap::Args;

use super::{
    options::RunOptions,
    plan_file::{self, PlanFile},
    preset::Preset,
};
use crate::{error::Error, units::parse_size};

/// The flags of a run: a plan file, and options that win over it.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Plan file (TOML), or report whose run is repeated
    ///
    /// Flags and environment variables win over it. - is stdin.
    #[arg(long, value_name = "FILE", env = "WALRUS_STRESS_PLAN", hide_env = true)]
    pub(super) plan: Option<PathBuf>,
    /// Phases of the official performance tests
    ///
    /// walrus-performance:ENV with localhost, testnet, baseline or latency; flags win over them.
    #[arg(
        long,
        value_name = "PRESET",
        env = "WALRUS_STRESS_PRESET",
        hide_env = true,
        conflicts_with = "plan"
    )]
    pub(super) preset: Option<Preset>,
    /// Leave out the larger blobs of a preset
    #[arg(long, value_name = "SIZE", env = "WALRUS_STRESS_SIZES_UP_TO", hide_env = true, requires = "preset",
          value_parser = parse_size)]
    pub(super) sizes_up_to: Option<u64>,
    #[command(flatten)]
    pub(super) options: RunOptions,
}

impl RunArgs {
    /// The plan file, or the preset as one; empty when neither is given.
    ///
    /// # Errors
    /// When the file cannot be read or used.
    pub(super) fn plan_file(&self) -> Result<PlanFile, Error> {
        match (self.preset, self.plan.as_deref()) {
            (Some(preset), _) => {
                let text = preset.plan(self.sizes_up_to.unwrap_or(u64::MAX))?;
                plan_file::read(&format!("the preset {preset}"), &text)
            }
            (None, Some(path)) => plan_file::open(path),
            (None, None) => Ok(PlanFile::default()),
        }
    }
}
