//! The weather on the command line: a preset, or a file, and flags that change one thing each.

use super::{
    BadDocument, BadFaults, BadSpan, Faults, Latency, Preset, Profile, Rule, ServiceTime, Span, Stall,
};
use crate::fault::Role;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The flags that every mock has.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ProfileArgs {
    /// How long things take, by name: instant, lan, testnet or mainnet; other flags change one thing each [default: instant]
    #[arg(long, value_name = "NAME")]
    pub weather: Option<Preset>,
    /// A TOML file about the weather instead; other flags change one thing each
    #[arg(long, value_name = "FILE", conflicts_with = "weather")]
    pub weather_file: Option<PathBuf>,
    /// Makes faults and latencies repeatable: they depend on it and on the number of the request [default: 0]
    #[arg(long, value_name = "U64")]
    pub seed: Option<u64>,
    /// A fault and its share of the requests, perhaps of some: reset=1% or 500=5%,route=store,size=1MiB..,from=10s,for=5s; repeatable (the kinds are listed below)
    #[arg(long, value_name = "KIND=RATIO")]
    pub fault: Vec<Rule>,
    /// A time in which nothing is answered: from=10s,for=5s; repeatable
    #[arg(long, value_name = "from=D,for=D")]
    pub stall: Vec<Stall>,
    /// How long a dripping body takes [default: 2s]
    #[arg(long, value_name = "D", value_parser = time)]
    pub drip_for: Option<Duration>,
}

/// The flags of a server that stores.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct StoreTimeArgs {
    /// How long a store takes once its body is there: 50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms, twopoint:20ms,1s@5%
    #[arg(long, value_name = "LATENCY")]
    pub store_latency: Option<Latency>,
    /// How much longer it takes for every MiB of the blob
    #[arg(long, value_name = "D", value_parser = time)]
    pub store_latency_per_mib: Option<Duration>,
    /// How long it takes to take in a MiB of the body
    #[arg(long, value_name = "D", value_parser = time)]
    pub store_body_per_mib: Option<Duration>,
}

/// The flags of a server that reads.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReadTimeArgs {
    /// How long a read takes that finds nothing in the cache: 50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms, twopoint:20ms,1s@5%
    #[arg(long, value_name = "LATENCY")]
    pub first_read_latency: Option<Latency>,
    /// How much longer it takes for every MiB that is read
    #[arg(long, value_name = "D", value_parser = time)]
    pub first_read_latency_per_mib: Option<Duration>,
    /// How long it takes after its first byte to send a MiB of the body
    #[arg(long, value_name = "D", value_parser = time)]
    pub first_read_body_per_mib: Option<Duration>,
    /// How long a read takes that is served from the cache
    #[arg(long, value_name = "LATENCY")]
    pub cached_read_latency: Option<Latency>,
    /// How much longer it takes for every MiB that is read
    #[arg(long, value_name = "D", value_parser = time)]
    pub cached_read_latency_per_mib: Option<Duration>,
    /// How long it takes after its first byte to send a MiB of the body
    #[arg(long, value_name = "D", value_parser = time)]
    pub cached_read_body_per_mib: Option<Duration>,
    /// How long it takes to find out that there is no such blob
    #[arg(long, value_name = "LATENCY")]
    pub not_found_latency: Option<Latency>,
    /// How long the fault 503 takes to be told
    #[arg(long, value_name = "LATENCY")]
    pub unavailable_latency: Option<Latency>,
    /// How long after its store a blob can be read; a distribution gives every blob its own time
    #[arg(long, value_name = "LATENCY")]
    pub visible_after: Option<Latency>,
    /// How long after its store a blob that meets the fault not-yet is not readable [default: 1s]
    #[arg(long, value_name = "D", value_parser = time)]
    pub not_yet_for: Option<Duration>,
}

/// Weather that was asked for and cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BadWeather {
    /// Faults that each make sense but that this server cannot have together, or at all.
    #[error("--fault: {0}")]
    Faults(BadFaults),
    /// A file that cannot be read.
    #[error("--weather-file: cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that says something else.
    #[error("--weather-file: {}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        source: BadDocument,
    },
}

fn time(text: &str) -> Result<Duration, BadSpan> {
    text.parse::<Span>().map(|span| span.0)
}

impl ProfileArgs {
    /// The weather that the flags ask for.
    ///
    /// # Errors
    /// A file that cannot be used, faults that this server cannot have.
    pub fn profile(&self, role: Role) -> Result<Profile, BadWeather> {
        let base = match &self.weather_file {
            Some(path) => read(path, role)?,
            None => self.weather.unwrap_or_default().profile(),
        };
        let rules = [base.faults.rules(), &self.fault].concat();
        Ok(Profile {
            seed: self.seed.unwrap_or(base.seed),
            faults: Faults::new(role, rules).map_err(BadWeather::Faults)?,
            stalls: [&base.stalls[..], &self.stall].concat(),
            drip_for: self.drip_for.unwrap_or(base.drip_for),
            ..base
        })
    }
}

