//! A plan as a plan file: what was meant, every default written out, secrets by the name of a variable.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction};
use toml::Value as Toml;

use super::{
    described,
    file::{self, Layer, PlanFile, Value},
    keys,
};
use crate::{
    cli::typed::Typed,
    plan::{
        Phase, Plan,
        source::BlobSource,
        target::{Header, Target},
    },
};

/// The file that gives `plan` again, with what else was said that is no part of a plan (where to report, and the like).
pub(in crate::cli) fn toml(plan: &Plan, typed: &Typed) -> Result<String, String> {
    let stdin = |phase: &Phase| matches!(&phase.source, BlobSource::List { name, .. } if name == "-");
    if plan.phases.iter().any(stdin) {
        return Err("a plan file cannot name stdin: put the list of blobs into a file".to_owned());
    }
    let mut file = described::describe("plan", plan)?;
    let variables = secrets(plan, &mut file.shared);
    let command = file::bare();
    // What the plan itself has is there already, in its own words.
    let of_plan = |key: &str| {
        file.shared.contains_key(key)
            || file.phases.iter().any(|(_, layer)| layer.contains_key(key))
            || keys::is_of_a_phase(key)
            || keys::is_secret(key)
            || keys::LISTS.contains(&key)
            || !keys::is_known(key)
    };
    let besides: BTreeMap<_, _> = typed.said.iter().filter(|(key, _)| !of_plan(key)).collect();
    let mut text =
        String::from("# A plan of walrus-stress: start it with `walrus-stress run --plan FILE`.\n");
    if !variables.is_empty() {
        text.push_str("# Secrets are not written here; these variables must hold them: ");
        text.push_str(&variables.join(", "));
        text.push('\n');
    }
    let flags: Vec<_> = command.get_arguments().filter_map(|arg| arg.get_long()).collect();
    for flag in &flags {
        if let Some(entry) = file.shared.get(*flag) {
            text.push_str(&line(flag, &entry.value));
        } else if let Some(values) = besides.get(&(*flag).to_owned()) {
            let is_switch = |arg: &Arg| matches!(arg.get_action(), ArgAction::SetTrue);
            let arg = command.get_arguments().find(|arg| arg.get_long() == Some(flag));
            let value = if arg.is_some_and(is_switch) {
                Value::Switch(true)
            } else {
                Value::Words((*values).clone())
            };
            text.push_str(&line(flag, &value));
        }
    }
    push_phases(&mut text, &file, &flags);
    Ok(text)
}

fn push_phases(text: &mut String, file: &PlanFile, flags: &[&str]) {
    for (name, layer) in &file.phases {
        text.push_str(&format!("\n[[phase]]\nname = {}\n", quoted(name)));
        for flag in flags {
            layer.get(*flag).into_iter().for_each(|entry| text.push_str(&line(flag, &entry.value)));
        }
    }
}

fn line(key: &str, value: &Value) -> String {
    let value = match value {
        Value::Switch(on) => on.to_string(),
        Value::Words(words) => match &words[..] {
            [word] if word.parse::<i64>().is_ok_and(|n| n >= 0 && n.to_string() == *word) => word.clone(),
            [word] => quoted(word),
            words => format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ")),
        },
    };
    format!("{key} = {value}\n")
}

fn quoted(text: &str) -> String {
    Toml::String(text.to_owned()).to_string()
}

/// Puts the places of secrets into the layer; gives the names of the variables.
fn secrets(plan: &Plan, layer: &mut Layer) -> Vec<String> {
    let mut variables = Vec::new();
    for (role, headers) in
        [("publisher", &plan.limits.publisher_headers), ("aggregator", &plan.limits.aggregator_headers)]
    {
        let words = headers.iter().map(|Header { name, .. }| {
            format!("{name}: ${}", fresh(&mut variables, &format!("{role}_{name}")))
        });
        let words: Vec<_> = words.collect();
        described::many(layer, &format!("{role}-header"), words);
    }
    for (role, targets) in [("publisher", &plan.publishers), ("aggregator", &plan.aggregators)] {
        let words = targets.iter().map(|target| address(role, target, &mut variables));
        let words: Vec<_> = words.collect();
        described::many(layer, role, words);
    }
    variables
}

fn address(role: &str, target: &Target, variables: &mut Vec<String>) -> String {
    let text = target.to_string();
    match (&target.credentials, text.split_once("://")) {
        (Some(_), Some((scheme, rest))) => {
            format!("{scheme}://${}@{rest}", fresh(variables, &format!("{role}_login")))
        }
        _ => text,
    }
}

/// A variable's name that is not taken yet.
fn fresh(taken: &mut Vec<String>, text: &str) -> String {
    let name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let numbered = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}_{n}") });
    let free = numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or(name);
    taken.push(free.clone());
    free
}
