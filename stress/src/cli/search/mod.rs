//! `walrus-stress search`: whole walks through the house, each at the level that the search asks for next.

pub(super) mod args;

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use super::{
    Exit, descriptors, door,
    list::{BlobList, stream::Streamed},
    planned::Intention,
    screen::Screen,
    signals::Signals,
    typed::Typed,
    walk::{Ear, Outfit, walk},
};
use crate::{
    error::Error,
    export::{file::PreparedFile, search as told},
    plan::{
        Phase, Plan,
        journey::Step,
        load::{Load, Stop},
        search::{Answer, Axis, Next, Search, Verdict},
        stages::Stages,
    },
    record::gauge::Gauge,
    report::{
        Ending, Report, Signal, Tool,
        capacity::{self, Blame, Capacity, Tier},
        rfc3339,
    },
    sample::Sample,
    walrus::{self, Network},
};
use args::{AxisKind, DECIDED, SearchArgs};

/// Searches for the highest level that holds.
pub(super) async fn search(args: SearchArgs, typed: &Typed) -> Result<Exit, Error> {
    let search = args.search(typed)?;
    let (intention, settle, axis) = intend(args, typed, &search)?;
    let list = intention.list()?;
    let mut signals = Signals::listen()?;
    let plan = intention.plan(list.as_ref())?;
    let search = Search { needs: args::needs(&plan.objectives), ..search };
    let template = Template { plan, settle, axis };
    let fewer = descriptors::provide(&template.at(search.max, search.step, 0)?, intention.chose_places())?;
    let file = intention.run.output.report.as_deref().map(PreparedFile::prepare).transpose()?;
    let screen = Screen::new(&intention.run.output, &template.plan);
    fewer.iter().for_each(|fewer| screen.note(&format!("warning: {}", fewer.notice())));
    if !intention.run.place.no_check {
        tokio::select! {
            warnings = walrus::preflight(&template.plan) => {
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
    let outfit = Outfit { list, fewer, ..Outfit::new(network) };
    let climb = Climb { search: &search, template: &template, outfit, entries };
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
) -> Result<(Intention, std::time::Duration, Axis), Error> {
    let SearchArgs { wish, run } = args;
    let takes_slo = |key: &&str| *key != "threshold" || !wish.slo.is_empty();
    let mut decided: Vec<_> = DECIDED.iter().map(|(key, _)| *key).filter(takes_slo).collect();
    if wish.axis == AxisKind::Concurrency {
        decided.extend(["arrivals", "max-in-flight"]);
    }
    let mut intention = Intention::of(run, typed, &decided)?;
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
    let of_objective = plan.objectives.first().and_then(|objective| objective.step);
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
    outfit: Outfit,
    /// How many blobs a list has that is read once through.
    entries: Option<u64>,
}

/// Counts the uploads under way.
impl Ear for Gauge {
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
    ) -> Result<(Vec<Tier>, Answer, Option<Signal>), Error> {
        let mut tiers: Vec<Tier> = Vec::new();
        loop {
            let tried: Vec<_> = tiers.iter().map(|tier| tier.tried).collect();
            let (level, length) = match self.search.next(&tried) {
                Next::Done(answer) => return Ok((tiers, answer, None)),
                Next::Try { level, length } => (level, length),
            };
            let plan = Arc::new(self.template.at(level, length, tiers.len() as u64)?);
            let mut gauge = Gauge::default();
            let started_at = SystemTime::now();
            screen.open(&plan);
            let outfit = Outfit { board: screen.is_open().then(Arc::default), ..self.outfit.clone() };
            let walked = walk(&plan, outfit, &mut gauge, &mut screen, signals).await;
            screen.close();
            let (facts, signal) = walked?;
            let ending = signal.map_or(Ending::Completed, |signal| Ending::Interrupted { signal });
            let focus = focus(&plan);
            let report = Report::new(Plan::clone(&plan), started_at, facts.elapsed, ending, facts.recording);
            let mut tier = Tier::of((level, length), focus, &report, &facts.warm_up, gauge.read(), blame);
            let fault = self.outfit.list.as_ref().and_then(Streamed::fault);
            let used_up = fault.is_some() || self.is_used_up();
            if used_up {
                // Its load ran out before its time did.
                tier.tried.verdict = Verdict::Interrupted;
            }
            screen.note(&format!("step {}: {}", tiers.len() + 1, told::line(self.search.axis, &tier)));
            tiers.push(tier);
            if used_up || signal.is_some() {
                match fault {
                    Some(fault) => door::complain(&fault),
                    None if used_up => screen.note("the list of blobs is used up"),
                    None => {}
                }
                return Ok((tiers, Search::unended(&tried), signal));
            }
        }
    }

    /// Whether a list that is read once through has come to its end.
    fn is_used_up(&self) -> bool {
        match (&self.outfit.list, self.entries) {
            (Some(streamed), Some(entries)) => streamed.list.taken() >= entries,
            _ => false,
        }
    }
}

/// Writes and shows what the search came to.
fn conclude(capacity: &Capacity, file: Option<PreparedFile>, intention: &Intention) -> Exit {
    let palette = super::screen::palette(intention.run.output.color, &std::io::stdout());
    let saved = file.and_then(|file| file.write(|out| capacity.save(out)).err());
    let mut text = Vec::new();
    told::write(&mut text, capacity, palette).expect("memory takes every byte");
    let failures: Vec<_> =
        saved.into_iter().chain(door::show_screen(&String::from_utf8_lossy(&text)).err()).collect();
    failures.iter().for_each(door::complain);
    match (capacity.ending, capacity.answer) {
        (Ending::Interrupted { signal }, _) => Exit::Signal(signal),
        (_, Answer::Generator { .. }) if intention.run.expect.strict => Exit::Untrusted,
        (_, Answer::Between { .. } | Answer::UpTo { .. }) if failures.is_empty() => Exit::Success,
        _ => Exit::Failure,
    }
}

#[cfg(test)]
mod tests;
