//! The front door of the mock publisher: flags in, a running server out.

use clap::Parser;
use mock_publisher::auth::JwtFlags;
use mock_publisher::door::{self, Flags, Trouble};
use mock_publisher::encoding::Prices;
use mock_publisher::fault::{Role, ratio};
use mock_publisher::gate::Limits;
use mock_publisher::naming::Naming;
use mock_publisher::server::Port;
use mock_publisher::size::Size;
use mock_publisher::weather::flags::StoreFlags;
use mock_publisher::{Config, Publisher, serve};
use std::process::ExitCode;
use std::time::Duration;

/// A Walrus publisher in a bottle: stores blobs in a directory, answers as a real one does, with weather on demand
#[derive(Debug, Parser)]
#[command(name = "mock-publisher", version, after_help = door::kinds(Role::Publisher))]
struct Args {
    #[command(flatten)]
    flags: Flags,
    /// The largest blob, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 10_240)]
    max_body_size: u64,
    /// The largest multipart body of a quilt, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 102_400)]
    max_quilt_body_size: u64,
    /// Stores at work at once, on each of the two routes
    #[arg(long, value_name = "N", default_value_t = Limits::PUBLISHER.concurrent as u64, value_parser = clap::value_parser!(u64).range(1..))]
    publisher_max_concurrent_requests: u64,
    /// Stores waiting; one more is held in between, and the next gets 429
    #[arg(long, value_name = "N", default_value_t = Limits::PUBLISHER.buffer as u64)]
    publisher_max_buffer_size: u64,
    #[command(flatten)]
    weather: StoreFlags,
    /// The present epoch
    #[arg(long, value_name = "N", default_value_t = 1)]
    epoch: u32,
    /// How long an epoch lasts; without it the present epoch never ends
    #[arg(long, value_name = "D", value_parser = humantime::parse_duration)]
    epoch_duration: Option<Duration>,
    /// FROST for a MiB of encoded blob and an epoch; 10^9 FROST are one WAL
    #[arg(long, value_name = "FROST", default_value_t = Prices::default().storage)]
    storage_price: u64,
    /// FROST for a MiB of encoded blob written
    #[arg(long, value_name = "FROST", default_value_t = Prices::default().write)]
    write_price: u64,
    /// The share of stores that are told alreadyCertified, as if somebody had stored the same blob before: 0.1 or 10%
    #[arg(long, value_name = "RATIO", default_value = "0", value_parser = ratio)]
    existing_ratio: f64,
    /// Lets the publisher's own wallet keep new objects, so that reuse_resources finds them; a stock one sends them on
    #[arg(long)]
    keep_objects: bool,
    /// Bytes of blobs that the store may hold; a store beyond that fails with 500
    #[arg(long, value_name = "SIZE")]
    store_limit: Option<Size>,
    /// Which IDs blobs get: cheap (a hash in the right form) or real (those of the network, a second of work and more)
    #[arg(long, value_name = "NAMING", default_value_t = Naming::default())]
    blob_id: Naming,
    #[command(flatten)]
    jwt: JwtFlags,
}

fn config(args: &Args) -> Result<Config, Trouble> {
    Ok(Config {
        max_body_size: args.max_body_size.saturating_mul(1024),
        max_quilt_body_size: args.max_quilt_body_size.saturating_mul(1024),
        limits: Limits {
            concurrent: usize::try_from(args.publisher_max_concurrent_requests)?,
            buffer: usize::try_from(args.publisher_max_buffer_size)?,
        },
        weather: args.weather.over(args.flags.weather.weather(Role::Publisher)?),
        epoch: args.epoch,
        epoch_duration: args.epoch_duration,
        prices: Prices { storage: args.storage_price, write: args.write_price },
        existing_ratio: args.existing_ratio,
        keep_objects: args.keep_objects,
        blob_id: args.blob_id,
        jwt: args.jwt.config()?,
        store_limit: args.store_limit.map(|size| size.0),
        ..Config::new(&args.flags.store)
    })
}

fn main() -> ExitCode {
    let args = Args::parse();
    door::open("mock-publisher", &args.flags, |port: Port| {
        Ok(serve(port, Publisher::new(config(&args)?)?, door::signal()?))
    })
}
