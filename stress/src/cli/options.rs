//! The options of a run: what flags, environment variables, a phase and a plan file can set, each by the same name.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{
    choices::{BarrierChoice, DEFAULT_EXPORT, ShardChoice},
    cost_values::PriceSource,
    headings::*,
    jwt_values::{JwtKey, JwtSecret, TokenTtl},
    step_values::TypedStep,
    values::{
        Bearer, Bytes, Parsed, PerSecond, RateStage, RetriedClass, Share, StepOrder, WallTime, When,
        WorkerStage, WriteTo, parsed_one_of,
    },
};
use crate::plan::{
    Verify,
    cache_header::StatusHeader,
    delay::AgainAfter,
    load::Stop,
    percentile::UnsupportedPercentiles,
    price::Frost,
    retry::Backoff,
    run_key::RunKey,
    schedule::Arrivals,
    sizes::{ContentMix, Sizes},
    store::SuiAddress,
    target::{Header, Target},
    threshold::Threshold,
    tokens::{Algorithm, Claim},
    vantage::VantageName,
};

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
    /// Wait up to this time for every /status
    #[arg(long, value_name = "D", help_heading = TARGETS)]
    pub(super) wait: Option<Parsed<Duration>>,
    /// Do not request /status before the load starts
    #[arg(long, help_heading = TARGETS)]
    pub(super) no_check: bool,

    /// Number of blobs [default: 5, without --duration]
    #[arg(short = 'n', long, value_name = "N", help_heading = BLOBS)]
    pub(super) blobs: Option<Parsed<u64>>,
    /// Start no new blob after this time
    ///
    /// As in 500ms, 90s, 5m or 1h. With --blobs, whichever comes first ends the run.
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
    /// Size of every blob, or a range: 100KiB..1MiB
    #[arg(long, value_name = "SIZE", help_heading = BLOBS)]
    pub(super) size: Option<Parsed<Sizes>>,
    /// Content: binary, text, mixed [default: mixed]
    ///
    /// binary: random bytes; text: random UTF-8; mixed: half of the blobs each.
    #[arg(long, value_name = "KIND", value_parser = parsed_one_of::<ContentMix>(), help_heading = BLOBS)]
    pub(super) content: Option<Parsed<ContentMix>>,
    /// Share of blobs with repeated bytes [default: 0%]
    ///
    /// A repeat has the bytes of an earlier blob and measures how fast the publisher answers for a blob that exists already. All
    /// blobs are then stored as permanent. The first blobs, as many as are in progress at a time, are always new.
    #[arg(long, value_name = "SHARE", help_heading = BLOBS)]
    pub(super) duplicates: Option<Parsed<Share>>,
    /// Seed of the blobs [default: random]
    ///
    /// The seed of an earlier run makes its blobs again.
    #[arg(long, value_name = "U64", help_heading = BLOBS)]
    pub(super) seed: Option<Parsed<u64>>,
    /// Comparison: full, size, off [default: full]
    ///
    /// How much of a download is compared with the upload. full: every byte; size: the number of bytes; off: nothing.
    #[arg(long, value_name = "MODE", value_parser = parsed_one_of::<Verify>(), help_heading = BLOBS)]
    pub(super) verify: Option<Parsed<Verify>>,

    /// Steps [default: upload,first,cached]
    ///
    /// Consecutive ones of upload, first, cached, read3, read4 and so on. Without upload, the blobs are those of a list, whose
    /// default is first,cached. upload,after:100ms..60s reads each blob once, a random delay after its upload.
    #[arg(long, value_name = "STEPS", value_delimiter = ',', help_heading = STEPS)]
    pub(super) steps: Vec<Parsed<TypedStep>>,
    /// Read what after:DELAY did not find once more, at one of these times after that read: 5s,30s,60s
    #[arg(long, value_name = "TIMES", value_delimiter = ',', hide_short_help = true, help_heading = STEPS)]
    pub(super) again: Vec<Parsed<AgainAfter>>,
    /// Downloads of each blob [default: 2]
    ///
    /// 1 is the first download alone, 2 adds the cached one, 3 adds read3, and so on.
    #[arg(long, value_name = "N", help_heading = STEPS)]
    pub(super) reads: Option<Parsed<u8>>,
    /// Order: journey, phased [default: journey]
    ///
    /// journey: all steps of a blob, one after the other; phased: all uploads, then all first downloads, and so on.
    #[arg(long, value_name = "ORDER", value_parser = parsed_one_of::<StepOrder>(), help_heading = STEPS)]
    pub(super) order: Option<Parsed<StepOrder>>,
    /// Share of blobs with a control [default: 0%]
    ///
    /// A control is a second blob of the same size, uploaded too and read for the first time right after the first
    /// download of the other one. How much faster it is shows what a second download gains without any cache, which is
    /// then subtracted from the effect of the cache. Its requests come on top, as steps of their own.
    #[arg(long, value_name = "SHARE", help_heading = STEPS)]
    pub(super) order_control: Option<Parsed<Share>>,
    /// Of a phase in a plan file: read the blobs of this earlier phase
    #[arg(long, value_name = "PHASE", hide = true, help_heading = STEPS)]
    pub(super) blobs_of: Option<Parsed<String>>,
    /// Only download: the blobs of this list
    ///
    /// One blob ID a line; # starts a comment; - is stdin. The list is read once, or again and again with --steps cached.
    #[arg(long, value_name = "FILE", help_heading = STEPS)]
    pub(super) blob_ids: Option<Parsed<PathBuf>>,
    /// Only download: blobs of an earlier --export
    #[arg(long, value_name = "FILE", help_heading = STEPS)]
    pub(super) from_export: Option<Parsed<PathBuf>>,
    /// Only download: blobs of an earlier --log
    #[arg(long, value_name = "FILE", help_heading = STEPS)]
    pub(super) from_log: Option<Parsed<PathBuf>>,

    /// Blobs in progress at a time [default: 8]
    ///
    /// A closed loop: each blob goes through its steps, then the next one starts.
    #[arg(short, long, value_name = "N", help_heading = LOAD)]
    pub(super) concurrency: Option<Parsed<u32>>,
    /// The same in stages: 8:30s,8..64:1m
    ///
    /// 8:30s,8..64:1m is 8 for 30 s, then up to 64 within a minute.
    #[arg(long, value_name = "S", value_delimiter = ',', help_heading = LOAD)]
    pub(super) concurrency_stages: Vec<Parsed<WorkerStage>>,
    /// Start blobs at this rate: 10/s, 600/m
    ///
    /// An open loop: the rate does not depend on how long blobs take.
    #[arg(long, value_name = "R", help_heading = LOAD)]
    pub(super) rate: Option<Parsed<PerSecond>>,
    /// The rate in stages: 10/s:30s,10/s..50/s:1m
    #[arg(long, value_name = "S", value_delimiter = ',', help_heading = LOAD)]
    pub(super) stages: Vec<Parsed<RateStage>>,
    /// Gaps: uniform, poisson [default: uniform]
    ///
    /// Gaps between starts at a rate. uniform: equal; poisson: exponential, as of independent users.
    #[arg(long, value_name = "KIND", value_parser = parsed_one_of::<Arrivals>(), help_heading = LOAD)]
    pub(super) arrivals: Option<Parsed<Arrivals>>,
    /// Most in progress at a rate [default: 10000]
    ///
    /// Further starts are dropped and counted. The default is lower where the process may have fewer file descriptors.
    #[arg(long, value_name = "N", help_heading = LOAD)]
    pub(super) max_in_flight: Option<Parsed<u32>>,
    /// Load before the run: a time, or blobs
    ///
    /// The same load on top of the run, which no number contains.
    #[arg(long, value_name = "D|N", help_heading = LOAD)]
    pub(super) warm_up: Option<Parsed<Stop>>,
    /// Time for the last requests [default: 30s]
    ///
    /// What is still in progress when it expires is counted as unfinished.
    #[arg(long, value_name = "D", help_heading = LOAD)]
    pub(super) grace: Option<Parsed<Duration>>,

    /// Only part K (from 0) of N of the run
    ///
    /// N machines with the same flags and --run-id or --seed make the whole run; `walrus-stress merge` merges their reports.
    /// auto takes both from the environment of Slurm, MPI, or an indexed Kubernetes job with WALRUS_STRESS_SHARDS.
    #[arg(long, value_name = "K/N|auto", help_heading = MACHINES)]
    pub(super) shard: Option<Parsed<ShardChoice>>,
    /// Read all blobs from here, as vantage point K of N
    #[arg(long, value_name = "NAME", hide_short_help = true, help_heading = MACHINES)]
    pub(super) vantage: Option<Parsed<VantageName>>,
    /// Name of the run, the same for all parts
    ///
    /// Without --seed the seed follows from it. With --shard auto, Slurm's job ID is the default.
    #[arg(long, value_name = "ID", help_heading = MACHINES)]
    pub(super) run_id: Option<Parsed<RunKey>>,
    /// Wait for the other parts [default: auto]
    ///
    /// pmi: at the barrier of srun --mpi=pmi2 or of MPICH's mpiexec; auto: a part waits there, if there is one; none:
    /// begin at once.
    #[arg(long, value_name = "WHERE", value_parser = parsed_one_of::<BarrierChoice>(), help_heading = MACHINES)]
    pub(super) barrier: Option<Parsed<BarrierChoice>>,
    /// Longest wait for them [default: 60s]
    #[arg(long, value_name = "D", help_heading = MACHINES)]
    pub(super) barrier_timeout: Option<Parsed<Duration>>,
    /// Begin at this time: 2026-01-31T12:00:00Z
    ///
    /// By the clock of each machine. How far their clocks differ is known only if they pass a barrier, too.
    #[arg(long, value_name = "TIME", help_heading = MACHINES)]
    pub(super) start_at: Option<Parsed<WallTime>>,

    /// Epochs, 1 to 53 [default: the publisher's, 1]
    #[arg(long, value_name = "N", help_heading = STORAGE)]
    pub(super) epochs: Option<Parsed<u32>>,
    /// Store blobs that cannot be deleted
    #[arg(long, help_heading = STORAGE)]
    pub(super) permanent: bool,
    /// Store blobs that their owner can delete
    #[arg(long, help_heading = STORAGE)]
    pub(super) deletable: bool,
    /// Sui address (0x…) that will own the blobs
    #[arg(long, value_name = "ADDR", help_heading = STORAGE)]
    pub(super) send_object_to: Option<Parsed<SuiAddress>>,
    /// Store blobs again that are stored already
    #[arg(long, help_heading = STORAGE)]
    pub(super) force: bool,

    /// Use what the publisher's wallet has already
    #[arg(long, help_heading = STORAGE)]
    pub(super) reuse_resources: bool,
    /// Store blobs as shared objects
    #[arg(long, help_heading = STORAGE)]
    pub(super) share: bool,

    /// storage=FROST,write=FROST, or a report
    #[arg(long, value_name = "PRICE|FILE", help_heading = COSTS)]
    pub(super) price: Option<Parsed<PriceSource>>,
    /// Most that all uploads may cost, as in 2WAL
    #[arg(long, value_name = "AMOUNT", help_heading = COSTS)]
    pub(super) max_cost: Option<Parsed<Frost>>,
    /// Do not ask before a run above 1 WAL
    #[arg(long, help_heading = COSTS)]
    pub(super) yes: bool,

    /// Longest time for an upload [default: 5m]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pub(super) upload_timeout: Option<Parsed<Duration>>,
    /// Longest time for a download [default: 60s]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pub(super) download_timeout: Option<Parsed<Duration>>,
    /// Longest time to connect [default: 10s]
    ///
    /// Name resolution, TCP and TLS together.
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pub(super) connect_timeout: Option<Parsed<Duration>>,
    /// Header of every request; repeatable
    #[arg(long, value_name = "K:V", help_heading = REQUESTS)]
    pub(super) header: Vec<Parsed<Header>>,
    /// Header for publishers; repeatable
    #[arg(long, value_name = "K:V", help_heading = REQUESTS)]
    pub(super) publisher_header: Vec<Parsed<Header>>,
    /// Header for aggregators; repeatable
    #[arg(long, value_name = "K:V", help_heading = REQUESTS)]
    pub(super) aggregator_header: Vec<Parsed<Header>>,
    /// Further cache header to read; repeatable
    ///
    /// A response header in which a cache says hit or miss. Those of common caches, and all that have the word cache in
    /// their names, are read anyway.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = REQUESTS)]
    pub(super) cache_header: Vec<Parsed<StatusHeader>>,
    /// Bearer token for publishers, or its file
    #[arg(long, value_name = "TOKEN|@FILE", help_heading = REQUESTS)]
    pub(super) bearer: Option<Parsed<Bearer>>,
    /// Secret that signs a token for each upload
    ///
    /// As a publisher's --jwt-decode-secret: 0x and hexadecimal digits, or text; or @FILE that holds it.
    #[arg(long, value_name = "SECRET|@FILE", help_heading = TOKENS)]
    pub(super) jwt_secret: Option<Parsed<JwtSecret>>,
    /// Private key that signs the tokens (PKCS #8)
    #[arg(long, value_name = "@FILE", help_heading = TOKENS)]
    pub(super) jwt_key: Option<Parsed<JwtKey>>,
    /// Algorithm [default: what fits the key]
    #[arg(long, value_name = "ALG", value_parser = parsed_one_of::<Algorithm>(), help_heading = TOKENS)]
    pub(super) jwt_alg: Option<Parsed<Algorithm>>,
    /// Lifetime of a token [default: 60s]
    #[arg(long, value_name = "D", help_heading = TOKENS)]
    pub(super) jwt_ttl: Option<Parsed<TokenTtl>>,
    /// What tokens claim besides iat, exp and jti
    ///
    /// size or max-size (of the blob, of the largest), epochs or max-epochs (of --epochs), send-object-to.
    #[arg(long, value_name = "CLAIMS", value_delimiter = ',', help_heading = TOKENS)]
    pub(super) jwt_claims: Vec<Parsed<Claim>>,
    /// Tokens a publisher remembers [default: 10000]
    #[arg(long, value_name = "N", help_heading = TOKENS)]
    pub(super) jwt_cache_size: Option<Parsed<u64>>,
    /// Tokens minted elsewhere; - is stdin
    ///
    /// One a line for each attempt; # starts a comment. With --shard K/N, every N-th is used, from the K-th on.
    #[arg(long, value_name = "FILE", help_heading = TOKENS)]
    pub(super) tokens: Option<Parsed<PathBuf>>,
    /// Do not verify servers' certificates
    #[arg(long, help_heading = REQUESTS)]
    pub(super) insecure: bool,
    /// PEM file of further root certificates
    ///
    /// They are trusted besides those of the platform.
    #[arg(long, value_name = "FILE", help_heading = REQUESTS)]
    pub(super) cacert: Option<Parsed<PathBuf>>,
    /// User-Agent [default: walrus-stress/VERSION]
    #[arg(long, value_name = "S", help_heading = REQUESTS)]
    pub(super) user_agent: Option<Parsed<String>>,
    /// Send a blob only after `100 Continue`
    ///
    /// A refusal by a full publisher then costs no upload.
    #[arg(long, help_heading = REQUESTS)]
    pub(super) expect_continue: bool,

    /// Retry a failed request up to N times [default: 0]
    ///
    /// Only failures that may pass are retried: no connection, a broken one, a timeout, a full server, 5xx, a gateway's
    /// error page.
    #[arg(long, value_name = "N", help_heading = RETRIES)]
    pub(super) retries: Option<Parsed<u32>>,
    /// Further class to retry: not-found; repeatable
    ///
    /// Any class of failures but truncated, too-long and corrupt: wrong bytes are a finding, which a retry would hide.
    #[arg(long, value_name = "CLASS", value_delimiter = ',', help_heading = RETRIES)]
    pub(super) retry_on: Vec<Parsed<RetriedClass>>,
    /// Wait before a retry [default: 100ms..10s]
    ///
    /// 500ms is constant; 100ms..10s doubles, with jitter. A longer Retry-After is respected.
    #[arg(long, value_name = "D|D..D", help_heading = RETRIES)]
    pub(super) backoff: Option<Parsed<Backoff>>,

    /// What must hold: 'upload.p99<20s'; repeatable
    ///
    /// STEP.METRIC, an operator (<, <=, >, >=, ==) and a limit; PHASE: may stand before it, and * stands for every step.
    /// The metrics are listed below.
    #[arg(long, value_name = "EXPR", value_delimiter = ',', help_heading = PASS_OR_FAIL)]
    pub(super) threshold: Vec<Parsed<Threshold>>,
    /// Percentiles of too few samples: refuse, judge [default: refuse]
    ///
    /// refuse: a threshold on one does not hold, and a run that can never have enough samples is not started. judge: the
    /// sample's own percentile is judged, and marked so in every output.
    // Its name would push the short help beyond 80 columns.
    #[arg(long, value_name = "MODE", value_parser = parsed_one_of::<UnsupportedPercentiles>(),
          hide_short_help = true, help_heading = PASS_OR_FAIL)]
    pub(super) unsupported_percentiles: Option<Parsed<UnsupportedPercentiles>>,
    /// Exit with 3 when the numbers are invalid
    ///
    /// They are when the generator, or its machine, was the limit and not the server.
    #[arg(long, help_heading = PASS_OR_FAIL)]
    pub(super) strict: bool,

    /// JSON rows [default: stress_test_summary.json]
    ///
    /// A row for each blob. - is stdout.
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = DEFAULT_EXPORT, help_heading = OUTPUT)]
    pub(super) export: Option<Parsed<PathBuf>>,
    /// Whole report as one JSON document
    ///
    /// Plan, totals, distributions. - is stdout; the summary is then printed on stderr.
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) report: Option<Parsed<PathBuf>>,
    /// Report in another format; repeatable
    ///
    /// Formats: csv, timeline-csv, html, json, junit, markdown, prometheus, terminal. - as PATH is stdout.
    #[arg(long, value_name = "FORMAT=PATH", value_delimiter = ',', help_heading = OUTPUT)]
    pub(super) write: Vec<Parsed<WriteTo>>,
    /// Report as an HTML page
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) html: Option<Parsed<PathBuf>>,
    /// Each exchange as a line of JSON
    ///
    /// Written during the run. - is stdout.
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) log: Option<Parsed<PathBuf>>,
    /// Serve Prometheus /metrics during the run
    ///
    /// Port 0 takes a free port, which is printed.
    #[arg(long, value_name = "ADDR", help_heading = OUTPUT)]
    pub(super) metrics_listen: Option<Parsed<SocketAddr>>,
    /// Lines for requests [default: auto]
    ///
    /// A line for each upload and download: auto (in runs of up to 50 blobs), always or never.
    #[arg(long, value_name = "WHEN", value_parser = parsed_one_of::<When>(), help_heading = OUTPUT)]
    pub(super) events: Option<Parsed<When>>,
    /// Colours: auto, always, never [default: auto]
    ///
    /// auto: on terminals, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", value_parser = parsed_one_of::<When>(), help_heading = OUTPUT)]
    pub(super) color: Option<Parsed<When>>,
    /// Progress [default: auto]
    ///
    /// auto (bars on terminals, a line every 5 s elsewhere), always or never.
    #[arg(long, value_name = "WHEN", value_parser = parsed_one_of::<When>(), help_heading = OUTPUT)]
    pub(super) progress: Option<Parsed<When>>,
    /// Also print plan, preflight and file paths
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) verbose: bool,
    /// Print only summary, verdict and errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) quiet: bool,
}
