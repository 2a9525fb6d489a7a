//! Presets: plans with the phases of Walrus' own performance tests, as `crates/walrus-performance-tests` and `scripts/k6` of
//! MystenLabs/walrus have them at commit 3c1cacc11c92.

use std::{fmt, str::FromStr, time::Duration};

use strum::{Display, EnumString, VariantNames};

use crate::{
    error::Error,
    plan::names::none_of,
    units::{exact_duration, exact_size},
};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The name of the only preset, before the colon.
const NAME: &str = "walrus-performance";
/// Stages of a throughput test, each this share faster than the one before, by at least one a minute.
const STAGES: usize = 5;
const GROWTH: f64 = 1.05;
/// How long the rate takes to grow to that of the next stage.
const RAMP: Duration = Duration::from_secs(5);
/// An objective up to which a stage is held twice as long.
const SHORT: Duration = Duration::from_secs(30);
/// Downloads at a time of blobs of up to 10 MiB.
const DOWNLOADS_AT_A_TIME: u32 = 3;

/// Sizes of the latency tests, each with how often it is uploaded and downloaded.
const LATENCY: [(u64, u32, u32); 8] = [
    (KIB, 20, 20),
    (100 * KIB, 20, 20),
    (MIB, 20, 20),
    (10 * MIB, 20, 20),
    (100 * MIB, 10, 10),
    (500 * MIB, 1, 10),
    (GIB, 1, 10),
    (2 * GIB, 1, 10),
];

/// Objectives for p95 of uploads and of downloads in seconds, up to a size.
const OBJECTIVES: [(u64, u64, u64); 4] =
    [(KIB, 20, 2), (10 * MIB, 40, 3), (100 * MIB, 180, 35), (u64::MAX, 500, 110)];

/// The sizes of the throughput tests: of requests, and of data.
const THROUGHPUT: [u64; 2] = [KIB, 100 * MIB];

/// The performance tests for an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preset(Environment);

/// Where the tests run, which decides their rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Environment>)]
enum Environment {
    Localhost,
    /// `ci-testnet-performance` there.
    Testnet,
    /// `performance-main-baseline` there.
    Baseline,
    /// `performance-main-latency` there.
    Latency,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}:{}", self.0)
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((NAME, environment)) => environment.parse().map(Self),
            _ => Err(format!(
                "there is no preset `{text}`; presets are {NAME}: and one of {}",
                Environment::VARIANTS.join(", ")
            )),
        }
    }
}

impl Environment {
    /// The first rates of uploads and of downloads a minute, for each of [`THROUGHPUT`].
    const fn rates(self) -> [(f64, f64); 2] {
        match self {
            Environment::Localhost => [(10.0, 10.0), (10.0, 10.0)],
            Environment::Testnet => [(20.0, 250.0), (7.0, 70.0)],
            Environment::Baseline => [(83.0, 330.0), (40.0, 105.0)],
            Environment::Latency => [(28.0, 280.0), (4.0, 76.0)],
        }
    }
}

impl Preset {
    /// The plan file of the preset, without blobs larger than `most` bytes.
    ///
    /// # Errors
    /// When no blob is as small as that.
    pub(super) fn plan(self, most: u64) -> Result<String, Error> {
        let fits = |size: &u64| *size <= most;
        let latency: Vec<_> = LATENCY.into_iter().filter(|(size, ..)| fits(size)).collect();
        if latency.is_empty() {
            let reason =
                format!("leaves no blob of the preset, whose smallest has {}", exact_size(LATENCY[0].0));
            return Err(Error::Flag { flag: "--sizes-up-to".to_owned(), reason });
        }
        let throughput: Vec<_> =
            THROUGHPUT.into_iter().zip(self.0.rates()).filter(|(size, _)| fits(size)).collect();
        let mut text = String::from(HEAD);
        latency.iter().for_each(|(size, uploads, _)| text += &upload_latency(*size, *uploads));
        throughput.iter().for_each(|(size, (rate, _))| text += &upload_throughput(*size, *rate));
        latency
            .iter()
            .for_each(|(size, uploads, downloads)| text += &download_latency(*size, *uploads, *downloads));
        throughput.iter().for_each(|(size, (_, rate))| text += &download_throughput(*size, *rate));
        Ok(text)
    }
}

