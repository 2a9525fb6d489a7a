//! `walrus-stress run`: one walk through the house, from the flags to the exit code.

use std::{sync::Arc, time::SystemTime};

use super::{
    Exit,
    args::RunArgs,
    descriptors,
    door,
    files::Files,
    intent,
    listen::Listener,
    screen::Screen,
    signals::Signals,
    walk::{Walk, walk},
};
use crate::{
    error::Error,
    export::{blobs::BlobRecord, file::PreparedFile, terminal},
    plan::Plan,
    record::{Recording, ledger::Ledger},
    report::{Ending, Report, summary::Summary},
    walrus::{self, Network},
};

/// Uploads random blobs, downloads each twice, and reports.
pub(super) async fn run(args: RunArgs) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let plan = Arc::new(intent::plan(&args)?);
    descriptors::provide(&plan)?;
    let files = Files::prepare(&args.output)?;
    let network = Arc::new(Network::new(&plan)?);
    let mut screen = Screen::new(&args.output, &plan);
    if !args.place.no_check {
        tokio::select! {
            warnings = walrus::preflight(&plan) => warnings?.iter().for_each(|warning| door::warn(warning)),
            signal = signals.next() => return Ok(Exit::Signal(signal)),
        }
        screen.detail("preflight: no target refuses");
    }
    tell_details(&screen, &plan, &files);
    let rows = files.export.map(|export| export.begin()).transpose()?;
    let mut listener = Listener::new(&plan, rows);
    screen.note(&format!("seed {} (--seed {0} makes these blobs again)", plan.seed));
    screen.open(&plan);
    let started_at = SystemTime::now();
    let (facts, signal) = match walk(&plan, network, &mut listener, &mut screen, &mut signals).await? {
        Walk::Ended { facts, signal } => (facts, signal),
        Walk::CutShort { signal } => {
            screen.close();
            return Ok(Exit::Signal(signal));
        }
    };
    screen.close();
    let ending = signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal });
    let mut report = Report::new(Plan::clone(&plan), started_at, facts.elapsed, ending, facts.recording);
    report.notices.extend(warmed_up(&facts.warm_up));
    let (blobs, export_failure) = listener.finish();
    let failures: Vec<_> = export_failure.into_iter().chain(save(&report, files.report)).collect();
    Ok(conclude(&report, &blobs, &failures, &screen))
}

/// Tells the curious what is meant and where it will be written; secrets are not part of a plan's document.
fn tell_details(screen: &Screen, plan: &Plan, files: &Files) {
    let document = serde_json::to_string(plan).expect("a plan is a document");
    screen.detail(&format!("plan: {document}"));
    let export = files.export.as_ref().map(|file| ("export", file.target()));
    let report = files.report.as_ref().map(|file| ("report", file.target()));
    for (what, path) in export.into_iter().chain(report) {
        screen.detail(&format!("{what}: {}", path.display()));
    }
}

/// What the warm-up did, as it is part of no number.
fn warmed_up(warm_up: &Recording) -> Option<String> {
    let total = |count: fn(&Ledger) -> u64| warm_up.ledgers.values().map(count).sum::<u64>();
    let (attempted, failed) = (total(Ledger::attempted), total(Ledger::failed) + total(|ledger| ledger.unfinished));
    let failed = if failed > 0 { format!(", of which {failed} failed") } else { String::new() };
    (attempted > 0).then(|| format!("the warm-up's {attempted} requests{failed} are left out of every number"))
}

/// Writes the report where it was asked for; gives what went wrong.
fn save(report: &Report, file: Option<PreparedFile>) -> Option<Error> {
    file?.write(|out| report.save(out)).err()
}

/// Shows the summary and what could not be written, and says how it all went.
fn conclude(report: &Report, blobs: &[BlobRecord], failures: &[Error], screen: &Screen) -> Exit {
    let summary = Summary::of(report);
    let mut text = Vec::new();
    terminal::write(&mut text, report, &summary, blobs, screen.summary).expect("memory takes every byte");
    door::show(&String::from_utf8_lossy(&text));
    failures.iter().for_each(door::complain);
    match report.ending {
        Ending::Interrupted { signal } => Exit::Signal(signal),
        Ending::Completed if summary.failed() + summary.unfinished() > 0 || !failures.is_empty() => {
            Exit::Failure
        }
        Ending::Completed => Exit::Success,
    }
}
