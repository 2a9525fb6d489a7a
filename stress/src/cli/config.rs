//! The configuration of a run: flags over the environment over a phase over the plan file, and the plan that they give.

use super::{
    blob_list::BlobList,
    layer::{self, Layer},
    options::RunOptions,
    part::OwnPart,
    plan_file::PlanFile,
    resolve::{self, DEFAULT_MAX_IN_FLIGHT, MAIN},
    run_args::RunArgs,
    secrets,
    values::StepOrder,
};
use crate::{
    error::Error,
    plan::{
        ConfigError, Phase, Plan,
        source::{BlobSource, Listing},
        support::{self, Shortfall},
        threshold::Threshold,
    },
};

/// The key whose values add up: those of a phase come on top of those of the run.
const THRESHOLD: &str = "threshold";

/// The options in effect.
#[derive(Debug)]
pub(super) struct Config {
    /// Those of the whole run.
    pub(super) run: RunOptions,
    /// The same, with the place of each.
    pub(super) effective: Layer,
    /// Which part of the run this is.
    pub(super) part: OwnPart,
    phases: Vec<PhaseConfig>,
    file: PlanFile,
}

/// The options in effect for one phase.
#[derive(Debug)]
struct PhaseConfig {
    name: String,
    effective: Layer,
    options: RunOptions,
}

/// What a command sets itself, in place of flags and of the plan file.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    /// Options that it sets.
    pub(super) set: Layer,
    /// Keys of a plan file that it ignores.
    pub(super) ignored: Vec<&'static str>,
}

impl Config {
    /// Reads the environment and the plan file, if there is one, and merges them under the flags.
    ///
    /// # Errors
    /// When a value cannot be used, or options of one source exclude each other.
    pub(super) fn load(args: &RunArgs, overrides: Overrides) -> Result<Self, Error> {
        let mut above = layer::over(&layer::of_flags(&args.options)?, &layer::of_environment()?);
        let mut file = args.plan_file()?;
        let ignored = |key: &String| overrides.ignored.contains(&key.as_str());
        let layers = file.phases.iter_mut().map(|(_, layer)| layer);
        layers.chain([&mut file.shared]).for_each(|layer| layer.retain(|key, _| !ignored(key)));
        let only = fold(&mut file);
        refuse_levelling(&above, &file)?;
        above.extend(overrides.set);
        let effective = effective(&above, &file.shared)?;
        let mut phases = Vec::new();
        let without_thresholds = |layer: &Layer| {
            layer
                .iter()
                .filter(|(key, _)| *key != THRESHOLD)
                .map(|(key, entry)| (key.clone(), entry.clone()))
                .collect()
        };
        for (name, own) in &file.phases {
            // The thresholds of the run are about all phases already.
            let below = layer::over(own, &without_thresholds(&file.shared));
            let mut phase = self::effective(&above, &below)?;
            if above.contains_key(THRESHOLD) {
                phase.remove(THRESHOLD);
            }
            phases.push(PhaseConfig {
                name: name.clone(),
                options: layer::options(&phase),
                effective: phase,
            });
        }
        let run = layer::options(&effective);
        if phases.is_empty() {
            let name = only.unwrap_or_else(|| MAIN.to_owned());
            phases.push(PhaseConfig { name, options: run.clone(), effective: effective.clone() });
        }
        let mut config = Self { run, effective, part: OwnPart::default(), phases, file };
        config.part = OwnPart::of(&config.run).map_err(|error| config.placed(error))?;
        Ok(config)
    }

    /// The list of stored blobs, if one is named. Each of its entries has been checked.
    pub(super) fn list(&self) -> Result<Option<BlobList>, Error> {
        let RunOptions { blob_ids, from_export, from_log, .. } = &self.run;
        let lists =
            [(blob_ids, Listing::BlobIds), (from_export, Listing::FromExport), (from_log, Listing::FromLog)];
        let named = lists.into_iter().find_map(|(path, listing)| Some((path.as_deref()?, listing)));
        if let Some((path, listing)) = named
            && path.as_os_str() == "-"
            && self.file.name == "-"
        {
            let reason = "stdin is the plan already: put one of them into a file".to_owned();
            return Err(Error::Flag { flag: format!("--{}", listing.key()), reason });
        }
        named.map(|(path, listing)| BlobList::open(path, listing)).transpose()
    }

