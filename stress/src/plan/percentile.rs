//! The percentiles that thresholds may name and reports may show.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use super::names::none_of;

/// The probability on each side that a two-sided 95 % interval leaves out.
pub(crate) const TAIL: f64 = 0.025;

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

    /// The smallest sample that supports it: its minimum and maximum enclose the percentile with 95 %.
    pub fn needs(self) -> u64 {
        let far = self.quantile().max(1.0 - self.quantile());
        let exact = (TAIL.ln() / far.ln()).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 6 and 36,888")]
        let needs = exact as u64;
        needs
    }

    /// Whether a sample of `count` supports it.
    pub fn is_supported_by(self, count: u64) -> bool {
        count >= self.needs()
    }
}

/// What becomes of a threshold on a percentile that the sample is too small for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<UnsupportedPercentiles>)]
pub enum UnsupportedPercentiles {
    /// It does not hold; a run whose sample can never be large enough is not started.
    #[default]
    Refuse,
    /// It is compared with the percentile of the sample itself, by nearest rank, and marked as unsupported.
    Judge,
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn percentiles_need_these_many_samples() {
        let needs: Vec<_> = Percentile::iter().map(Percentile::needs).collect();
        assert_eq!(needs, [6, 36, 72, 368, 3_688, 36_887]);
        assert!(!Percentile::P50.is_supported_by(5) && Percentile::P50.is_supported_by(6));
    }
}
