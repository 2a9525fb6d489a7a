//! The flags of `walrus-stress search`: those of a run that make sense, and what to search for.

use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};

use crate::{
    cli::{args::RunArgs, typed::Typed},
    error::Error,
    plan::{
        ConfigError,
        search::{Axis, Search},
        threshold::{Metric, Statistic, Threshold},
    },
    units::{parse_duration, parse_rate, parse_share, parse_whole},
};

/// The flags of `walrus-stress search`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_STATUS)]
pub struct SearchArgs {
    #[command(flatten, next_help_heading = "The search")]
    pub(super) wish: WishArgs,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
}

const EXIT_STATUS: &str = "\
Every flag has an environment twin: --precision is WALRUS_STRESS_PRECISION.

Exit status: 0 a level that holds was found; 1 none was (the first one breaks, the samples are too few, or the generator
was the limit), or a file could not be written; 2 wrong usage, or the load never started; 3 the generator was the limit,
with --strict; 130 and 143 stopped by SIGINT and SIGTERM.";

#[derive(Debug, ClapArgs)]
pub(super) struct WishArgs {
    /// What must hold, as in 'upload.p95<20s' or 'upload.failures<1%'; repeatable [default: the plan file's thresholds]
    #[arg(
        long,
        value_name = "STEP.METRIC<LIMIT",
        env = "WALRUS_STRESS_SLO",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(super) slo: Vec<Threshold>,
    /// What is raised until an objective breaks
    #[arg(long = "for", value_name = "AXIS", env = "WALRUS_STRESS_FOR", hide_env = true, value_enum,
          default_value_t = AxisKind::Rate)]
    pub(super) axis: AxisKind,
    /// The first level: a rate (1/s), or a number at a time [default: 1/s, or 1]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "WALRUS_STRESS_FROM",
        hide_env = true,
        allow_hyphen_values = true
    )]
    from: Option<String>,
    /// The highest level to try [default: 1000/s, or 256]
    #[arg(
        long,
        value_name = "LEVEL",
        env = "WALRUS_STRESS_MAX",
        hide_env = true,
        allow_hyphen_values = true
    )]
    max: Option<String>,
    /// How long each step is measured; up to ten times as long where its samples take it
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_STEP", hide_env = true, value_parser = parse_duration,
          allow_hyphen_values = true, default_value = "30s")]
    step: Duration,
    /// How long each step's load goes on before it is measured
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_SETTLE", hide_env = true, value_parser = parse_duration,
          allow_hyphen_values = true, default_value = "5s")]
    pub(super) settle: Duration,
    /// How close the levels that hold and break shall come
    #[arg(long, value_name = "RATIO", env = "WALRUS_STRESS_PRECISION", hide_env = true, value_parser = parse_share,
          allow_hyphen_values = true, default_value = "5%")]
    precision: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AxisKind {
    /// Journeys started per second
    Rate,
    /// Journeys under way at a time
    Concurrency,
}

/// Flags of a run that a search decides itself, each with what to say instead.
pub(in crate::cli) const DECIDED: [(&str, &str); 16] = [
    ("blobs", "--step says how long each step is measured"),
    ("concurrency", "--for concurrency searches for it, between --from and --max"),
    ("concurrency-stages", "--for concurrency searches for it, between --from and --max"),
    ("duration", "--step says how long each step is measured"),
    ("events", "a search shows no single blobs"),
    ("export", "a search keeps no single blobs"),
    ("html", "--report writes the search as a document"),
    ("log", "a search keeps no single exchanges"),
    ("metrics-listen", "a search serves no metrics"),
    ("order", "each blob goes through its steps at once"),
    ("rate", "--for rate searches for it, between --from and --max"),
    ("shard", "what a part of a load can be says nothing of the whole"),
    ("stages", "--for rate searches for it, between --from and --max"),
    ("threshold", "--slo says what must hold"),
    ("warm-up", "--settle says how long each step's load goes on before it is measured"),
    ("write", "--report writes the search as a document"),
];

impl SearchArgs {
    /// What to search for; the objectives are those of a plan file when none is given.
    pub(super) fn search(&self, typed: &Typed) -> Result<Search, Error> {
        if let Some((flag, instead)) = DECIDED.iter().find(|(flag, _)| typed.said.contains_key(*flag)) {
            let twin = flag.to_uppercase().replace('-', "_");
            let reason = format!("(or WALRUS_STRESS_{twin}) is not for a search: {instead}");
            return Err(Error::Flag { flag: format!("--{flag}"), reason });
        }
        let WishArgs { axis, step, precision, .. } = self.wish;
        let (axis, first, last) = match axis {
            AxisKind::Rate => (Axis::Rate, 1.0, 1000.0),
            AxisKind::Concurrency => (Axis::Concurrency, 1.0, 256.0),
        };
        let from = level("--from", self.wish.from.as_deref(), axis)?.unwrap_or(first);
        let max = level("--max", self.wish.max.as_deref(), axis)?.unwrap_or(last);
        if step.is_zero() {
            return Err(ConfigError::new("--step", "must be longer than 0 s").into());
        }
        if from <= 0.0 || axis == Axis::Concurrency && from < 1.0 {
            return Err(ConfigError::new("--from", "must be more than nothing").into());
        }
        if max < from {
            return Err(ConfigError::new("--max", "is below --from").into());
        }
        if axis == Axis::Rate && precision < LEAST_PRECISION {
            return Err(ConfigError::new("--precision", "of a rate must be at least 0.1%").into());
        }
        Ok(Search { axis, from, max, precision, step, needs: 0 })
    }
}

/// Levels closer than this cannot be told apart by the digits that are shown.
const LEAST_PRECISION: f64 = 0.001;

fn level(flag: &'static str, text: Option<&str>, axis: Axis) -> Result<Option<f64>, Error> {
    let parse = |text: &str| match axis {
        Axis::Rate => parse_rate(text),
        Axis::Concurrency => {
            parse_whole::<u32>(text).map(f64::from).map_err(|wrong| format!("`{text}` is {wrong}"))
        }
    };
    let wrong = |reason| Error::Flag { flag: flag.to_owned(), reason };
    text.map(parse).transpose().map_err(wrong)
}

/// How many samples the objectives take.
pub(super) fn needs(thresholds: &[Threshold]) -> u64 {
    let needs = |threshold: &Threshold| match threshold.metric {
        Metric::Time(_, Statistic::Percentile(percentile)) => percentile.needs(),
        _ => 1,
    };
    thresholds.iter().map(needs).max().unwrap_or(1)
}
