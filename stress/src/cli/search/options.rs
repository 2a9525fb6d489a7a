//! The flags of `walrus-stress search`: what to search for, and those of a run that a search does not decide itself.

use std::time::Duration;

use clap::Args;
use strum::{EnumString, VariantNames};

use crate::{
    cli::{
        config::Overrides,
        layer::{self, Entry},
        run_args::RunArgs,
        values::one_of,
    },
    error::Error,
    plan::{
        ConfigError,
        load::{MAX_RATE, TOO_FAST},
        names::none_of,
        search::{Axis, Search},
        threshold::{Metric, Statistic, Threshold},
    },
    units::{exact_duration, parse_duration, parse_rate, parse_share, parse_whole},
};

/// The flags of `walrus-stress search`.
#[derive(Debug, Args)]
pub(in crate::cli) struct SearchArgs {
    #[command(flatten, next_help_heading = "Search")]
    target: TargetArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Args)]
struct TargetArgs {
    /// What must hold: 'upload.p50<20s'; repeatable
    ///
    /// A service level objective, written like a --threshold; without one, the thresholds of the plan file are used.
    #[arg(long, value_name = "EXPR", env = "WALRUS_STRESS_SLO", hide_env = true, value_delimiter = ',')]
    slo: Vec<Threshold>,
    /// What to raise: rate, concurrency
    ///
    /// It is raised until a threshold breaks. rate: blobs started per second; concurrency: blobs in progress at a time.
    #[arg(long = "for", value_name = "AXIS", env = "WALRUS_STRESS_FOR", hide_env = true,
          value_parser = one_of::<AxisName>(), default_value = "rate")]
    axis: AxisName,
    /// First level [default: 1/s, or 1 at a time]
    #[arg(long, value_name = "LEVEL", env = "WALRUS_STRESS_FROM", hide_env = true)]
    from: Option<String>,
    /// Highest level [default: 1000/s, or 256 at a time]
    #[arg(long, value_name = "LEVEL", env = "WALRUS_STRESS_MAX", hide_env = true)]
    max: Option<String>,
    /// Time for which a level is measured
    ///
    /// Up to ten times as long where its thresholds need more samples.
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_STEP", hide_env = true, value_parser = parse_duration,
          default_value = "30s")]
    step: Duration,
    /// Load before each measurement
    ///
    /// For this time the load of each level runs before it is measured.
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_SETTLE", hide_env = true, value_parser = parse_duration,
          default_value = "5s")]
    settle: Duration,
    /// Gap from holding to breaking
    ///
    /// The search ends when the level that holds and the one that breaks are as close as this.
    #[arg(long, value_name = "RATIO", env = "WALRUS_STRESS_PRECISION", hide_env = true, value_parser = parse_share,
          default_value = "5%")]
    precision: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<AxisName>)]
enum AxisName {
    Rate,
    Concurrency,
}

/// Options of a run that a search decides itself, each with what to use instead.
pub(in crate::cli) const DECIDED: [(&str, &str); 21] = [
    ("barrier", "a search is not divided"),
    ("barrier-timeout", "a search is not divided"),
    ("blobs", "--step sets how long each step is measured"),
    ("concurrency", "--for concurrency searches for it, between --from and --max"),
    ("concurrency-stages", "--for concurrency searches for it, between --from and --max"),
    ("duration", "--step sets how long each step is measured"),
    ("events", "a search shows no single blobs"),
    ("export", "a search keeps no single blobs"),
    ("html", "--report writes the search as a document"),
    ("log", "a search keeps no single exchanges"),
    ("metrics-listen", "a search serves no metrics"),
    ("order", "each blob goes through its steps at once"),
    ("rate", "--for rate searches for it, between --from and --max"),
    ("run-id", "a search is not divided"),
    ("shard", "the capacity for a part of a load is not that for the whole"),
    ("stages", "--for rate searches for it, between --from and --max"),
    ("start-at", "a search is not divided"),
    ("threshold", "--slo sets what must hold"),
    ("unsupported-percentiles", "a step takes up to ten times --step until its samples suffice"),
    ("warm-up", "--settle sets how long the load of each step runs before it is measured"),
    ("write", "--report writes the search as a document"),
];

/// Levels closer than this are the same in the digits that are shown.
const MIN_PRECISION: f64 = 0.001;

