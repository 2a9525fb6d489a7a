//! `walrus-stress search`: one run after another, each at the level that the search asks for next.

pub(super) mod options;
mod outlook;

use std::{
    ops::{Add, ControlFlow},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    blob_list::{BlobList, stream::ListStream},
    config::Config,
    descriptors,
    execute::{RunContext, SampleSink, execute},
    exit::Exit,
    options::RunOptions,
    price::{self, Cap},
    print, run,
    screen::{self, Screen},
    signals::Signals,
    tokens::RunTokens,
};
use crate::{
    client::{self, Network},
    error::Error,
    export::{self, file::PreparedFile},
    metrics::concurrency::ConcurrencyTracker,
    plan::{
        ConfigError, Phase, Plan,
        forecast::{Forecast, forecast},
        journey::Step,
        load::{Load, Stop},
        random,
        search::{Axis, NextStep, Search, SearchResult, StepResult, StepVerdict},
        stages::Stages,
    },
    report::{
        Ending, Report, Signal, Tool,
        capacity::{self, Broken, Capacity, SearchStep},
        quality::{Bottleneck, QualityReport},
        rfc3339,
    },
    sample::Sample,
};
use options::SearchArgs;

/// Searches for the highest level that holds.
pub(super) async fn search(args: &SearchArgs) -> Result<Exit, Error> {
    let search = args.search()?;
    let config = load(args, &search)?;
    let list = config.list()?;
    let mut signals = Signals::listen()?;
    let plan = config.plan(list.as_ref())?;
    let search = Search { needs: options::needs(&plan.thresholds), ..search };
    let template = Template { plan, settle: args.settle(), axis: search.axis };
    let largest = template.at(search.max, search.step, 0)?;
    let reduced = descriptors::provide(&largest, config.sets_default_max_in_flight())?;
    let tokens = RunTokens::of(&template.plan)?;
    let run = &config.run;
    let inputs = [&run.blob_ids, &run.from_export, &run.from_log, &run.tokens];
    let inputs: Vec<_> =
        inputs.into_iter().filter_map(|path| path.as_deref()).chain(&args.run.plan).collect();
    let prepare = |path: &PathBuf| PreparedFile::prepare(path)?.apart_from(inputs.iter().copied());
    let file = run.report.as_deref().map(prepare).transpose()?;
    if let Some(file) = &file {
        signals.set_saved(format!("{} is not written", file.path().display()));
    }
    let screen = Screen::new(&config.run, &template.plan);
    reduced.iter().for_each(|reduced| screen.note(&format!("warning: {}", reduced.notice())));
    if let Some(exit) = announce(&search, &template, &config.run, &screen, &mut signals).await? {
        return Ok(exit);
    }
    let entries = list.as_ref().filter(|_| !template.plan.goes_round()).map(|list| list.count);
    let list = list.map(|list: BlobList| list.stream(&template.plan)).transpose()?;
    let started_at = rfc3339(SystemTime::now());
    let started = Instant::now();
    let network = Arc::new(Network::new(&template.plan)?);
    let context = RunContext { list, tokens, reduced, ..RunContext::new(network) };
    let cap = match Cap::of(&template.plan, &context, &mut signals).await? {
        ControlFlow::Continue(cap) => cap,
        ControlFlow::Break(exit) => return Ok(exit),
    };
    let context = RunContext { budget: cap.as_ref().map(|cap| cap.budget.clone()), ..context };
    let steps = Steps { search: &search, template: &template, context, entries };
    let (steps, answer, signal) = steps.run(screen, &mut signals, capacity::generator_limit).await?;
    cap.iter().flat_map(Cap::notices).for_each(|notice| print::line(&format!("note: {notice}")));
    let capacity = Capacity {
        tool: Tool::this(),
        started_at,
        elapsed: started.elapsed(),
        price_upload_frost: cap.as_ref().and_then(|cap| cap.before),
        ending: signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal }),
        focus: focus(&template.plan),
        plan: template.at(search.from, search.step, 0)?,
        search,
        steps,
        answer,
    };
    Ok(conclude(&capacity, file, &config))
}

