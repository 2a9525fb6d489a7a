//! `walrus-stress plan`: what a run would do, told without starting anything or asking anybody.

use clap::{Args as ClapArgs, ValueEnum};

use super::{Exit, args::RunArgs, door, planned, planned::RunOptions, screen, typed::Typed};
use crate::{error::Error, export::forecast as told, plan::forecast::forecast};

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
    let mut text = Vec::new();
    let written = match format {
        Format::Toml => {
            let wrong = |reason| Error::Flag { flag: "--format".to_owned(), reason };
            text = planned::toml(&plan, &intention.typed).map_err(wrong)?.into_bytes();
            Ok(())
        }
        Format::Json => told::json(&mut text, &plan, &forecast(&plan)),
        Format::Text => {
            let palette = screen::palette(intention.run.output.color, &std::io::stdout());
            let by_chance = intention.run.load.seed.is_none();
            told::text(&mut text, &plan, &forecast(&plan), by_chance, palette)
        }
    };
    written.expect("memory takes every byte");
    let text = String::from_utf8_lossy(&text);
    if format == Format::Text { door::show_screen(&text) } else { door::show(&text) }?;
    Ok(Exit::Success)
}
