//! What can be typed: the flags and their environment twins.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{
    Args as ClapArgs, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use strum::VariantNames;

use super::expect::ExpectArgs;
use super::forecast::ForecastArgs;
use super::metrics::parse_listen;
use super::offline::ReportArgs;
use super::output::{Output, parse_output};
use super::pace::PaceArgs;
use super::retry::RetryArgs;
use super::search::args::SearchArgs;
use super::typed::Typed;
use super::value::{Bearer, parse_header, parse_sizes};
use crate::{
    plan::{
        Verify,
        sizes::{ContentMix, Sizes},
        store::SuiAddress,
        target::{Header, Target},
    },
    units::{parse_duration, parse_share, parse_size, parse_whole},
};

/// Stress and benchmark tool for Walrus publishers and aggregators.
#[derive(Debug, Parser)]
#[command(name = "walrus-stress", version, about, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The words themselves, for what a plan file may say besides.
    #[arg(skip)]
    pub(super) typed: Typed,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload random blobs, download each twice, and report
    Run(Box<RunArgs>),
    /// Print what a run with these flags would do, and start nothing
    Plan(Box<ForecastArgs>),
    /// Find the highest rate or concurrency at which the objectives hold
    Search(Box<SearchArgs>),
    /// Tell a saved report again, in any format
    Report(ReportArgs),
    /// Hold the numbers of one run, or of several, against those of another
    Compare(super::compare::CompareArgs),
    /// Make the reports of a run's shards into one
    Merge(super::merge::MergeArgs),
}

impl Command {
    /// The flags of a run, of the commands that have them.
    pub(super) fn into_run(self) -> Option<RunArgs> {
        match self {
            Command::Run(run) => Some(*run),
            Command::Plan(plan) => Some(plan.run),
            Command::Search(search) => Some(search.run),
            Command::Report(_) | Command::Compare(_) | Command::Merge(_) => None,
        }
    }
}

/// The flags of `walrus-stress run`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_STATUS)]
pub struct RunArgs {
    /// Take what is not said here from this plan file (TOML), or repeat the run of this report (JSON)
    #[arg(long, value_name = "FILE", env = "WALRUS_STRESS_PLAN", hide_env = true)]
    pub(super) plan: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Where")]
    pub(super) place: PlaceArgs,
    #[command(flatten, next_help_heading = "What and how much")]
    pub(super) load: LoadArgs,
    #[command(flatten, next_help_heading = "What is done to each blob")]
    pub(super) journey: super::journey::JourneyArgs,
    #[command(flatten, next_help_heading = "How it goes on")]
    pub(super) pace: PaceArgs,
    #[command(flatten, next_help_heading = "How blobs are stored")]
    pub(super) store: StoreArgs,
    #[command(flatten, next_help_heading = "The exchange")]
    pub(super) exchange: ExchangeArgs,
    #[command(flatten, next_help_heading = "What is tried again")]
    pub(super) retry: RetryArgs,
    #[command(flatten, next_help_heading = "What is expected")]
    pub(super) expect: ExpectArgs,
    #[command(flatten, next_help_heading = "What is told")]
    pub(super) output: OutputArgs,
}

const EXIT_STATUS: &str = "\
Every flag has an environment twin: --min-size is WALRUS_STRESS_MIN_SIZE; lists are comma-separated, switches are
true or false.

Exit status: 0 all well; 1 an upload or a download failed, a threshold broke, or a file could not be
written; 2 wrong usage, or the load never started; 3 invalid numbers, with --strict; 130 and 143 stopped by SIGINT and SIGTERM.";

