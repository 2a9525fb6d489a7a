//! Weather by name: times as they are quoted for the real networks, in one table.

use super::{Faults, Latency, Profile, ServiceTime};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Weather by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preset {
    /// Nothing takes any time that the machine does not need.
    #[default]
    Instant,
    /// A server down the corridor.
    Lan,
    /// A public server of the test network.
    Testnet,
    /// A public server of the main network.
    Mainnet,
}

/// Every preset by its name.
const PRESETS: [(&str, Preset); 4] = [
    ("instant", Preset::Instant),
    ("lan", Preset::Lan),
    ("testnet", Preset::Testnet),
    ("mainnet", Preset::Mainnet),
];

/// Text that names no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no weather called `{0}`: there are instant, lan, testnet and mainnet")]
pub struct BadPreset(String);

impl FromStr for Preset {
    type Err = BadPreset;

    fn from_str(text: &str) -> Result<Self, BadPreset> {
        PRESETS.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| BadPreset(text.to_owned()))
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PRESETS.iter().find(|row| row.1 == *self).map_or("", |row| row.0))
    }
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn flat(low: u64, high: u64) -> Latency {
    Latency::Uniform { low: ms(low), high: ms(high) }
}

const fn tailed(p50: u64, p99: u64) -> Latency {
    Latency::LogNormal { p50: ms(p50), p99: ms(p99) }
}

/// The times of one preset.
struct Times {
    store: (Latency, u64),
    first_read: (Latency, u64),
    cached_read: (Latency, u64),
    not_found: Latency,
    unavailable: Latency,
}

const NONE: Latency = Latency::Fixed(Duration::ZERO);

impl Preset {
    /// Where the times come from (contract §6.5, which gives one set of numbers for both networks; all in milliseconds,
    /// the second number of a pair for every MiB):
    ///
    /// - `lan`: nobody's measurement, chosen to be seen and not to be waited for.
    /// - `testnet`: the rule of thumb, anything in its ranges being equally likely: a small store takes 5 to 20 s, a
    ///   first read 0.8 to 2 s, a cached one tens of milliseconds, a 404 less than about a second, a 503 the 17 s
    ///   and more of pauses between five retries. The paper's test network wrote 130 MB in about 125 s and read them in about 30 s: 0.9 s and 0.23 s for
    ///   every MiB beyond the small blob.
    /// - `mainnet`: the same ranges with the tail of a service in the wild: the median is their geometric mean, and 95
    ///   of 100 small blobs stay within the objectives of the network's own load tests, 20 s for a store and 2 s for a
    ///   read. Its MiBs are those of the same objectives at 500 MiB: 500 s for a store and 110 s for a read.
    fn times(self) -> Times {
        match self {
            Self::Instant => Times {
                store: (NONE, 0),
                first_read: (NONE, 0),
                cached_read: (NONE, 0),
                not_found: NONE,
                unavailable: NONE,
            },
            Self::Lan => Times {
                store: (tailed(20, 60), 10),
                first_read: (tailed(5, 20), 5),
                cached_read: (tailed(1, 3), 1),
                not_found: tailed(2, 8),
                unavailable: NONE,
            },
            Self::Testnet => Times {
                store: (flat(5_000, 20_000), 900),
                first_read: (flat(800, 2_000), 230),
                cached_read: (flat(20, 80), 0),
                not_found: flat(300, 1_000),
                unavailable: flat(17_000, 18_000),
            },
            Self::Mainnet => Times {
                store: (tailed(10_000, 26_700), 960),
                first_read: (tailed(1_265, 2_420), 216),
                cached_read: (tailed(40, 100), 0),
                not_found: tailed(550, 1_000),
                unavailable: flat(17_000, 18_000),
            },
        }
    }

