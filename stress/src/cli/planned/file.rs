//! A plan file as it was read: which key says what, and on which line.

use std::{collections::BTreeMap, ops::Range};

use clap::{
    Arg, ArgAction, Args as _, Command,
    builder::Resettable,
    error::{ContextKind, ContextValue},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{keys, secrets};
use crate::{cli::args::RunArgs, error::Error};

/// The keys of the whole run, and those of its phases if it names some.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PlanFile {
    /// How the user names it.
    pub(super) name: String,
    pub(super) shared: Layer,
    pub(super) phases: Vec<(String, Layer)>,
}

/// What keys say, by their names.
pub(super) type Layer = BTreeMap<String, Entry>;

/// What one key says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Where; a report has no lines that anyone wrote.
    pub(super) line: Option<usize>,
    pub(super) value: Value,
}

/// A value as it would be typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Switch(bool),
    Words(Vec<String>),
}

impl PlanFile {
    /// A file with one phase says of the run what it says of that; gives its name.
    pub(super) fn fold(&mut self) -> Option<String> {
        let [_] = self.phases[..] else { return None };
        let (name, layer) = self.phases.remove(0);
        let silenced = |key: &str| layer.keys().any(|own| keys::silences(own, key));
        self.shared.retain(|key, _| key == THRESHOLD || !silenced(key));
        for (key, entry) in layer {
            match (self.shared.get_mut(&key).map(|shared| &mut shared.value), &entry.value) {
                (Some(Value::Words(shared)), Value::Words(own)) => shared.extend(own.iter().cloned()),
                _ => drop(self.shared.insert(key, entry)),
            }
        }
        Some(name)
    }

    /// The file's own words for what is wrong with a key.
    pub(super) fn wrong(&self, line: Option<usize>, key: &str, reason: impl AsRef<str>) -> Error {
        wrong(&self.name, line, key, reason.as_ref())
    }
}

fn wrong(name: &str, line: Option<usize>, key: &str, reason: &str) -> Error {
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    let key = if key.is_empty() { String::new() } else { format!(", {key}") };
    Error::Flag { flag: format!("{name}{line}{key}"), reason: reason.to_owned() }
}

/// Reads a plan file; every key and every value is looked at.
pub(super) fn read(name: &str, text: &str) -> Result<PlanFile, Error> {
    let line = |span: Range<usize>| text[..span.start.min(text.len())].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map(line);
        wrong(name, at, "", &error.message().replace('\n', ", "))
    })?;
    let reader = Reader { name, line: &line, command: bare() };
    let (mut shared, mut phases) = (Layer::new(), Vec::new());
    for (key, value) in table.get_ref() {
        if key.get_ref() == "phase" {
            phases = reader.phases(key, value)?;
        } else {
            reader.enter(&mut shared, key, value)?;
        }
    }
    Ok(PlanFile { name: name.to_owned(), shared, phases })
}

/// The flags of a run by themselves, without the environment.
pub(super) fn bare() -> Command {
    RunArgs::augment_args(Command::new("plan-file")).mut_args(|arg| arg.env(Resettable::Reset))
}

/// What is wrong with one key's words, as its flag sees them.
pub(super) fn check(command: &Command, key: &str, words: &[String]) -> Result<(), String> {
    let line = words.iter().map(|word| format!("--{key}={word}"));
    let Err(error) = command.clone().try_get_matches_from(["plan-file".to_owned()].into_iter().chain(line))
    else {
        return Ok(());
    };
    if let Some(source) = std::error::Error::source(&error) {
        return Err(source.to_string());
    }
    Err(match (error.get(ContextKind::InvalidValue), error.get(ContextKind::ValidValue)) {
        (Some(ContextValue::String(value)), Some(ContextValue::Strings(known))) => {
            format!("`{value}` is none of {}", known.join(", "))
        }
        _ => "cannot have this value".to_owned(),
    })
}

struct Reader<'a> {
    name: &'a str,
    line: &'a dyn Fn(Range<usize>) -> usize,
    command: Command,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;

