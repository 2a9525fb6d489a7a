//! What was typed or set in the environment, word for word: a plan file speaks only where these are silent.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
};

use clap::{ArgMatches, parser::ValueSource};

use super::planned::keys;

/// A command line as it was typed, and what it says together with the environment.
#[derive(Clone, Default)]
pub(super) struct Typed {
    /// The whole line, the program's name first.
    pub(super) words: Vec<OsString>,
    /// The values of each flag that was given, by its name without dashes; none of a switch, nor of a secret.
    pub(super) said: BTreeMap<String, Vec<String>>,
    /// Those of them that a plan file had no part in.
    pub(super) above: BTreeSet<String>,
}

/// A line may hold a key.
impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed").finish_non_exhaustive()
    }
}

impl Typed {
    /// What the matches of this line say by themselves or by the environment, defaults left out.
    pub(super) fn new(words: Vec<OsString>, matches: &ArgMatches) -> Self {
        let said = matches.subcommand().map(|(_, matches)| said(matches)).unwrap_or_default();
        Self { words, above: said.keys().cloned().collect(), said }
    }
}

fn said(matches: &ArgMatches) -> BTreeMap<String, Vec<String>> {
    let is_said = |id: &str| {
        matches!(matches.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    let flags = matches.ids().map(clap::Id::as_str).filter(|id| is_said(id));
    // Groups have ids, too, but no values in words.
    let values = flags.filter_map(|id| Some((id, matches.try_get_raw(id).ok()??)));
    let mut said: BTreeMap<_, _> = values
        .map(|(id, values)| {
            let key = id.replace('_', "-");
            let shown = !keys::is_secret(&key);
            let values = values.filter(|_| shown).map(|value| value.to_string_lossy().into_owned());
            let values = values.collect();
            (key, values)
        })
        .collect();
    for (key, variable) in keys::TWINS {
        if std::env::var(variable).is_ok_and(|value| !value.is_empty()) {
            said.entry(key.to_owned()).or_default();
        }
    }
    said
}