    /// The weather of this name: its times, and nothing that goes wrong.
    #[must_use]
    pub fn profile(self) -> Profile {
        let times = self.times();
        let pace =
            |(latency, per_mib)| ServiceTime { latency, per_mib: ms(per_mib), body_per_mib: Duration::ZERO };
        Profile {
            seed: 0,
            store: pace(times.store),
            first_read: pace(times.first_read),
            cached_read: pace(times.cached_read),
            visible_after: NONE,
            not_found: times.not_found,
            unavailable: times.unavailable,
            faults: Faults::default(),
            stalls: Vec::new(),
            drip_for: ms(2_000),
            not_yet_for: ms(1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::size_delay;

    fn quantiles(profile: &Profile, of: &Latency) -> [f64; 3] {
        let mut all: Vec<_> = (0..20_000).map(|n| profile.latency(of, n).as_secs_f64()).collect();
        all.sort_by(f64::total_cmp);
        [all[200], all[10_000], all[19_000]]
    }

    #[test]
    fn every_preset_has_its_name() {
        for (name, preset) in PRESETS {
            assert_eq!((name.parse(), preset.to_string().as_str()), (Ok(preset), name));
        }
        let error = "moon".parse::<Preset>().unwrap_err().to_string();
        assert_eq!(error, "there is no weather called `moon`: there are instant, lan, testnet and mainnet");
    }

    #[test]
    fn the_real_networks_are_as_slow_as_they_are_said_to_be() {
        let mib = |pace: &ServiceTime, n: u64| size_delay(pace.per_mib, n << 20).as_secs_f64();
        let testnet = Preset::Testnet.profile();
        let [low, median, high] = quantiles(&testnet, &testnet.store.latency);
        assert!(low > 5.0 && (12.0..13.0).contains(&median) && high < 20.0, "{low} {median} {high}");
        assert!((120.0..130.0).contains(&(median + mib(&testnet.store, 124))), "the paper's write of 130 MB");
        let [low, median, high] = quantiles(&testnet, &testnet.first_read.latency);
        assert!(low > 0.8 && (1.3..1.5).contains(&median) && high < 2.0, "{low} {median} {high}");
        assert!(
            (28.0..32.0).contains(&(median + mib(&testnet.first_read, 124))),
            "the paper's read of 130 MB"
        );
        let mainnet = Preset::Mainnet.profile();
        let [_, median, high] = quantiles(&mainnet, &mainnet.store.latency);
        assert!((9.5..10.5).contains(&median) && (19.0..21.0).contains(&high), "{median} {high}");
        assert!((490.0..510.0).contains(&(high + mib(&mainnet.store, 500))));
        let [_, median, high] = quantiles(&mainnet, &mainnet.first_read.latency);
        assert!((1.2..1.3).contains(&median) && (1.9..2.1).contains(&high), "{median} {high}");
        assert!((108.0..112.0).contains(&(high + mib(&mainnet.first_read, 500))));
        for profile in [testnet, mainnet] {
            assert!(quantiles(&profile, &profile.unavailable)[0] >= 17.0);
            let cached = quantiles(&profile, &profile.cached_read.latency);
            assert!(cached[0] > 0.01 && cached[2] < 0.1, "tens of milliseconds: {cached:?}");
            assert!(quantiles(&profile, &profile.not_found)[2] < 1.0);
        }
    }

    #[test]
    fn the_readme_has_the_same_table() {
        let readme = include_str!("../../../README.md");
        let at_once = |text: String| if text == "`fixed:0s`" { "at once".to_owned() } else { text };
        let one = |latency: &Latency| at_once(format!("`{latency}`"));
        let pace = |pace: &ServiceTime| match pace.per_mib {
            Duration::ZERO => one(&pace.latency),
            per_mib => format!("{} + {}", one(&pace.latency), humantime::format_duration(per_mib)),
        };
        for (name, preset) in PRESETS {
            let profile = preset.profile();
            let paces = [profile.store, profile.first_read, profile.cached_read].map(|step| pace(&step));
            let row = format!(
                "| `{name}` | {} | {} | {} |\n",
                paces.join(" | "),
                one(&profile.not_found),
                one(&profile.unavailable)
            );
            assert!(readme.contains(&row), "{row}");
        }
    }

    #[test]
    fn instant_is_no_time_at_all() {
        let profile = Profile::default();
        for pace in [profile.store, profile.first_read, profile.cached_read] {
            assert_eq!(pace, ServiceTime::default());
        }
        assert_eq!((profile.not_found, profile.unavailable), (NONE, NONE));
        assert!(profile.faults.is_empty() && profile.stalls.is_empty());
    }
}
