//! The flags of the fault profile: a preset or a file, and flags that each change one value of it.

use super::latency::Latency;
use super::rule::{FaultRule, Stall};
use super::settings::{Preset, Profile};
use crate::fault::Role;
use crate::input;
use crate::units::{DurationText, duration};
use serde::Serialize;
use serde_with::serde_as;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// The most bytes of a file of latencies and faults.
const MAX_WEATHER: u64 = 1024 * 1024;

/// The flags that every mock has; in the form of a document they are an overlay over the preset or the file.
#[serde_as]
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
pub struct ProfileArgs {
    /// Latencies by name: instant, lan, testnet or mainnet; other flags change one value each [default: instant]
    #[arg(long, value_name = "NAME")]
    #[serde(skip)]
    pub weather: Option<Preset>,
    /// A TOML file of latencies and faults instead; other flags change one value each
    #[arg(long, value_name = "FILE", conflicts_with = "weather")]
    #[serde(skip)]
    pub weather_file: Option<PathBuf>,
    /// Makes faults and latencies repeatable: they depend on it and on the number of the request [default: 0]
    #[arg(long, value_name = "U64")]
    pub seed: Option<u64>,
    /// A fault and its share of the requests, perhaps only of some: reset=1%, 503=first:2 for the first two, or 500=5%,route=store,size=1MiB..,from=10s,for=5s; repeatable (the kinds are listed below)
    #[arg(long, value_name = "KIND=RATIO")]
    pub fault: Vec<FaultRule>,
    /// A period in which nothing is answered: from=10s,for=5s; repeatable
    #[arg(long, value_name = "from=D,for=D")]
    pub stall: Vec<Stall>,
    /// How long a dripping body takes [default: 2s]
    #[arg(long, value_name = "D", value_parser = duration)]
    #[serde_as(as = "Option<DurationText>")]
    pub drip_for: Option<Duration>,
}

/// The flags of a server that stores, as an overlay.
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
pub struct StoreArgs {
    #[command(flatten)]
    store: StoreTime,
}

/// The flags of a server that reads, as an overlay.
#[serde_as]
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
pub struct ReadArgs {
    #[command(flatten)]
    first_read: FirstReadTime,
    #[command(flatten)]
    cached_read: CachedReadTime,
    /// How long a 404 takes
    #[arg(long, value_name = "LATENCY")]
    #[serde(rename = "not_found")]
    not_found_latency: Option<Latency>,
    /// How long the fault 503 takes
    #[arg(long, value_name = "LATENCY")]
    #[serde(rename = "unavailable")]
    unavailable_latency: Option<Latency>,
    /// How long after its store a blob can be read; a distribution gives every blob its own time
    #[arg(long, value_name = "LATENCY")]
    visible_after: Option<Latency>,
    /// How long after its store a blob with the fault not-yet cannot be read [default: 1s]
    #[arg(long, value_name = "D", value_parser = duration)]
    #[serde_as(as = "Option<DurationText>")]
    not_yet_for: Option<Duration>,
}

/// The three flags of a step's service time; `$help` is that of the first.
macro_rules! service_time_args {
    ($name:ident, $latency:literal, $per_mib:literal, $body:literal, $help:literal) => {
        #[serde_as]
        #[derive(Debug, Clone, Default, clap::Args, Serialize)]
        struct $name {
            #[doc = $help]
            #[arg(long = $latency, id = $latency, value_name = "LATENCY")]
            latency: Option<Latency>,
            /// What every MiB of the blob adds to it
            #[arg(long = $per_mib, id = $per_mib, value_name = "D", value_parser = duration)]
            #[serde_as(as = "Option<DurationText>")]
            per_mib: Option<Duration>,
            /// How long a MiB of the body takes
            #[arg(long = $body, id = $body, value_name = "D", value_parser = duration)]
            #[serde_as(as = "Option<DurationText>")]
            body_per_mib: Option<Duration>,
        }
    };
}

service_time_args!(
    StoreTime,
    "store-latency",
    "store-latency-per-mib",
    "store-body-per-mib",
    "How long a store takes from the end of its body: 50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms, twopoint:20ms,1s@5%"
);
service_time_args!(
    FirstReadTime,
    "first-read-latency",
    "first-read-latency-per-mib",
    "first-read-body-per-mib",
    "How long a read takes that is not in the cache: 50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms, twopoint:20ms,1s@5%"
);
service_time_args!(
    CachedReadTime,
    "cached-read-latency",
    "cached-read-latency-per-mib",
    "cached-read-body-per-mib",
    "How long a read takes that is served from the cache"
);

/// A flag whose value cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{context}")]
pub struct ArgsError {
    context: String,
    source: Box<dyn Error + Send + Sync>,
}

impl ProfileArgs {
    /// What is wrong with faults that this server never has; those of a file are not looked at, as it may be for several
    /// servers.
    pub fn warnings(&self, role: Role) -> impl Iterator<Item = String> {
        self.fault.iter().filter_map(move |rule| {
            rule.never_matches(role).map(|why| format!("--fault: `{}` never happens: {why}", rule.kind))
        })
    }

