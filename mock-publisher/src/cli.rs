//! What both programs share: the line with the address, signals and exit codes.

use crate::args::CommonArgs;
use crate::idle::Timeouts;
use crate::server::Endpoint;
use crate::tls::TlsSource;
use axum::BoxError;
use clap::{ArgMatches, Parser};
use std::error::Error;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use tokio::net::TcpListener;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: choose another address with --listen, port 0 takes any free port")]
struct BadAddress {
    address: String,
    source: io::Error,
}

/// Listens, prints the address, and serves until a signal. Exit code 0 after a graceful shutdown, 2 if it could not start.
///
/// `timeouts` are those of the imitated server, where no flag sets others.
pub fn run<S, F>(name: &str, flags: &CommonArgs, timeouts: Timeouts, serve: S) -> ExitCode
where
    S: FnOnce(Endpoint) -> Result<F, BoxError>,
    F: Future<Output = ()>,
{
    match tokio::runtime::Runtime::new().map_err(BoxError::from).and_then(|runtime| {
        runtime.block_on(async {
            let tls = flags.tls.as_ref().map(TlsSource::load).transpose()?;
            let listener = bind(&flags.listen).await?;
            let scheme = if tls.is_some() { "https" } else { "http" };
            let line = format!("listening on {scheme}://{}", listener.local_addr()?);
            let server = serve(Endpoint { listener, tls, timeouts: flags.timeouts(timeouts) })?;
            // A closed stdout is no reason not to serve.
            let _ = writeln!(io::stdout(), "{line}").and_then(|()| io::stdout().flush());
            server.await;
            Ok(())
        })
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(name, error.as_ref()),
    }
}

/// Parses the command line. What is wrong with it is one line on stderr; the exit code is then 2, and 0 for `--help`.
///
/// # Errors
/// The exit code with which the program is to end.
pub fn parse<T: Parser>(name: &str) -> Result<(T, ArgMatches), ExitCode> {
    let matches = T::command().try_get_matches();
    match matches.and_then(|matches| Ok((T::from_arg_matches(&matches)?, matches))) {
        Ok(parsed) => Ok(parsed),
        Err(error) if error.use_stderr() => Err(fail_because(name, &one_line(&error.to_string()))),
        Err(help) => {
            let _ = help.print();
            Err(ExitCode::SUCCESS)
        }
    }
}

/// The message of clap without its usage, which `--help` shows.
fn one_line(message: &str) -> String {
    let is_about_flags =
        |text: &&str| !text.starts_with("Usage:") && !text.starts_with("For more information");
    let paragraphs = message.split("\n\n").filter(is_about_flags);
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = paragraphs.map(one_line).collect::<Vec<_>>().join("; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

/// Prints on one line of stderr what a user may want to change although the server starts.
pub fn warn(name: &str, warning: &str) {
    let _ = writeln!(io::stderr(), "{name}: warning: {warning}");
}

/// Prints on one line of stderr why a server did not start.
pub fn fail(name: &str, error: &dyn Error) -> ExitCode {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    fail_because(name, &line)
}

fn fail_because(name: &str, why: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{name}: {why}");
    ExitCode::from(2)
}

async fn bind(address: &str) -> Result<TcpListener, BadAddress> {
    let bad = |source| BadAddress { address: address.to_owned(), source };
    TcpListener::bind(address).await.map_err(bad)
}

/// Registers SIGINT and SIGTERM, and returns a wait for the first of them.
///
/// # Errors
/// The system does not allow it.
#[cfg(unix)]
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns a wait for Ctrl-C.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_command_line_is_one_line() {
        let rows = [
            (
                "error: unexpected argument '--x' found\n\nUsage: m --store <DIR>\n\nFor more information, try '--help'.\n",
                "unexpected argument '--x' found",
            ),
            (
                "error: unexpected argument '--stor' found\n\n  tip: a similar argument exists: '--store'\n\nUsage: m\n",
                "unexpected argument '--stor' found; tip: a similar argument exists: '--store'",
            ),
            (
                "error: the following required arguments were not provided:\n  --store <DIR>\n\nUsage: m\n",
                "the following required arguments were not provided: --store <DIR>",
            ),
        ];
        for (message, line) in rows {
            assert_eq!(one_line(message), line);
        }
    }
}
