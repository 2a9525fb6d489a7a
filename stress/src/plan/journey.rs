//! Journeys: the steps that are done to one blob, and their order.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};

use super::ConfigError;

/// One thing done to one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SerializeDisplay, DeserializeFromStr)]
pub enum Step {
    /// `PUT /v1/blobs`.
    Upload,
    /// The `ordinal`-th `GET /v1/blobs/{id}` of a blob, counted from 1.
    Read {
        /// 1 is the first, uncached download; 2 the cached one; each further one is a step of its own.
        ordinal: u8,
    },
    /// The upload of the control blob of an order control.
    ControlUpload,
    /// The first download of the control blob, right after that of the journey's own blob.
    Control,
    /// The only read of a blob, a drawn delay after its upload: whether it can be read by then.
    After,
    /// The one other read of a blob that [`Step::After`] did not find.
    Again,
}

impl Step {
    /// The first, uncached download.
    pub const FIRST: Step = Step::Read { ordinal: 1 };
    /// The second download, which a cache should answer.
    pub const CACHED: Step = Step::Read { ordinal: 2 };

    /// The next step for the same blob.
    pub(super) fn followed_by(self) -> Step {
        match self {
            Step::Upload => Step::FIRST,
            Step::Read { ordinal } => Step::Read { ordinal: ordinal.saturating_add(1) },
            Step::ControlUpload => Step::Control,
            Step::Control => Step::CACHED,
            Step::After | Step::Again => Step::Again,
        }
    }

    /// Whether it stores a blob, rather than read one.
    pub const fn stores(self) -> bool {
        self.ordinal().is_none()
    }

    /// Which download of its blob it is, from 1; `None` for an upload.
    pub const fn ordinal(self) -> Option<u8> {
        match self {
            Step::Upload | Step::ControlUpload => None,
            Step::Read { ordinal } => Some(ordinal),
            Step::Control | Step::After => Some(1),
            Step::Again => Some(2),
        }
    }

    /// Whether it is done to the control blob of an order control.
    pub const fn is_of_control(self) -> bool {
        matches!(self, Step::ControlUpload | Step::Control)
    }

    /// Whether it is a read that waits for its time, once for each blob; not to find the blob is what it measures.
    pub const fn is_delayed(self) -> bool {
        matches!(self, Step::After | Step::Again)
    }

    /// The step with this label (`upload`, `first`, `cached`, `read3` …), if there is one.
    pub fn from_label(label: &str) -> Option<Step> {
        match label {
            "upload" => Some(Step::Upload),
            "first" => Some(Step::FIRST),
            "cached" => Some(Step::CACHED),
            "control-up" => Some(Step::ControlUpload),
            "control" => Some(Step::Control),
            "after" => Some(Step::After),
            "again" => Some(Step::Again),
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
            Step::ControlUpload => f.pad("control-up"),
            Step::Control => f.pad("control"),
            Step::After => f.pad("after"),
            Step::Again => f.pad("again"),
        }
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(label: &str) -> Result<Self, String> {
        Step::from_label(label).ok_or_else(|| format!("no such step: {label}"))
    }
}

/// The steps of a journey, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Journey {
    /// What is done to each blob, in this order.
    pub steps: Vec<Step>,
}

/// The two kinds of journeys in a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JourneyKind {
    /// The steps of the phase over one blob.
    Plain,
    /// An order control: the same with a second blob, the control, which is read for the first time right after the
    /// first download of the first one. What differs between the two is no effect of a cache.
    OrderControl,
}

impl Default for Journey {
    /// Upload, then at once the first and the cached download.
    fn default() -> Self {
        Self { steps: vec![Step::Upload, Step::FIRST, Step::CACHED] }
    }
}

impl Journey {
    /// Whether any step stores.
    pub fn uploads(&self) -> bool {
        self.steps.contains(&Step::Upload)
    }

    /// An optional upload and this many downloads: the first, the cached, and further ones.
    pub fn with_reads(upload: bool, reads: u8) -> Self {
        let reads = (1..=reads).map(|ordinal| Step::Read { ordinal });
        Self { steps: upload.then_some(Step::Upload).into_iter().chain(reads).collect() }
    }

    /// The steps of a journey of this kind. The control blob is stored before the other one, which is then read as soon as
    /// it is stored, as in a plain journey.
    pub fn steps_of(&self, kind: JourneyKind) -> Vec<Step> {
        let JourneyKind::OrderControl = kind else { return self.steps.clone() };
        let with_control =
            |&step: &Step| std::iter::once(step).chain((step == Step::FIRST).then_some(Step::Control));
        std::iter::once(Step::ControlUpload).chain(self.steps.iter().flat_map(with_control)).collect()
    }

    /// Whether it has the steps that an order control needs.
    pub(super) fn pairs(&self) -> bool {
        [Step::Upload, Step::FIRST, Step::CACHED].iter().all(|step| self.steps.contains(step))
    }

