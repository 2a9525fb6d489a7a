//! The `mock-publisher` program: flags in, a running server out.

use axum::BoxError;
use clap::Parser;
use mock_publisher::args::{CommonArgs, PublisherArgs};
use mock_publisher::cli;
use mock_publisher::fault::{self, Role};
use mock_publisher::idle::Timeouts;
use mock_publisher::server::Endpoint;
use mock_publisher::{Publisher, serve};
use std::env;
use std::io;
use std::process::{Command, ExitCode};

/// A mock Walrus publisher: stores blobs in a directory and answers as a real one does, with latency and faults on demand
#[derive(Debug, Parser)]
#[command(name = "mock-publisher", version, after_help = fault::help(Role::Publisher))]
struct Args {
    #[command(flatten)]
    flags: CommonArgs,
    #[command(flatten)]
    store: PublisherArgs,
    /// Publisher and aggregator on one address, as the real daemon: runs `mock-aggregator --daemon` instead, which has
    /// the flags of both
    #[arg(long)]
    daemon: bool,
}

/// A daemon that cannot be started.
#[derive(Debug, thiserror::Error)]
#[error(
    "--daemon needs {program} beside this program: build it with `cargo build -p {program}`, or start it yourself"
)]
struct NoDaemon {
    program: &'static str,
    source: io::Error,
}

/// The program that serves both; this one cannot read.
const DAEMON: &str = "mock-aggregator";

/// Hands all flags to the other program, whose exit status is this one's.
fn daemon() -> Result<ExitCode, NoDaemon> {
    let no = |source| NoDaemon { program: DAEMON, source };
    let program =
        env::current_exe().map_err(no)?.with_file_name(format!("{DAEMON}{}", env::consts::EXE_SUFFIX));
    run(Command::new(program).args(env::args_os().skip(1))).map_err(no)
}

/// Replaces this process by the other program, so that signals and the exit status need no forwarding.
#[cfg(unix)]
fn run(command: &mut Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

/// Runs the other program and waits for its end.
#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(2)))
}

fn main() -> ExitCode {
    // Before the flags are parsed, because this program does not have those of an aggregator.
    if env::args_os().any(|arg| arg == "--daemon") {
        return daemon().unwrap_or_else(|error| cli::fail("mock-publisher", &error));
    }
    let args = match cli::parse::<Args>("mock-publisher") {
        Ok((args, _)) => args,
        Err(code) => return code,
    };
    cli::run("mock-publisher", &args.flags, Timeouts::default(), |port: Endpoint| {
        let profile = args.flags.profile.profile(Role::Publisher)?;
        args.flags
            .profile
            .warnings(Role::Publisher)
            .for_each(|warning| cli::warn("mock-publisher", &warning));
        let publisher = Publisher::new(args.store.config(&args.flags, profile)?)?;
        if let Some(log) = args.flags.log()? {
            publisher.log_to(log);
        }
        Ok::<_, BoxError>(serve(port, publisher, cli::shutdown_signal()?))
    })
}
