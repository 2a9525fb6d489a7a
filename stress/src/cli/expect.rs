//! The flags that say what a run shall hold.

use clap::Args as ClapArgs;

use crate::plan::threshold::Threshold;

/// What is expected of a run.
#[derive(Debug, ClapArgs)]
pub(super) struct ExpectArgs {
    /// What must hold, as in 'upload.p99<20s', '*.failures<1%' or 'first.throughput>5MiB/s'; repeatable
    #[arg(
        long,
        value_name = "STEP.METRIC<LIMIT",
        env = "WALRUS_STRESS_THRESHOLD",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(super) threshold: Vec<Threshold>,
    /// Exit with 3 when the generator or its machine spoilt the numbers
    #[arg(long, env = "WALRUS_STRESS_STRICT", hide_env = true)]
    pub(super) strict: bool,
}
