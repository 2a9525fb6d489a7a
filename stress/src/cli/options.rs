//! The options of a run: what flags, environment variables, a phase and a plan file can set, each by the same name.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::values::{
    Bearer, Bytes, Parsed, PerSecond, RateStage, Share, StepOrder, When, WorkerStage, WriteTo, parsed_one_of,
};
use crate::plan::{
    Verify,
    journey::Step,
    load::Stop,
    retry::Backoff,
    schedule::Arrivals,
    shard::Shard,
    sizes::{ContentMix, Sizes},
    store::SuiAddress,
    target::{Header, Target},
    threshold::Threshold,
};

/// The flags of a run: a plan file, and options that win over it.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Plan file (TOML), or report (JSON) whose run is repeated; flags win
    #[arg(long, value_name = "FILE", env = "WALRUS_STRESS_PLAN", hide_env = true)]
    pub(super) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: RunOptions,
}

const TARGETS: &str = "Targets";
const BLOBS: &str = "Blobs";
const STEPS: &str = "Steps";
const LOAD: &str = "Load";
const STORAGE: &str = "Storage";
const REQUESTS: &str = "Requests";
const RETRIES: &str = "Retries";
const JUDGEMENT: &str = "Pass or fail";
const OUTPUT: &str = "Output";

/// The options of a run; what is not set is `None`, `false` or empty. Defaults belong to the plan that they become.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RunOptions {
    /// Base URL of a publisher; repeatable
    ///
    /// Seed and index of a blob decide which one stores it.
    #[arg(long, value_name = "URL", value_delimiter = ',', help_heading = TARGETS)]
    pub(super) publisher: Vec<Parsed<Target>>,
    /// Base URL of an aggregator; repeatable
    ///
    /// Seed and index of a blob decide which one it is read from.
    #[arg(long, value_name = "URL", value_delimiter = ',', help_heading = TARGETS)]
    pub(super) aggregator: Vec<Parsed<Target>>,
    /// Do not ask the targets for their /status before the load starts
    #[arg(long, help_heading = TARGETS)]
    pub(super) no_check: bool,

    /// Number of blobs [default: 5, unless --duration is given]
    #[arg(short = 'n', long, value_name = "N", help_heading = BLOBS)]
    pub(super) blobs: Option<Parsed<u64>>,
    /// Start no new blob after this time
    ///
    /// With --blobs, whichever comes first ends the run.
    #[arg(long, value_name = "D", help_heading = BLOBS)]
    pub(super) duration: Option<Parsed<Duration>>,
    /// Smallest blob [default: 90KiB]
    ///
    /// A number without a unit is in KiB. Units are powers of 1024: kB, KB and KiB are the same.
    #[arg(long, value_name = "SIZE", help_heading = BLOBS)]
    pub(super) min_size: Option<Parsed<Bytes>>,
    /// Largest blob [default: 100KiB]
    #[arg(long, value_name = "SIZE", help_heading = BLOBS)]
    pub(super) max_size: Option<Parsed<Bytes>>,
    /// Size of every blob, or a range, as in 100KiB..1MiB
    #[arg(long, value_name = "SIZE", help_heading = BLOBS)]
    pub(super) size: Option<Parsed<Sizes>>,
    /// Content of blobs; mixed is half binary, half text [default: mixed]
    #[arg(long, value_name = "KIND", value_parser = parsed_one_of::<ContentMix>(), help_heading = BLOBS)]
    pub(super) content: Option<Parsed<ContentMix>>,
    /// Share of blobs that repeat the bytes of earlier ones [default: 0%]
    ///
    /// A repeat measures how fast the publisher answers for a blob that exists already. All blobs are then stored as
    /// permanent. The first blobs, as many as are under way at a time, are always new.
    #[arg(long, value_name = "SHARE", help_heading = BLOBS)]
    pub(super) duplicates: Option<Parsed<Share>>,
    /// Make the blobs of an earlier run with this seed [default: random]
    #[arg(long, value_name = "U64", help_heading = BLOBS)]
    pub(super) seed: Option<Parsed<u64>>,
    /// How much of a download is compared with the upload [default: full]
    ///
    /// full: every byte; size: the number of bytes; off: nothing.
    #[arg(long, value_name = "MODE", value_parser = parsed_one_of::<Verify>(), help_heading = BLOBS)]
    pub(super) verify: Option<Parsed<Verify>>,

    /// Steps of each blob [default: upload,first,cached]
    ///
    /// Consecutive ones of upload, first, cached, read3, read4 and so on. Without upload, the blobs are those of a list, whose
    /// default is first,cached.
    #[arg(long, value_name = "STEPS", value_delimiter = ',', help_heading = STEPS)]
    pub(super) steps: Vec<Parsed<Step>>,
    /// Downloads of each blob [default: 2, the first and the cached one]
    #[arg(long, value_name = "N", help_heading = STEPS)]
    pub(super) reads: Option<Parsed<u8>>,
    /// Order of steps [default: journey]
    ///
    /// journey: all steps of a blob, one after the other; phased: all uploads, then all first downloads, and so on.
    #[arg(long, value_name = "ORDER", value_parser = parsed_one_of::<StepOrder>(), help_heading = STEPS)]
    pub(super) order: Option<Parsed<StepOrder>>,
    /// Share of blobs with a control for the effect of order [default: 0%]
    ///
    /// A control is a second blob of the same size, uploaded too and read for the first time right after the first
    /// download of the other one. How much faster it is shows what a second download gains without any cache, which is
    /// then subtracted from the effect of the cache. Its requests come on top, as steps of their own.
    #[arg(long, value_name = "SHARE", help_heading = STEPS)]
    pub(super) order_control: Option<Parsed<Share>>,
    /// Upload nothing and download the blobs of this list; - is stdin
    ///
    /// One blob ID a line; # starts a comment. The list is read once, or again and again with --steps cached.
    #[arg(long, value_name = "FILE", help_heading = STEPS)]
    pub(super) blob_ids: Option<Parsed<PathBuf>>,
    /// Download the blobs of an earlier run's --export instead
    #[arg(long, value_name = "FILE", help_heading = STEPS)]
    pub(super) from_export: Option<Parsed<PathBuf>>,
    /// Download the blobs that an earlier run's --log reports as stored
    #[arg(long, value_name = "FILE", help_heading = STEPS)]
    pub(super) from_log: Option<Parsed<PathBuf>>,

    /// Blobs under way at a time, each through its steps [default: 8]
    #[arg(short, long, value_name = "N", help_heading = LOAD)]
    pub(super) concurrency: Option<Parsed<u32>>,
    /// Blobs under way at a time, in stages, as in 8:30s,8..64:1m
    ///
    /// 8:30s,8..64:1m is 8 for 30 s, then up to 64 within a minute.
    #[arg(long, value_name = "STAGES", value_delimiter = ',', help_heading = LOAD)]
    pub(super) concurrency_stages: Vec<Parsed<WorkerStage>>,
    /// Start blobs at this rate: 10/s, 600/m, 36000/h
    ///
    /// The rate does not depend on how long blobs take (an open loop).
    #[arg(long, value_name = "RATE", help_heading = LOAD)]
    pub(super) rate: Option<Parsed<PerSecond>>,
    /// The rate in stages, as in 10/s:30s,10/s..50/s:1m
    #[arg(long, value_name = "STAGES", value_delimiter = ',', help_heading = LOAD)]
    pub(super) stages: Vec<Parsed<RateStage>>,
    /// Gaps between starts at a rate [default: uniform]
    ///
    /// uniform: equal gaps; poisson: exponential gaps, as of independent users.
    #[arg(long, value_name = "KIND", value_parser = parsed_one_of::<Arrivals>(), help_heading = LOAD)]
    pub(super) arrivals: Option<Parsed<Arrivals>>,
    /// Most blobs under way at a rate [default: 10000]
    ///
    /// Further starts are dropped and counted. The default is lower where the process may have fewer file descriptors.
    #[arg(long, value_name = "N", help_heading = LOAD)]
    pub(super) max_in_flight: Option<Parsed<u32>>,
    /// Warm up for this time or number of blobs
    ///
    /// No number contains the warm-up. The warm-up has the same load and comes on top of the run.
    #[arg(long, value_name = "D|N", help_heading = LOAD)]
    pub(super) warm_up: Option<Parsed<Stop>>,
    /// How long requests may still take at the end [default: 30s]
    ///
    /// What is still under way after this grace period is counted as unfinished.
    #[arg(long, value_name = "D", help_heading = LOAD)]
    pub(super) grace: Option<Parsed<Duration>>,
    /// Do part K (from 0) of N of the run
    ///
    /// N machines with the same flags and --seed make the whole run; `walrus-stress merge` merges their reports.
    #[arg(long, value_name = "K/N", help_heading = LOAD)]
    pub(super) shard: Option<Parsed<Shard>>,

    /// Epochs to store for, 1 to 53 [default: the publisher's own, 1]
    #[arg(long, value_name = "N", help_heading = STORAGE)]
    pub(super) epochs: Option<Parsed<u32>>,
    /// Store blobs that cannot be deleted
    #[arg(long, help_heading = STORAGE)]
    pub(super) permanent: bool,
    /// Store blobs that their owner can delete
    #[arg(long, help_heading = STORAGE)]
    pub(super) deletable: bool,
    /// Sui address that will own the blobs: 0x and 64 hexadecimal digits
    #[arg(long, value_name = "ADDR", help_heading = STORAGE)]
    pub(super) send_object_to: Option<Parsed<SuiAddress>>,
    /// Store blobs again that are stored already
    #[arg(long, help_heading = STORAGE)]
    pub(super) force: bool,

    /// Longest time for an upload [default: 5m]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pub(super) upload_timeout: Option<Parsed<Duration>>,
    /// Longest time for a download [default: 60s]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pub(super) download_timeout: Option<Parsed<Duration>>,
    /// Longest time to connect: name, TCP and TLS together [default: 10s]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pub(super) connect_timeout: Option<Parsed<Duration>>,
    /// Header of every request; repeatable
    #[arg(long, value_name = "K: V", help_heading = REQUESTS)]
    pub(super) header: Vec<Parsed<Header>>,
    /// Header of requests to publishers; repeatable
    #[arg(long, value_name = "K: V", help_heading = REQUESTS)]
    pub(super) publisher_header: Vec<Parsed<Header>>,
    /// Header of requests to aggregators; repeatable
    #[arg(long, value_name = "K: V", help_heading = REQUESTS)]
    pub(super) aggregator_header: Vec<Parsed<Header>>,
    /// Bearer token for publishers, or @FILE that holds it
    #[arg(long, value_name = "TOKEN|@FILE", help_heading = REQUESTS)]
    pub(super) bearer: Option<Parsed<Bearer>>,
    /// Do not verify servers' certificates
    #[arg(long, help_heading = REQUESTS)]
    pub(super) insecure: bool,
    /// PEM file of root certificates to trust besides the platform's
    #[arg(long, value_name = "FILE", help_heading = REQUESTS)]
    pub(super) cacert: Option<Parsed<PathBuf>>,
    /// User-Agent of every request [default: walrus-stress/VERSION]
    #[arg(long, value_name = "S", help_heading = REQUESTS)]
    pub(super) user_agent: Option<Parsed<String>>,
    /// Send a blob only after the publisher's `100 Continue`
    #[arg(long, help_heading = REQUESTS)]
    pub(super) expect_continue: bool,

    /// Retry a failed request up to N times [default: 0]
    ///
    /// Only failures that may pass are retried: no connection, a broken one, a timeout, a full server, 5xx, a gateway's
    /// error page.
    #[arg(long, value_name = "N", help_heading = RETRIES)]
    pub(super) retries: Option<Parsed<u32>>,
    /// Wait between retries, constant or doubling [default: 100ms..10s]
    ///
    /// 500ms is constant; 100ms..10s doubles, with jitter of up to half of it. A longer Retry-After of the server
    /// is respected.
    #[arg(long, value_name = "D|D..D", help_heading = RETRIES)]
    pub(super) backoff: Option<Parsed<Backoff>>,

    /// Threshold, as in 'upload.p99<20s' or '*.failures<1%'; repeatable
    ///
    /// STEP.METRIC, an operator (<, <=, >, >=, ==) and a limit; PHASE: may stand before it. Metrics: p50, p90, p95, p99,
    /// p99.9, p99.99, min, mean and max, of the response time or behind service., start_delay., ttfb., send., wait. or
    /// receive.; failures, attempt_failures (both also with .CLASS), dropped, unfinished, count, rate, throughput.
    #[arg(long, value_name = "THRESHOLD", value_delimiter = ',', help_heading = JUDGEMENT)]
    pub(super) threshold: Vec<Parsed<Threshold>>,
    /// Exit with 3 when the generator or its machine spoiled the numbers
    #[arg(long, help_heading = JUDGEMENT)]
    pub(super) strict: bool,

    /// Write a row for each blob as JSON [default: stress_test_summary.json]
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = DEFAULT_EXPORT, help_heading = OUTPUT)]
    pub(super) export: Option<Parsed<PathBuf>>,
    /// Write the report (plan, totals, distributions) as one JSON document
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) report: Option<Parsed<PathBuf>>,
    /// Write the report in another format; repeatable
    ///
    /// Formats: csv, timeline-csv, html, json, junit, markdown, prometheus, terminal.
    #[arg(long, value_name = "FORMAT=PATH", value_delimiter = ',', help_heading = OUTPUT)]
    pub(super) write: Vec<Parsed<WriteTo>>,
    /// Write the report as an HTML page; short for --write html=PATH
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) html: Option<Parsed<PathBuf>>,
    /// Write each exchange as a line of JSON
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) log: Option<Parsed<PathBuf>>,
    /// Serve Prometheus metrics at http://ADDR/metrics during the run
    ///
    /// Port 0 takes a free port, which is printed.
    #[arg(long, value_name = "ADDR", help_heading = OUTPUT)]
    pub(super) metrics_listen: Option<Parsed<SocketAddr>>,
    /// Print a line for each upload and download; auto: up to 50 blobs [default: auto]
    #[arg(long, value_name = "WHEN", value_parser = parsed_one_of::<When>(), help_heading = OUTPUT)]
    pub(super) events: Option<Parsed<When>>,
    /// Colours; auto: on terminals, unless NO_COLOR is set [default: auto]
    #[arg(long, value_name = "WHEN", value_parser = parsed_one_of::<When>(), help_heading = OUTPUT)]
    pub(super) color: Option<Parsed<When>>,
    /// Progress; auto: bars on terminals, a line every 5 s elsewhere [default: auto]
    #[arg(long, value_name = "WHEN", value_parser = parsed_one_of::<When>(), help_heading = OUTPUT)]
    pub(super) progress: Option<Parsed<When>>,
    /// Also print the plan, the preflight and the paths of files
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) verbose: bool,
    /// Print only the summary, the verdict and errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) quiet: bool,
}

/// Where --export writes when no path is given.
pub(super) const DEFAULT_EXPORT: &str = "stress_test_summary.json";
