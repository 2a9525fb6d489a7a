//! `walrus-stress plan`: what a run would do, told without starting anything or asking anybody.

use clap::{Args as ClapArgs, ValueEnum};

use super::{Exit, args::RunArgs, door, planned, planned::RunOptions, screen, typed::Typed};
use crate::{
    error::Error,
    export::{self, json},
    plan::forecast::forecast,
};

/// The flags of `walrus-stress plan`: those of `run`, and how to tell.
#[derive(Debug, ClapArgs)]
pub struct ForecastArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// How the plan is told: in words, as a plan file that gives it again, or as a document
    #[arg(
        long,
        value_name = "FORMAT",
        env = "WALRUS_STRESS_PLAN_FORMAT",
        hide_env = true,
        value_enum,
        default_value_t = Format::Text
    )]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// In words
    Text,
    /// As a plan file
    Toml,
    /// As a JSON document
    Json,
}

/// Tells what a run with these flags would do.
pub(super) fn tell(args: ForecastArgs, typed: &Typed) -> Result<Exit, Error> {
    let format = args.format;
    let intention = RunOptions::of(args.run, typed, &[])?;
    let plan = intention.plan(intention.list()?.as_ref())?;
    let text = match format {
        Format::Toml => {
            let wrong = |reason| Error::Flag { flag: "--format".to_owned(), reason };
            planned::toml(&plan, &intention.typed).map_err(wrong)?
        }
        Format::Json => json::plan(&plan, &forecast(&plan)),
        Format::Text => {
            let colours = screen::colours(intention.run.output.color, &std::io::stdout());
            let is_random = intention.run.load.seed.is_none();
            export::plan_screen(&plan, &forecast(&plan), is_random, colours)
        }
    };
    if format == Format::Text { door::show_screen(&text) } else { door::show(&text) }?;
    Ok(Exit::Success)
}
