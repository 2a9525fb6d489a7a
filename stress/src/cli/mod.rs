//! The command line: flags in, exit codes out. Only here is anything printed, and only here are signals handled.

mod args;
mod blob_list;
mod choices;
mod compare;
mod config;
mod describe;
mod cost_values;
mod descriptors;
mod execute;
mod exit;
mod files;
mod headings;
mod help;
mod jwt_values;
mod layer;
mod limited;
mod merge;
mod operators;
mod options;
mod part;
mod plan;
mod plan_file;
mod preset;
mod price;
mod print;
mod report;
mod resolve;
mod run;
mod run_args;
mod samples;
mod screen;
mod search;
mod secrets;
mod signals;
mod start;
mod step_values;
mod tokens;
mod usage;
mod values;
mod variables;

use std::process::ExitCode;

use crate::error::Error;
use args::{Args, Command};
use exit::Exit;

/// Runs the command of this process's command line.
pub fn main() -> ExitCode {
    let args = match usage::read() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    // This runtime draws progress and writes files: the load has runtimes of its own.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(command(args));
            // A name resolution under way would otherwise delay the end of the process.
            runtime.shutdown_background();
            exit.into()
        }
        Err(error) => {
            print::line(&format!("error: cannot start a runtime: {error}"));
            Exit::Usage.into()
        }
    }
}

async fn command(args: Args) -> Exit {
    let result = match signals::survive_file_size_limits() {
        Ok(()) => dispatch(args.command).await,
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| {
        print::error(&error);
        // All other errors mean that the load has not started.
        if matches!(error, Error::Broken { .. }) { Exit::Failure } else { Exit::Usage }
    })
}

async fn dispatch(command: Command) -> Result<Exit, Error> {
    match command {
        Command::Run(args) => run::run(&args).await,
        Command::Plan(args) => plan::plan(&args),
        Command::Search(args) => search::search(&args).await,
        Command::Report(args) => report::report(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Operators(args) => operators::operators(&args).await,
    }
}
