//! JUDGEMENT: a report is a plan and what came of it; it is saved, loaded, and summed up.

pub mod cache;
pub mod compare;
pub mod capacity;
pub mod cost;
mod document;
pub mod identity;
pub mod merge;
pub mod ratio;
pub mod buckets;
mod signed_rank;
pub mod stationarity;
pub mod summary;
pub mod stats;
pub mod threshold;
pub mod timeline;
pub mod quality;

use std::{
    fmt, io,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{metrics::Recording, plan::Plan};
use identity::RunId;

/// The version of the document that [`Report::save`] writes. The first one had no timelines.
pub const SCHEMA: &str = "walrus-stress/report/2";

/// The versions of the document that [`Report::load`] reads.
pub const READABLE: [&str; 2] = ["walrus-stress/report/1", SCHEMA];

/// Intent plus facts: what a run was meant to do and what it recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What made the recording.
    pub tool: Tool,
    /// What the run was meant to do; secrets are redacted once it was saved.
    pub plan: Plan,
    /// When the run began: RFC 3339, UTC, for people only.
    pub started_at: String,
    /// How long the run took on the monotonic clock.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The sum of what was measured.
    pub recording: Recording,
    /// What a reader should know besides, a sentence each.
    pub notices: Vec<String>,
    /// The run's number; of a merged report, those of all its parts.
    pub runs: Vec<RunId>,
}

/// A report and what the user calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// A path.
    pub name: String,
    /// What was read from it.
    pub report: Report,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: "walrus-stress".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Ending {
    /// It did what its plan says.
    Completed,
    /// A signal stopped it; what was measured until then is all there.
    Interrupted {
        /// The signal.
        signal: Signal,
    },
}

impl Ending {
    /// Whether the run did less than its plan says.
    pub fn is_partial(self) -> bool {
        matches!(self, Ending::Interrupted { .. })
    }
}

/// A signal that stops a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// Ctrl-C.
    #[serde(rename = "SIGINT")]
    Interrupt,
    /// What `kill` sends.
    #[serde(rename = "SIGTERM")]
    Terminate,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        })
    }
}

/// A moment as documents tell it: RFC 3339, UTC, to the second.
pub fn rfc3339(moment: SystemTime) -> String {
    humantime::format_rfc3339_seconds(moment).to_string()
}

impl Report {
    /// The report of a run that began at `started_at` and took `elapsed`.
    pub fn new(
        plan: Plan,
        started_at: SystemTime,
        elapsed: Duration,
        ending: Ending,
        recording: Recording,
    ) -> Self {
        let started_at = rfc3339(started_at);
        let (notices, runs) = (Vec::new(), vec![RunId::random()]);
        Self { tool: Tool::this(), plan, started_at, elapsed, ending, recording, notices, runs }
    }

    /// Whether both are of the same run, or have one in common.
    pub fn is_same_run_as(&self, other: &Report) -> bool {
        let unknown = self.runs.is_empty() || other.runs.is_empty();
        self.runs.iter().any(|run| other.runs.contains(run)) || (unknown && self.recording == other.recording)
    }

    /// The name of the phase at this position of the plan; its number when the plan has none there.
    pub fn phase_name(&self, position: usize) -> String {
        self.plan.phases.get(position).map_or_else(|| position.to_string(), |phase| phase.name.clone())
    }

    /// Writes the report as one JSON document: a summary to read, and the recording to compute with.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn save(&self, out: &mut dyn io::Write) -> io::Result<()> {
        document::save(self, out)
    }

    /// Reads what [`Report::save`] wrote; the summary in it is derived again, not believed.
    ///
    /// # Errors
    /// When `document` cannot be read, is no report, or has a schema that this version does not know.
    pub fn load(document: impl io::Read) -> Result<Self, LoadError> {
        document::load(document)
    }
}

/// Why a document is not a report that can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not JSON, or lacks what a report must have.
    #[error("not a walrus-stress report: {0}")]
    Document(#[from] serde_json::Error),
    /// It is a list, as only an export is.
    #[error(
        "not a walrus-stress report, but a list, as --export writes it: `walrus-stress run --report FILE` writes reports"
    )]
    List,
    /// It is what another command of this program wrote.
    #[error(
        "not a walrus-stress report, but what {of} wrote (`{found}`): `walrus-stress run --report FILE` writes reports"
    )]
    Other {
        /// Which command.
        of: &'static str,
        /// The schema it names.
        found: String,
    },
    /// It is of another kind or version.
    #[error("its schema is `{found}`, this version reads `{SCHEMA}` and older ones")]
    Schema {
        /// The schema it names.
        found: String,
    },
}
