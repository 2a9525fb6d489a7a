//! What a run costs: the price, the question before an expensive one, and the cap.

use std::{
    io::{self, IsTerminal},
    ops::ControlFlow,
    sync::Arc,
};

use super::{execute::RunContext, exit::Exit, options::RunOptions, print, signals::Signals};
use crate::{
    engine::{self, Budget, RunHooks},
    error::Error,
    export,
    plan::{
        Phase, Plan,
        forecast::{self, Forecast, Range, forecast},
        journey::{Journey, Step},
        load::{Load, Stop},
        price::{FROST_PER_WAL, Frost},
        sizes::Sizes,
        target::Target,
    },
};

/// A run that may cost more than this many FROST asks before it starts.
const ASKS_ABOVE: u64 = FROST_PER_WAL;

/// What the uploads of each phase cost, for the head of a run, and a question where that is much.
///
/// # Errors
/// When the answer cannot be read.
pub(super) async fn announce(
    plan: &Plan,
    options: &RunOptions,
    note: impl Fn(&str),
    signals: &mut Signals,
) -> Result<Option<Exit>, Error> {
    let forecasts = forecast(plan);
    export::cost_lines(plan, &forecasts).iter().for_each(|line| note(line));
    ask("run", plan, &forecasts, options, signals).await
}

/// Asks before an expensive run or search; how the command ends if it is not to start.
///
/// # Errors
/// When the answer cannot be read.
pub(super) async fn ask(
    what: &str,
    plan: &Plan,
    forecasts: &[Forecast],
    options: &RunOptions,
    signals: &mut Signals,
) -> Result<Option<Exit>, Error> {
    let total = cost(plan, forecasts);
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if options.yes || !is_terminal || reads_stdin(options) || !is_expensive(plan, total) {
        return Ok(None);
    }
    let most = total.and_then(|total| total.most).map_or_else(
        || "an amount without a limit (--max-cost sets one)".to_owned(),
        |most| format!("up to {}", Frost(most).words()),
    );
    print::line(&format!("This {what} may cost {most}. Start it? [y/N]"));
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        signal = signals.first() => Ok(Some(Exit::Signal(signal))),
        answer = answer => {
            let unreadable = |source| Error::System { what: "cannot read the answer".to_owned(), source };
            let answer = answer.map_err(|error| unreadable(error.into()))?.map_err(unreadable)?;
            let agrees = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
            if !agrees {
                print::line("not started (--yes starts it without this question)");
            }
            Ok((!agrees).then_some(Exit::Usage))
        }
    }
}

/// What all phases together cost, within the cap; `None` when no price is known.
fn cost(plan: &Plan, forecasts: &[Forecast]) -> Option<Range<u64>> {
    let phases = plan.phases.iter().zip(forecasts);
    let total: Range<u64> = phases.map(|(phase, of)| forecast::cost(plan, phase, of)).sum::<Option<_>>()?;
    let most = [total.most, plan.max_cost()].into_iter().flatten().min();
    Some(Range { most, ..total })
}

/// Whether a run may cost more than a little at publishers that are not on this machine.
fn is_expensive(plan: &Plan, total: Option<Range<u64>>) -> bool {
    let is_remote = !plan.publishers.iter().all(Target::is_loopback);
    is_remote && total.is_some_and(|total| total.most.is_none_or(|most| most > ASKS_ABOVE))
}

/// Whether the run reads a list from stdin, where no answer can be typed.
fn reads_stdin(options: &RunOptions) -> bool {
    let lists = [&options.blob_ids, &options.from_export, &options.from_log, &options.tokens];
    lists.iter().any(|list| list.as_deref().is_some_and(|path| path.as_os_str() == "-"))
}

/// The cap of a run.
pub(super) struct Cap {
    pub(super) budget: Arc<Budget>,
    /// What the upload was charged that went first to learn the price.
    pub(super) before: Option<u64>,
}

impl Cap {
    /// The cap of this plan; `None` when it has none. Without a known price one upload goes first, which every retry of the
    /// plan is tried for.
    ///
    /// # Errors
    /// When the price cannot be learnt.
    pub(super) async fn of(
        plan: &Plan,
        context: &RunContext,
        signals: &mut Signals,
    ) -> Result<ControlFlow<Exit, Option<Self>>, Error> {
        let Some(cap) = plan.max_cost() else { return Ok(ControlFlow::Continue(None)) };
        let (per_unit, before) = match plan.store.unit_price().and_then(|price| price.most) {
            Some(price) => (price, None),
            None => tokio::select! {
                learnt = learn(plan, context) => {
                    let (price, charged) = learnt?;
                    (price, Some(charged))
                }
                signal = signals.first() => return Ok(ControlFlow::Break(Exit::Signal(signal))),
            },
        };
        let budget = Arc::new(Budget::new(cap, per_unit, before.unwrap_or(0)));
        Ok(ControlFlow::Continue(Some(Self { budget, before })))
    }

