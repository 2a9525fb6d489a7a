//! One part of a run that was divided over machines: which one it is, where it ran, and how it started.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{
    metrics::Recording,
    plan::{placement::Engine, shard::Shard, vantage::Vantage},
    units::Seconds,
};

/// A part of a divided run, as its own process recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which one it is.
    pub shard: Shard,
    /// What numbered it; `None` when the user did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The name of its machine.
    pub host: String,
    /// When its load began, by its machine's clock.
    #[serde(with = "wall_time")]
    pub began_at: SystemTime,
    /// The barrier that all parts passed before; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barrier: Option<BarrierEnd>,
    /// Whether it waited for a time of its machine's clock (`--start-at`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scheduled: bool,
}

/// What was recorded at one vantage point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VantageRecording {
    /// Which one it is.
    pub vantage: Vantage,
    /// How long it took there.
    #[serde(rename = "elapsed_seconds", with = "Seconds")]
    pub elapsed: Duration,
    /// What was measured there.
    pub recording: Recording,
}

/// The end of a barrier: an event that all parts have in common, so that it shows how their clocks differ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BarrierEnd {
    /// When it was, by the machine's clock.
    #[serde(with = "wall_time")]
    pub at: SystemTime,
    /// From then to the begin of the load, on the monotonic clock.
    #[serde(rename = "begin_seconds", with = "Seconds")]
    pub begin: Duration,
}

/// RFC 3339 in UTC, to the nanosecond.
mod wall_time {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_nanos(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text)
            .map_err(|error| D::Error::custom(format!("`{text}` is no time: {error}")))
    }
}
