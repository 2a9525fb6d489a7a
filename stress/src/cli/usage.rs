//! Reads the command line; an error is one line with what to change and without secrets.

use std::env;

use clap::{
    Arg, ArgAction, Command, CommandFactory, Error, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{args::Args, exit::Exit, print, search::options::DECIDED, secrets, variables};
use crate::{export::style::escape, plan::target::Secret};

/// Reads the command line of this process.
///
/// # Errors
/// How to exit when there is nothing to do: after help was printed, or an error.
pub(super) fn read() -> Result<Args, Exit> {
    let typed: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut command = command();
    let matches = command.try_get_matches_from_mut(env::args_os());
    let args = matches.and_then(|matches| Args::from_arg_matches(&matches));
    if args.is_ok() {
        variables::warnings(&command).iter().for_each(|warning| print::line(&format!("warning: {warning}")));
    }
    args.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nothing can be printed when stdout is closed.
            let _ = error.print();
            Exit::Success
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage
        }
        _ => {
            print::line(&escape(&format!("error: {}", explain(error, &command, &typed))));
            Exit::Usage
        }
    })
}

/// The command line that is understood; what a search decides itself is not in its help.
pub(super) fn command() -> Command {
    Args::command().mut_subcommands(|sub| {
        let is_search = sub.get_name() == "search";
        sub.mut_args(|arg| {
            let is_decided = DECIDED.iter().any(|(flag, _)| arg.get_long() == Some(flag));
            let takes_values = arg.get_action().takes_values();
            // The help of each flag names its values in its own words.
            let arg = take_hyphens(without_empty_variable(arg)).hide_possible_values(takes_values);
            if is_search && is_decided { arg.hide(true) } else { arg }
        })
    })
}

/// Lets a flag that needs a value take one that starts with a hyphen, so that the error of `-n -1` is about numbers below zero.
fn take_hyphens(arg: Arg) -> Arg {
    let needs_value =
        arg.get_action().takes_values() && arg.get_num_args().is_none_or(|n| n.min_values() > 0);
    if needs_value && !arg.is_positional() { arg.allow_hyphen_values(true) } else { arg }
}

/// Treats an empty variable, or `false` for a switch, as unset.
fn without_empty_variable(arg: Arg) -> Arg {
    let value = arg.get_env().and_then(env::var_os);
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let is_unset = value.is_some_and(|value| value.is_empty() || (is_switch && value == "false"));
    if is_unset { arg.env(Resettable::Reset) } else { arg }
}

/// Why the command line `typed` cannot be read, in one line.
fn explain(mut error: Error, command: &Command, typed: &[String]) -> String {
    conceal(&mut error, typed);
    let mut line = one_line(&error.render().to_string());
    if error.kind() == ErrorKind::InvalidSubcommand && error.get(ContextKind::SuggestedSubcommand).is_none() {
        let names = command.get_subcommands().map(Command::get_name).filter(|name| *name != "help");
        let names: Vec<_> = names.collect();
        line.push_str(&format!("; the commands are {}", names.join(", ")));
    }
    let variables = variables_behind(&line, command, typed);
    if variables.is_empty() { line } else { format!("{line} ({} is set)", variables.join(", ")) }
}

/// Takes what may be a secret out of the error: a key, or an address with a password in it.
fn conceal(error: &mut Error, typed: &[String]) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let flag = text(ContextKind::InvalidArg).split(' ').next().unwrap_or_default().to_owned();
    let redacted = || ContextValue::String(Secret::REDACTED.to_owned());
    // An address is not assessed by the wrong value alone: a comma in a password has cut it into pieces.
    let has_secret =
        |key: &str| !secrets::is_address(key) || typed.iter().any(|word| word.contains(['@', '?', '#']));
    if flag.strip_prefix("--").is_some_and(|key| secrets::is_secret(key) && has_secret(key)) {
        error.insert(ContextKind::InvalidValue, redacted());
    } else if error.kind() == ErrorKind::UnknownArgument
        && !flag.starts_with('-')
        && typed.iter().any(|word| {
            word.strip_prefix("--").is_some_and(|key| secrets::is_secret(key) && !secrets::is_address(key))
        })
    {
        // Probably the rest of a header that lacks its quotes.
        error.insert(ContextKind::InvalidArg, redacted());
    }
}

/// The environment variables that gave a value to a flag which `line` names and which was not typed.
fn variables_behind(line: &str, command: &Command, typed: &[String]) -> Vec<String> {
    let is_named = |arg: &&Arg| {
        let Some(long) = arg.get_long() else { return false };
        let flag = format!("--{long}");
        let is_typed = |word: &String| word.split('=').next() == Some(&flag);
        line.split(['\'', ' ']).any(|word| word == flag) && !typed.iter().any(is_typed)
    };
    let args = command.get_subcommands().flat_map(Command::get_arguments).filter(is_named);
    let set = args.filter_map(Arg::get_env).filter(|name| env::var_os(name).is_some());
    set.map(|name| name.to_string_lossy().into_owned()).collect()
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

    fn explained(line: &[&str]) -> String {
        let typed: Vec<_> =
            ["walrus-stress", "run"].iter().chain(line).map(|&word| word.to_owned()).collect();
        let mut command = command();
        let error = command.try_get_matches_from_mut(&typed).unwrap_err();
        explain(error, &command, &typed)
    }

    #[test]
    fn paragraphs_of_a_usage_error_become_one_line() {
        assert_eq!(
            explained(&["--concurrency", "many"]),
            "invalid value 'many' for '--concurrency <N>': not a whole number"
        );
        assert_eq!(
            explained(&["--block", "5"]),
            "unexpected argument '--block' found; tip: a similar argument exists: '--blobs'"
        );
    }

    #[test]
    fn the_short_help_has_a_line_for_each_flag_and_fits_two_screens() {
        for sub in command().term_width(80).get_subcommands_mut() {
            let help = sub.render_help().to_string();
            let continued = help.lines().filter(|line| line.starts_with(&" ".repeat(8)));
            assert_eq!(continued.collect::<Vec<_>>(), [""; 0], "{}", sub.get_name());
            assert!(help.lines().count() <= 120, "{}: {} lines", sub.get_name(), help.lines().count());
            assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        }
    }

    #[test]
    fn a_mistyped_command_gets_a_suggestion_or_the_list() {
        let refused = |name: &str| {
            let typed = ["walrus-stress", name].map(str::to_owned);
            let mut command = command();
            let error = command.try_get_matches_from_mut(&typed).unwrap_err();
            explain(error, &command, &typed)
        };
        assert_eq!(
            refused("serach"),
            "unrecognized subcommand 'serach'; tip: a similar subcommand exists: 'search'"
        );
        let list = "unrecognized subcommand 'walk'; the commands are run, plan, search, report, compare, merge, operators";
        assert_eq!(refused("walk"), list);
    }

    #[test]
    fn keys_and_passwords_are_not_repeated() {
        for line in [
            ["--bearer", "s3cret key"],
            ["--header", "s3cret"],
            ["--jwt-key", "s3cret"],
            ["--publisher", "http://me:s3cret@h:x"],
            ["--publisher", "http://me:s3cret,x@h"],
        ] {
            let explained = explained(&line);
            let start = format!("invalid value '[redacted]' for '{} <", line[0]);
            assert!(explained.starts_with(&start) && !explained.contains("s3cret"), "{explained}");
        }
    }
}
