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
    /// They are those of the phase before, as far as that came through with them; each is taken once.
    Earlier,
}

impl Supply {
    pub(super) fn check(&self, journey: &Journey) -> Result<(), Contradiction> {
        match (self, journey.uploads()) {
            (Supply::Made, false) => Err(Contradiction::new(
                "--steps",
                "starts with a download: --blob-ids, --from-export or --from-log must name blobs that are stored \
                 already",
            )),
            (Supply::List { .. }, true) => Err(Contradiction::new(
                "--steps",
                "cannot upload the blobs of --blob-ids, --from-export or --from-log: they are stored already",
            )),
            (Supply::Earlier, true) => {
                Err(Contradiction::new("--steps", "cannot upload the blobs of an earlier phase once more"))
            }
            _ => Ok(()),
        }
    }
}
