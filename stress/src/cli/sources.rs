//! Several saved reports at once, each with the name that the user knows it by.

use std::path::PathBuf;

use super::offline;
use crate::{error::Error, report::Source};

/// Reads a report from each path.
pub(super) fn load(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let source = |path: &PathBuf| {
        let report = offline::load(path)?;
        Ok(Source { name: path.display().to_string(), report })
    };
    paths.iter().map(source).collect()
}
