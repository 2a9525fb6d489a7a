//! The front door of the mock aggregator: flags in, a running server out.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, CommandFactory, FromArgMatches, Parser};
use mock_aggregator::attributes::AllowList;
use mock_aggregator::blocklist::{BadBlocklist, Blocklist};
use mock_aggregator::front::{Face, Front};
use mock_aggregator::size::Size;
use mock_aggregator::{Aggregator, Config, Daemon, serve, serve_daemon};
use mock_publisher::admission::Limits;
use mock_publisher::args::PublisherArgs;
use mock_publisher::blob_id::BlobId;
use mock_publisher::cli::{self, BoxError, CommonArgs};
use mock_publisher::fault::Role;
use mock_publisher::profile::Profile;
use mock_publisher::profile::args::ReadTimeArgs;
use mock_publisher::server::Endpoint;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// A Walrus aggregator in a bottle: reads what a mock publisher stored, answers as a real one does, with a cache in front
#[derive(Debug, Parser)]
#[command(name = "mock-aggregator", version, after_help = cli::fault_help(Role::Aggregator))]
struct Args {
    #[command(flatten)]
    flags: CommonArgs,
    /// Publisher and aggregator on one address, as the real daemon: with the routes and limits of both, the flags of
    /// both, and no streams
    #[arg(long)]
    daemon: bool,
    /// Reads at work at once
    #[arg(long, value_name = "N", default_value_t = Limits::AGGREGATOR.concurrent as u64, value_parser = clap::value_parser!(u64).range(1..))]
    aggregator_max_concurrent_requests: u64,
    /// Reads waiting; one more is held in between, and the next gets 429
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
    profile: ReadTimeArgs,
    /// How much the cache holds before it lets the oldest blobs go; a blob larger than this is never cached; 0 for no cache
    #[arg(long, value_name = "SIZE", default_value_t = Size(1 << 30))]
    cache_size: Size,
    /// The cache in front: none, nginx, cloudflare, fastly, or liar, which shows hits that are not
    #[arg(long, value_name = "FACE", default_value_t = Face::None)]
    front: Face,
    /// How long the front keeps a blob, instead of what its face does
    #[arg(long, value_name = "D", value_parser = humantime::parse_duration)]
    front_ttl: Option<Duration>,
    /// How long the front keeps a 404, instead of what its face does
    #[arg(long, value_name = "D", value_parser = humantime::parse_duration)]
    front_negative_ttl: Option<Duration>,
    /// How long after a read the front can serve its copy
    #[arg(long, value_name = "D", default_value = "0s", value_parser = humantime::parse_duration)]
    front_fill_delay: Duration,
    /// Whether a request with Cache-Control goes past the front, instead of what its face does
    #[arg(long, value_name = "BOOL")]
    front_bypass: Option<bool>,
    /// Whether every Origin has copies of its own in the front, instead of what its face does
    #[arg(long, value_name = "BOOL")]
    front_per_origin: Option<bool>,
    #[command(flatten, next_help_heading = "With --daemon")]
    publisher: PublisherArgs,
}

fn blocked(args: &Args) -> Result<Blocklist, BadBlocklist> {
    let file = args.blocklist.as_deref().map_or_else(|| Ok(Blocklist::default()), Blocklist::read)?;
    Ok(file.and(Blocklist::new(args.block.iter().copied())))
}

fn front(args: &Args) -> Front {
    let face = Front::of(args.front);
    Front {
        ttl: args.front_ttl.or(face.ttl),
        negative_ttl: args.front_negative_ttl.or(face.negative_ttl),
        fill_after: args.front_fill_delay,
        bypass: args.front_bypass.unwrap_or(face.bypass),
        per_origin: args.front_per_origin.unwrap_or(face.per_origin),
        ..face
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
        front: front(args),
        profile,
        ..Config::new(&args.flags.store)
    })
}

/// Flags of a publisher, without the daemon that would heed them.
#[derive(Debug, thiserror::Error)]
#[error("{0} is a publisher's: add --daemon, or give it to mock-publisher")]
struct NotHere(String);

/// The first flag on the command line that only a publisher heeds.
fn misplaced(matches: &ArgMatches) -> Option<NotHere> {
    let publishers = PublisherArgs::augment_args(Command::new("publisher"));
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut misplaced = publishers.get_arguments().filter(|arg| given(arg.get_id().as_str()));
    misplaced.next().and_then(|arg| arg.get_long()).map(|long| NotHere(format!("--{long}")))
}

/// The weather that the flags ask for, as far as reads are concerned.
fn profile(args: &Args, role: Role) -> Result<Profile, BoxError> {
    Ok(args.profile.over(args.flags.profile.profile(role)?))
}

fn daemon(args: &Args) -> Result<Daemon, BoxError> {
    let publisher = args.publisher.config(&args.flags, profile(args, Role::Daemon)?)?;
    let aggregator = config(args, publisher.profile.clone())?;
    Ok(Daemon::new(publisher, aggregator)?)
}

fn main() -> ExitCode {
    let matches = Args::command().get_matches();
    let args = match Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    if args.daemon {
        return cli::run("mock-daemon", &args.flags, |port: Endpoint| {
            Ok(serve_daemon(port, daemon(&args)?, cli::shutdown_signal()?))
        });
    }
    if let Some(error) = misplaced(&matches) {
        return cli::fail("mock-aggregator", &error);
    }
    cli::run("mock-aggregator", &args.flags, |port: Endpoint| {
        Ok(serve(
            port,
            Aggregator::new(config(&args, profile(&args, Role::Aggregator)?)?)?,
            cli::shutdown_signal()?,
        ))
    })
}
