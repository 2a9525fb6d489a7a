//! How large blobs are and what they are made of.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

use super::{ConfigError, names::none_of};

/// The smallest size when none is named, in bytes (90 KiB).
pub const DEFAULT_MIN_SIZE: u64 = 90 * 1024;
/// The largest size when none is named, in bytes (100 KiB).
pub const DEFAULT_MAX_SIZE: u64 = 100 * 1024;

/// Sizes drawn uniformly from a closed range of whole bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The smallest size in bytes.
    #[serde(rename = "min_bytes")]
    pub min: u64,
    /// The largest size in bytes, itself included.
    #[serde(rename = "max_bytes")]
    pub max: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { min: DEFAULT_MIN_SIZE, max: DEFAULT_MAX_SIZE }
    }
}

impl Sizes {
    pub(super) fn check(self) -> Result<(), ConfigError> {
        if self.min > self.max {
            let reason = format!("({} bytes) is above --max-size ({} bytes)", self.min, self.max);
            return Err(ConfigError::new("--min-size", reason));
        }
        Ok(())
    }
}

/// What one blob is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Random bytes that do not compress.
    Binary,
    /// Random valid UTF-8.
    Text,
}

/// What the blobs of a phase are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<ContentMix>)]
pub enum ContentMix {
    /// All binary.
    Binary,
    /// All text.
    Text,
    /// Each blob binary or text, half and half at random.
    Mixed,
}
