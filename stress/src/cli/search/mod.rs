//! `walrus-stress search`: whole walks through the house, each at the level that the search asks for next.

pub(super) mod args;

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use super::{
    Exit, descriptors, door,
    list::{BlobList, stream::Streamed},
    planned::RunOptions,
    screen::Screen,
    signals::Signals,
    typed::Typed,
    walk::{RunContext, SampleSink, walk},
};
use crate::{
    client::{self, Network},
    error::Error,
    export::{file::PreparedFile, search as told},
    metrics::concurrency::ConcurrencyTracker,
    plan::{
        Phase, Plan,
        journey::Step,
        load::{Load, Stop},
        search::{Axis, NextStep, Search, SearchResult, StepVerdict},
        stages::Stages,
    },
    report::{
        Ending, Report, Signal, Tool,
        capacity::{self, Blame, Capacity, SearchStep},
        rfc3339,
    },
    sample::Sample,
};
use args::{AxisKind, DECIDED, SearchArgs};

/// Searches for the highest level that holds.
pub(super) async fn search(args: SearchArgs, typed: &Typed) -> Result<Exit, Error> {
    let search = args.search(typed)?;
    let (intention, settle, axis) = intend(args, typed, &search)?;
    let list = intention.list()?;
    let mut signals = Signals::listen()?;
    let plan = intention.plan(list.as_ref())?;
    let search = Search { needs: args::needs(&plan.thresholds), ..search };
    let template = Template { plan, settle, axis };
    let fewer = descriptors::provide(&template.at(search.max, search.step, 0)?, intention.chose_places())?;
    let file = intention.run.output.report.as_deref().map(PreparedFile::prepare).transpose()?;
    let screen = Screen::new(&intention.run.output, &template.plan);
    fewer.iter().for_each(|fewer| screen.note(&format!("warning: {}", fewer.notice())));
    if !intention.run.place.no_check {
        tokio::select! {
            warnings = client::preflight(&template.plan) => {
                warnings?.iter().for_each(|warning| screen.note(&format!("warning: {warning}")));
            }
            signal = signals.first() => return Ok(Exit::Signal(signal)),
        }
    }
    let entries = list.as_ref().filter(|_| !template.plan.goes_round()).map(|list| list.count);
    let list = list.map(|list: BlobList| list.stream(template.plan.goes_round())).transpose()?;
    let started_at = rfc3339(SystemTime::now());
    let began = Instant::now();
    let network = Arc::new(Network::new(&template.plan)?);
    let context = RunContext { list, fewer, ..RunContext::new(network) };
    let climb = Climb { search: &search, template: &template, context, entries };
    let (steps, answer, signal) = climb.up(screen, &mut signals, capacity::blame).await?;
    let capacity = Capacity {
        tool: Tool::this(),
        started_at,
        elapsed: began.elapsed(),
        ending: signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal }),
        focus: focus(&template.plan),
        plan: template.at(search.from, search.step, 0)?,
        search,
        steps,
        answer,
    };
    Ok(conclude(&capacity, file, &intention))
}

/// The run that each step is made of; its load and its stop are the search's.
fn intend(
    args: SearchArgs,
    typed: &Typed,
    search: &Search,
) -> Result<(RunOptions, std::time::Duration, Axis), Error> {
    let SearchArgs { wish, run } = args;
    let takes_slo = |key: &&str| *key != "threshold" || !wish.slo.is_empty();
    let mut decided: Vec<_> = DECIDED.iter().map(|(key, _)| *key).filter(takes_slo).collect();
    if wish.axis == AxisKind::Concurrency {
        decided.extend(["arrivals", "max-in-flight"]);
    }
    let mut intention = RunOptions::of(run, typed, &decided)?;
    if intention.phase_count() > 1 {
        let reason = "names several phases; a search raises the load of one".to_owned();
        return Err(Error::Flag { flag: "--plan".to_owned(), reason });
    }
    let run = &mut intention.run;
    if !wish.slo.is_empty() {
        run.expect.threshold = wish.slo;
    }
    if run.expect.threshold.is_empty() {
        let reason = "is missing: say what must hold, as in --slo 'upload.p95<20s'".to_owned();
        return Err(Error::Flag { flag: "--slo".to_owned(), reason });
    }
    (run.load.blobs, run.load.duration, run.pace.warm_up) = (None, Some(search.step), None);
    if search.axis == Axis::Rate {
        run.pace.rate = Some(search.from);
    }
    Ok((intention, wish.settle, search.axis))
}

