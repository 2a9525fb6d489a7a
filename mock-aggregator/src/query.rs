//! The query of a read.

use mock_publisher::failure::{Failure, Status};
use serde::Deserialize;

/// What a client may ask of a read. A field that is not here, or comes twice, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetQuery {
    /// To encode the blob again and compare.
    #[serde(default)]
    strict_consistency_check: bool,
    /// Not to compare at all.
    #[serde(default)]
    skip_consistency_check: bool,
}

impl GetQuery {
    /// Refuses what contradicts itself; what is left has no effect, for the mock's blobs are always consistent.
    pub(crate) fn check(self) -> Result<(), Failure> {
        match self.strict_consistency_check && self.skip_consistency_check {
            false => Ok(()),
            true => Err(Failure::daemon(
                Status::InvalidArgument,
                "INVALID_CONSISTENCY_CHECK",
                "a consistency check cannot be both strict and skipped",
            )),
        }
    }
}
