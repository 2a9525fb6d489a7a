//! `walrus-stress run`: from the flags to the exit code.

use std::{
    convert::Infallible,
    net::SocketAddr,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{net::TcpListener, task::JoinSet};

use super::{
    config::{Config, Overrides},
    descriptors::{self, ReducedLimit},
    execute::{RunContext, execute},
    exit::Exit,
    files::{Files, ReportFile},
    options::RunOptions,
    part::OwnPart,
    price::{self, Cap},
    print,
    run_args::RunArgs,
    samples::SampleOutput,
    screen::Screen,
    signals::Signals,
    start::StartRule,
    tokens::RunTokens,
};
use crate::{
    client::{self, Network},
    engine::ProgressBoard,
    error::Error,
    export::{
        self,
        file::PreparedFile,
        log::{Header, LogFile},
        style::Colours,
    },
    live::metrics_server,
    metrics::{Recording, step_metrics::StepMetrics},
    plan::Plan,
    report::{Ending, Report, quality::Severity, rfc3339, summary::Summary},
};

/// Uploads random blobs, downloads each twice, and reports.
pub(super) async fn run(args: &RunArgs) -> Result<Exit, Error> {
    let config = Config::load(args, Overrides::default())?;
    // Reading a list may block, as on stdin: until it is read, signals have their default effect.
    let list = config.list()?;
    let mut signals = Signals::listen()?;
    let plan = Arc::new(config.plan(list.as_ref())?);
    let mut notices = config.judged_shortfalls(&plan)?;
    let reduced = descriptors::provide(&plan, config.sets_default_max_in_flight())?;
    let (options, own) = (config.run, config.part);
    let tokens = RunTokens::of(&plan)?;
    let start = StartRule::of(&options, &own)?;
    let files = Files::prepare(&options, args.plan.as_deref())?;
    let progress_board = Arc::default();
    let metrics = MetricsServer::start(options.metrics_listen.as_deref(), &plan, &progress_board).await?;
    let mut screen = Screen::new(&options, &plan);
    let network = Arc::new(Network::new(&plan)?);
    let context = RunContext { tokens: tokens.clone(), reduced, ..RunContext::new(network) };
    let cap = match check(&plan, &options, &context, &mut notices, &screen, &mut signals).await? {
        ControlFlow::Continue(cap) => cap,
        ControlFlow::Break(exit) => return Ok(exit),
    };
    show_details(&screen, &plan, &files);
    note_start(&screen, &own, list.is_none().then_some(plan.seed), metrics.as_ref());
    let released = tokio::select! {
        released = start.wait(&screen) => released?,
        signal = signals.first() => return Ok(Exit::Signal(signal)),
    };
    let on_stdout = !files.use_stdout();
    signals.set_saved(files.during_the_load());
    let rows = files.export.map(|export| export.begin()).transpose()?;
    let started_at = SystemTime::now();
    let log = begin_log(files.log, &plan, started_at)?;
    let mut output = SampleOutput::new(&plan, rows, log);
    let list = list.map(|list| list.stream(&plan)).transpose()?;
    screen.open(&plan, "");
    let progress_board = (screen.is_open() || metrics.is_some()).then_some(progress_board);
    let budget = cap.as_ref().map(|cap| cap.budget.clone());
    let context = RunContext { list: list.clone(), budget, progress_board, ..context };
    let part = released.begin(&own);
    let executed = execute(&plan, context, &mut output, &mut screen, &mut signals).await;
    screen.close();
    let (outcome, signal) = match executed {
        Ok(executed) => executed,
        Err(error) => return Err(without_report(output, error)),
    };
    let ending = signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal });
    notices.extend(tokens.as_ref().and_then(|tokens| tokens.source.warning()));
    notices.extend(cap.iter().flat_map(Cap::notices).chain(warm_up_notice(&outcome.warm_up)));
    let report = Report::new(Plan::clone(&plan), started_at, outcome.elapsed, ending, outcome.recording);
    let report = Report { notices, run_id: own.run, parts: part.into_iter().collect(), ..report };
    let (blobs, mut failures) = output.finish();
    failures.extend(list.and_then(|list| list.error()));
    failures.extend(tokens.and_then(|tokens| tokens.error()));
    let summary = Summary::of(&report);
    failures.extend(save(&report, &summary, files.report, files.others));
    signals.set_saved("all files are written".to_owned());
    let shown = export::run_screen(&report, &summary, &blobs, screen.summary_colours(on_stdout));
    failures.extend(print::summary(&shown, on_stdout).err());
    failures.iter().for_each(print::error);
    Ok(exit(ending, options.strict, &summary, &failures))
}

/// How long the targets may take until they answer.
pub(super) fn wait(options: &RunOptions) -> Duration {
    options.wait.as_deref().copied().unwrap_or_default()
}