/// The step whose times are shown: the one that the first objective speaks of.
fn focus(plan: &Plan) -> Step {
    let of_objective = plan.thresholds.first().and_then(|threshold| threshold.scope.step);
    let of_journey = plan.phases.first().and_then(|phase| phase.journey.steps.first().copied());
    of_objective.or(of_journey).unwrap_or(Step::Upload)
}

/// What the steps of a search have in common.
struct Template {
    plan: Plan,
    settle: std::time::Duration,
    axis: Axis,
}

impl Template {
    /// The plan of the `number`-th step; no two steps have a blob in common.
    fn at(&self, level: f64, length: std::time::Duration, number: u64) -> Result<Plan, Error> {
        let mut main = self.plan.phases[0].clone();
        let levels = Stages::constant(level);
        main.load = match (self.axis, main.load) {
            (Axis::Rate, Load::Open { arrivals, max_in_flight, .. }) => {
                Load::Open { rate: levels, arrivals, max_in_flight }
            }
            _ => Load::Closed { workers: levels },
        };
        // A list that is read once through ends by itself.
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

/// A seed of its own for each step, from the search's (splitmix64); 53 bits, as every seed of ours.
fn seed(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_add((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 11
}

/// A search under way.
struct Climb<'a> {
    search: &'a Search,
    template: &'a Template,
    /// That of every step, but for the board.
    context: RunContext,
    /// How many blobs a list has that is read once through.
    entries: Option<u64>,
}

/// Counts the uploads under way.
impl SampleSink for ConcurrencyTracker {
    fn wants_samples(&self) -> bool {
        true
    }

    fn hear(&mut self, sample: &Sample, _: &Screen) {
        self.enter(sample);
    }

    fn flush(&mut self) {}
}

impl Climb<'_> {
    /// Makes step after step until the answer is there, the list is used up, or a signal comes.
    async fn up(
        &self,
        mut screen: Screen,
        signals: &mut Signals,
        blame: Blame,
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
            screen.open(&plan);
            let context =
                RunContext { progress_board: screen.is_open().then(Arc::default), ..self.context.clone() };
            let walked = walk(&plan, context, &mut concurrency, &mut screen, signals).await;
            screen.close();
            let (facts, signal) = walked?;
            let ending = signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal });
            let focus = focus(&plan);
            let report = Report::new(Plan::clone(&plan), started_at, facts.elapsed, ending, facts.recording);
            let mut step =
                SearchStep::of((level, length), focus, &report, &facts.warm_up, concurrency.read(), blame);
            let fault = self.context.list.as_ref().and_then(Streamed::fault);
            let used_up = fault.is_some() || self.is_used_up();
            if used_up {
                // Its load ran out before its time did.
                step.result.verdict = StepVerdict::Interrupted;
            }
            screen.note(&format!("step {}: {}", steps.len() + 1, told::line(self.search.axis, &step)));
            steps.push(step);
            if used_up || signal.is_some() {
                match fault {
                    Some(fault) => door::complain(&fault),
                    None if used_up => screen.note("the list of blobs is used up"),
                    None => {}
                }
                return Ok((steps, Search::incomplete(&tried), signal));
            }
        }
    }

    /// Whether a list that is read once through has come to its end.
    fn is_used_up(&self) -> bool {
        match (&self.context.list, self.entries) {
            (Some(streamed), Some(entries)) => streamed.list.taken() >= entries,
            _ => false,
        }
    }
}

/// Writes and shows what the search came to.
fn conclude(capacity: &Capacity, file: Option<PreparedFile>, intention: &RunOptions) -> Exit {
    let palette = super::screen::palette(intention.run.output.color, &std::io::stdout());
    let saved = file.and_then(|file| file.write(|out| capacity.save(out)).err());
    let mut text = Vec::new();
    told::write(&mut text, capacity, palette).expect("memory takes every byte");
    let failures: Vec<_> =
        saved.into_iter().chain(door::show_screen(&String::from_utf8_lossy(&text)).err()).collect();
    failures.iter().for_each(door::complain);
    match (capacity.ending, capacity.answer) {
        (Ending::Interrupted { signal }, _) => Exit::Signal(signal),
        (_, SearchResult::GeneratorLimited { .. }) if intention.run.expect.strict => Exit::Untrusted,
        (_, SearchResult::Between { .. } | SearchResult::UpTo { .. }) if failures.is_empty() => Exit::Success,
        _ => Exit::Failure,
    }
}

#[cfg(test)]
mod tests;
