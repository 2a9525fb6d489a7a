//! The front door of the mock publisher: flags in, a running server out.

use clap::Parser;
use mock_publisher::door::{self, Flags, Trouble};
use mock_publisher::fault::Role;
use mock_publisher::gate::Limits;
use mock_publisher::latency::Latency;
use mock_publisher::{Config, Publisher, serve};
use std::process::ExitCode;
use tokio::net::TcpListener;

/// A Walrus publisher in a bottle: stores blobs in a directory, answers as a real one does, with weather on demand
#[derive(Debug, Parser)]
#[command(name = "mock-publisher", version, after_help = door::kinds(Role::Publisher))]
struct Args {
    #[command(flatten)]
    flags: Flags,
    /// The largest blob, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 10_240)]
    max_body_size: u64,
    /// Stores at work at once
    #[arg(long, value_name = "N", default_value_t = Limits::PUBLISHER.concurrent as u64, value_parser = clap::value_parser!(u64).range(1..))]
    publisher_max_concurrent_requests: u64,
    /// Stores waiting; one more is held in between, and the next gets 429
    #[arg(long, value_name = "N", default_value_t = Limits::PUBLISHER.buffer as u64)]
    publisher_max_buffer_size: u64,
    /// How long a store takes once its body is there: 50ms, uniform:10ms..50ms, lognormal:p50=20ms,p99=200ms
    #[arg(long, value_name = "LATENCY", default_value_t = Latency::default())]
    store_latency: Latency,
    /// The present epoch
    #[arg(long, value_name = "N", default_value_t = 1)]
    epoch: u32,
}

fn config(args: &Args) -> Result<Config, Trouble> {
    Ok(Config {
        max_body_size: args.max_body_size.saturating_mul(1024),
        limits: Limits {
            concurrent: usize::try_from(args.publisher_max_concurrent_requests)?,
            buffer: usize::try_from(args.publisher_max_buffer_size)?,
        },
        store_latency: args.store_latency,
        weather: args.flags.weather(Role::Publisher)?,
        epoch: args.epoch,
        ..Config::new(&args.flags.store)
    })
}

fn main() -> ExitCode {
    let args = Args::parse();
    door::open("mock-publisher", &args.flags.listen, |listener: TcpListener| {
        Ok(serve(listener, Publisher::new(config(&args)?)?, door::signal()?))
    })
}
