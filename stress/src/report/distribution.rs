//! What is shown of many durations: count, extremes, mean, and the percentiles that the sample supports.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};
use strum::IntoEnumIterator;

use super::stats::Percentile;
use crate::metrics::histogram::Latencies;

/// A duration, or its lower bound where the observation was censored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounded {
    /// The duration.
    pub value: Duration,
    /// Whether the true one may be longer: timeouts or unfinished attempts decide this number.
    pub lower_bound: bool,
}

/// The distribution of durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// How many durations.
    pub count: u64,
    /// The shortest.
    pub min: Bounded,
    /// The arithmetic mean.
    pub mean: Bounded,
    /// The median by nearest rank (the lower middle of an even number), however small the sample.
    pub median: Bounded,
    /// The percentiles that the sample supports.
    pub percentiles: BTreeMap<Percentile, Bounded>,
    /// The longest.
    pub max: Bounded,
}

impl Distribution {
    /// The distribution of `latencies`, of which those from `least_lower_bound` on may have been longer; `None` of none.
    pub(super) fn of(latencies: &Latencies, least_lower_bound: Option<Duration>) -> Option<Self> {
        let bounded = |value| bounded(value, least_lower_bound);
        let quantile = |percentile| Self::percentile(latencies, least_lower_bound, percentile);
        let supported = Percentile::iter().filter(|p| p.is_supported_by(latencies.count()));
        Some(Self {
            count: latencies.count(),
            min: bounded(latencies.min()?),
            mean: Bounded { value: latencies.mean()?, lower_bound: least_lower_bound.is_some() },
            median: quantile(Percentile::P50)?,
            percentiles: supported.filter_map(|p| Some((p, quantile(p)?))).collect(),
            max: bounded(latencies.max()?),
        })
    }

    /// A percentile by nearest rank, however small the sample; `None` of none. Lower bounds as in [`Distribution::of`].
    pub(super) fn percentile(
        latencies: &Latencies,
        least_lower_bound: Option<Duration>,
        percentile: Percentile,
    ) -> Option<Bounded> {
        latencies.quantile(percentile.quantile()).map(|value| bounded(value, least_lower_bound))
    }

    /// Its numbers by their names in documents.
    fn numbers(&self) -> impl Iterator<Item = (&'static str, Bounded)> {
        let percentiles = self.percentiles.iter().map(|(percentile, value)| (percentile.label(), *value));
        [("min", self.min), ("mean", self.mean), ("median", self.median)]
            .into_iter()
            .chain(percentiles)
            .chain([("max", self.max)])
    }
}

fn bounded(value: Duration, least_lower_bound: Option<Duration>) -> Bounded {
    // A histogram gives a quantile back to a thousandth: two values that close count as equal.
    Bounded { value, lower_bound: least_lower_bound.is_some_and(|least| value + value / 1000 >= least) }
}

/// Numbers by name, in seconds, and the names of those that are lower bounds.
impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.count)?;
        for (name, number) in self.numbers() {
            map.serialize_entry(name, &number.value.as_secs_f64())?;
        }
        let bounds: Vec<_> =
            self.numbers().filter(|(_, one)| one.lower_bound).map(|(name, _)| name).collect();
        map.serialize_entry("lower_bounds", &bounds)?;
        map.end()
    }
}
