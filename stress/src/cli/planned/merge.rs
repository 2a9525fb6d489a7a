//! The file's words behind the typed ones: one command line for the run and one for each phase, read as any other.

use std::ffi::OsString;

use clap::FromArgMatches;

use super::{
    file::{self, Entry, Layer, PlanFile, THRESHOLD, Value},
    keys, secrets,
};
use crate::{
    cli::{
        args::{Args, RunArgs},
        typed::Typed,
        wording,
    },
    error::Error,
};

/// What came of it.
pub(super) struct Merged {
    pub(super) run: RunArgs,
    pub(super) typed: Typed,
    pub(super) phases: Vec<(String, RunArgs)>,
}

/// Lets the file speak where nobody above it has; of what is `decided` it says nothing.
pub(super) fn merge(typed: &Typed, file: &PlanFile, decided: &[&str]) -> Result<Merged, Error> {
    let above: Vec<&str> = typed.said.keys().map(String::as_str).chain(decided.iter().copied()).collect();
    refuse_levelling(typed, file)?;
    let shared = audible(&file.shared, &above);
    let mut merged = read(typed, file, &words(file, &shared)?)?;
    merged.typed.above = typed.said.keys().cloned().collect();
    for (name, layer) in &file.phases {
        let own: Vec<&str> = layer.keys().map(String::as_str).collect();
        // The run's thresholds speak of all phases already; one's own come on top of them.
        let below = shared.iter().filter(|(key, _)| *key != THRESHOLD && !is_silenced(key, &own));
        let entries: Vec<_> = below.copied().chain(audible(layer, &above)).collect();
        let phase = read(typed, file, &words(file, &entries)?)?;
        merged.phases.push((name.clone(), phase.run));
    }
    Ok(merged)
}

/// A flag for what tells phases apart would make those the same that say it themselves.
fn refuse_levelling(typed: &Typed, file: &PlanFile) -> Result<(), Error> {
    for flag in typed.said.keys().filter(|flag| keys::tells_apart(flag)) {
        let says = |layer: &Layer| layer.keys().any(|key| keys::silences(flag, key));
        if let Some((name, _)) = file.phases.iter().find(|(_, layer)| says(layer)) {
            let reason = format!(
                "would hold for every phase of {}, but its phase `{name}` says otherwise: change it there",
                file.name
            );
            return Err(Error::Flag { flag: format!("--{flag}"), reason });
        }
    }
    Ok(())
}

type Said<'a> = (&'a String, &'a Entry);

fn audible<'a>(layer: &'a Layer, above: &[&str]) -> Vec<Said<'a>> {
    layer.iter().filter(|(key, _)| !is_silenced(key, above)).collect()
}

fn is_silenced(key: &str, above: &[&str]) -> bool {
    above.iter().any(|above| keys::silences(above, key))
}

/// Entries as they would be typed, secrets in place.
fn words(file: &PlanFile, entries: &[Said<'_>]) -> Result<Vec<OsString>, Error> {
    let command = file::bare();
    let mut words = Vec::new();
    for (key, Entry { line, value }) in entries {
        match value {
            Value::Switch(true) => words.push(format!("--{key}").into()),
            Value::Switch(false) => {}
            Value::Words(values) => {
                for value in values {
                    let value =
                        secrets::resolve(key, value).map_err(|reason| file.wrong(*line, key, reason))?;
                    if keys::is_secret(key) {
                        file::check(&command, key, std::slice::from_ref(&value))
                            .map_err(|reason| file.wrong(*line, key, reason))?;
                    }
                    words.push(format!("--{key}={value}").into());
                }
            }
        }
    }
    Ok(words)
}

/// Reads the typed line with the file's words behind it.
fn read(typed: &Typed, file: &PlanFile, more: &[OsString]) -> Result<Merged, Error> {
    let words: Vec<_> = typed.words.iter().chain(more).cloned().collect();
    let mut command = wording::command();
    let read = command
        .try_get_matches_from_mut(&words)
        .and_then(|matches| Ok((Args::from_arg_matches(&matches)?, Typed::new(words.clone(), &matches))));
    let (args, said) = read.map_err(|error| {
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        Error::Flag { flag: file.name.clone(), reason: wording::explain(error, &command, &words) }
    })?;
    let run = args.command.into_run().expect("only commands with the flags of a run read plan files");
    Ok(Merged { run, typed: said, phases: Vec::new() })
}
