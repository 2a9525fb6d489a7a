//! The flags that say how a load goes on: how many journeys at a time, or how many a second.

use std::time::Duration;

use clap::Args as ClapArgs;

use super::args::one_of;

use crate::{
    error::Error,
    plan::{
        ConfigError,
        load::{Load, Stop},
        schedule::Arrivals,
        shard::Shard,
        stages::{Stage, Stages},
    },
    units::{parse_duration, parse_rate, parse_whole},
};

/// Workers of a closed loop when nothing else is said.
const DEFAULT_CONCURRENCY: u32 = 8;
/// The most journeys under way in an open loop when nothing else is said.
pub(super) const DEFAULT_MAX_IN_FLIGHT: u32 = 10_000;

#[derive(Debug, ClapArgs)]
pub(super) struct PaceArgs {
    /// Journeys (upload, first and cached download of one blob) under way at a time [default: 8]
    #[arg(short, long, value_name = "N", env = "WALRUS_STRESS_CONCURRENCY", hide_env = true,
          allow_hyphen_values = true, value_parser = parse_whole::<u32>)]
    pub(super) concurrency: Option<u32>,
    /// Journeys at a time as they change: `8:30s,8..64:1m` is 8 for 30 s, then up to 64 within a minute
    #[arg(long, value_name = "STAGES", env = "WALRUS_STRESS_CONCURRENCY_STAGES", hide_env = true,
          value_parser = parse_workers)]
    pub(super) concurrency_stages: Option<Stages>,
    /// Start journeys at this rate, however long they take: `10/s`, `600/m`, `36000/h`
    #[arg(long, value_name = "RATE", env = "WALRUS_STRESS_RATE", hide_env = true,
          allow_hyphen_values = true, value_parser = parse_rate)]
    pub(super) rate: Option<f64>,
    /// The rate as it changes: `10/s:30s,10/s..50/s:1m,50/s:2m`
    #[arg(long, value_name = "STAGES", env = "WALRUS_STRESS_STAGES", hide_env = true,
          value_parser = parse_rates)]
    pub(super) stages: Option<Stages>,
    /// How a rate's arrivals are spread: evenly, or as independent users come
    #[arg(long, value_name = "KIND", env = "WALRUS_STRESS_ARRIVALS", hide_env = true,
          value_parser = one_of::<Arrivals>())]
    pub(super) arrivals: Option<Arrivals>,
    /// The most journeys of a rate under way at once; arrivals above it are dropped and counted [default: 10000, or fewer where file descriptors are]
    #[arg(long, value_name = "N", env = "WALRUS_STRESS_MAX_IN_FLIGHT", hide_env = true,
          allow_hyphen_values = true, value_parser = parse_whole::<u32>)]
    pub(super) max_in_flight: Option<u32>,
    /// Before the run, and on top of it, the same load for this time or this many blobs; left out of every number
    #[arg(long, value_name = "D|N", env = "WALRUS_STRESS_WARM_UP", hide_env = true,
          allow_hyphen_values = true, value_parser = parse_stop)]
    pub(super) warm_up: Option<Stop>,
    /// How long what is under way may go on when the time is over, or a rate has made its last start; then it is
    /// unfinished
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_GRACE", hide_env = true, value_parser = parse_duration,
          allow_hyphen_values = true,
          default_value = "30s")]
    pub(super) grace: Duration,
    /// Do only part K (from 0) of N of the run; N machines with the same flags and --seed make it whole, and
    /// `walrus-stress merge` makes their reports one
    #[arg(long, value_name = "K/N", env = "WALRUS_STRESS_SHARD", hide_env = true)]
    pub(super) shard: Option<Shard>,
}

impl PaceArgs {
    /// The load that the flags mean.
    pub(super) fn load(&self) -> Result<Load, Error> {
        let rate = match (self.rate, &self.stages) {
            (Some(_), Some(_)) => {
                return Err(
                    ConfigError::new("--stages", "cannot go with --rate: the stages name the rates").into()
                );
            }
            (Some(rate), None) => Some(Stages::constant(rate)),
            (None, stages) => stages.clone(),
        };
        match rate {
            Some(rate) => self.open(rate),
            None => self.closed(),
        }
    }

