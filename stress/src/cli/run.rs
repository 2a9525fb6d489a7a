//! `walrus-stress run`: one walk through the house, from the flags to the exit code.

use std::{sync::Arc, time::SystemTime};

use super::{
    Exit,
    args::RunArgs,
    descriptors::{self, Fewer},
    door,
    files::{Files, Written},
    listen::Listener,
    metrics::Metrics,
    planned::RunOptions,
    screen::Screen,
    signals::Signals,
    typed::Typed,
    walk::{RunContext, walk},
};
use crate::{
    client::{self, Network},
    error::Error,
    export::{
        self,
        blobs::BlobRecord,
        file::PreparedFile,
        log::{Header, LogFile},
        style::Colours,
    },
    metrics::{Recording, step_metrics::StepMetrics},
    plan::Plan,
    report::{Ending, Report, quality::Severity, rfc3339, summary::Summary},
};

/// Uploads random blobs, downloads each twice, and reports.
pub(super) async fn run(args: RunArgs, typed: &Typed) -> Result<Exit, Error> {
    let intention = RunOptions::of(args, typed, &[])?;
    // A list may keep us waiting, as on stdin: until it is here, signals end the program as they end any other.
    let list = intention.list()?;
    let mut signals = Signals::listen()?;
    let plan = Arc::new(intention.plan(list.as_ref())?);
    let fewer = descriptors::provide(&plan, intention.chose_places())?;
    let args = intention.run;
    let files = Files::prepare(&args.output)?;
    let progress_board = Arc::default();
    let metrics = match args.output.metrics_listen {
        Some(address) => Some(Metrics::serve(address, &plan, &progress_board).await?),
        None => None,
    };
    let network = Arc::new(Network::new(&plan)?);
    let mut screen = Screen::new(&args.output, &plan);
    let mut notices = Vec::new();
    if !args.place.no_check {
        tokio::select! {
            warnings = client::preflight(&plan) => notices = warnings?,
            signal = signals.first() => return Ok(Exit::Signal(signal)),
        }
        screen.detail("preflight: no target refuses");
    }
    notices.extend(fewer.map(Fewer::notice));
    notices.iter().for_each(|warning| screen.note(&format!("warning: {warning}")));
    tell_details(&screen, &plan, &files);
    let rows = files.export.map(|export| export.begin()).transpose()?;
    let started_at = SystemTime::now();
    let log =
        files.log.map(|log| LogFile::begin(&log, &Header::of(&plan, rfc3339(started_at)))).transpose()?;
    let mut listener = Listener::new(&plan, rows, log);
    if list.is_none() {
        screen.note(&format!("seed {} (--seed {0} makes these blobs again)", plan.seed));
    }
    if let Some(metrics) = &metrics {
        screen.note(&format!("metrics at http://{}/metrics", metrics.address));
    }
    let list = list.map(|list| list.stream(plan.goes_round())).transpose()?;
    screen.open(&plan);
    // Nobody pins up how far the run is unless someone looks.
    let progress_board = (screen.is_open() || metrics.is_some()).then_some(progress_board);
    let context = RunContext { list: list.clone(), fewer, progress_board, ..RunContext::new(network) };
    let walked = walk(&plan, context, &mut listener, &mut screen, &mut signals).await;
    screen.close();
    let (outcome, signal) = match walked {
        Ok(walked) => walked,
        Err(error) => return Err(broken_off(listener, error)),
    };
    let ending = signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal });
    let mut report = Report::new(Plan::clone(&plan), started_at, outcome.elapsed, ending, outcome.recording);
    report.notices.extend(notices.into_iter().chain(warmed_up(&outcome.warm_up)));
    let (blobs, mut failures) = listener.finish();
    failures.extend(list.and_then(|list| list.fault()));
    let summary = Summary::of(&report);
    failures.extend(save(&report, &summary, files.report, files.written));
    failures.extend(show(&report, &summary, &blobs, screen.summary));
    failures.iter().for_each(door::complain);
    Ok(exit(ending, args.expect.strict, &summary, &failures))
}

/// What was heard of a run without numbers is still worth its lines and rows.
fn broken_off(listener: Listener<'_>, error: Error) -> Error {
    listener.finish().1.iter().for_each(door::complain);
    error
}

fn exit(ending: Ending, strict: bool, summary: &Summary, failures: &[Error]) -> Exit {
    match ending {
        Ending::Interrupted { signal } => Exit::Signal(signal),
        Ending::Completed if strict && summary.quality.severity() == Severity::Invalid => Exit::Untrusted,
        Ending::Completed if failures.is_empty() && summary.all_well() => Exit::Success,
        Ending::Completed => Exit::Failure,
    }
}

/// Tells the curious what is meant and where it will be written; secrets are not part of a plan's document.
fn tell_details(screen: &Screen, plan: &Plan, files: &Files) {
    let document = serde_json::to_string(plan).expect("a plan is a document");
    screen.detail(&format!("plan: {document}"));
    for (flag, path) in files.targets() {
        let what = flag.trim_start_matches('-');
        screen.detail(&format!("{what}: {}", path.display()));
    }
}

/// What the warm-up did, as it is part of no number.
fn warmed_up(warm_up: &Recording) -> Option<String> {
    let total =
        |count: fn(&StepMetrics) -> u64| warm_up.groups().map(|(_, metrics)| count(metrics)).sum::<u64>();
    let (attempted, failed) =
        (total(StepMetrics::attempted), total(StepMetrics::failed) + total(|metrics| metrics.unfinished));
    let failed = if failed > 0 { format!(", of which {failed} failed") } else { String::new() };
    (attempted > 0)
        .then(|| format!("the warm-up's {attempted} requests{failed} are left out of every number"))
}

/// Writes the report and its other forms where they were asked for; gives what went wrong.
fn save(report: &Report, summary: &Summary, file: Option<PreparedFile>, written: Vec<Written>) -> Vec<Error> {
    let saved = file.map(|file| file.write(|out| report.save(out)));
    let written = written.into_iter().map(|Written { format, file, .. }| {
        file.write(|out| format.write(report, summary, Colours::Off, out))
    });
    saved.into_iter().chain(written).filter_map(Result::err).collect()
}

/// Shows the summary; gives what went wrong.
fn show(report: &Report, summary: &Summary, blobs: &[BlobRecord], colours: Colours) -> Option<Error> {
    door::show_screen(&export::run_screen(report, summary, blobs, colours)).err()
}
