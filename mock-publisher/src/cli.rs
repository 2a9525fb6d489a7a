//! What both programs share: the line with the address, signals and exit codes.

use crate::args::CommonArgs;
use crate::server::Endpoint;
use crate::tls::TlsSource;
use axum::BoxError;
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
pub fn run<S, F>(name: &str, flags: &CommonArgs, serve: S) -> ExitCode
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
            let server = serve(Endpoint { listener, tls })?;
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

/// Prints on one line of stderr why a server did not start.
pub fn fail(name: &str, error: &dyn Error) -> ExitCode {
    let mut line = format!("{name}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    let _ = writeln!(io::stderr(), "{line}");
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