    /// The plan, checked.
    ///
    /// # Errors
    /// When options cannot be used, with the place where they were set, or secrets of a repeated report are missing.
    pub(super) fn plan(&self, list: Option<&BlobList>) -> Result<Plan, Error> {
        if self.phases.len() > 1 && self.run.order.as_deref() == Some(&StepOrder::Phased) {
            let reason = "phased is for a run of one phase, which it splits; this run has several";
            return Err(self.placed(ConfigError::new("--order", reason)));
        }
        let mut phases: Vec<Phase> = Vec::new();
        for config in &self.phases {
            // Phases that go round the list leave all of it to the others.
            let takes = |phase: &&Phase| !matches!(phase.source, BlobSource::List { round: true, .. });
            let taken = phases.iter().filter(takes).filter_map(|phase| phase.stop.blobs);
            let taken = taken.fold(0, u64::saturating_add);
            let made = resolve::phases(&config.name, &config.options, list, taken);
            phases.extend(
                made.map_err(|error| self.placed(ConfigError { phase: Some(config.name.clone()), ..error }))?,
            );
        }
        let missing_key =
            self.file.repeats.as_ref().and_then(|repeated| secrets::missing_key(repeated, &self.run));
        self.refuse_missing(missing_key.into_iter().collect())?;
        let mut plan = resolve::plan(&self.run, &self.part, phases).map_err(|error| self.placed(error))?;
        if self.phases.len() > 1 {
            for config in &self.phases {
                let own = config
                    .options
                    .threshold
                    .iter()
                    .map(|threshold| Threshold::clone(threshold).in_phase(&config.name));
                plan.thresholds.extend(own);
            }
        }
        plan.check().map_err(|error| self.placed(error))?;
        let missing = self.file.repeats.as_ref().map(|repeated| secrets::missing(repeated, &plan));
        self.refuse_missing(missing.unwrap_or_default())?;
        Ok(plan)
    }

    /// Refuses to repeat a report without its secrets, of which these are missing.
    fn refuse_missing(&self, missing: Vec<String>) -> Result<(), Error> {
        if missing.is_empty() {
            return Ok(());
        }
        let reason = format!(
            "a report holds no secrets, and this run needs {}; or each by its environment variable",
            missing.join(" and ")
        );
        Err(Error::Flag { flag: self.file.name.clone(), reason })
    }

    /// What to know of thresholds that take more samples than the run can have, and that are judged all the same.
    ///
    /// # Errors
    /// When one of them can never hold, with the place where it was set.
    pub(super) fn judged_shortfalls(&self, plan: &Plan) -> Result<Vec<String>, Error> {
        let (judged, refused): (Vec<_>, Vec<_>) =
            support::shortfalls(plan).into_iter().partition(|one| one.is_judged);
        if refused.is_empty() {
            return Ok(judged.iter().map(Shortfall::notice).collect());
        }
        let refused: Vec<_> = refused.iter().map(ToString::to_string).collect();
        let reason = format!(
            "cannot hold ({}): give the run more blobs (--blobs) or more time (--duration), limit a lower percentile, \
             or have the sample's own percentile judged (--unsupported-percentiles judge)",
            refused.join("; ")
        );
        Err(self.placed(ConfigError::new("--threshold", reason)))
    }

    /// Whether the limit of blobs under way at a rate was asked for, although it equals the default.
    pub(super) fn sets_default_max_in_flight(&self) -> bool {
        let set =
            |phase: &PhaseConfig| phase.options.max_in_flight.as_deref() == Some(&DEFAULT_MAX_IN_FLIGHT);
        self.phases.iter().any(set)
    }

    /// How many phases the run has, warm-ups left out.
    pub(super) fn phase_count(&self) -> usize {
        self.phases.len()
    }

    /// The error with the place where the option was set: for its phase, for the run, or for any phase.
    fn placed(&self, error: ConfigError) -> Error {
        let key = error.flag.trim_start_matches('-');
        let name = error.phase.as_deref().map(|name| name.strip_suffix(" warm-up").unwrap_or(name));
        let of_phase = self.phases.iter().filter(|phase| Some(phase.name.as_str()) == name);
        let phases = of_phase.map(|phase| &phase.effective).chain([&self.effective]);
        let mut layers = phases.chain(self.phases.iter().map(|phase| &phase.effective));
        match layers.find_map(|layer| layer.get(key)) {
            Some(entry) => layer::placed(error, entry),
            None => error.into(),
        }
    }
}

/// `above` over `below`, whose secrets are read as far as they are in effect.
fn effective(above: &Layer, below: &Layer) -> Result<Layer, Error> {
    let mut below = layer::over(above, below);
    below.retain(|key, _| !above.contains_key(key));
    secrets::resolve(&mut below)?;
    below.extend(above.clone());
    Ok(below)
}

/// Makes the only phase of a file a part of the run; gives its name.
fn fold(file: &mut PlanFile) -> Option<String> {
    let [_] = file.phases[..] else { return None };
    let (name, own) = file.phases.remove(0);
    let thresholds = [&file.shared, &own].map(|layer| layer.get(THRESHOLD).cloned());
    file.shared = layer::over(&own, &file.shared);
    if let [Some(shared), Some(own)] = thresholds {
        let values = [&shared.value, &own.value].into_iter().filter_map(toml::Value::as_array).flatten();
        let value = toml::Value::Array(values.cloned().collect());
        file.shared.insert(THRESHOLD.to_owned(), layer::Entry { value, ..own });
    }
    Some(name)
}

/// Refuses an option that would make phases alike which differ in it.
fn refuse_levelling(above: &Layer, file: &PlanFile) -> Result<(), Error> {
    for (flag, entry) in above.iter().filter(|(flag, _)| layer::distinguishes_phases(flag)) {
        let sets = |layer: &Layer| layer.keys().any(|key| layer::overrides(flag, key));
        if let Some((name, _)) = file.phases.iter().find(|(_, layer)| sets(layer)) {
            return Err(entry.refuse(format!(
                "would apply to every phase of {}, but its phase `{name}` sets another value: change it there",
                file.name
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