    /// What to say of it at the end of the run.
    pub(super) fn notices(&self) -> Vec<String> {
        let (cap, charged) = (self.budget.cap(), self.budget.charged());
        let mut notices = Vec::new();
        notices.extend(self.before.map(|charged| {
            format!(
                "one upload went first to learn the price and is left out of the numbers: {}",
                Frost(charged).words()
            )
        }));
        if self.budget.is_spent() {
            notices.push(format!(
                "no upload was started that could have taken the cost over --max-cost {}: it came to {}",
                Frost(cap).words(),
                Frost(charged).words()
            ));
        }
        if charged > cap {
            let over = Frost(charged - cap).words();
            let why = if self.before.is_some_and(|before| before > cap) {
                "the upload that went first to learn the price cost more than the cap"
            } else {
                "the price rose while uploads were under way"
            };
            notices.push(format!("{why}, which took the cost {over} over --max-cost"));
        }
        notices
    }
}

/// The price of a unit, learnt from the answer to an upload of the run's smallest size, and what that was charged.
async fn learn(plan: &Plan, context: &RunContext) -> Result<(u64, u64), Error> {
    let uploading = plan.phases.iter().filter(|phase| phase.journey.uploads());
    let Some(phase) = uploading.min_by_key(|phase| phase.sizes.min) else { return Ok((0, 0)) };
    let phase = Phase {
        name: "price".to_owned(),
        journey: Journey { steps: vec![Step::Upload] },
        sizes: Sizes { min: phase.sizes.min, max: phase.sizes.min },
        duplicates: 0.0,
        order_control: 0.0,
        load: Load::closed(1),
        stop: Stop { blobs: Some(1), duration: None },
        warm_up: false,
        ..phase.clone()
    };
    // A blob that is stored already shows no price, so that it must be another for each shard and each repeated run.
    let seed = rand::random();
    let first =
        Arc::new(Plan { seed, phases: vec![phase], shard: None, thresholds: Vec::new(), ..plan.clone() });
    let hooks =
        RunHooks { tokens: context.tokens.clone().map(|tokens| tokens.source), ..RunHooks::default() };
    let outcome = engine::run(first, context.network.clone(), hooks).await?;
    let charges = outcome.recording.groups().next().map(|(_, metrics)| metrics).map(|metrics| {
        let failure = metrics.failures.values().flat_map(|tally| &tally.examples).next();
        let why = failure.map(|example| example.failure.to_string());
        (metrics.charges.per_unit, metrics.cost_frost, metrics.charges.uncertain.units, why)
    });
    match charges {
        Some((Some((_, price)), charged, uncertain, _)) => {
            Ok((price, charged.saturating_add(uncertain.saturating_mul(price))))
        }
        other => {
            let failure = other.and_then(|(.., failure)| failure);
            let why = failure.unwrap_or_else(|| "its answer states no price of new storage".to_owned());
            let reason = format!(
                "cannot be kept without a price, and the upload that went first to learn it did not show one: {why}; give --price"
            );
            Err(Error::Flag { flag: "--max-cost".to_owned(), reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures, plan::price::Price};

    #[test]
    fn only_an_expensive_run_at_a_publisher_elsewhere_is_asked_about() {
        let mut plan = fixtures::plan(5);
        let range = |least, most| Some(Range { least, most });
        for (publisher, total, expected) in [
            ("https://publisher.test", range(0, Some(ASKS_ABOVE + 1)), true),
            ("https://publisher.test", range(0, Some(ASKS_ABOVE)), false),
            ("https://publisher.test", range(0, None), true),
            ("https://publisher.test", None, false),
            ("http://localhost:1", range(0, None), false),
            ("http://127.0.0.1:1", range(0, None), false),
            ("http://[::1]:1", range(0, None), false),
            ("http://192.0.2.1", range(0, None), true),
        ] {
            plan.publishers = vec![publisher.parse().unwrap()];
            assert_eq!(is_expensive(&plan, total), expected, "{publisher} {total:?}");
        }
    }

    #[test]
    fn the_cap_bounds_what_a_run_may_cost() {
        let mut plan = fixtures::plan(5);
        plan.store.price = Some(Price::Listed { storage: 100, write: 2_000 });
        assert_eq!(cost(&plan, &forecast(&plan)), Some(Range::exactly(5 * 132_300)));
        plan.store.max_cost = Some(Frost(300_000));
        assert_eq!(cost(&plan, &forecast(&plan)).and_then(|cost| cost.most), Some(300_000));
        plan.store.price = None;
        assert_eq!(cost(&plan, &forecast(&plan)), None);
    }
}
