//! `walrus-stress merge`: the shards of a run become the one report that an undivided run would have had.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::{Exit, door, sources};
use crate::{
    error::Error,
    export::{file::PreparedFile, style::clean},
    report::merge,
};

/// The flags of `walrus-stress merge`.
#[derive(Debug, ClapArgs)]
pub struct MergeArgs {
    /// The reports of all shards, as `run --shard K/N --report` wrote them
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// Write the merged report to this file
    #[arg(short, long, value_name = "OUT", required = true)]
    output: PathBuf,
    /// Merge what there is when shards are missing or were stopped before their end
    #[arg(long)]
    allow_partial: bool,
}

/// Merges and writes.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Error> {
    let output = PreparedFile::prepare(&args.output)?;
    let sources = sources::load(&args.reports)?;
    let refused = |refusal: merge::MergeError| Error::Input { path: refusal.name, reason: refusal.reason };
    let merged = merge::merge(&sources, args.allow_partial).map_err(refused)?;
    merged.notices.iter().for_each(|notice| door::say(&format!("note: {}", clean(notice))));
    output.write(|out| merged.save(out))?;
    Ok(Exit::Success)
}
