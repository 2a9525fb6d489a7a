//! The command line of the mock aggregator.

use axum::BoxError;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, Parser};
use mock_aggregator::cache::{CacheConfig, Persona};
use mock_aggregator::{Aggregator, AllowList, BadBlocklist, Blocklist, Config, Daemon, serve, serve_daemon};
use mock_publisher::admission::Limits;
use mock_publisher::args::{CommonArgs, PublisherArgs};
use mock_publisher::blob_id::BlobId;
use mock_publisher::cli;
use mock_publisher::fault::{self, Role};
use mock_publisher::idle::Timeouts;
use mock_publisher::profile::Profile;
use mock_publisher::profile::args::ReadArgs;
use mock_publisher::server::Endpoint;
use mock_publisher::units::{Size, duration};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

/// A mock Walrus aggregator: reads what a mock publisher stored, answers as a real one does, with a cache in front
#[derive(Debug, Parser)]
#[command(name = "mock-aggregator", version, after_help = fault::help(Role::Aggregator))]
struct Args {
    #[command(flatten)]
    flags: CommonArgs,
    /// Serves publisher and aggregator on one address, as the real daemon: with the routes, limits and flags of both, and
    /// no streams
    #[arg(long)]
    daemon: bool,
    /// Reads in progress at once, on each route
    #[arg(long, value_name = "N", default_value_t = Limits::AGGREGATOR.concurrent as u64, value_parser = clap::value_parser!(u64).range(1..))]
    aggregator_max_concurrent_requests: u64,
    /// Reads waiting, on each route; one more is held in between, and the next gets 429
    #[arg(long, value_name = "N", default_value_t = Limits::AGGREGATOR.buffer as u64)]
    aggregator_max_buffer_size: u64,
    /// The largest blob that is read, in bytes; larger ones get 403
    #[arg(long, value_name = "BYTES")]
    max_blob_size: Option<u64>,
    /// A blob that must not be read: it gets 451; repeatable
    #[arg(long, value_name = "BLOB_ID")]
    block: Vec<BlobId>,
    /// A file with one such blob ID per line; # starts a comment
    #[arg(long, value_name = "FILE")]
    blocklist: Option<PathBuf>,
    /// Attributes of objects, and tags of files in quilts, that become headers
    #[arg(long, value_name = "NAME", num_args = 1.., default_values_t = AllowList::default().names().map(str::to_owned))]
    allowed_headers: Vec<String>,
    /// All tags of files in quilts become headers, not only those that are allowed
    #[arg(long)]
    allow_quilt_patch_tags_in_response: bool,
    #[command(flatten)]
    profile: ReadArgs,
    /// How much the cache holds before it evicts the least recently used blobs; a blob larger than this is never cached; 0
    /// for no cache
    #[arg(long, value_name = "SIZE", default_value_t = Size(1 << 30))]
    cache_size: Size,
    /// The cache to imitate: none, nginx, cloudflare, fastly, or false-hit, which reports hits that are as slow as misses
    #[arg(long, value_name = "PERSONA", default_value_t = Persona::None)]
    front: Persona,
    /// How long the cache keeps a blob, instead of as long as the imitated one
    #[arg(long, value_name = "D", value_parser = duration)]
    front_ttl: Option<Duration>,
    /// How long the cache keeps a 404, instead of as long as the imitated one
    #[arg(long, value_name = "D", value_parser = duration)]
    front_negative_ttl: Option<Duration>,
    /// How long after a read the cache can serve its entry
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration)]
    front_fill_delay: Duration,
    /// Whether a request with Cache-Control bypasses the cache, instead of as the imitated one does it
    #[arg(long, value_name = "BOOL")]
    front_bypass: Option<bool>,
    /// Whether every Origin has cache entries of its own, instead of as the imitated one does it
    #[arg(long, value_name = "BOOL")]
    front_per_origin: Option<bool>,
    #[command(flatten, next_help_heading = "With --daemon")]
    publisher: PublisherArgs,
}

