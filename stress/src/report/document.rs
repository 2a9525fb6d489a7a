//! Reads and writes reports as JSON: the summary for people and scripts, and the recording to compute with.

use std::io;

use serde::{Deserialize, Serialize};

use super::{summary::Summary, types::Report};
use crate::metrics::Recording;

/// The version of the document.
pub const SCHEMA: &str = "walrus-stress/report/1";

/// The prefixes of other documents' schemas, and what writes them.
const OTHERS: [(&str, &str); 4] = [
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
        let document =
            Document { schema: SCHEMA, report: self, summary: Summary::of(self), recording: &self.recording };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }

    /// Reads what [`Report::save`] wrote; the summary is computed again from the recording.
    ///
    /// # Errors
    /// When `document` cannot be read, is no report, is damaged, or has another schema.
    pub fn load(mut document: impl io::Read) -> Result<Self, LoadError> {
        let mut text = Vec::new();
        document.read_to_end(&mut text).map_err(serde_json::Error::io)?;
        if text.trim_ascii_start().starts_with(b"[") {
            return Err(LoadError::List);
        }
        // A log is many documents, of which the first has the schema.
        let mut documents = serde_json::Deserializer::from_slice(&text).into_iter::<Header>();
        let Header { schema: found } = documents.next().unwrap_or_else(|| serde_json::from_slice(&text))?;
        if found != SCHEMA {
            let other = OTHERS.into_iter().find(|(schema, _)| found.starts_with(schema));
            return Err(match other {
                Some((_, of)) => LoadError::Other { of, found },
                None => LoadError::Schema { found },
            });
        }
        Ok(serde_json::from_slice(&text)?)
    }
}

/// Why a document is not a report that can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read, is not JSON, lacks what a report must have, or has a damaged number: the reason names the line.
    #[error("not a walrus-stress report: {0}")]
    Document(#[from] serde_json::Error),
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