    /// The profile that the flags ask for; faults and stalls are those of the file and of the flags.
    ///
    /// # Errors
    /// A file that cannot be used, faults that this server cannot have.
    pub fn profile(&self, role: Role) -> Result<Profile, ArgsError> {
        let base = match &self.weather_file {
            None => Profile::from(self.weather.unwrap_or_default()),
            Some(path) => {
                let at = |what: &str| {
                    let context = format!("--weather-file: {what}{}", path.display());
                    |source| ArgsError { context, source }
                };
                let text =
                    input::text(path, MAX_WEATHER).map_err(|error| at("cannot read ")(error.into()))?;
                Profile::parse(&text, role).map_err(|error| at("")(error.into()))?
            }
        };
        base.overlay(self)
            .and_then(|profile| profile.checked(role))
            .map_err(|error| ArgsError { context: "--fault".to_owned(), source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Faults, ServiceTime};
    use super::*;
    use clap::Parser;
    use std::fs;

    #[derive(Debug, Parser)]
    struct Args {
        #[command(flatten)]
        profile: ProfileArgs,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        read: ReadArgs,
    }

    fn args(flags: &[&str]) -> Args {
        Args::try_parse_from([&["mock"], flags].concat()).unwrap()
    }

    fn profile(flags: &[&str]) -> Profile {
        let args = args(flags);
        let profile = args.profile.profile(Role::Aggregator).unwrap();
        profile.overlay(&args.store).unwrap().overlay(&args.read).unwrap()
    }

    #[test]
    fn every_flag_changes_one_value_of_the_preset() {
        assert_eq!(profile(&[]), Profile::default());
        assert_eq!(profile(&["--weather", "lan"]), Preset::Lan.into());
        let ms = Duration::from_millis;
        let flags = [
            "--weather=mainnet",
            "--seed=9",
            "--fault=500=5%,from=1s",
            "--stall=for=1s",
            "--drip-for=3s",
            "--store-latency=1s",
            "--store-latency-per-mib=2s",
            "--store-body-per-mib=3s",
            "--first-read-latency=4s",
            "--first-read-latency-per-mib=5s",
            "--first-read-body-per-mib=6s",
            "--cached-read-latency=7s",
            "--cached-read-latency-per-mib=8s",
            "--cached-read-body-per-mib=9s",
            "--not-found-latency=10s",
            "--unavailable-latency=11s",
            "--visible-after=12s",
            "--not-yet-for=13s",
        ];
        let time = |n| ServiceTime {
            latency: Latency::Fixed(ms(n)),
            per_mib: ms(n + 1000),
            body_per_mib: ms(n + 2000),
        };
        let expected = Profile {
            seed: 9,
            faults: Faults::new(Role::Aggregator, vec!["500=5%,from=1s".parse().unwrap()]).unwrap(),
            stalls: vec!["for=1s".parse().unwrap()],
            drip_for: ms(3000),
            store: time(1000),
            first_read: time(4000),
            cached_read: time(7000),
            not_found: Latency::Fixed(ms(10_000)),
            unavailable: Latency::Fixed(ms(11_000)),
            visible_after: Latency::Fixed(ms(12_000)),
            not_yet_for: ms(13_000),
            ..Profile::default()
        };
        assert_eq!(profile(&flags), expected);
        let base = Profile::from(Preset::Mainnet);
        let one = profile(&["--weather=mainnet", "--cached-read-latency=1ms"]);
        let cached_read = ServiceTime { latency: Latency::Fixed(ms(1)), ..base.cached_read };
        assert_eq!(one, Profile { cached_read, ..base });
    }

    #[test]
    fn flags_change_the_values_of_a_file_and_add_to_its_faults() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("storm.toml");
        let file = path.to_str().unwrap();
        fs::write(&path, "seed = 3\ndrip_for = \"9s\"\n[[fault]]\nkind = \"reset\"\nratio = 0.5\n").unwrap();
        let both = profile(&["--weather-file", file, "--fault", "500=10%", "--seed", "4"]);
        let rules = ["500=0.1", "reset=0.5"].map(|rule| rule.parse().unwrap());
        assert_eq!((both.faults.rules(), both.seed, both.drip_for), (&rules[..], 4, Duration::from_secs(9)));
        assert!(Args::try_parse_from(["mock", "--weather-file", file, "--weather", "lan"]).is_err());
        let refused = |flags: &[&str]| {
            let error = args(flags).profile.profile(Role::Publisher).unwrap_err();
            format!("{error}: {}", error.source().unwrap())
        };
        let too_many = refused(&["--weather-file", file, "--fault", "hang=60%"]);
        assert!(too_many.starts_with("--fault: the ratios of the faults add up to 110.0%"), "{too_many}");
        fs::write(&path, "seed = 3\nrain = 1\n").unwrap();
        let unknown = refused(&["--weather-file", file]);
        assert!(
            unknown.starts_with(&format!("--weather-file: {file}: line 2: unknown field `rain`")),
            "{unknown}"
        );
        let absent = refused(&["--weather-file", &format!("{file}x")]);
        assert!(absent.starts_with(&format!("--weather-file: cannot read {file}x: ")), "{absent}");
    }
}