    fn open(&self, rate: Stages) -> Result<Load, Error> {
        if self.concurrency.is_some() || self.concurrency_stages.is_some() {
            let flag = if self.concurrency.is_some() { "--concurrency" } else { "--concurrency-stages" };
            let reason = "cannot go with --rate or --stages: at a given rate, how many journeys are under way follows \
                          from how long they take (--max-in-flight limits it)";
            return Err(ConfigError::new(flag, reason).into());
        }
        let arrivals = self.arrivals.unwrap_or(Arrivals::Uniform);
        let max_in_flight = self.max_in_flight.unwrap_or(DEFAULT_MAX_IN_FLIGHT);
        Ok(Load::Open { rate, arrivals, max_in_flight })
    }

    fn closed(&self) -> Result<Load, Error> {
        for (flag, given) in
            [("--arrivals", self.arrivals.is_some()), ("--max-in-flight", self.max_in_flight.is_some())]
        {
            if given {
                return Err(ConfigError::new(
                    flag,
                    "needs --rate or --stages: without them journeys are not due at a time",
                )
                .into());
            }
        }
        match (self.concurrency, &self.concurrency_stages) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                "--concurrency-stages",
                "cannot go with --concurrency: the stages name the numbers",
            )
            .into()),
            (None, Some(stages)) => Ok(Load::Closed { workers: stages.clone() }),
            (workers, None) => Ok(Load::closed(workers.unwrap_or(DEFAULT_CONCURRENCY))),
        }
    }
}

fn parse_rates(text: &str) -> Result<Stages, String> {
    parse_stages(text, parse_rate)
}

fn parse_workers(text: &str) -> Result<Stages, String> {
    parse_stages(text, |text| {
        let wrong = |_| format!("`{text}` is not a number of journeys");
        text.trim().parse::<u32>().map(f64::from).map_err(wrong)
    })
}

/// Stages: `LEVEL:TIME` and `LEVEL..LEVEL:TIME`, separated by commas.
fn parse_stages(text: &str, level: impl Fn(&str) -> Result<f64, String>) -> Result<Stages, String> {
    let stage = |text: &str| {
        let (levels, time) = text
            .rsplit_once(':')
            .ok_or_else(|| format!("the stage `{text}` has no time; write it as in 10/s:30s or 8..64:1m"))?;
        let duration = parse_duration(time)?;
        if duration.is_zero() {
            return Err(format!("the stage `{text}` has no length"));
        }
        let (from, to) = levels.split_once("..").unwrap_or((levels, levels));
        Ok(Stage { from: level(from)?, to: level(to)?, duration: Some(duration) })
    };
    text.split(',').map(stage).collect::<Result<_, _>>().map(Stages)
}

/// A number of blobs, or a time.
fn parse_stop(text: &str) -> Result<Stop, String> {
    match text.trim().parse() {
        Ok(0) => Err("0 blobs warm nothing up".to_owned()),
        Ok(blobs) => Ok(Stop { blobs: Some(blobs), duration: None }),
        Err(_) => match parse_duration(text) {
            Ok(Duration::ZERO) => Err("no time warms nothing up".to_owned()),
            Ok(duration) => Ok(Stop { blobs: None, duration: Some(duration) }),
            Err(_) => Err(format!("`{text}` is neither a number of blobs nor a time, as in 20 or 10s")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_stay_or_change_for_a_time() {
        let stage = |from, to, seconds| Stage { from, to, duration: Some(Duration::from_secs(seconds)) };
        let expected = vec![stage(10.0, 10.0, 30), stage(10.0, 50.0, 60), stage(50.0, 50.0, 120)];
        assert_eq!(parse_rates("10/s:30s,10/s..50/s:1m,50/s:2m"), Ok(Stages(expected)));
        assert_eq!(
            parse_workers("8:30s,8..64:1m"),
            Ok(Stages(vec![stage(8.0, 8.0, 30), stage(8.0, 64.0, 60)]))
        );
        for wrong in ["", "10/s", "10/s:", "10/s:0s", "10/s..:1s", "10/s:1s,"] {
            assert!(parse_rates(wrong).is_err(), "{wrong}");
        }
        assert!(parse_workers("1.5:1s").is_err() && parse_workers("8/s:1s").is_err());
    }

    #[test]
    fn a_warm_up_is_blobs_or_time() {
        assert_eq!(parse_stop("20"), Ok(Stop { blobs: Some(20), duration: None }));
        assert_eq!(parse_stop("10s"), Ok(Stop { blobs: None, duration: Some(Duration::from_secs(10)) }));
        for wrong in ["", "0", "0s", "x", "-3"] {
            assert!(parse_stop(wrong).is_err(), "{wrong}");
        }
    }
}