fn blocked(args: &Args) -> Result<Blocklist, BadBlocklist> {
    let file = args.blocklist.as_deref().map_or_else(|| Ok(Blocklist::default()), Blocklist::read)?;
    Ok(file.and(Blocklist::new(args.block.iter().copied())))
}

fn cache(args: &Args) -> CacheConfig {
    let defaults = CacheConfig::of(args.front);
    CacheConfig {
        ttl: args.front_ttl.or(defaults.ttl),
        negative_ttl: args.front_negative_ttl.or(defaults.negative_ttl),
        fill_delay: args.front_fill_delay,
        bypass: args.front_bypass.unwrap_or(defaults.bypass),
        per_origin: args.front_per_origin.unwrap_or(defaults.per_origin),
        ..defaults
    }
}

fn config(args: &Args, profile: Profile) -> Result<Config, BoxError> {
    Ok(Config {
        limits: Limits {
            concurrent: usize::try_from(args.aggregator_max_concurrent_requests)?,
            buffer: usize::try_from(args.aggregator_max_buffer_size)?,
        },
        max_blob_size: args.max_blob_size,
        blocked: blocked(args)?,
        allowed_attributes: AllowList::new(&args.allowed_headers),
        all_tags: args.allow_quilt_patch_tags_in_response,
        cache_size: args.cache_size.0,
        cache: cache(args),
        profile,
        ..Config::new(&args.flags.store)
    })
}

/// A publisher's flag without `--daemon`.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a flag of a publisher: add --daemon, or give it to mock-publisher")]
struct PublisherFlag(String);

/// The first flag on the command line that only a publisher has.
fn publisher_flag(matches: &ArgMatches) -> Option<PublisherFlag> {
    let publishers = PublisherArgs::augment_args(Command::new("publisher"));
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut flags = publishers.get_arguments().filter(|arg| given(arg.get_id().as_str()));
    flags.next().and_then(|arg| arg.get_long()).map(|long| PublisherFlag(format!("--{long}")))
}

/// The latencies and faults of the flags, as far as they concern reads.
fn profile(args: &Args, role: Role) -> Result<Profile, BoxError> {
    Ok(args.flags.profile.profile(role)?.overlay(&args.profile)?)
}

fn daemon(args: &Args) -> Result<Daemon, BoxError> {
    let publisher = args.publisher.config(&args.flags, profile(args, Role::Daemon)?)?;
    let aggregator = config(args, publisher.profile.clone())?;
    Ok(Daemon::new(publisher, aggregator)?)
}

/// What the front of these flags does with connections that are not used.
fn timeouts(args: &Args) -> Timeouts {
    CacheConfig::of(args.front).timeouts
}

/// A server of the flags, after what is wrong with them was reported.
fn run(args: &Args, name: &str, role: Role) -> ExitCode {
    cli::run(name, &args.flags, timeouts(args), |endpoint: Endpoint| {
        args.flags.profile.warnings(role).for_each(|warning| cli::warn(name, &warning));
        let log = args.flags.log()?;
        let shutdown = cli::shutdown_signal()?;
        Ok::<Pin<Box<dyn Future<Output = ()>>>, BoxError>(match role {
            Role::Daemon => {
                let daemon = daemon(args)?;
                log.into_iter().for_each(|log| daemon.publisher.log_to(log));
                Box::pin(serve_daemon(endpoint, daemon, shutdown))
            }
            Role::Publisher | Role::Aggregator => {
                let aggregator = Aggregator::new(config(args, profile(args, role)?)?)?;
                log.into_iter().for_each(|log| aggregator.log_to(log));
                Box::pin(serve(endpoint, aggregator, shutdown))
            }
        })
    })
}

fn main() -> ExitCode {
    let (args, matches) = match cli::parse::<Args>("mock-aggregator") {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    if args.daemon {
        return run(&args, "mock-daemon", Role::Daemon);
    }
    match publisher_flag(&matches) {
        Some(error) => cli::fail("mock-aggregator", &error),
        None => run(&args, "mock-aggregator", Role::Aggregator),
    }
}
