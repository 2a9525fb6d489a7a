//! The front door that both binaries share: their common flags, the address line, signals and exit codes.

use crate::fault::{Fault, Role};
use crate::profile::args::ProfileArgs;
use crate::server::Endpoint;
use crate::tls::TlsSource;
use std::error::Error;
use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::net::TcpListener;

/// The flags that every mock has.
#[derive(Debug, Clone, clap::Args)]
pub struct CommonArgs {
    /// Address to listen on; port 0 takes any free one, which is printed
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: String,
    /// Speaks HTTPS: with a certificate for localhost made on the spot, or with the PEM files of one
    #[arg(long, value_name = "self-signed|CERT,KEY")]
    pub tls: Option<TlsSource>,
    /// Directory of the blobs, made if missing; a publisher and an aggregator over the same one know the same blobs
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// The weather that every mock has.
    #[command(flatten)]
    pub profile: ProfileArgs,
}

/// The kinds of faults of a server, for the end of its help.
#[must_use]
pub fn fault_help(role: Role) -> String {
    let width = Fault::of(role).map(|fault| fault.label().len()).max().unwrap_or(0);
    let lines =
        Fault::of(role).map(|fault| format!("  {:<width$}  {}\n", fault.label(), fault.meaning(role)));
    format!("Faults:\n{}", lines.collect::<String>())
}

/// Something that kept a server from starting, for people.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: choose another address with --listen, port 0 takes any free port")]
struct BadAddress {
    address: String,
    source: io::Error,
}

/// Listens, says where, and serves until a signal; 0 after a clean end, 2 if it could not start.
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
            // Whoever started the server may not be interested in where it listens.
            let _ = writeln!(io::stdout(), "{line}").and_then(|()| io::stdout().flush());
            server.await;
            Ok(())
        })
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(name, error.as_ref()),
    }
}

/// Says on one line why a server did not start.
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

/// Starts to listen for an interrupt or the order to terminate, and gives the wait for the first of them.
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

/// Gives the wait for an interrupt.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