#[derive(Debug, ClapArgs)]
pub(super) struct PlaceArgs {
    /// Base URL of a publisher; repeatable, each blob's is decided by seed and index
    #[arg(long, value_name = "URL", env = "WALRUS_STRESS_PUBLISHER", hide_env = true, value_delimiter = ',')]
    pub(super) publisher: Vec<Target>,
    /// Base URL of an aggregator; repeatable, each blob's is decided by seed and index
    #[arg(
        long,
        value_name = "URL",
        env = "WALRUS_STRESS_AGGREGATOR",
        hide_env = true,
        value_delimiter = ','
    )]
    pub(super) aggregator: Vec<Target>,
    /// Skip asking every target for its /status before the load starts
    #[arg(long, env = "WALRUS_STRESS_NO_CHECK", hide_env = true)]
    pub(super) no_check: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct LoadArgs {
    /// Number of blobs [default: 5, unless --duration is given]
    #[arg(short = 'n', long, value_name = "N", env = "WALRUS_STRESS_BLOBS", value_parser = parse_whole::<u64>, allow_hyphen_values = true, hide_env = true)]
    pub(super) blobs: Option<u64>,
    /// Start no new blob after this time; with --blobs, whichever comes first
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_DURATION", allow_hyphen_values = true, hide_env = true, value_parser = parse_duration)]
    pub(super) duration: Option<Duration>,
    /// Smallest blob; a bare number is KiB, and so are kB, KB and KiB; B, MiB and GiB likewise [default: 90KiB]
    #[arg(long, value_name = "SIZE", env = "WALRUS_STRESS_MIN_SIZE", allow_hyphen_values = true, hide_env = true, value_parser = parse_size)]
    pub(super) min_size: Option<u64>,
    /// Largest blob [default: 100KiB]
    #[arg(long, value_name = "SIZE", env = "WALRUS_STRESS_MAX_SIZE", allow_hyphen_values = true, hide_env = true, value_parser = parse_size)]
    pub(super) max_size: Option<u64>,
    /// Size of every blob, or the range of all sizes, as in 100KiB..1MiB
    #[arg(long, value_name = "SIZE", env = "WALRUS_STRESS_SIZE", allow_hyphen_values = true, hide_env = true, value_parser = parse_sizes,
          conflicts_with_all = ["min_size", "max_size"])]
    pub(super) size: Option<Sizes>,
    /// What blobs are made of; mixed is half random binary, half random UTF-8 text
    #[arg(long, value_name = "KIND", env = "WALRUS_STRESS_CONTENT", hide_env = true,
          value_parser = one_of::<ContentMix>(), default_value = "mixed")]
    pub(super) content: ContentMix,
    /// ThreadIndex of blobs that repeat bytes stored earlier in this run, to measure the existing-blob path; stores
    /// every blob as permanent. The first ones, as many as are under way at a time, are always new
    #[arg(long, value_name = "RATIO", env = "WALRUS_STRESS_DUPLICATES", allow_hyphen_values = true, hide_env = true,
          value_parser = parse_share, default_value = "0%")]
    pub(super) duplicates: f64,
    /// Repeat an earlier run's blobs exactly [default: random, printed]
    #[arg(long, value_name = "U64", env = "WALRUS_STRESS_SEED", value_parser = parse_whole::<u64>, allow_hyphen_values = true, hide_env = true)]
    pub(super) seed: Option<u64>,
    /// How much of a download is compared with what was uploaded
    #[arg(long, value_name = "MODE", env = "WALRUS_STRESS_VERIFY", hide_env = true,
          value_parser = one_of::<Verify>(), default_value = "full")]
    pub(super) verify: Verify,
}

