//! The words for a command line that cannot be read: one line, what to change in it, and no secrets.

use std::env;

use clap::{
    Arg, ArgAction, Command, CommandFactory, Error,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{args::Args, search::args::DECIDED};
use crate::plan::target::Secret;

/// The flags whose values are often keys.
const SECRET: [&str; 4] = ["--bearer", "--header", "--publisher-header", "--aggregator-header"];

/// The flags whose values may hold a password or a key.
const ADDRESS: [&str; 2] = ["--publisher", "--aggregator"];

/// The command line that is understood; what a search decides itself is no part of its help.
pub(super) fn command() -> Command {
    let decided = |arg: Arg| {
        let hide = DECIDED.iter().any(|(flag, _)| arg.get_long() == Some(flag));
        arg.hide(hide)
    };
    let command = Args::command().mut_subcommands(|sub| sub.mut_args(without_empty_variables));
    command.mut_subcommand("search", |search| search.mut_args(decided))
}

/// Lets no variable speak that says nothing: an empty one, or `false` for a switch. They would contradict flags.
fn without_empty_variables(arg: Arg) -> Arg {
    let value = arg.get_env().and_then(env::var_os);
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let says_nothing = value.is_some_and(|value| value.is_empty() || (is_switch && value == "false"));
    if says_nothing { arg.env(Resettable::Reset) } else { arg }
}

/// Why the command line `typed` cannot be read, in one line.
pub(super) fn explain(mut error: Error, command: &Command, typed: &[String]) -> String {
    conceal(&mut error, command, typed);
    let line = one_line(&error.render().to_string());
    let variables = variables_behind(&line, command, typed);
    if variables.is_empty() { line } else { format!("{line} ({} is set)", variables.join(", ")) }
}

/// Takes what may be a secret out of the error: a key, or an address with a password in it.
fn conceal(error: &mut Error, command: &Command, typed: &[String]) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let flag = text(ContextKind::InvalidArg).split(' ').next().unwrap_or_default();
    let redacted = || ContextValue::String(Secret::REDACTED.to_owned());
    if SECRET.contains(&flag) || ADDRESS.contains(&flag) && has_secret(flag, command, typed) {
        error.insert(ContextKind::InvalidValue, redacted());
    } else if error.kind() == ErrorKind::UnknownArgument
        && !flag.starts_with('-')
        && typed.iter().any(|word| SECRET.contains(&word.as_str()))
    {
        // Most likely the rest of a header that lost its quotes.
        error.insert(ContextKind::InvalidArg, redacted());
    }
}

/// Whether what was said of addresses may hold a password or a key. Not the wrong value alone is looked at: a comma in a
/// password has cut it into pieces.
fn has_secret(flag: &str, command: &Command, typed: &[String]) -> bool {
    let suspect = |text: &str| text.contains(['@', '?']);
    let args = command.get_subcommands().flat_map(Command::get_arguments);
    let twins = args.filter(|arg| arg.get_long() == flag.strip_prefix("--")).filter_map(Arg::get_env);
    typed.iter().any(|word| suspect(word))
        || twins.filter_map(env::var_os).any(|value| suspect(&value.to_string_lossy()))
}

/// The environment variables that gave a value to a flag which `line` names but nobody typed.
fn variables_behind(line: &str, command: &Command, typed: &[String]) -> Vec<String> {
    let is_named = |arg: &Arg| {
        let Some(long) = arg.get_long() else { return false };
        let flag = format!("--{long}");
        line.split(['\'', ' ']).any(|word| word == flag)
            && !typed.iter().any(|word| is_flag(word, arg, &flag))
    };
    let args = command.get_subcommands().flat_map(Command::get_arguments).filter(|arg| is_named(arg));
    let set = args.filter_map(Arg::get_env).filter(|name| env::var_os(name).is_some());
    set.map(|name| name.to_string_lossy().into_owned()).collect()
}

fn is_flag(word: &str, arg: &Arg, flag: &str) -> bool {
    let short = arg.get_short().is_some_and(|short| {
        word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains(short))
    });
    short || word.split('=').next() == Some(flag)
}

/// The first paragraphs of clap's message in one line, with its tips but without the usage.
fn one_line(message: &str) -> String {
    let message = message.trim_start_matches("error: ");
    let end = message
        .find("\n\nUsage:")
        .or_else(|| message.find("\n\nFor more information"))
        .unwrap_or(message.len());
    let paragraphs =
        message[..end].split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &[&str]) -> String {
        let typed: Vec<_> =
            ["walrus-stress", "run"].iter().chain(line).map(|&word| word.to_owned()).collect();
        let mut command = Args::command();
        let error = command.try_get_matches_from_mut(&typed).unwrap_err();
        explain(error, &command, &typed)
    }

    #[test]
    fn what_clap_says_in_paragraphs_becomes_one_line() {
        assert_eq!(
            told(&["--concurrency", "many"]),
            "invalid value 'many' for '--concurrency <N>': not a whole number"
        );
        assert_eq!(
            told(&["--block", "5"]),
            "unexpected argument '--block' found; tip: a similar argument exists: '--blobs'"
        );
    }

    #[test]
    fn keys_and_passwords_are_not_repeated() {
        for line in [
            ["--bearer", "s3cret key"],
            ["--header", "s3cret"],
            ["--publisher", "http://me:s3cret@h:x"],
            ["--publisher", "http://me:s3cret,x@h"],
        ] {
            let told = told(&line);
            assert!(told.starts_with(&format!("invalid value '[redacted]' for '{} <", line[0])), "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }
}
