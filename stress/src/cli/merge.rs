//! `walrus-stress merge`: merges the reports of a run's shards into the report of the whole run.

use std::path::PathBuf;

use clap::Args;

use super::{exit::Exit, print, report::load_all};
use crate::{
    error::Error,
    export::{file::PreparedFile, style::clean},
    report::merge,
};

/// The flags of `walrus-stress merge`.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Reports of all shards, written by `run --shard K/N --report`
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// Write the merged report to this file
    #[arg(short, long, value_name = "OUT", required = true)]
    output: PathBuf,
    /// Merge also when shards are missing or were stopped early
    #[arg(long)]
    allow_partial: bool,
}

/// Merges and writes.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Error> {
    let output = PreparedFile::prepare(&args.output)?.apart_from(&args.reports)?;
    let sources = load_all(&args.reports)?;
    let merged = match merge::merge(&sources, args.allow_partial) {
        Ok(merged) => merged,
        Err(merge::MergeError { name, reason }) => {
            print::error(&Error::Input { path: name, reason });
            return Ok(Exit::Untrusted);
        }
    };
    merged.notices.iter().for_each(|notice| print::line(&format!("note: {}", clean(notice))));
    output.write(|out| merged.save(out))?;
    Ok(Exit::Success)
}
