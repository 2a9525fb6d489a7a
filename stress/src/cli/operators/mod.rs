//! `walrus-stress operators`: compares aggregators on the same blobs.

mod args;
mod list;
pub(super) mod places;

use std::{
    cell::RefCell,
    io,
    sync::Arc,
    time::{Instant, SystemTime},
};

use tokio_util::sync::CancellationToken;

use super::{exit::Exit, print, screen::colours, signals::Signals};
use crate::{
    client::Network,
    engine::operators::{self, OperatorsProgress, OperatorsRun},
    error::Error,
    export::{file::PreparedFile, operators::OperatorsFormat, style::Colours},
    live::bar::Bar,
    plan::operators::OperatorsPlan,
    report::{
        Ending,
        operators::{Measured, OperatorsReport},
        rfc3339,
    },
};
pub(super) use args::OperatorsArgs;
use list::OperatorList;

/// Compares the operators.
pub(super) async fn operators(args: &OperatorsArgs) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let list = match args.listing() {
        Some(listing) => {
            let limits = args.limits()?;
            let text = tokio::select! {
                text = listing.fetch(&limits) => text?,
                signal = signals.first() => return Ok(Exit::Signal(signal)),
            };
            Some(OperatorList::parse(&listing.name(), text, args.network)?)
        }
        None => None,
    };
    let plan = args.plan(list.as_ref(), args.seed.unwrap_or_else(rand::random))?;
    let files = Files::prepare(args)?;
    let network = Arc::new(Network::new(&plan.base())?);
    if !args.quiet {
        print::line(&announcement(&plan));
    }
    let (started_at, started) = (rfc3339(SystemTime::now()), Instant::now());
    let (run, ending) = execute(&plan, &network, !args.quiet, &mut signals).await?;
    let measured = Measured {
        started_at,
        elapsed: started.elapsed(),
        ending,
        uploads: &run.uploads,
        reads: &run.reads,
        probes: &run.probes,
        blobs: run.blobs,
        disputed: &run.disputed,
    };
    let report = OperatorsReport::of(&plan, &measured);
    let on_stdout = !files.use_stdout();
    let mut failures = files.write(&report, list.as_ref());
    let color = Some(&args.color);
    let colours = if on_stdout { colours(color, &io::stdout()) } else { colours(color, &io::stderr()) };
    failures.extend(print::summary(&OperatorsFormat::Terminal.render(&report, colours), on_stdout).err());
    failures.iter().for_each(print::error);
    let delivered = report.operators.iter().any(|row| row.delivered > 0);
    Ok(match ending {
        Ending::Interrupted { signal } => Exit::Signal(signal),
        Ending::Completed if delivered && !report.has_wrong_bytes() && failures.is_empty() => Exit::Success,
        Ending::Completed => Exit::Failure,
    })
}

/// How much will be asked of whom.
fn announcement(plan: &OperatorsPlan) -> String {
    let (operators, blobs) = (plan.operators.len(), plan.blobs.count());
    let uploads = if plan.publisher.is_some() { format!("{blobs} uploads, then ") } else { String::new() };
    format!(
        "{operators} aggregators, {blobs} blobs: {uploads}at most {} requests to each aggregator, one at a time, with \
         pauses of {}",
        2 * blobs + 1,
        crate::units::duration(plan.pause)
    )
}

/// Runs the comparison; a first signal ends it early with what was measured.
async fn execute(
    plan: &OperatorsPlan,
    network: &Arc<Network>,
    shows_progress: bool,
    signals: &mut Signals,
) -> Result<(OperatorsRun, Ending), Error> {
    let abort = CancellationToken::new();
    let bar = shows_progress.then(|| RefCell::new(Bar::new()));
    let progress = |progress: OperatorsProgress| {
        let Some(bar) = &bar else { return };
        let (what, done, all) = match progress {
            OperatorsProgress::Uploaded(done) => ("uploaded", done, plan.blobs.count()),
            OperatorsProgress::Read(done, all) => ("read", done, all),
        };
        if let Some(line) = bar.borrow_mut().update(what, done as u64, all as u64) {
            print::line(&line);
        }
    };
    let run = operators::run(plan, network, &progress, &abort);
    tokio::pin!(run);
    let (run, ending) = tokio::select! {
        run = &mut run => (run, Ending::Completed),
        signal = signals.first() => {
            abort.cancel();
            (run.await, Ending::Interrupted { signal })
        }
    };
    if let Some(bar) = &bar {
        bar.borrow().finish();
    }
    Ok((run?, ending))
}

/// The files of a comparison, known to be writable before it starts.
struct Files {
    formats: Vec<(OperatorsFormat, PreparedFile)>,
    list: Option<PreparedFile>,
}

impl Files {
    fn prepare(args: &OperatorsArgs) -> Result<Self, Error> {
        let short = [(OperatorsFormat::Json, &args.report), (OperatorsFormat::Html, &args.html)];
        let short = short.into_iter().filter_map(|(format, path)| Some((format, path.as_ref()?)));
        let all = short.chain(args.write.iter().map(|(format, path)| (*format, path)));
        let formats =
            all.map(|(format, path)| Ok((format, PreparedFile::prepare(path)?.apart_from(&args.blob_ids)?)));
        let formats = formats.collect::<Result<_, Error>>()?;
        let list = args.write_list.as_deref().map(PreparedFile::prepare).transpose()?;
        Ok(Self { formats, list })
    }

    /// Whether one of them is stdout, so that the summary has to be elsewhere.
    fn use_stdout(&self) -> bool {
        self.formats.iter().map(|(_, file)| file).chain(&self.list).any(PreparedFile::is_stdout)
    }

    /// Writes them; gives what failed.
    fn write(self, report: &OperatorsReport, list: Option<&OperatorList>) -> Vec<Error> {
        let written = self.formats.into_iter().map(|(format, file)| {
            file.write(|out| out.write_all(format.render(report, Colours::Off).as_bytes()))
        });
        let list = self
            .list
            .zip(list)
            .map(|(file, list)| file.write(|out| out.write_all(list.updated(report).as_bytes())));
        written.chain(list).filter_map(Result::err).collect()
    }
}
