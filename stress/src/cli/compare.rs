//! `walrus-stress compare`: compares runs; the exit status says whether the later ones are worse.

use std::path::PathBuf;

use clap::Args;
use strum::{EnumString, VariantNames};

use super::{
    exit::Exit,
    print,
    report::load_all,
    screen::colours,
    values::{When, one_of},
};
use crate::{
    error::Error,
    export::{self, file::PreparedFile, json, style::Colours},
    plan::{ConfigError, names::none_of, threshold::ChangeLimit},
    report::compare::Comparison,
    units::parse_share,
};

/// The flags of `walrus-stress compare`.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Report before and report after; of several runs, those before
    #[arg(value_name = "BEFORE", required = true)]
    before: Vec<PathBuf>,
    /// Reports after, behind `--`, of several runs
    #[arg(value_name = "AFTER", last = true)]
    after: Vec<PathBuf>,
    /// Limit on a change: 'cached.p95>+10%'; repeatable
    ///
    /// STEP.NUMBER, > or <, and a signed limit, as in 'upload.rate<-5/s'. Without one, any number that is worse is a regression.
    #[arg(long, value_name = "EXPR", env = "WALRUS_STRESS_FAIL_IF", hide_env = true, value_delimiter = ',')]
    fail_if: Vec<ChangeLimit>,
    /// Smallest change that matters
    #[arg(long, value_name = "RATIO", env = "WALRUS_STRESS_RELEVANT", hide_env = true, value_parser = parse_share,
          default_value = "2%")]
    relevant: f64,
    /// Format
    ///
    /// terminal, markdown, json or html.
    #[arg(long, value_name = "FORMAT", value_parser = one_of::<Format>(), default_value = "terminal")]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Colours: auto, always, never
    ///
    /// auto: on terminals, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_COLOR", hide_env = true,
          value_parser = one_of::<When>(), default_value = "auto")]
    color: When,
}

/// The formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Format>)]
enum Format {
    Terminal,
    Markdown,
    Json,
    Html,
}

/// Compares the reports.
pub(super) fn compare(args: &CompareArgs) -> Result<Exit, Error> {
    let (before, after) = sides(args)?;
    let prepare = |path| PreparedFile::prepare(path)?.apart_from(before.iter().chain(after));
    let output = args.output.as_deref().map(prepare).transpose()?;
    let (before, after) = (load_all(before)?, load_all(after)?);
    let comparison = Comparison::of(&before, &after, args.relevant, &args.fail_if)?;
    let colours = match (&output, args.color) {
        (Some(_), When::Auto) => Colours::Off,
        (_, when) => colours(Some(&when), &std::io::stdout()),
    };
    let text = document(&comparison, args.format, colours);
    let written = print::done(match output {
        Some(file) => file.write(|out| out.write_all(text.as_bytes())),
        None if args.format == Format::Terminal => print::screen(&text),
        None => print::document(&text),
    });
    Ok(match (comparison.regressed(), comparison.is_undecided()) {
        (true, _) => Exit::Failure,
        (false, true) if written == Exit::Success => Exit::Undecided,
        (false, _) => written,
    })
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
