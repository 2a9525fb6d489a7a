//! Options by key, as one source sets them: the command line, the environment, a plan file or one of its phases.

use std::{collections::BTreeMap, env};

use clap::{Arg, ArgAction, Args, Command};
use toml::Value;

use super::{choices::DEFAULT_EXPORT, options::RunOptions};
use crate::{error::Error, plan::ConfigError};

/// What one source sets; the keys are the flags' names.
pub(super) type Layer = BTreeMap<String, Entry>;

/// The value of one option and where it was set.
#[derive(Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) value: Value,
    /// How errors name the place: a flag, or a line of a file and a key.
    pub(super) place: String,
}

/// The value may be a secret.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Entry {
    /// An error of this option, whose reason continues its name as a sentence.
    pub(super) fn refuse(&self, reason: impl Into<String>) -> Error {
        if self.place.starts_with("--") {
            ConfigError::new(self.place.clone(), reason).into()
        } else {
            self.error(reason)
        }
    }

    /// An error of this option.
    pub(super) fn error(&self, reason: impl Into<String>) -> Error {
        Error::Flag { flag: self.place.clone(), reason: reason.into() }
    }
}

/// Options of which one at most can be used, and why. One that is set in a higher layer removes the others from those below.
const EXCLUSIVE: [(&[&str], &str); 10] = [
    (
        &["concurrency", "concurrency-stages", "rate", "stages"],
        "only one of them sets the load. At a given rate, how many blobs are under way follows from how long they take; \
         --max-in-flight limits it",
    ),
    (&["size", "min-size"], "--size sets both limits"),
    (&["size", "max-size"], "--size sets both limits"),
    (&["reads", "steps"], "--steps names the downloads, as in upload,first,cached,read3"),
    (&["deletable", "permanent"], "a blob is one or the other"),
    (&["no-check", "wait"], "one asks for no /status and the other waits for it"),
    (&["quiet", "verbose"], "one prints less and the other more"),
    (&LISTS, "only one list can be read"),
    (&["send-object-to", "share"], "a shared object has no owner"),
    (&["bearer", "jwt-key", "jwt-secret", "tokens"], "an upload carries one token"),
];

/// The options that name a list of stored blobs.
pub(super) const LISTS: [&str; 3] = ["blob-ids", "from-export", "from-log"];

/// Options of a load at a rate.
const OF_RATES: [&str; 2] = ["arrivals", "max-in-flight"];

/// Options of a load that is no rate.
const OF_WORKERS: [&str; 2] = ["concurrency", "concurrency-stages"];

/// Options of tokens that are minted.
const OF_MINTING: [&str; 4] = ["jwt-alg", "jwt-cache-size", "jwt-claims", "jwt-ttl"];

/// Options of tokens that are not minted.
const OF_OTHER_TOKENS: [&str; 2] = ["bearer", "tokens"];

/// Options that may differ from phase to phase.
const OF_A_PHASE: [&str; 21] = [
    "again",
    "arrivals",
    "blobs",
    "blobs-of",
    "concurrency",
    "concurrency-stages",
    "content",
    "duplicates",
    "duration",
    "grace",
    "max-in-flight",
    "max-size",
    "min-size",
    "order-control",
    "rate",
    "reads",
    "size",
    "stages",
    "steps",
    "threshold",
    "warm-up",
];

/// Whether an option may differ from phase to phase.
pub(super) fn is_of_a_phase(key: &str) -> bool {
    OF_A_PHASE.contains(&key)
}

/// Options that make phases different: set for all of them, they would undo what a phase sets.
const DISTINGUISHES_PHASES: [&str; 10] = [
    "again",
    "arrivals",
    "concurrency",
    "concurrency-stages",
    "max-in-flight",
    "rate",
    "reads",
    "stages",
    "steps",
    "warm-up",
];

/// Whether an option makes phases different.
pub(super) fn distinguishes_phases(key: &str) -> bool {
    DISTINGUISHES_PHASES.contains(&key)
}

/// Whether `above`, set in a higher layer, leaves no effect to `key` in a lower one.
pub(super) fn overrides(above: &str, key: &str) -> bool {
    let together = |(keys, _): &(&[&str], &str)| keys.contains(&above) && keys.contains(&key);
    above == key
        || EXCLUSIVE.iter().any(together)
        || OF_WORKERS.contains(&above) && OF_RATES.contains(&key)
        || OF_OTHER_TOKENS.contains(&above) && OF_MINTING.contains(&key)
}

/// All of `above`, and what it leaves of `below`.
pub(super) fn over(above: &Layer, below: &Layer) -> Layer {
    let hides = |(name, entry): (&String, &Entry), key: &str| {
        name == key || is_set(&entry.value) && overrides(name, key)
    };
    let kept = below.iter().filter(|(key, _)| !above.iter().any(|one| hides(one, key)));
    kept.chain(above).map(|(key, entry)| (key.clone(), entry.clone())).collect()
}

/// The options that a layer sets. Each of its entries has been checked.
pub(super) fn options(layer: &Layer) -> RunOptions {
    read(layer).expect("each entry was read by itself before")
}

/// Checks all entries of a layer that was made from a report, which may hold numbers that no flag takes.
///
/// # Errors
/// The first that cannot be read.
pub(super) fn check(layer: &Layer) -> Result<(), String> {
    read(layer).map(drop).map_err(|error| error.to_string().trim_end().replace('\n', ", "))
}

fn read(layer: &Layer) -> Result<RunOptions, toml::de::Error> {
    let table: toml::Table = layer.iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect();
    table.try_into()
}

