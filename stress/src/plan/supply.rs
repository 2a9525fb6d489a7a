//! Where a phase's blobs come from.

use serde::{Deserialize, Serialize};

use super::{Contradiction, journey::Journey};

/// Where a phase's blobs come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum Supply {
    /// They are made and uploaded: seed and index decide each.
    #[default]
    Made,
    /// They are stored already, and a list names their IDs.
    List {
        /// What the user calls it: a path, or `-`.
        name: String,
        /// Whether it starts again at its end; otherwise it is read once through.
        round: bool,
    },
}

impl Supply {
    pub(super) fn check(&self, journey: &Journey) -> Result<(), Contradiction> {
        match (self, journey.uploads()) {
            (Supply::Made, false) => Err(Contradiction::new(
                "--steps",
                "starts with a download: --blob-ids or --from-export must name blobs that are stored already",
            )),
            (Supply::List { .. }, true) => Err(Contradiction::new(
                "--steps",
                "cannot upload the blobs of --blob-ids or --from-export: they are stored already",
            )),
            _ => Ok(()),
        }
    }
}