#[derive(Debug, ClapArgs)]
pub(super) struct StoreArgs {
    /// Store for this many epochs, 1 to 53 [default: the publisher's own, 1]
    #[arg(long, value_name = "N", env = "WALRUS_STRESS_EPOCHS", value_parser = parse_whole::<u32>, allow_hyphen_values = true, hide_env = true)]
    pub(super) epochs: Option<u32>,
    /// Store blobs that cannot be deleted
    #[arg(long, env = "WALRUS_STRESS_PERMANENT", hide_env = true)]
    pub(super) permanent: bool,
    /// Store blobs that their owner can delete
    #[arg(long, env = "WALRUS_STRESS_DELETABLE", hide_env = true, conflicts_with = "permanent")]
    pub(super) deletable: bool,
    /// Sui address (0x and 64 hexadecimal digits) that shall own the blobs
    #[arg(long, value_name = "ADDR", env = "WALRUS_STRESS_SEND_OBJECT_TO", hide_env = true)]
    pub(super) send_object_to: Option<SuiAddress>,
    /// Store anew what is already stored
    #[arg(long, env = "WALRUS_STRESS_FORCE", hide_env = true)]
    pub(super) force: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ExchangeArgs {
    /// Longest time for an upload
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_UPLOAD_TIMEOUT", allow_hyphen_values = true, hide_env = true,
          value_parser = parse_duration, default_value = "5m")]
    pub(super) upload_timeout: Duration,
    /// Longest time for a download
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_DOWNLOAD_TIMEOUT", allow_hyphen_values = true, hide_env = true,
          value_parser = parse_duration, default_value = "60s")]
    pub(super) download_timeout: Duration,
    /// Longest time to open a connection (name, TCP and TLS together)
    #[arg(long, value_name = "D", env = "WALRUS_STRESS_CONNECT_TIMEOUT", allow_hyphen_values = true, hide_env = true,
          value_parser = parse_duration, default_value = "10s")]
    pub(super) connect_timeout: Duration,
    /// Header of every request; repeatable
    #[arg(long, value_name = "K: V", value_parser = parse_header)]
    pub(super) header: Vec<Header>,
    /// Header of requests to publishers; repeatable
    #[arg(long, value_name = "K: V", value_parser = parse_header)]
    pub(super) publisher_header: Vec<Header>,
    /// Header of requests to aggregators; repeatable
    #[arg(long, value_name = "K: V", value_parser = parse_header)]
    pub(super) aggregator_header: Vec<Header>,
    /// Bearer token for publishers, or @FILE that holds it
    #[arg(
        long,
        value_name = "TOKEN|@FILE",
        env = "WALRUS_STRESS_BEARER",
        hide_env = true,
        hide_env_values = true
    )]
    pub(super) bearer: Option<Bearer>,
    /// Do not check servers' certificates
    #[arg(long, env = "WALRUS_STRESS_INSECURE", hide_env = true)]
    pub(super) insecure: bool,
    /// PEM file of root certificates to trust besides the platform's
    #[arg(long, value_name = "FILE", env = "WALRUS_STRESS_CACERT", hide_env = true)]
    pub(super) cacert: Option<PathBuf>,
    /// User-Agent of every request
    #[arg(long, value_name = "S", env = "WALRUS_STRESS_USER_AGENT", hide_env = true,
          default_value = concat!("walrus-stress/", env!("CARGO_PKG_VERSION")))]
    pub(super) user_agent: String,
    /// Send a blob only when the publisher has said `100 Continue`
    #[arg(long, env = "WALRUS_STRESS_EXPECT_CONTINUE", hide_env = true)]
    pub(super) expect_continue: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct OutputArgs {
    /// Write a row for each blob as JSON, as the run goes on [default path: stress_test_summary.json]
    #[arg(long, value_name = "PATH", env = "WALRUS_STRESS_EXPORT", hide_env = true, num_args = 0..=1,
          default_missing_value = "stress_test_summary.json")]
    pub(super) export: Option<PathBuf>,
    /// Write the whole run (plan, totals, distributions) as one JSON document
    #[arg(long, value_name = "PATH", env = "WALRUS_STRESS_REPORT", hide_env = true)]
    pub(super) report: Option<PathBuf>,
    /// Write the end of the run in this format to this file: csv, timeline-csv, html, json, junit, markdown,
    /// prometheus or terminal; repeatable
    #[arg(long, value_name = "FORMAT=PATH", env = "WALRUS_STRESS_WRITE", hide_env = true, value_delimiter = ',',
          value_parser = parse_output)]
    pub(super) write: Vec<Output>,
    /// Write the run as a page for a browser, in one file; the same as --write html=PATH
    #[arg(long, value_name = "PATH", env = "WALRUS_STRESS_HTML", hide_env = true)]
    pub(super) html: Option<PathBuf>,
    /// Write every single exchange as a line of JSON, as the run goes on
    #[arg(long, value_name = "PATH", env = "WALRUS_STRESS_LOG", hide_env = true)]
    pub(super) log: Option<PathBuf>,
    /// Serve /metrics for Prometheus at this address while the run goes on; port 0 takes a free one and tells it
    #[arg(long, value_name = "ADDR", env = "WALRUS_STRESS_METRICS_LISTEN", hide_env = true, value_parser = parse_listen)]
    pub(super) metrics_listen: Option<SocketAddr>,
    /// A line for each upload and download; auto: in runs of up to 50 blobs
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_EVENTS", hide_env = true, value_enum,
          default_value_t = When::Auto)]
    pub(super) events: When,
    /// Colours; auto: on terminals, unless NO_COLOR says otherwise
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_COLOR", hide_env = true, value_enum,
          default_value_t = When::Auto)]
    pub(super) color: When,
    /// Progress bars; auto: bars on a terminal, a plain line every few seconds elsewhere
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_PROGRESS", hide_env = true, value_enum,
          default_value_t = When::Auto)]
    pub(super) progress: When,
    /// Also tell the plan, what the preflight found, and which files are written
    #[arg(short, long, env = "WALRUS_STRESS_VERBOSE", hide_env = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
    /// Only the summary, the verdict and errors
    #[arg(short, long, env = "WALRUS_STRESS_QUIET", hide_env = true)]
    pub(super) quiet: bool,
}

/// When to show something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// Where people expect it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// Whether to show it, given what people expect here.
    pub(super) fn or(self, expected: bool) -> bool {
        match self {
            When::Auto => expected,
            When::Always => true,
            When::Never => false,
        }
    }
}

/// The parser of an enum by the names of its variants.
pub(super) fn one_of<E>() -> impl TypedValueParser<Value = E>
where
    E: VariantNames + FromStr<Err: std::fmt::Debug> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(E::VARIANTS).map(|name| name.parse().expect("clap lets no other name through"))
}
