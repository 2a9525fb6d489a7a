//! Reads a plan file, or the plan of a report, as layers of options; errors name the file, the line and the key.

use std::{
    borrow::Cow,
    io::{self, BufRead, BufReader, Read},
    ops::Range,
    path::Path,
};

use clap::{
    Command,
    error::{ContextKind, ContextValue},
};
use serde::{Deserialize, de::IntoDeserializer};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    describe,
    layer::{self, Entry, Layer},
    limited::{self, Limited, MAX_PLAN, MAX_REPORT},
    secrets,
};
use crate::{
    error::Error,
    export::json,
    plan::{Plan, names::is_phase_name},
    report,
};

/// The options of a whole run, and those of its phases if it has some.
#[derive(Debug, Default)]
pub(super) struct PlanFile {
    /// How the user names the file.
    pub(super) name: String,
    pub(super) shared: Layer,
    /// The phases by their names.
    pub(super) phases: Vec<(String, Layer)>,
    /// The plan itself, of a report: its secrets are missing in the layers.
    pub(super) repeats: Option<Plan>,
}

/// Opens the file at `path`: TOML, or a report in JSON.
pub(super) fn open(path: &Path) -> Result<PlanFile, Error> {
    let name = path.display().to_string();
    let wrong = |reason: String| Error::Flag { flag: "--plan".to_owned(), reason };
    let text = text(path).map_err(|error| wrong(format!("cannot read {name}: {error}")))?;
    if !text.trim_start().starts_with('{') {
        return read(&name, &text);
    }
    let refused = |reason| wrong(format!("{name}: {reason}"));
    let plan = plan_of_report(&text).map_err(refused)?;
    let (shared, phases) = describe::layers(&name, &plan).map_err(refused)?;
    phases.iter().map(|(_, layer)| layer).chain([&shared]).try_for_each(layer::check).map_err(refused)?;
    Ok(PlanFile { name, shared, phases, repeats: Some(plan) })
}

/// The text of the file; only a report may be long.
fn text(path: &Path) -> io::Result<String> {
    let mut file = limited::without_mark(BufReader::new(limited::open(path)?))?;
    let start = file.fill_buf()?.trim_ascii_start();
    let limit = if start.first() == Some(&b'{') { MAX_REPORT } else { MAX_PLAN };
    let mut text = String::new();
    Limited::new(file, limit).read_to_string(&mut text)?;
    Ok(text)
}

/// The plan in this document: a report, or what `walrus-stress plan --format json` writes.
fn plan_of_report(text: &str) -> Result<Plan, String> {
    #[derive(Deserialize)]
    struct Named {
        schema: String,
    }
    #[derive(Deserialize)]
    struct Planned {
        plan: Plan,
    }
    let wrong = |error| format!("not a report with a plan in it: {error}");
    let Named { schema } = serde_json::from_str(text).map_err(wrong)?;
    if schema != json::PLAN_SCHEMA && schema != report::SCHEMA {
        return Err(format!("its schema is `{schema}`, a plan is in {}", report::SCHEMA));
    }
    report::check_texts(text.as_bytes()).map_err(wrong)?;
    let Planned { plan } = serde_json::from_str(text).map_err(wrong)?;
    report::check_names(&plan).map_err(wrong)?;
    Ok(plan)
}

/// Reads the TOML of a plan file; each value is checked.
pub(super) fn read(name: &str, text: &str) -> Result<PlanFile, Error> {
    let reader = Reader { name, text, schema: layer::schema() };
    let table = DeTable::parse(text).map_err(|error| {
        reader.error(error.span().unwrap_or_default(), "", error.message().replace('\n', ", "))
    })?;
    let (mut shared, mut phases) = (Layer::new(), Vec::new());
    for (key, value) in table.into_inner() {
        if key.get_ref() == "phase" {
            phases = reader.phases(&key, value)?;
        } else {
            reader.enter(&mut shared, &key, value)?;
        }
    }
    layer::check_exclusive(&shared)?;
    Ok(PlanFile { name: name.to_owned(), shared, phases, repeats: None })
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    schema: Command,
}

type Key<'a> = Spanned<Cow<'a, str>>;

