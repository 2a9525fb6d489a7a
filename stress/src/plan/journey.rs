//! The steps that are done to one blob, and their order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing done to one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// `PUT /v1/blobs`.
    Upload,
    /// The `ordinal`-th `GET /v1/blobs/{id}` of a blob, counted from 1.
    Read {
        /// 1 is the first, uncached download; 2 the cached one; further ones are steps of their own.
        ordinal: u8,
    },
}

impl Step {
    /// The first, uncached download.
    pub const FIRST: Step = Step::Read { ordinal: 1 };
    /// The second download, which a cache should answer.
    pub const CACHED: Step = Step::Read { ordinal: 2 };

    /// The step of this label (`upload`, `first`, `cached`, `read3` …), if there is one.
    pub fn from_label(label: &str) -> Option<Step> {
        match label {
            "upload" => Some(Step::Upload),
            "first" => Some(Step::FIRST),
            "cached" => Some(Step::CACHED),
            other => {
                let ordinal = other.strip_prefix("read")?.parse().ok()?;
                (ordinal >= 3).then_some(Step::Read { ordinal })
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Upload => f.pad("upload"),
            Step::Read { ordinal: 1 } => f.pad("first"),
            Step::Read { ordinal: 2 } => f.pad("cached"),
            Step::Read { ordinal } => f.pad(&format!("read{ordinal}")),
        }
    }
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let label = String::deserialize(deserializer)?;
        Step::from_label(&label).ok_or_else(|| serde::de::Error::custom(format!("no such step: {label}")))
    }
}

/// The steps of a journey, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Journey {
    /// What is done to each blob, in this order.
    pub steps: Vec<Step>,
}

impl Default for Journey {
    /// The user's job: upload, then at once the first and the cached download.
    fn default() -> Self {
        Self { steps: vec![Step::Upload, Step::FIRST, Step::CACHED] }
    }
}

impl Journey {
    /// Whether any step stores.
    pub fn uploads(&self) -> bool {
        self.steps.contains(&Step::Upload)
    }

    /// Whether any step reads.
    pub fn reads(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Read { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_back_as_the_steps_they_name() {
        for step in
            [Step::Upload, Step::FIRST, Step::CACHED, Step::Read { ordinal: 3 }, Step::Read { ordinal: 12 }]
        {
            assert_eq!(Step::from_label(&step.to_string()), Some(step));
        }
        for wrong in ["", "read1", "read2", "read", "read256", "Upload", "third"] {
            assert_eq!(Step::from_label(wrong), None, "{wrong}");
        }
    }
}