impl SearchArgs {
    /// How long the load of each step runs before it is measured.
    pub(super) fn settle(&self) -> Duration {
        self.target.settle
    }

    /// What to search for. How many samples it takes follows from the thresholds, see [`needs`].
    ///
    /// # Errors
    /// When a level or another flag of the search cannot be used.
    pub(super) fn search(&self) -> Result<Search, Error> {
        let TargetArgs { axis, step, precision, .. } = self.target;
        let (axis, first, last) = match axis {
            AxisName::Rate => (Axis::Rate, 1.0, 1000.0),
            AxisName::Concurrency => (Axis::Concurrency, 1.0, 256.0),
        };
        let from = level("--from", self.target.from.as_deref(), axis)?.unwrap_or(first);
        let max = level("--max", self.target.max.as_deref(), axis)?.unwrap_or(last);
        let refuse = |flag: &str, reason: &str| Err(ConfigError::new(flag, reason).into());
        if step.is_zero() {
            return refuse("--step", "must be longer than 0 s");
        }
        if from <= 0.0 || axis == Axis::Concurrency && from < 1.0 {
            return refuse("--from", "must be more than 0");
        }
        if max < from {
            return refuse("--max", "is below --from");
        }
        if axis == Axis::Rate && precision < MIN_PRECISION {
            return refuse("--precision", "of a rate must be at least 0.1%");
        }
        Ok(Search { axis, from, max, precision, step, needs: 0 })
    }

    /// The options that a search sets itself: the load and the duration of its first step, and its thresholds.
    ///
    /// # Errors
    /// When a flag or a variable sets one of them.
    pub(super) fn overrides(&self, search: &Search) -> Result<Overrides, Error> {
        let set = layer::over(&layer::of_flags(&self.run.options)?, &layer::of_environment()?);
        if let Some((flag, instead)) =
            DECIDED.iter().find(|(flag, _)| set.get(*flag).is_some_and(|entry| layer::is_set(&entry.value)))
        {
            let place = set.get(*flag).map_or_else(|| format!("--{flag}"), |entry| entry.place.clone());
            return Err(ConfigError::new(place, format!("is not for a search: {instead}")).into());
        }
        let entry = |key: &str, value: toml::Value, place: &str| {
            (key.to_owned(), Entry { value, place: place.to_owned() })
        };
        let mut overrides = Overrides { set: layer::Layer::new(), ignored: Vec::new() };
        overrides.set.extend([
            entry("duration", exact_duration(search.step).into(), "--step"),
            match search.axis {
                Axis::Rate => entry("rate", format!("{}/s", search.from).into(), "--from"),
                Axis::Concurrency => entry("concurrency", "1".into(), "--from"),
            },
        ]);
        let slo: Vec<_> = self.target.slo.iter().map(|threshold| threshold.to_string().into()).collect();
        // Without --slo, the thresholds of the plan file are those of the search.
        let decides = |key: &&str| *key != "threshold" || !slo.is_empty();
        overrides.ignored = DECIDED.iter().map(|(key, _)| *key).filter(decides).collect();
        if search.axis == Axis::Concurrency {
            overrides.ignored.extend(["arrivals", "max-in-flight"]);
        }
        if !slo.is_empty() {
            overrides.set.extend([entry("threshold", toml::Value::Array(slo), "--slo")]);
        }
        Ok(overrides)
    }
}

fn level(flag: &str, text: Option<&str>, axis: Axis) -> Result<Option<f64>, Error> {
    let parse = |text: &str| match axis {
        Axis::Rate => parse_rate(text),
        Axis::Concurrency => {
            parse_whole::<u32>(text).map(f64::from).map_err(|wrong| format!("`{text}` is {wrong}"))
        }
    };
    let wrong = |reason| Error::Flag { flag: flag.to_owned(), reason };
    let level = text.map(parse).transpose().map_err(wrong)?;
    match (axis, level) {
        (Axis::Rate, Some(rate)) if rate > MAX_RATE => Err(wrong(TOO_FAST.to_owned())),
        _ => Ok(level),
    }
}

/// How many samples the thresholds need.
pub(super) fn needs(thresholds: &[Threshold]) -> u64 {
    let needs = |threshold: &Threshold| match threshold.metric {
        Metric::Time(_, Statistic::Percentile(percentile)) => percentile.needs(),
        _ => 1,
    };
    thresholds.iter().map(needs).max().unwrap_or(1)
}
