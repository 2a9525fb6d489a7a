//! The flags that say what is done to each blob.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::list::{BlobList, Format};
use crate::{
    error::Error,
    plan::{ConfigError, journey::Journey},
    units::{parse_share, parse_whole},
};

/// The downloads of each blob when nothing else is said: the first and the cached one.
const DEFAULT_READS: u8 = 2;

#[derive(Debug, ClapArgs)]
pub(super) struct JourneyArgs {
    /// What is done to each blob, in this order: `upload`, `upload,first` or further up to `read3`, `read4` and so on
    /// [default: upload,first,cached, or first,cached of a list]
    #[arg(long, value_name = "STEPS", env = "WALRUS_STRESS_STEPS", hide_env = true)]
    pub(super) steps: Option<Journey>,
    /// Downloads of each blob: the first, the cached one, and further ones, each a step of its own [default: 2]
    #[arg(long, value_name = "N", env = "WALRUS_STRESS_READS", hide_env = true, allow_hyphen_values = true,
          value_parser = parse_whole::<u8>)]
    pub(super) reads: Option<u8>,
    /// Whether each blob goes through its steps at once, or each step through all blobs before the next one
    #[arg(long, value_name = "ORDER", env = "WALRUS_STRESS_ORDER", hide_env = true, value_enum,
          default_value_t = Order::Journey)]
    pub(super) order: Order,
    /// ThreadIndex of journeys that upload a second blob of the same size and read it for the first time right behind the
    /// first one's first download: so much faster a second download is without any cache, which is then taken out of
    /// what the cache buys. These uploads and downloads come on top, as steps of their own
    #[arg(long, value_name = "SHARE", env = "WALRUS_STRESS_ORDER_CONTROL", hide_env = true,
          allow_hyphen_values = true, value_parser = parse_share, default_value = "0%")]
    pub(super) order_control: f64,
    /// Upload nothing and download the blobs of this list: an ID a line, # starts a comment, - is stdin. It is read once
    /// through; --steps cached goes round it until --blobs or --duration
    #[arg(long, value_name = "FILE|-", env = "WALRUS_STRESS_BLOB_IDS", hide_env = true)]
    pub(super) blob_ids: Option<PathBuf>,
    /// The same with the blobs of an earlier run's --export
    #[arg(
        long,
        value_name = "FILE",
        env = "WALRUS_STRESS_FROM_EXPORT",
        hide_env = true,
        conflicts_with = "blob_ids"
    )]
    pub(super) from_export: Option<PathBuf>,
    /// The same with the blobs that an earlier run's --log says were stored
    #[arg(
        long,
        value_name = "FILE",
        env = "WALRUS_STRESS_FROM_LOG",
        hide_env = true,
        conflicts_with_all = ["blob_ids", "from_export"]
    )]
    pub(super) from_log: Option<PathBuf>,
}

/// In which order steps are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Order {
    /// Upload, first and cached download of a blob, one after the other
    Journey,
    /// All uploads, then all first downloads, then all cached ones
    Phased,
}

impl JourneyArgs {
    /// The list of stored blobs, if one is named.
    pub(super) fn list(&self) -> Result<Option<BlobList>, Error> {
        let files = [
            (&self.blob_ids, Format::Lines),
            (&self.from_export, Format::Export),
            (&self.from_log, Format::Log),
        ];
        let named = files.into_iter().find_map(|(path, format)| Some((path.as_deref()?, format)));
        named.map(|(path, format)| BlobList::open(path, format)).transpose()
    }

    /// Whether a list of stored blobs is named.
    fn reads_only(&self) -> bool {
        self.blob_ids.is_some() || self.from_export.is_some() || self.from_log.is_some()
    }

    /// The journey that the flags mean.
    pub(super) fn journey(&self) -> Result<Journey, ConfigError> {
        match (&self.steps, self.reads) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                "--reads",
                "cannot go with --steps: those name the downloads, as in upload,first,cached,read3",
            )),
            (_, Some(0)) => {
                Err(ConfigError::new("--reads", "must be at least 1; --steps upload downloads nothing"))
            }
            (Some(steps), None) => Ok(steps.clone()),
            (None, reads) => Ok(Journey::with_reads(!self.reads_only(), reads.unwrap_or(DEFAULT_READS))),
        }
    }
}