/// Asks the targets whether they are well, shows what the search may take and cost, and asks before an expensive one; how it
/// ends if it is not to start.
async fn announce(
    search: &Search,
    template: &Template,
    options: &RunOptions,
    screen: &Screen,
    signals: &mut Signals,
) -> Result<Option<Exit>, Error> {
    if !options.no_check {
        tokio::select! {
            warnings = client::preflight(&template.plan, run::wait(options)) => {
                warnings?.iter().for_each(|warning| screen.note(&format!("warning: {warning}")));
            }
            signal = signals.first() => return Ok(Some(Exit::Signal(signal))),
        }
    }
    screen.note(&outlook::describe(search, template.settle));
    let (whole, forecasts) = template.forecast(search)?;
    let highest = export::search_level(search.axis, search.max);
    let lines = export::cost_lines(&whole, &forecasts);
    lines.iter().for_each(|line| screen.note(&format!("up to {highest}: {line}")));
    price::ask("search", &whole, &forecasts, options, signals).await
}

/// The configuration of the run that each step repeats at another level.
fn load(args: &SearchArgs, search: &Search) -> Result<Config, Error> {
    let config = Config::load(&args.run, args.overrides(search)?)?;
    let refuse = |flag: &str, reason: &str| Err(ConfigError::new(flag, reason).into());
    if config.phase_count() > 1 {
        return refuse("--plan", "names several phases; a search raises the load of one");
    }
    if config.run.threshold.is_empty() {
        return refuse("--slo", "is missing: give what must hold, as in --slo 'upload.p95<20s'");
    }
    Ok(config)
}

/// The step whose times are shown: the one that the first threshold is about.
fn focus(plan: &Plan) -> Step {
    let of_threshold = plan.thresholds.first().and_then(|threshold| threshold.scope.step);
    let of_journey = plan.phases.first().and_then(|phase| phase.journey.steps.first().copied());
    of_threshold.or(of_journey).unwrap_or(Step::Upload)
}

/// What the steps of a search have in common.
struct Template {
    plan: Plan,
    settle: Duration,
    axis: Axis,
}

impl Template {
    /// The uploads of the search if it goes up to its highest level without a break, and the plan that they belong to.
    fn forecast(&self, search: &Search) -> Result<(Plan, Vec<Forecast>), Error> {
        let mut tried: Vec<StepResult> = Vec::new();
        let mut total: Option<Forecast> = None;
        while let NextStep::Try { level, length } = search.next(&tried) {
            let step = forecast(&self.at(level, length, tried.len() as u64)?).into_iter().reduce(Add::add);
            total = [total, step].into_iter().flatten().reduce(Add::add);
            tried.push(StepResult { level, length, verdict: StepVerdict::Holds });
        }
        let whole = Plan { phases: self.plan.phases[..1].to_vec(), ..self.plan.clone() };
        Ok((whole, Vec::from_iter(total)))
    }

    /// The plan of the `number`-th step; no two steps have a blob in common.
    fn at(&self, level: f64, length: Duration, number: u64) -> Result<Plan, Error> {
        let mut main = self.plan.phases[0].clone();
        let levels = Stages::constant(level);
        main.load = match (self.axis, main.load) {
            (Axis::Rate, Load::Open { arrivals, max_in_flight, .. }) => {
                Load::Open { rate: levels, arrivals, max_in_flight }
            }
            _ => Load::Closed { workers: levels },
        };
        main.stop = Stop { blobs: None, duration: Some(length) };
        let settling = (!self.settle.is_zero()).then(|| Phase {
            name: "settle".to_owned(),
            warm_up: true,
            stop: Stop { blobs: None, duration: Some(self.settle) },
            ..main.clone()
        });
        let phases = settling.into_iter().chain([main]).collect();
        let plan = Plan { seed: seed(self.plan.seed, number), phases, ..self.plan.clone() };
        plan.check()?;
        Ok(plan)
    }
}

/// The seed of a step, from that of the search; 53 bits, so that every reader of JSON sees the same number.
fn seed(seed: u64, number: u64) -> u64 {
    random::mix(random::mix(seed).wrapping_add(number)) >> 11
}

/// The steps of a search.
struct Steps<'a> {
    search: &'a Search,
    template: &'a Template,
    /// What every step needs; each has a progress board of its own.
    context: RunContext,
    /// How many blobs a list has that is read once.
    entries: Option<u64>,
}

/// Counts the uploads under way.
impl SampleSink for ConcurrencyTracker {
    fn wants_samples(&self) -> bool {
        true
    }

    fn take(&mut self, sample: &Sample, _: &Screen) {
        self.record(sample);
    }

    fn flush(&mut self) {}
}

