//! `walrus-stress merge`: merges the reports of a run's shards into the report of the whole run.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{exit::Exit, operators::places, print, report::load};
use crate::{
    error::Error,
    export::{file::PreparedFile, style::clean},
    report::{
        Source,
        merge::{self, MergeError, MergeRules},
        summary::Summary,
    },
    units::parse_duration,
};

/// The flags of `walrus-stress merge`.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Reports of all shards, written by `run --shard K/N --report`
    ///
    /// Or of vantage points (--vantage), of runs or of `operators`. Lines of a log around a report are skipped.
    #[arg(value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// Write the merged report to this file
    #[arg(short, long, value_name = "OUT", required = true)]
    output: PathBuf,
    /// How many shards there must be
    #[arg(long, value_name = "N")]
    expect: Option<u32>,
    /// Merge what there is of a run
    ///
    /// Shards may be missing, unreadable, stopped early or started twice. The report says so.
    #[arg(long)]
    allow_partial: bool,
    /// Longest time between two starts
    ///
    /// It is known only of shards that have passed a barrier.
    #[arg(long, value_name = "D", value_parser = parse_duration, default_value = "250ms")]
    max_start_skew: Duration,
    /// Largest difference of clocks
    ///
    /// It matters for shards that began at a time (--start-at), and is known if they passed a barrier, too.
    #[arg(long, value_name = "D", value_parser = parse_duration, default_value = "50ms")]
    max_clock_offset: Duration,
}

/// Merges and writes, or says of each report why not.
pub(super) fn merge(args: &MergeArgs) -> Result<Exit, Error> {
    let output = PreparedFile::prepare(&args.output)?.apart_from(&args.reports)?;
    if places::are_meant(&args.reports) {
        return places::merge(&args.reports, output, args.expect);
    }
    let rules = MergeRules {
        expect: args.expect,
        allow_partial: args.allow_partial,
        max_start_skew: args.max_start_skew,
        max_clock_offset: args.max_clock_offset,
    };
    let report = |path: &PathBuf| {
        let name = path.display().to_string();
        load(path).map(|report| Source { name: name.clone(), report }).map_err(|error| {
            let reason = match error {
                Error::Read { reason, .. } => format!("cannot be read: {reason}"),
                other => other.to_string(),
            };
            MergeError { name, reason }
        })
    };
    match merge::merge(args.reports.iter().map(report).collect(), &rules) {
        Ok(merged) => {
            merged.notices.iter().for_each(|notice| print::line(&format!("note: {}", clean(notice))));
            let all_well = Summary::of(&merged).well_so_far();
            if !all_well {
                print::line("a request failed or a threshold broke: `walrus-stress report` shows it");
            }
            let written = output.write(|out| merged.save(out));
            let exit = print::done(written);
            Ok(if all_well { exit } else { Exit::Failure })
        }
        Err(refusals) => {
            refusals
                .iter()
                .for_each(|refusal| print::line(&format!("error: {}", clean(&refusal.to_string()))));
            Ok(Exit::Untrusted)
        }
    }
}