/// The flags of a run by themselves: names, kinds of values, and hints at similar ones.
pub(super) fn schema() -> Command {
    RunOptions::augment_args(Command::new("run"))
}

/// The flag of this name.
pub(super) fn flag<'a>(schema: &'a Command, key: &str) -> Option<&'a Arg> {
    schema.get_arguments().find(|arg| arg.get_long() == Some(key))
}

/// What flags set.
///
/// # Errors
/// When two of them exclude each other.
pub(super) fn of_flags(options: &RunOptions) -> Result<Layer, Error> {
    let table = toml::Table::try_from(options).expect("options have values that TOML has");
    let entries = table.into_iter().map(|(key, value)| {
        let place = format!("--{key}");
        (key, Entry { value, place })
    });
    let layer = entries.filter(|(_, entry)| is_set(&entry.value)).collect();
    check_exclusive(&layer)?;
    Ok(layer)
}

/// What variables `WALRUS_STRESS_…` set; lists are separated by commas, and an empty variable sets nothing.
///
/// # Errors
/// When a value cannot be read, or two options exclude each other.
pub(super) fn of_environment() -> Result<Layer, Error> {
    let (schema, mut layer) = (schema(), Layer::new());
    for arg in schema.get_arguments() {
        let Some(key) = arg.get_long() else { continue };
        let variable = variable(key);
        let Some(text) = env::var_os(&variable).filter(|text| !text.is_empty()) else { continue };
        let text = text.to_string_lossy();
        let value = match (arg.get_action(), &*text) {
            (ArgAction::SetTrue, "true") => Value::Boolean(true),
            // It overrides `true` in a plan file.
            (ArgAction::SetTrue, "false") => Value::Boolean(false),
            (ArgAction::Append, text) => Value::Array(text.split(',').map(Value::from).collect()),
            (_, text) => Value::from(text),
        };
        let entry = Entry { value, place: format!("--{key} (from {variable})") };
        let value = checked(arg, entry.value.clone()).map_err(|reason| entry.error(reason))?;
        layer.insert(key.to_owned(), Entry { value, ..entry });
    }
    check_exclusive(&layer)?;
    Ok(layer)
}

/// The environment variable of a flag.
pub(super) fn variable(key: &str) -> String {
    format!("WALRUS_STRESS_{}", key.to_uppercase().replace('-', "_"))
}

/// The value as the flag takes it, if it takes it.
pub(super) fn checked(arg: &Arg, value: Value) -> Result<Value, String> {
    let key = arg.get_long().unwrap_or_default().to_owned();
    let value = match value {
        Value::Array(_) => value,
        Value::Boolean(true) if key == "export" => DEFAULT_EXPORT.into(),
        value if matches!(arg.get_action(), ArgAction::Append) => match value.as_str() {
            Some(text) if arg.get_value_delimiter().is_some() => {
                Value::Array(text.split(',').map(Value::from).collect())
            }
            _ => Value::Array(vec![value]),
        },
        value if matches!(arg.get_action(), ArgAction::SetTrue) && value.as_bool().is_none() => {
            return Err("must be true or false".to_owned());
        }
        value => value,
    };
    let alone: toml::Table = [(key, value.clone())].into_iter().collect();
    alone.try_into::<RunOptions>().map_err(|error| error.message().replace('\n', ", "))?;
    Ok(value)
}

/// Whether a value is more than what an option is without it.
pub(super) fn is_set(value: &Value) -> bool {
    value.as_bool() != Some(false) && value.as_array().is_none_or(|values| !values.is_empty())
}

/// Refuses options of one source that exclude each other.
pub(super) fn check_exclusive(layer: &Layer) -> Result<(), Error> {
    for (keys, reason) in EXCLUSIVE {
        let mut set = keys
            .iter()
            .filter_map(|key| Some((key, layer.get(*key)?)))
            .filter(|(_, entry)| is_set(&entry.value));
        if let (Some((key, entry)), Some((other, _))) = (set.next(), set.next()) {
            let reason = format!("cannot be used with --{other}: {reason}");
            return Err(placed(ConfigError::new(format!("--{key}"), reason), entry));
        }
    }
    Ok(())
}

/// The error with the place of the option's entry.
pub(super) fn placed(error: ConfigError, entry: &Entry) -> Error {
    match &entry.place {
        flag if flag.starts_with("--") => ConfigError { flag: flag.clone(), ..error }.into(),
        _ => entry.error(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_overrides_its_own_option_alone() {
        let layer = |key: &str, value: bool| {
            Layer::from([(key.to_owned(), Entry { value: value.into(), place: String::new() })])
        };
        let below = layer("permanent", true);
        assert_eq!(over(&layer("permanent", false), &below)["permanent"].value, Value::Boolean(false));
        assert_eq!(over(&layer("deletable", false), &below)["permanent"].value, Value::Boolean(true));
        assert!(!over(&layer("deletable", true), &below).contains_key("permanent"));
    }

    #[test]
    fn an_option_overrides_itself_and_what_it_excludes() {
        for (above, key, expected) in [
            ("seed", "seed", true),
            ("concurrency", "rate", true),
            ("rate", "concurrency", true),
            ("concurrency", "arrivals", true),
            ("rate", "arrivals", false),
            ("arrivals", "concurrency", false),
            ("size", "min-size", true),
            ("min-size", "max-size", false),
            ("blob-ids", "from-export", true),
            ("blobs", "duration", false),
            ("tokens", "jwt-secret", true),
            ("bearer", "jwt-ttl", true),
            ("jwt-key", "jwt-ttl", false),
        ] {
            assert_eq!(overrides(above, key), expected, "{above} above {key}");
        }
    }
}