/// What all phases have in common. A sample of 10 has no p95 that could be relied on; the official suite judges it.
const HEAD: &str =
    "unsupported-percentiles = \"judge\"\nupload-timeout = \"15m\"\ndownload-timeout = \"10m\"\n";

fn upload_latency(size: u64, blobs: u32) -> String {
    let (seconds, _) = objective(size);
    let steps =
        format!("steps = [\"upload\"]\nsize = \"{}\"\nblobs = {blobs}\nconcurrency = 1\n", exact_size(size));
    phase(&format!("upload-{}", exact_size(size)), &steps, &[format!("upload.p95<{seconds}s")])
}

/// Each blob is read once; where fewer were stored than are to be read, each again and again.
fn download_latency(size: u64, blobs: u32, downloads: u32) -> String {
    let (_, seconds) = objective(size);
    let at_a_time = if size <= 10 * MIB { DOWNLOADS_AT_A_TIME } else { 1 };
    let reads = match downloads / blobs {
        0 | 1 => String::from("steps = [\"first\"]"),
        each => format!("reads = {each}"),
    };
    let of = format!("upload-{}", exact_size(size));
    let steps = format!("blobs-of = \"{of}\"\n{reads}\nconcurrency = {at_a_time}\n");
    phase(&format!("download-{}", exact_size(size)), &steps, &[format!("*.p95<{seconds}s")])
}

fn upload_throughput(size: u64, rate: f64) -> String {
    let (seconds, _) = objective(size);
    let steps = format!("steps = [\"upload\"]\nsize = \"{}\"\n{}", exact_size(size), stages(rate, seconds));
    let limits = [format!("upload.p95<{seconds}s"), "upload.failures<=5%".to_owned()];
    phase(&format!("upload-rate-{}", exact_size(size)), &steps, &limits)
}

fn download_throughput(size: u64, rate: f64) -> String {
    let (_, seconds) = objective(size);
    let of = format!("upload-rate-{}", exact_size(size));
    let steps = format!("blobs-of = \"{of}\"\nsteps = [\"cached\"]\n{}", stages(rate, seconds));
    let limits = [format!("cached.p95<{seconds}s"), "cached.failures<=5%".to_owned()];
    phase(&format!("download-rate-{}", exact_size(size)), &steps, &limits)
}

fn phase(name: &str, settings: &str, thresholds: &[String]) -> String {
    format!("\n[[phase]]\nname = \"{name}\"\n{settings}threshold = {thresholds:?}\n")
}

/// Objectives for p95 of uploads and of downloads of this size, in seconds: those of the next larger size.
fn objective(size: u64) -> (u64, u64) {
    let fitting = OBJECTIVES.iter().find(|(most, ..)| size <= *most);
    fitting.map_or((0, 0), |(_, upload, download)| (*upload, *download))
}

/// Stages from `rate` a minute on, with the time to grow to each.
fn stages(rate: f64, objective: u64) -> String {
    let objective = Duration::from_secs(objective);
    let hold = exact_duration(if objective <= SHORT { 2 * objective } else { objective });
    let (mut before, mut rate, mut stages) = (0.0, rate, Vec::new());
    for _ in 0..STAGES {
        stages.push(format!("{before}/m..{rate}/m:{}", exact_duration(RAMP)));
        stages.push(format!("{rate}/m:{hold}"));
        (before, rate) = (rate, (rate * GROWTH).round().max(rate + 1.0));
    }
    format!("stages = {stages:?}\n")
}
