//! The flags that say what is done to each blob.

use clap::Args as ClapArgs;

use super::value::parse_whole;
use crate::plan::{Contradiction, journey::Journey};

/// The downloads of each blob when nothing else is said: the first and the cached one.
const DEFAULT_READS: u8 = 2;

#[derive(Debug, ClapArgs)]
pub(super) struct JourneyArgs {
    /// What is done to each blob, in this order: `upload`, `upload,first` or further up to `read3`, `read4` and so on
    /// [default: upload,first,cached]
    #[arg(long, value_name = "STEPS", env = "WALRUS_STRESS_STEPS", hide_env = true)]
    pub(super) steps: Option<Journey>,
    /// Downloads of each blob: the first, the cached one, and further ones, each a step of its own [default: 2]
    #[arg(long, value_name = "N", env = "WALRUS_STRESS_READS", hide_env = true, allow_hyphen_values = true,
          value_parser = parse_whole::<u8>)]
    pub(super) reads: Option<u8>,
}

impl JourneyArgs {
    /// The journey that the flags mean.
    pub(super) fn journey(&self) -> Result<Journey, Contradiction> {
        match (&self.steps, self.reads) {
            (Some(_), Some(_)) => Err(Contradiction::new(
                "--reads",
                "cannot go with --steps: those name the downloads, as in upload,first,cached,read3",
            )),
            (_, Some(0)) => {
                Err(Contradiction::new("--reads", "must be at least 1; --steps upload downloads nothing"))
            }
            (Some(steps), None) => Ok(steps.clone()),
            (None, reads) => Ok(Journey::with_reads(true, reads.unwrap_or(DEFAULT_READS))),
        }
    }
}