    /// Each download must follow the one before it, and the first one the upload, if there is one. A journey over blobs
    /// that are stored already may start with the first or the cached download; one that `continues` another journey, with
    /// any download.
    pub(super) fn check(&self, continues: bool) -> Result<(), ConfigError> {
        let wrong = |reason: String| Err(ConfigError::new("--steps", reason));
        match self.steps.first() {
            None => return wrong("names no step".to_owned()),
            Some(step) if step.is_of_control() => {
                return wrong(format!("names {step}, which is a step of --order-control alone"));
            }
            Some(step) if step.is_delayed() => {
                return wrong(format!(
                    "starts with {step}, which needs the upload: its delay counts from there"
                ));
            }
            Some(Step::Read { ordinal: 3.. }) if !continues => {
                return wrong("must start with upload, first or cached".to_owned());
            }
            Some(_) => {}
        }
        for pair in self.steps.windows(2) {
            let (before, step) = (pair[0], pair[1]);
            if step.is_delayed() {
                if before != if step == Step::After { Step::Upload } else { Step::After } {
                    let reason = format!(
                        "has {step} right after {before}; it must follow upload, since a read \
                                          before it would leave its answer in caches"
                    );
                    return wrong(reason);
                }
                continue;
            }
            let Step::Read { ordinal } = step else {
                if step.is_of_control() {
                    return wrong(format!("names {step}, which is a step of --order-control alone"));
                }
                return wrong("has the upload after another step; it can only be the first one".to_owned());
            };
            let needs = if ordinal == 1 { Step::Upload } else { Step::Read { ordinal: ordinal - 1 } };
            if before == step {
                return wrong(format!("names {step} twice"));
            }
            if before != needs {
                return wrong(format!("has {step} right after {before}; it must follow {needs}"));
            }
        }
        Ok(())
    }

    /// Whether any step reads.
    pub fn reads(&self) -> bool {
        self.steps.iter().any(|step| !step.stores())
    }
}

impl FromStr for Journey {
    type Err = String;

    /// The labels of the steps, separated by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let step = |label: &str| {
            let label = label.trim();
            Step::from_label(label).filter(|step| !step.is_of_control()).ok_or_else(|| {
                format!(
                    "there is no step `{label}`; the steps are upload, first, cached, read3, read4 and so on"
                )
            })
        };
        text.split(',').map(step).collect::<Result<_, _>>().map(|steps| Self { steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_must_follow_the_one_that_it_needs() {
        for (text, wrong) in [
            ("upload", None),
            ("upload,first", None),
            (" upload , first , cached ", None),
            ("upload,first,cached,read3,read4", None),
            ("first", None),
            ("first,cached", None),
            ("cached", None),
            ("cached,read3", None),
            ("read3", Some("must start with")),
            ("upload,upload", Some("after another step")),
            ("first,upload", Some("after another step")),
            ("first,first", Some("twice")),
            ("cached,cached", Some("twice")),
            ("upload,cached", Some("must follow first")),
            ("cached,first", Some("must follow upload")),
            ("upload,first,read3", Some("must follow cached")),
        ] {
            let checked = text.parse::<Journey>().unwrap().check(false);
            match wrong {
                None => assert_eq!(checked, Ok(()), "{text}"),
                Some(words) => assert!(checked.unwrap_err().reason.contains(words), "{text}"),
            }
        }
        for text in
            ["control", "upload,first,control", "", "upload,", "download", "read2", "Upload", "upload first"]
        {
            assert!(text.parse::<Journey>().unwrap_err().contains("the steps are"), "{text}");
        }
    }

    #[test]
    fn a_number_of_reads_gives_that_many_steps() {
        let labels =
            |journey: Journey| journey.steps.iter().map(Step::to_string).collect::<Vec<_>>().join(",");
        assert_eq!(labels(Journey::with_reads(true, 4)), "upload,first,cached,read3,read4");
        assert_eq!(labels(Journey::with_reads(false, 1)), "first");
        assert_eq!(Journey::with_reads(true, 2), Journey::default());
        assert_eq!(Journey::with_reads(false, 255).steps.len(), 255);
    }

    #[test]
    fn a_control_blob_is_read_right_after_the_first_read_of_the_other() {
        let labels = Journey::with_reads(true, 3).steps_of(JourneyKind::OrderControl);
        let labels: Vec<_> = labels.iter().map(Step::to_string).collect();
        assert_eq!(labels.join(","), "control-up,upload,first,control,cached,read3");
    }

    #[test]
    fn labels_are_parsed_back_into_their_steps() {
        for step in [
            Step::Upload,
            Step::FIRST,
            Step::CACHED,
            Step::Read { ordinal: 3 },
            Step::Read { ordinal: 12 },
            Step::ControlUpload,
            Step::Control,
            Step::After,
            Step::Again,
        ] {
            assert_eq!(Step::from_label(&step.to_string()), Some(step));
        }
        for wrong in ["", "read1", "read2", "read", "read256", "Upload", "third"] {
            assert_eq!(Step::from_label(wrong), None, "{wrong}");
        }
    }
}
