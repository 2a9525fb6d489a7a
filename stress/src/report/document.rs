//! Reads and writes reports as JSON: the summary for people and scripts, and the recording to compute with.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{foreign, part::VantageRecording, summary::Summary, types::Report};
use crate::metrics::{Recording, inflate, step_metrics::StepMetrics};

/// The version of the document.
pub const SCHEMA: &str = "walrus-stress/report/1";

/// The prefixes of other documents' schemas, and what writes them.
const OTHERS: [(&str, &str); 5] = [
    ("walrus-stress/operators/", "`walrus-stress operators`"),
    ("walrus-stress/search/", "a search"),
    ("walrus-stress/compare/", "`walrus-stress compare`"),
    ("walrus-stress/plan/", "`walrus-stress plan`"),
    ("walrus-stress/log/", "`run --log`"),
];

/// What is written. Keys end in their units.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'a Report,
    #[serde(flatten)]
    summary: Summary,
    recording: &'a Recording,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    vantage_recordings: &'a [VantageRecording],
    /// Behind everything else.
    end: End,
}

/// The end mark: a document without it, or with another count, is not what was written.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct End {
    /// How many samples the recording sums up.
    samples: u64,
}

impl End {
    fn of(recording: &Recording) -> Self {
        let samples = |metrics: &StepMetrics| {
            [metrics.skipped, metrics.retried()].into_iter().fold(metrics.attempted(), u64::saturating_add)
        };
        let counts = recording.groups().map(|(_, metrics)| samples(metrics));
        Self { samples: counts.fold(0, u64::saturating_add) }
    }
}

/// What is read of a document besides the report.
#[derive(Deserialize)]
struct Mark {
    end: Option<End>,
}

/// The schema, which decides how the rest is to be read.
#[derive(Deserialize)]
struct Header {
    schema: String,
}

impl Report {
    /// Writes the report as one JSON document: a summary to read, and the recording to compute with.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn save(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (summary, recording, end) = (Summary::of(self), &self.recording, End::of(&self.recording));
        let vantage_recordings = &self.vantages;
        let document = Document { schema: SCHEMA, report: self, summary, recording, vantage_recordings, end };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }

    /// Reads what [`Report::save`] wrote; the summary is computed again from the recording. Lines around it, as in
    /// the log that an engine keeps of all that a process prints, are skipped.
    ///
    /// # Errors
    /// When `document` cannot be read, is no report, is cut or damaged, or has another schema.
    pub fn load(mut document: impl io::Read) -> Result<Self, LoadError> {
        let mut text = Vec::new();
        document.read_to_end(&mut text).map_err(serde_json::Error::io)?;
        // Editors on Windows begin a file with a byte order mark.
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
        let text = without_log_lines(text)?;
        if text.trim_ascii_start().starts_with(b"[") {
            return Err(LoadError::List);
        }
        // A log is many documents, of which the first has the schema.
        let Header { schema: found } = first(text)?;
        if found != SCHEMA {
            let other = OTHERS.into_iter().find(|(schema, _)| found.starts_with(schema));
            return Err(match other {
                Some((_, of)) => LoadError::Other { of, found },
                None => LoadError::Schema { found },
            });
        }
        foreign::check_texts(text)?;
        let (report, Mark { end }) =
            (inflate::within_limit(text.len(), || first::<Self>(text))?, first(text)?);
        foreign::check(&report)?;
        let (found, counted) = (end.ok_or(LoadError::NoEnd)?.samples, End::of(&report.recording).samples);
        if found == counted { Ok(report) } else { Err(LoadError::Samples { found, counted }) }
    }
}

/// The text from the line on with which a report begins; all of it when there is none.
fn without_log_lines(text: &[u8]) -> Result<&[u8], LoadError> {
    let start = format!("{{\n  \"schema\": \"{SCHEMA}\"");
    let lines = text.split_inclusive(|byte| *byte == b'\n').scan(0, |next, line| {
        *next += line.len();
        Some(&text[*next - line.len()..])
    });
    let mut reports = lines.filter(|rest| rest.starts_with(start.as_bytes()));
    match (reports.next(), reports.next()) {
        (Some(_), Some(_)) => Err(LoadError::Several),
        (report, _) => Ok(report.unwrap_or(text)),
    }
}

/// What `text` begins with.
fn first<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    let mut documents = serde_json::Deserializer::from_slice(text).into_iter();
    documents.next().unwrap_or_else(|| serde_json::from_slice(text))
}

/// Why a document is not a report that can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read, is not JSON, lacks what a report must have, or has a damaged number: the reason names the line.
    #[error("not a walrus-stress report: {0}")]
    Document(#[from] serde_json::Error),
    /// It has no end mark.
    #[error(
        "the report has no end: it was cut or changed, or an older version wrote it; take it from where it was written"
    )]
    NoEnd,
    /// Its end mark counts other samples than its recording.
    #[error(
        "the report is damaged: it has {counted} samples, and its end mark counts {found}; take it from where it was written"
    )]
    Samples {
        /// The end mark's count.
        found: u64,
        /// That of the recording.
        counted: u64,
    },
    /// There are several reports in one file.
    #[error("there is more than one report in it: put each into a file of its own")]
    Several,
    /// It is a list, as only an export is.
    #[error(
        "not a walrus-stress report, but a list, as --export writes it: `walrus-stress run --report FILE` writes reports"
    )]
    List,
    /// It is another document of this program.
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
    #[error(
        "its schema is `{found}`, this version reads `{SCHEMA}`: make the report again with this version"
    )]
    Schema {
        /// The schema it names.
        found: String,
    },
}

#[cfg(test)]
mod tests;
