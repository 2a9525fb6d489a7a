//! Finds environment variables that are meant as flags and are none.

use std::{collections::BTreeSet, env};

use clap::{Arg, Command};

use super::layer;
use crate::plan::placement;

/// The start of the name of every variable that sets a flag.
const PREFIX: &str = "WALRUS_STRESS_";

/// From this likeness on, from 0 to 1, a name is suggested.
const SIMILAR: f64 = 0.8;

/// A warning for each variable of this process that looks like a flag's and is read by no command.
pub(super) fn warnings(command: &Command) -> Vec<String> {
    let set = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    unknown(&known(command), set)
}

/// The variables that some command reads.
fn known(command: &Command) -> BTreeSet<String> {
    let own = command.get_subcommands().flat_map(Command::get_arguments).filter_map(Arg::get_env);
    let own = own.map(|name| name.to_string_lossy().into_owned());
    let schema = layer::schema();
    let of_runs = schema.get_arguments().filter_map(Arg::get_long).map(layer::variable);
    own.chain(of_runs).chain(placement::VARIABLES.map(str::to_owned)).collect()
}

fn unknown(known: &BTreeSet<String>, set: impl Iterator<Item = String>) -> Vec<String> {
    let unknown = set.filter(|name| name.starts_with(PREFIX) && !known.contains(name));
    let warning = |name: String| {
        let remedy = similar(known, &name)
            .map_or_else(|| "no flag has this name".to_owned(), |similar| format!("did you mean {similar}?"));
        format!("the environment variable {name} is not read: {remedy}")
    };
    unknown.map(warning).collect()
}

/// The known name that is most like this one, by the measure that clap uses for flags.
fn similar<'a>(known: &'a BTreeSet<String>, name: &str) -> Option<&'a String> {
    let bare = |name: &str| name.trim_start_matches(PREFIX).to_owned();
    let rated = known.iter().map(|known| (strsim::jaro(&bare(known), &bare(name)), known));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness > SIMILAR).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::usage;

    #[test]
    fn unknown_variables_are_named_with_a_similar_one() {
        let known = known(&usage::command());
        let set = [
            "WALRUS_STRESS_CONCURENCY",
            "WALRUS_STRESS_RATE",
            "WALRUS_STRESS_SLO",
            "WALRUS_STRESS_SHARDS",
            "WALRUS_STRESS_XYZZY",
            "PATH",
        ];
        assert_eq!(
            unknown(&known, set.into_iter().map(str::to_owned)),
            [
                "the environment variable WALRUS_STRESS_CONCURENCY is not read: did you mean WALRUS_STRESS_CONCURRENCY?",
                "the environment variable WALRUS_STRESS_XYZZY is not read: no flag has this name",
            ]
        );
    }
}
