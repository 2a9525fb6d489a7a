//! Values of flags that are words or something else.

use strum::{EnumString, VariantNames};

use crate::plan::{names::none_of, shard::Shard};

/// The value of `--shard`.
#[derive(Debug, Clone, Copy)]
pub(super) enum ShardChoice {
    /// What the engine says.
    Auto,
    /// What the user says.
    Given(Shard),
}

/// Where the barrier is that all parts pass together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<BarrierChoice>)]
pub(super) enum BarrierChoice {
    /// In the launcher, if it has one.
    #[default]
    Auto,
    /// In the launcher, by the PMI protocol.
    Pmi,
    /// There is none.
    None,
}

/// Where --export writes when no path is given.
pub(super) const DEFAULT_EXPORT: &str = "stress_test_summary.json";
