//! The front door of the mock publisher: flags in, a running server out.

use clap::Parser;
use mock_publisher::args::PublisherArgs;
use mock_publisher::cli::{self, BoxError, CommonArgs};
use mock_publisher::fault::Role;
use mock_publisher::server::Endpoint;
use mock_publisher::{Publisher, serve};
use std::env;
use std::io;
use std::process::{Command, ExitCode};

/// A Walrus publisher in a bottle: stores blobs in a directory, answers as a real one does, with weather on demand
#[derive(Debug, Parser)]
#[command(name = "mock-publisher", version, after_help = cli::fault_help(Role::Publisher))]
struct Args {
    #[command(flatten)]
    flags: CommonArgs,
    #[command(flatten)]
    store: PublisherArgs,
    /// Publisher and aggregator on one address, as the real daemon: starts `mock-aggregator --daemon` in its own place,
    /// which takes the flags of both
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

/// The server that can read as well; this one knows nothing of reading.
const BOTH: &str = "mock-aggregator";

/// Hands all flags to the other program, whose exit status is this one's.
fn daemon() -> Result<ExitCode, NoDaemon> {
    let no = |source| NoDaemon { program: BOTH, source };
    let program =
        env::current_exe().map_err(no)?.with_file_name(format!("{BOTH}{}", env::consts::EXE_SUFFIX));
    run(Command::new(program).args(env::args_os().skip(1))).map_err(no)
}

/// Becomes the other program: signals and the exit status need no messenger.
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
    // Before the flags are read: those of an aggregator are none of this program's.
    if env::args_os().any(|arg| arg == "--daemon") {
        return daemon().unwrap_or_else(|error| cli::fail("mock-publisher", &error));
    }
    let args = Args::parse();
    cli::run("mock-publisher", &args.flags, |port: Endpoint| {
        let profile = args.flags.profile.profile(Role::Publisher)?;
        let publisher = Publisher::new(args.store.config(&args.flags, profile)?)?;
        Ok::<_, BoxError>(serve(port, publisher, cli::shutdown_signal()?))
    })
}