impl Reader<'_> {
    /// `plan.toml, line 3, blobs`.
    fn place(&self, span: Range<usize>, key: &str) -> String {
        let line = self.text[..span.start.min(self.text.len())].matches('\n').count() + 1;
        let key = if key.is_empty() { String::new() } else { format!(", {key}") };
        format!("{}, line {line}{key}", self.name)
    }

    fn error(&self, span: Range<usize>, key: &str, reason: impl Into<String>) -> Error {
        Error::Flag { flag: self.place(span, key), reason: reason.into() }
    }

    /// The phases; each has a name of its own, given or by its number.
    fn phases(&self, key: &Key<'_>, value: Spanned<DeValue<'_>>) -> Result<Vec<(String, Layer)>, Error> {
        let refuse = |span, reason: &str| self.error(span, "phase", reason);
        let no_table = "a phase is written as a table, [[phase]]";
        let DeValue::Array(tables) = value.into_inner() else { return Err(refuse(key.span(), no_table)) };
        let mut phases: Vec<(String, Layer)> = Vec::new();
        for (position, table) in tables.into_iter().enumerate() {
            let span = table.span();
            let DeValue::Table(entries) = table.into_inner() else { return Err(refuse(span, no_table)) };
            let (mut layer, mut name) = (Layer::new(), format!("phase{}", position + 1));
            for (key, value) in entries {
                if key.get_ref() == "name" {
                    name = self.phase_name(&value)?;
                    continue;
                }
                if !layer::is_of_a_phase(key.get_ref()) && layer::flag(&self.schema, key.get_ref()).is_some()
                {
                    let reason = "is for the whole run: put it above the first [[phase]]";
                    return Err(self.error(key.span(), key.get_ref(), reason));
                }
                self.enter(&mut layer, &key, value)?;
            }
            if phases.iter().any(|(other, _)| *other == name) {
                return Err(refuse(span, &format!("there are two phases with the name `{name}`")));
            }
            layer::check_exclusive(&layer)?;
            phases.push((name, layer));
        }
        Ok(phases)
    }

    /// The name of a phase, which thresholds contain and summaries show.
    fn phase_name(&self, value: &Spanned<DeValue<'_>>) -> Result<String, Error> {
        let name = value.get_ref().as_str().unwrap_or_default();
        if !is_phase_name(name) {
            return Err(self.error(value.span(), "name", "is up to 30 letters, digits, - and _, in quotes"));
        }
        Ok(name.to_owned())
    }

    /// Checks one entry and puts it into the layer.
    fn enter(&self, layer: &mut Layer, key: &Key<'_>, value: Spanned<DeValue<'_>>) -> Result<(), Error> {
        let name = key.get_ref().as_ref();
        let refuse = |reason: String| self.error(key.span(), name, reason);
        let flag = layer::flag(&self.schema, name).ok_or_else(|| {
            let hint = self.similar(name).map_or_else(
                || "the keys are the flags of `walrus-stress run --help`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            refuse(format!("unknown key; {hint}"))
        })?;
        let value = toml::Value::deserialize(value.into_deserializer())
            .map_err(|error| refuse(error.message().to_owned()))?;
        let value = match value {
            // Each address is checked for a password by itself.
            toml::Value::String(text) if secrets::is_address(name) && text.contains(',') => {
                text.split(',').map(toml::Value::from).collect::<Vec<_>>().into()
            }
            value => value,
        };
        secrets::check(name, &value).map_err(refuse)?;
        let value = if secrets::is_reference(name, &value) {
            // The secret itself is read only where nothing overrides it.
            value
        } else {
            layer::checked(flag, value).map_err(refuse)?
        };
        if layer::is_set(&value) {
            layer.insert(name.to_owned(), Entry { value, place: self.place(key.span(), name) });
        }
        Ok(())
    }

    /// The flag with the most similar name.
    fn similar(&self, name: &str) -> Option<String> {
        let dashed = name.replace('_', "-");
        if layer::flag(&self.schema, &dashed).is_some() {
            return Some(dashed);
        }
        let error = self.schema.clone().try_get_matches_from(["run", &format!("--{name}")]).err()?;
        match error.get(ContextKind::SuggestedArg) {
            Some(ContextValue::String(flag)) => Some(flag.trim_start_matches('-').to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "plan_file_tests.rs"]
mod tests;
