//! The percentiles that thresholds may name and reports may show.

/// A percentile that reports may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    P999,
    /// 99.99 % are no longer.
    P9999,
}

impl Percentile {
    /// All percentiles, from the median up.
    pub const ALL: [Percentile; 6] = [
        Percentile::P50,
        Percentile::P90,
        Percentile::P95,
        Percentile::P99,
        Percentile::P999,
        Percentile::P9999,
    ];

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
    pub const fn label(self) -> &'static str {
        match self {
            Percentile::P50 => "p50",
            Percentile::P90 => "p90",
            Percentile::P95 => "p95",
            Percentile::P99 => "p99",
            Percentile::P999 => "p99.9",
            Percentile::P9999 => "p99.99",
        }
    }

    /// The percentile of this name, if there is one.
    pub fn from_label(label: &str) -> Option<Percentile> {
        Self::ALL.into_iter().find(|percentile| percentile.label() == label)
    }
}
