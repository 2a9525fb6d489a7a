//! Where a phase's blobs come from.

use serde::{Deserialize, Serialize};

use super::{ConfigError, journey::Journey};

/// Where a phase's blobs come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum BlobSource {
    /// They are generated from seed and index, and uploaded.
    #[default]
    Made,
    /// They are stored already, and a list names their IDs.
    List {
        /// The path as the user gave it, or `-` for stdin.
        name: String,
        /// Whether it starts again at its end; otherwise it is read once.
        round: bool,
        /// Its format.
        #[serde(default)]
        listing: Listing,
    },
    /// Those of the previous phase for which every step so far succeeded; each is used once.
    Earlier,
    /// Those that an earlier phase has stored or read, in its order.
    Phase {
        /// The name of that phase.
        name: String,
        /// Whether it starts again at the last blob; otherwise each is used once.
        round: bool,
    },
}

/// The format of a list of stored blobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listing {
    /// One ID per line; blank lines and those that start with `#` are skipped.
    #[default]
    BlobIds,
    /// The rows of an earlier run's `--export`.
    FromExport,
    /// The lines of an earlier run's `--log`.
    FromLog,
}

impl Listing {
    /// The flag for such a list, without its dashes.
    pub const fn key(self) -> &'static str {
        match self {
            Listing::BlobIds => "blob-ids",
            Listing::FromExport => "from-export",
            Listing::FromLog => "from-log",
        }
    }
}

impl BlobSource {
    /// Whether the blobs came into the run in an earlier phase.
    pub const fn is_earlier(&self) -> bool {
        matches!(self, BlobSource::Earlier | BlobSource::Phase { .. })
    }

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
            (BlobSource::Earlier | BlobSource::Phase { .. }, true) => {
                Err(ConfigError::new("--steps", "cannot upload the blobs of an earlier phase once more"))
            }
            _ => Ok(()),
        }
    }
}