impl Steps<'_> {
    /// Makes step after step until the search is over, the list is used up, or a signal comes.
    async fn run(
        &self,
        mut screen: Screen,
        signals: &mut Signals,
        limit: impl Fn(&QualityReport, Broken) -> Option<Bottleneck>,
    ) -> Result<(Vec<SearchStep>, SearchResult, Option<Signal>), Error> {
        let mut steps: Vec<SearchStep> = Vec::new();
        loop {
            let tried: Vec<_> = steps.iter().map(|step| step.result).collect();
            let (level, length) = match self.search.next(&tried) {
                NextStep::Done(answer) => return Ok((steps, answer, None)),
                NextStep::Try { level, length } => (level, length),
            };
            let plan = Arc::new(self.template.at(level, length, steps.len() as u64)?);
            let mut concurrency = ConcurrencyTracker::default();
            let started_at = SystemTime::now();
            screen.open(&plan, &self.title(level));
            let context =
                RunContext { progress_board: screen.is_open().then(Arc::default), ..self.context.clone() };
            let executed = execute(&plan, context, &mut concurrency, &mut screen, signals).await;
            screen.close();
            let (outcome, signal) = executed?;
            let ending = signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal });
            let focus = focus(&plan);
            let report =
                Report::new(Plan::clone(&plan), started_at, outcome.elapsed, ending, outcome.recording);
            let mut step =
                SearchStep::of((level, length), focus, &report, &outcome.warm_up, concurrency.read(), &limit);
            let error = self.context.list.as_ref().and_then(ListStream::error);
            let error = error.or_else(|| self.context.tokens.as_ref().and_then(RunTokens::error));
            let used_up = error.is_some() || self.is_used_up();
            if used_up {
                // Its blobs ended before its time did.
                step.result.verdict = StepVerdict::Interrupted;
            }
            screen.note(&format!(
                "step {}: {}",
                steps.len() + 1,
                export::search_step(self.search.axis, &step)
            ));
            steps.push(step);
            if used_up || signal.is_some() {
                match error {
                    Some(error) => print::error(&error),
                    None if used_up => screen.note(self.used_up()),
                    None => {}
                }
                return Ok((steps, Search::incomplete(&tried), signal));
            }
        }
    }

    /// The level of a step and what it must hold there.
    fn title(&self, level: f64) -> String {
        let objectives: Vec<_> = self.template.plan.thresholds.iter().map(ToString::to_string).collect();
        format!("{} for {}", export::search_level(self.search.axis, level), objectives.join(", "))
    }

    /// What is used up.
    fn used_up(&self) -> &'static str {
        let spent = self.context.budget.as_ref().is_some_and(|budget| budget.is_spent());
        if spent { "--max-cost is reached" } else { "the list of blobs is used up" }
    }

    /// Whether a list that is read once has come to its end, or the budget is spent.
    fn is_used_up(&self) -> bool {
        if self.context.budget.as_ref().is_some_and(|budget| budget.is_spent()) {
            return true;
        }
        match (&self.context.list, self.entries) {
            (Some(list), Some(entries)) => list.entries.taken() >= entries,
            _ => false,
        }
    }
}

/// Writes and shows the result of the search.
fn conclude(capacity: &Capacity, file: Option<PreparedFile>, config: &Config) -> Exit {
    let on_stdout = !file.as_ref().is_some_and(PreparedFile::is_stdout);
    let color = config.run.color.as_deref();
    let colours = if on_stdout {
        screen::colours(color, &std::io::stdout())
    } else {
        screen::colours(color, &std::io::stderr())
    };
    let text = export::search_screen(capacity, colours);
    let saved = file.and_then(|file| file.write(|out| capacity.save(out)).err());
    let failures: Vec<_> = saved.into_iter().chain(print::summary(&text, on_stdout).err()).collect();
    failures.iter().for_each(print::error);
    match (capacity.ending, capacity.answer) {
        (Ending::Interrupted { signal }, _) => Exit::Signal(signal),
        (_, SearchResult::GeneratorLimited { .. }) if config.run.strict => Exit::Untrusted,
        _ if !failures.is_empty() => Exit::Failure,
        (_, SearchResult::BelowFirst { .. }) => Exit::Failure,
        (_, SearchResult::Between { .. } | SearchResult::UpTo { .. }) => Exit::Success,
        (
            _,
            SearchResult::GeneratorLimited { .. }
            | SearchResult::TooFewSamples { .. }
            | SearchResult::Incomplete { .. },
        ) => Exit::Undecided,
    }
}

#[cfg(test)]
mod tests;