/// What is asked before the load starts: whether the targets are well, what it will cost, and how much it may. What a reader
/// of the numbers has to know joins `notices`.
async fn check(
    plan: &Plan,
    options: &RunOptions,
    context: &RunContext,
    notices: &mut Vec<String>,
    screen: &Screen,
    signals: &mut Signals,
) -> Result<ControlFlow<Exit, Option<Cap>>, Error> {
    if !options.no_check {
        tokio::select! {
            warnings = client::preflight(plan, wait(options)) => notices.extend(warnings?),
            signal = signals.first() => return Ok(ControlFlow::Break(Exit::Signal(signal))),
        }
        screen.detail("preflight: no target refuses");
    }
    if let Some(exit) = price::announce(plan, options, |line| screen.note(line), signals).await? {
        return Ok(ControlFlow::Break(exit));
    }
    let cap = Cap::of(plan, context, signals).await?;
    notices.extend(context.reduced.map(ReducedLimit::notice));
    notices.iter().for_each(|warning| screen.note(&format!("warning: {warning}")));
    Ok(cap)
}

/// Writes the head of the log, if one is wanted.
fn begin_log(
    file: Option<PreparedFile>,
    plan: &Plan,
    started_at: SystemTime,
) -> Result<Option<LogFile>, Error> {
    file.map(|file| LogFile::begin(file, &Header::of(plan, rfc3339(started_at)))).transpose()
}

/// The error of a run that has no report; rows and lines that were received before it are still written.
fn without_report(output: SampleOutput<'_>, error: Error) -> Error {
    output.finish().1.iter().for_each(print::error);
    error
}

/// The part of the run that this is, the seed of blobs that it makes, and the address of its metrics.
fn note_start(screen: &Screen, own: &OwnPart, seed: Option<u64>, metrics: Option<&MetricsServer>) {
    own.sentence().iter().for_each(|part| screen.note(part));
    if let Some(seed) = seed {
        screen.note(&format!("seed {seed} (--seed {seed} makes these blobs again)"));
    }
    if let Some(metrics) = metrics {
        screen.note(&format!("metrics at http://{}/metrics", metrics.address));
    }
}

fn exit(ending: Ending, strict: bool, summary: &Summary, failures: &[Error]) -> Exit {
    match ending {
        Ending::Interrupted { signal } => Exit::Signal(signal),
        Ending::Completed if strict && summary.quality.severity() == Some(Severity::Invalid) => {
            Exit::Untrusted
        }
        Ending::Completed if failures.is_empty() && summary.all_well() => Exit::Success,
        Ending::Completed => Exit::Failure,
    }
}

/// With --verbose: the plan, which as a document has no secrets, and the paths of files.
fn show_details(screen: &Screen, plan: &Plan, files: &Files) {
    let document = serde_json::to_string(plan).expect("a plan is a document");
    screen.detail(&format!("plan: {document}"));
    for (flag, path) in files.targets() {
        let what = flag.trim_start_matches('-');
        screen.detail(&format!("{what}: {}", path.display()));
    }
}

/// What the warm-up did, as no number of the report contains it.
fn warm_up_notice(warm_up: &Recording) -> Option<String> {
    let total =
        |count: fn(&StepMetrics) -> u64| warm_up.groups().map(|(_, metrics)| count(metrics)).sum::<u64>();
    let (attempted, failed) =
        (total(StepMetrics::attempted), total(StepMetrics::failed) + total(|metrics| metrics.unfinished));
    let failed = if failed > 0 { format!(", of which {failed} failed") } else { String::new() };
    (attempted > 0)
        .then(|| format!("the warm-up's {attempted} requests{failed} are left out of every number"))
}

/// Writes the report and its other formats; gives what failed.
fn save(
    report: &Report,
    summary: &Summary,
    file: Option<PreparedFile>,
    others: Vec<ReportFile>,
) -> Vec<Error> {
    let saved = file.map(|file| file.write(|out| report.save(out)));
    let others = others.into_iter().map(|ReportFile { format, file, .. }| {
        file.write(|out| format.write(report, summary, Colours::Off, out))
    });
    saved.into_iter().chain(others).filter_map(Result::err).collect()
}

/// The server of --metrics-listen; it stops when dropped.
struct MetricsServer {
    address: SocketAddr,
    _task: JoinSet<Infallible>,
}

impl MetricsServer {
    /// Serves the snapshots of `board`, where an address is given.
    ///
    /// # Errors
    /// When the address cannot be bound.
    async fn start(
        address: Option<&SocketAddr>,
        plan: &Arc<Plan>,
        board: &Arc<ProgressBoard>,
    ) -> Result<Option<Self>, Error> {
        let Some(address) = address else { return Ok(None) };
        let refused = |error| Error::Flag {
            flag: "--metrics-listen".to_owned(),
            reason: format!("cannot listen at {address}: {error}; choose another port, or 0 for a free one"),
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let board = board.clone();
        let mut task = JoinSet::new();
        task.spawn(metrics_server::serve(listener, plan.clone(), move || board.snapshot()));
        Ok(Some(Self { address, _task: task }))
    }
}