fn read(path: &Path, role: Role) -> Result<Profile, BadWeather> {
    let unreadable = |source| BadWeather::Unreadable { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Profile::parse(&text, role).map_err(|source| BadWeather::Document { path: path.to_owned(), source })
}

/// A pace with what was said about it.
fn over(
    base: ServiceTime,
    latency: Option<Latency>,
    per_mib: Option<Duration>,
    body: Option<Duration>,
) -> ServiceTime {
    ServiceTime {
        latency: latency.unwrap_or(base.latency),
        per_mib: per_mib.unwrap_or(base.per_mib),
        body_per_mib: body.unwrap_or(base.body_per_mib),
    }
}

impl StoreTimeArgs {
    /// The weather with what was said about stores.
    #[must_use]
    pub fn over(&self, base: Profile) -> Profile {
        let store = over(base.store, self.store_latency, self.store_latency_per_mib, self.store_body_per_mib);
        Profile { store, ..base }
    }
}

impl ReadTimeArgs {
    /// The weather with what was said about reads.
    #[must_use]
    pub fn over(&self, base: Profile) -> Profile {
        Profile {
            first_read: over(
                base.first_read,
                self.first_read_latency,
                self.first_read_latency_per_mib,
                self.first_read_body_per_mib,
            ),
            cached_read: over(
                base.cached_read,
                self.cached_read_latency,
                self.cached_read_latency_per_mib,
                self.cached_read_body_per_mib,
            ),
            not_found: self.not_found_latency.unwrap_or(base.not_found),
            unavailable: self.unavailable_latency.unwrap_or(base.unavailable),
            visible_after: self.visible_after.unwrap_or(base.visible_after),
            not_yet_for: self.not_yet_for.unwrap_or(base.not_yet_for),
            ..base
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Args {
        #[command(flatten)]
        profile: ProfileArgs,
        #[command(flatten)]
        store: StoreTimeArgs,
        #[command(flatten)]
        read: ReadTimeArgs,
    }

    fn profile(flags: &[&str]) -> Profile {
        let args = Args::try_parse_from([&["mock"], flags].concat()).unwrap();
        args.read.over(args.store.over(args.profile.profile(Role::Aggregator).unwrap()))
    }

    #[test]
    fn flags_change_the_preset_one_thing_each() {
        assert_eq!(profile(&[]), Profile::default());
        assert_eq!(profile(&["--weather", "lan"]), Preset::Lan.profile());
        let base = Preset::Mainnet.profile();
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
        let pace = |n| ServiceTime {
            latency: Latency::Fixed(ms(n)),
            per_mib: ms(n + 1000),
            body_per_mib: ms(n + 2000),
        };
        let expected = Profile {
            seed: 9,
            faults: Faults::new(Role::Aggregator, vec!["500=5%,from=1s".parse().unwrap()]).unwrap(),
            stalls: vec!["for=1s".parse().unwrap()],
            drip_for: ms(3000),
            store: pace(1000),
            first_read: pace(4000),
            cached_read: pace(7000),
            not_found: Latency::Fixed(ms(10_000)),
            unavailable: Latency::Fixed(ms(11_000)),
            visible_after: Latency::Fixed(ms(12_000)),
            not_yet_for: ms(13_000),
        };
        assert_eq!(profile(&flags), expected);
        let one = profile(&["--weather=mainnet", "--cached-read-latency=1ms"]);
        let cached_read = ServiceTime { latency: Latency::Fixed(ms(1)), ..base.cached_read };
        assert_eq!(one, Profile { cached_read, ..base });
    }

    #[test]
    fn a_file_comes_before_the_flags_and_its_faults_beside_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("storm.toml");
        let file = path.to_str().unwrap();
        fs::write(&path, "seed = 3\ndrip_for = \"9s\"\n[[fault]]\nkind = \"reset\"\nratio = 0.5\n").unwrap();
        let both = profile(&["--weather-file", file, "--fault", "500=10%", "--seed", "4"]);
        let shown: Vec<_> = both.faults.rules().iter().map(ToString::to_string).collect();
        assert_eq!(
            (shown.join(" "), both.seed, both.drip_for),
            ("500=0.1 reset=0.5".into(), 4, Duration::from_secs(9))
        );
        assert!(Args::try_parse_from(["mock", "--weather-file", file, "--weather", "lan"]).is_err());
        let refused = |flags: &[&str]| {
            let args = Args::try_parse_from([&["mock"], flags].concat()).unwrap();
            let bad = args.profile.profile(Role::Publisher).unwrap_err();
            format!("{bad}: {}", std::error::Error::source(&bad).map(ToString::to_string).unwrap_or_default())
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
