//! The percentiles that thresholds may name and reports may show.

use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

/// A percentile that reports may show, from the median up; its name is that in documents and thresholds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Percentile {
    /// The median.
    P50,
    /// 90 % are no longer.
    P90,
    /// 95 % are no longer.
    P95,
    /// 99 % are no longer.
    P99,
    /// 99.9 % are no longer.
    #[strum(serialize = "p99.9")]
    P999,
    /// 99.99 % are no longer.
    #[strum(serialize = "p99.99")]
    P9999,
}

impl Percentile {
    /// The share, 0 to 1, that does not exceed it.
    pub const fn quantile(self) -> f64 {
        match self {
            Percentile::P50 => 0.5,
            Percentile::P90 => 0.9,
            Percentile::P95 => 0.95,
            Percentile::P99 => 0.99,
            Percentile::P999 => 0.999,
            Percentile::P9999 => 0.9999,
        }
    }

    /// Its name in documents and thresholds.
    pub fn label(self) -> &'static str {
        self.into()
    }
}
