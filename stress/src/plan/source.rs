//! Where a phase's blobs come from.

use serde::{Deserialize, Serialize};

use super::{ConfigError, journey::Journey};

/// Where a phase's blobs come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum BlobSource {
    /// They are made and uploaded: seed and index decide each.
    #[default]
    Made,
    /// They are stored already, and a list names their IDs.
    List {
        /// What the user calls it: a path, or `-`.
        name: String,
        /// Whether it starts again at its end; otherwise it is read once through.
        round: bool,
        /// How it is written.
        #[serde(default)]
        listing: Listing,
    },
    /// They are those of the phase before, as far as that came through with them; each is taken once.
    Earlier,
}

/// How a list of stored blobs is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// An ID a line; blank lines and those that start with `#` say nothing.
    #[default]
    BlobIds,
    /// The rows of an earlier run's export.
    FromExport,
    /// The lines of an earlier run's log.
    FromLog,
}

impl Listing {
    /// The flag that names such a list, without its dashes.
    pub const fn key(self) -> &'static str {
        match self {
            Listing::BlobIds => "blob-ids",
            Listing::FromExport => "from-export",
            Listing::FromLog => "from-log",
        }
    }
}

impl BlobSource {
    pub(super) fn check(&self, journey: &Journey) -> Result<(), ConfigError> {
        match (self, journey.uploads()) {
            (BlobSource::Made, false) => Err(ConfigError::new(
                "--steps",
                "starts with a download: --blob-ids, --from-export or --from-log must name blobs that are stored \
                 already",
            )),
            (BlobSource::List { .. }, true) => Err(ConfigError::new(
                "--steps",
                "cannot upload the blobs of --blob-ids, --from-export or --from-log: they are stored already",
            )),
            (BlobSource::Earlier, true) => {
                Err(ConfigError::new("--steps", "cannot upload the blobs of an earlier phase once more"))
            }
            _ => Ok(()),
        }
    }
}