impl Reader<'_> {
    /// The phases; each has a name of its own, given or by its number.
    fn phases(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<(String, Layer)>, Error> {
        let refuse = |span, reason: &str| wrong(self.name, Some((self.line)(span)), "phase", reason);
        let tables = value.get_ref().as_array();
        let tables = tables.ok_or_else(|| refuse(key.span(), "a phase is written as a table, [[phase]]"))?;
        let mut phases: Vec<(String, Layer)> = Vec::new();
        for (position, table) in tables.iter().enumerate() {
            let entries = table.get_ref().as_table();
            let entries =
                entries.ok_or_else(|| refuse(table.span(), "a phase is written as a table, [[phase]]"))?;
            let (mut layer, mut name) = (Layer::new(), format!("phase{}", position + 1));
            for (key, value) in entries {
                if key.get_ref() == "name" {
                    name = self.phase_name(value)?;
                } else if keys::is_of_a_phase(key.get_ref()) {
                    self.enter(&mut layer, key, value)?;
                } else {
                    // Unknown, or of the whole run: the first is said by those who know the flags.
                    self.known(key)?;
                    let reason = "is for the whole run: put it above the first [[phase]]";
                    return Err(wrong(self.name, Some((self.line)(key.span())), key.get_ref(), reason));
                }
            }
            if phases.iter().any(|(other, _)| *other == name) {
                return Err(refuse(table.span(), &format!("there are two phases with the name `{name}`")));
            }
            phases.push((name, layer));
        }
        Ok(phases)
    }

    /// Thresholds name phases, and summaries show them.
    fn phase_name(&self, value: &Spanned<DeValue<'_>>) -> Result<String, Error> {
        let name = value.get_ref().as_str().unwrap_or_default();
        let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.chars().count() > 30 || !name.chars().all(fits) {
            let reason = "is up to 30 letters, digits, - and _, in quotes";
            return Err(wrong(self.name, Some((self.line)(value.span())), "name", reason));
        }
        Ok(name.to_owned())
    }

    fn enter(&self, layer: &mut Layer, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<(), Error> {
        let (line, name) = (Some((self.line)(key.span())), key.get_ref().as_ref());
        let arg = self.known(key)?;
        let refuse = |reason: String| wrong(self.name, line, name, &reason);
        let value = words(arg, value.get_ref()).map_err(refuse)?;
        if let Value::Words(words) = &value {
            // What names its secret can only be looked at when the secret is there.
            let open = |word: &&String| !secrets::is_reference(name, word);
            words.iter().try_for_each(|word| secrets::check_reference(name, word)).map_err(refuse)?;
            let open: Vec<_> = words.iter().filter(open).cloned().collect();
            check(&self.command, name, &open).map_err(refuse)?;
        }
        layer.insert(name.to_owned(), Entry { line, value });
        Ok(())
    }

    /// The flag of this name.
    fn known(&self, key: &Key<'_>) -> Result<&Arg, Error> {
        let name = key.get_ref().as_ref();
        let found = self.command.get_arguments().find(|arg| arg.get_long() == Some(name));
        found.filter(|_| keys::is_known(name)).ok_or_else(|| {
            let hint = self.similar(name).map_or_else(
                || "the keys are the flags of `walrus-stress run --help`".to_owned(),
                |near| format!("is `{near}` meant?"),
            );
            let reason = format!("there is no such key; {hint}");
            wrong(self.name, Some((self.line)(key.span())), name, &reason)
        })
    }

    /// The flag that reads most like `name`.
    fn similar(&self, name: &str) -> Option<String> {
        let dashed = name.replace('_', "-");
        if self.command.get_arguments().any(|arg| arg.get_long() == Some(&*dashed)) && keys::is_known(&dashed)
        {
            return Some(dashed);
        }
        let error = self.command.clone().try_get_matches_from(["plan-file", &format!("--{name}")]).err()?;
        match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(flag)) => {
                Some(flag.trim_start_matches('-').to_owned()).filter(|near| keys::is_known(near))
            }
            _ => None,
        }
    }
}

/// A value as it would be typed for this flag.
fn words(arg: &Arg, value: &DeValue<'_>) -> Result<Value, String> {
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let may_be_bare = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
    match value {
        DeValue::Boolean(on) if is_switch => Ok(Value::Switch(*on)),
        DeValue::Boolean(true) if may_be_bare => Ok(Value::Switch(true)),
        DeValue::Boolean(_) => Err("takes a value, not true or false".to_owned()),
        _ if is_switch => Err("is true or false".to_owned()),
        DeValue::Array(values) => {
            let words: Vec<_> = values.iter().map(|value| word(value.get_ref())).collect::<Result<_, _>>()?;
            match arg.get_action() {
                ArgAction::Append => Ok(Value::Words(words)),
                _ if LISTED.contains(&arg.get_long().unwrap_or_default()) => {
                    Ok(Value::Words(vec![words.join(",")]))
                }
                _ => Err("takes one value, not a list".to_owned()),
            }
        }
        value => Ok(Value::Words(vec![word(value)?])),
    }
}

/// The key whose values add up: a phase's own come on top of the run's.
pub(super) const THRESHOLD: &str = "threshold";

/// Flags that take one value with commas in it: a list says the same.
const LISTED: [&str; 3] = ["concurrency-stages", "stages", "steps"];

fn word(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        other => Err(format!("is text in quotes or a number, not {}", other.type_str())),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
