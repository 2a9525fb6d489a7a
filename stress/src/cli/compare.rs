//! `walrus-stress compare`: one run against another, and whether that is a regression.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{Exit, args::When, door, screen::colours, sources};
use crate::{
    error::Error,
    export::{self, file::PreparedFile, json, style::Colours},
    plan::{ConfigError, threshold::ChangeLimit},
    report::compare::Comparison,
    units::parse_share,
};

/// The flags of `walrus-stress compare`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_STATUS)]
pub struct CompareArgs {
    /// The report before and the one after, as `run --report` wrote them; of several runs, those before
    #[arg(value_name = "BEFORE", required = true)]
    before: Vec<PathBuf>,
    /// The reports after, behind `--`, where there are several
    #[arg(value_name = "AFTER", last = true)]
    after: Vec<PathBuf>,
    /// A change that shall not be, as in 'cached.p95>+10%', 'upload.rate<-5/s' or '*.failures>+1%'; repeatable.
    /// Without one, any number that is worse is a regression
    #[arg(
        long,
        value_name = "STEP.NUMBER>+LIMIT",
        env = "WALRUS_STRESS_FAIL_IF",
        hide_env = true,
        value_delimiter = ','
    )]
    fail_if: Vec<ChangeLimit>,
    /// The smallest change that is worth someone's attention
    #[arg(long, value_name = "RATIO", env = "WALRUS_STRESS_RELEVANT", hide_env = true, value_parser = parse_share,
          allow_hyphen_values = true, default_value = "2%")]
    relevant: f64,
    /// What the comparison is written as
    #[arg(long, value_name = "FORMAT", value_enum,
          default_value_t = Format::Terminal)]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Colours; auto: on terminals, unless NO_COLOR says otherwise
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_COLOR", hide_env = true, value_enum,
          default_value_t = When::Auto)]
    color: When,
}

const EXIT_STATUS: &str = "\
Exit status: 0 no regression; 1 one of --fail-if fails, or cannot be known; without --fail-if: a number is worse;
2 wrong usage, or a report cannot be read.";

/// What a comparison is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Terminal,
    Markdown,
    Json,
    /// A page for a browser
    Html,
}

/// Compares and tells.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, Error> {
    let (before, after) = sides(args)?;
    let output = args.output.as_deref().map(PreparedFile::prepare).transpose()?;
    let (before, after) = (sources::load(before)?, sources::load(after)?);
    let comparison = Comparison::of(&before, &after, args.relevant, &args.fail_if)?;
    let colours = match (&output, args.color) {
        // A file is no terminal.
        (Some(_), When::Auto) => Colours::Off,
        (_, when) => colours(when, &std::io::stdout()),
    };
    let text = document(&comparison, args.format, colours);
    match output {
        Some(file) => file.write(|out| out.write_all(text.as_bytes()))?,
        None if args.format == Format::Terminal => door::show_screen(&text)?,
        None => door::show(&text)?,
    }
    Ok(if comparison.regressed() { Exit::Failure } else { Exit::Success })
}

/// Two reports without a `--` between them are one on each side.
fn sides(args: &CompareArgs) -> Result<(&[PathBuf], &[PathBuf]), ConfigError> {
    match (&args.before[..], &args.after[..]) {
        ([before, after], []) => Ok((std::slice::from_ref(before), std::slice::from_ref(after))),
        (_, []) => Err(ConfigError::new(
            "compare",
            "takes one report before and one after, or several of each with -- between them",
        )),
        sides => Ok(sides),
    }
}

fn document(comparison: &Comparison, format: Format, colours: Colours) -> String {
    match format {
        Format::Terminal => export::comparison_screen(comparison, colours),
        Format::Markdown => export::comparison_markdown(comparison),
        Format::Json => json::comparison(comparison),
        Format::Html => export::comparison_page(comparison),
    }
}

#[cfg(test)]
mod tests;
