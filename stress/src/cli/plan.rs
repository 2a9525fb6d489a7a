//! `walrus-stress plan`: what a run would do, without a request or a started load.

use clap::Args;
use strum::{EnumString, VariantNames};

use super::{
    config::{Config, Overrides},
    describe,
    exit::Exit,
    print,
    run_args::RunArgs,
    screen,
    values::one_of,
};
use crate::{
    error::Error,
    export::{self, json},
    plan::{forecast::forecast, names::none_of},
};

/// The flags of `walrus-stress plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Format: text, toml, json
    ///
    /// toml is a plan file that gives the plan again, json a document.
    #[arg(long, value_name = "FORMAT", env = "WALRUS_STRESS_PLAN_FORMAT", hide_env = true,
          value_parser = one_of::<Format>(), default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Format>)]
enum Format {
    Text,
    Toml,
    Json,
}

/// Prints what a run with these flags would do.
pub(super) fn plan(args: &PlanArgs) -> Result<Exit, Error> {
    let config = Config::load(&args.run, Overrides::default())?;
    let plan = config.plan(config.list()?.as_ref())?;
    let text = match args.format {
        Format::Toml => {
            let wrong = |reason| Error::Flag { flag: "--format".to_owned(), reason };
            describe::toml(&plan, &config.effective).map_err(wrong)?
        }
        Format::Json => json::plan(&plan, &forecast(&plan)),
        Format::Text => {
            let colours = screen::colours(config.run.color.as_deref(), &std::io::stdout());
            export::plan_screen(&plan, &forecast(&plan), config.run.seed.is_none(), colours)
        }
    };
    if args.format == Format::Text { print::screen(&text) } else { print::document(&text) }?;
    Ok(Exit::Success)
}
