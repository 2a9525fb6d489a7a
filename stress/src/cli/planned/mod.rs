//! What is meant once a plan file has had its say: flags above the environment, that above the file, defaults last.

mod described;
mod file;
pub(super) mod keys;
mod merge;
mod repeat;
mod secrets;
mod text;

use std::{fs, path::Path};

use super::{
    args::RunArgs, intent, journey::Order, list::BlobList, pace::DEFAULT_MAX_IN_FLIGHT, typed::Typed,
};
use crate::{
    error::Error,
    plan::{Phase, Plan},
};
use file::PlanFile;
pub(super) use text::toml;

/// What is meant by flags, environment and plan file together.
#[derive(Debug)]
pub(super) struct RunOptions {
    /// What holds for the whole run.
    pub(super) run: RunArgs,
    /// What was said, by flags' names, wherever it was said; see [`Typed`].
    pub(super) typed: Typed,
    /// The name of the only phase, unless there are several.
    name: String,
    phases: Vec<(String, RunArgs)>,
    file: PlanFile,
    repeats: Option<Plan>,
}

impl RunOptions {
    /// Reads the plan file that `args` name, if they name one, below what was typed and set in the environment; of
    /// what `decided` lists the file says nothing.
    pub(super) fn of(args: RunArgs, typed: &Typed, decided: &[&str]) -> Result<Self, Error> {
        let main = intent::MAIN.to_owned();
        let Some(path) = args.plan.as_deref() else {
            let (typed, phases, file) = (typed.clone(), Vec::new(), PlanFile::default());
            return Ok(Self { run: args, typed, name: main, phases, file, repeats: None });
        };
        let (mut file, repeats) = open(path)?;
        let name = file.fold().unwrap_or(main);
        let merged = merge::merge(typed, &file, decided)?;
        Ok(Self { run: merged.run, typed: merged.typed, name, phases: merged.phases, file, repeats })
    }

    /// The list of stored blobs, if one is named.
    pub(super) fn list(&self) -> Result<Option<BlobList>, Error> {
        self.run.journey.list()
    }

    /// The plan that is meant; it is checked.
    pub(super) fn plan(&self, list: Option<&BlobList>) -> Result<Plan, Error> {
        if self.phases.len() > 1 && self.run.journey.order == Order::Phased {
            let entry = self.file.shared.get("order").and_then(|entry| entry.line);
            let reason = "phased is for a run of one phase, which it takes apart; here are several";
            return Err(self.file.wrong(entry, "order", reason));
        }
        let mut phases = Vec::new();
        let only = [(&self.name, &self.run)];
        let named = self.phases.iter().map(|(name, args)| (name, args));
        let all: Vec<_> = if self.phases.is_empty() { only.into() } else { named.collect() };
        for (position, (name, args)) in all.iter().enumerate() {
            let taken = phases.iter().filter_map(|phase: &Phase| phase.stop.blobs).sum();
            let layer = self.file.phases.get(position).map(|(_, layer)| layer);
            let made = intent::phases(name, args, list, taken).and_then(|made| {
                // Of several phases, each is looked at by itself first: what is wrong has its place.
                let alone = if layer.is_some() { &made[..] } else { &[] };
                alone.iter().try_for_each(Phase::check)?;
                Ok(made)
            });
            phases.extend(made.map_err(|error| self.placed(error, layer))?);
        }
        let mut plan = intent::plan(&self.run, phases).map_err(|error| self.placed(error, None))?;
        for (name, args) in &self.phases {
            // Of its own thresholds: what is said above every phase speaks of all of them already.
            let own = args.expect.threshold.iter().filter(|one| !plan.thresholds.contains(one)).cloned();
            let own: Vec<_> = own.map(|one| one.in_phase(name)).collect();
            plan.thresholds.extend(own);
        }
        plan.check()?;
        match self.repeats.as_ref().map(|repeated| secrets::missing(repeated, &plan)) {
            Some(missing) if !missing.is_empty() => Err(Error::Flag {
                flag: self.file.name.clone(),
                reason: format!(
                    "a report holds no secrets, and this run needs {}; or each by its environment variable",
                    missing.join(" and ")
                ),
            }),
            _ => Ok(plan),
        }
    }

    /// Whether somebody asked for as many places of a rate as are the default.
    pub(super) fn chose_places(&self) -> bool {
        let phases = self.phases.iter().map(|(_, args)| args);
        phases.chain([&self.run]).any(|args| args.pace.max_in_flight == Some(DEFAULT_MAX_IN_FLIGHT))
    }

    /// The phases that the file names; none when the run is one.
    pub(super) fn phase_count(&self) -> usize {
        self.phases.len().max(1)
    }

    /// A contradiction that the file brought in, with its place there.
    fn placed(&self, error: Error, phase: Option<&file::Layer>) -> Error {
        let Error::ConfigError(config_error) = &error else { return error };
        let key = config_error.flag.trim_start_matches('-');
        let layers = phase.into_iter().chain([&self.file.shared]);
        let entry = layers.filter_map(|layer| layer.get(key)).next();
        match entry {
            Some(entry) if !self.typed_above(key) => {
                let reason = format!("{} {}", config_error.flag, config_error.reason);
                self.file.wrong(entry.line, key, reason)
            }
            _ => error,
        }
    }

    /// Whether `key` was said by a flag or the environment, not by the file.
    fn typed_above(&self, key: &str) -> bool {
        self.typed.above.iter().any(|above| above == key)
    }
}

/// Opens a plan file, or a report whose plan is to be repeated.
fn open(path: &Path) -> Result<(PlanFile, Option<Plan>), Error> {
    let name = path.display().to_string();
    let wrong = |reason: String| Error::Flag { flag: "--plan".to_owned(), reason };
    let text = fs::read_to_string(path).map_err(|error| wrong(format!("cannot read {name}: {error}")))?;
    if text.trim_start().starts_with('{') {
        let plan = repeat::read(&text).map_err(|reason| wrong(format!("{name}: {reason}")))?;
        let file = described::describe(&name, &plan).map_err(|reason| wrong(format!("{name}: {reason}")))?;
        Ok((file, Some(plan)))
    } else {
        Ok((file::read(&name, &text)?, None))
    }
}

#[cfg(test)]
mod tests;
