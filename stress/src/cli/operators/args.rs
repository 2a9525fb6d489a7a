//! The flags of `walrus-stress operators`, and the plan that they make.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::list::{Listing, Network, OperatorList, Selection};
use crate::{
    cli::{
        blob_list::BlobList,
        options::RunOptions,
        resolve,
        values::{Bearer, Parsed, When, one_of},
    },
    error::Error,
    export::operators::OperatorsFormat,
    plan::{
        ConfigError,
        limits::Limits,
        operators::{Blobs, Operator, OperatorsPlan},
        source,
        store::StoreOptions,
        target::{Header, Target},
        vantage::VantageName,
    },
};

const OPERATORS: &str = "Operators";
const BLOBS: &str = "Blobs";
const REQUESTS: &str = "Requests";
const OUTPUT: &str = "Output";

/// The fewest blobs by default: the interval of a median then excludes the quarter of the times at either end.
const FEWEST_BLOBS: usize = 20;
/// The size of an uploaded blob in bytes.
const SIZE: u64 = 100 * 1024;
/// More blobs than this need --yes where an operator is not on this machine.
const MOST_BLOBS: usize = 200;
/// The shortest pause between requests to an operator that is not on this machine, without --yes.
const POLITE_PAUSE: Duration = Duration::from_millis(200);
/// How long blobs settle before the first read, unless all targets are on this machine.
const SETTLE: Duration = Duration::from_secs(10);

/// The flags of `walrus-stress operators`.
#[derive(Debug, Args)]
pub(in crate::cli) struct OperatorsArgs {
    /// List of operators
    ///
    /// As Walrus publishes it: a file or a URL.
    #[arg(long, value_name = "FILE|URL", help_heading = OPERATORS)]
    pub(super) list: Option<String>,
    /// Network of the list
    #[arg(long, value_name = "NAME", requires = "list", value_parser = one_of::<Network>(), default_value = "mainnet",
          help_heading = OPERATORS)]
    pub(super) network: Network,
    /// Base URL of an aggregator; repeatable
    ///
    /// Also beside --list.
    #[arg(long, value_name = "URL", env = "WALRUS_STRESS_AGGREGATOR", hide_env = true, value_delimiter = ',',
          help_heading = OPERATORS)]
    aggregator: Vec<Target>,
    /// Compare only this operator; repeatable
    #[arg(long, value_name = "NAME|URL", help_heading = OPERATORS)]
    only: Vec<String>,
    /// Leave this operator out; repeatable
    #[arg(long, value_name = "NAME|URL", help_heading = OPERATORS)]
    skip: Vec<String>,

    /// Publisher that stores the blobs first
    #[arg(long, value_name = "URL", env = "WALRUS_STRESS_PUBLISHER", hide_env = true, help_heading = BLOBS)]
    publisher: Option<Target>,
    /// Read the blobs of this list instead
    ///
    /// - is stdin.
    #[arg(long, value_name = "FILE", help_heading = BLOBS)]
    pub(super) blob_ids: Option<PathBuf>,
    /// Number of blobs
    ///
    /// By default as many as operators, at least 20, or all of a list.
    #[arg(short = 'n', long, value_name = "N", help_heading = BLOBS)]
    blobs: Option<usize>,
    /// Epochs to store for [default: the publisher's]
    #[arg(long, value_name = "N", help_heading = BLOBS)]
    epochs: Option<u32>,
    /// Seed of order and blobs [default: random]
    #[arg(long, value_name = "U64", help_heading = BLOBS)]
    pub(super) seed: Option<u64>,

    /// Pause after each request [default: 200ms]
    ///
    /// Between two requests to one operator; none by default where it is on this machine.
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    pause: Option<Parsed<Duration>>,
    /// Pause after the uploads [default: 10s]
    ///
    /// Before the first read; none by default where all targets are on this machine.
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    settle: Option<Parsed<Duration>>,
    /// Allow shorter pauses and more than 200 blobs
    ///
    /// At operators that are not on this machine.
    #[arg(long, help_heading = REQUESTS)]
    yes: bool,
    /// Longest time for a download [default: 30s]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    download_timeout: Option<Parsed<Duration>>,
    /// Longest time for an upload [default: 5m]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    upload_timeout: Option<Parsed<Duration>>,
    /// Longest time to connect [default: 10s]
    #[arg(long, value_name = "D", help_heading = REQUESTS)]
    connect_timeout: Option<Parsed<Duration>>,
    /// Header for aggregators; repeatable
    #[arg(long, value_name = "K: V", help_heading = REQUESTS)]
    aggregator_header: Vec<Parsed<Header>>,
    /// Header for the publisher; repeatable
    #[arg(long, value_name = "K: V", help_heading = REQUESTS)]
    publisher_header: Vec<Parsed<Header>>,
    /// Bearer token, or its file
    #[arg(long, value_name = "TOKEN|@FILE", help_heading = REQUESTS)]
    bearer: Option<Parsed<Bearer>>,
    /// Do not verify servers' certificates
    #[arg(long, help_heading = REQUESTS)]
    insecure: bool,
    /// PEM file of further root certificates
    #[arg(long, value_name = "FILE", help_heading = REQUESTS)]
    cacert: Option<Parsed<PathBuf>>,

    /// Name of this place
    ///
    /// `walrus-stress merge` puts the reports of several places side by side.
    #[arg(long, value_name = "NAME", help_heading = OUTPUT)]
    vantage: Option<VantageName>,
    /// Write the result as one JSON document
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) report: Option<PathBuf>,
    /// Write the result as an HTML page
    #[arg(long, value_name = "PATH", help_heading = OUTPUT)]
    pub(super) html: Option<PathBuf>,
    /// Result in another format; repeatable
    ///
    /// csv, html, json, markdown or terminal.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = write_to, value_delimiter = ',', help_heading = OUTPUT)]
    pub(super) write: Vec<(OperatorsFormat, PathBuf)>,
    /// Write the list back as measured
    ///
    /// With `functional` and `cache` as measured.
    #[arg(long, value_name = "PATH", requires = "list", help_heading = OUTPUT)]
    pub(super) write_list: Option<PathBuf>,
    /// Colours: auto, always, never
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_COLOR", hide_env = true, value_parser = one_of::<When>(),
          default_value = "auto", help_heading = OUTPUT)]
    pub(super) color: When,
    /// Print only the summary and errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub(super) quiet: bool,
}

fn write_to(text: &str) -> Result<(OperatorsFormat, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("is written FORMAT=PATH")?;
    Ok((format.parse()?, path.into()))
}

impl OperatorsArgs {
    /// The plan; `list` is that of --list.
    ///
    /// # Errors
    /// When flags do not fit together, name nothing, or ask too much of machines of others.
    pub(super) fn plan(&self, list: Option<&OperatorList>, seed: u64) -> Result<OperatorsPlan, Error> {
        let operators = self.operators(list)?;
        let is_here =
            operators.iter().map(|operator| &operator.target).chain(&self.publisher).all(Target::is_loopback);
        let blobs = self.planned_blobs(operators.len())?;
        let pause = self.pause.as_deref().copied();
        let pause = pause.unwrap_or(if is_here { Duration::ZERO } else { POLITE_PAUSE });
        if !is_here && !self.yes {
            let count = blobs.count();
            if count > MOST_BLOBS {
                let reason = format!("{count} are many requests to machines of others; --yes allows them");
                return Err(ConfigError::new("--blobs", reason).into());
            }
            if pause < POLITE_PAUSE {
                let reason = "is short for machines of others; --yes allows it";
                return Err(ConfigError::new("--pause", reason).into());
            }
        }
        let store = StoreOptions { epochs: self.epochs, ..StoreOptions::default() };
        store.check()?;
        let default_settle = if is_here { Duration::ZERO } else { SETTLE };
        Ok(OperatorsPlan {
            vantage: self.vantage.clone(),
            seed,
            operators,
            publisher: self.publisher.clone().filter(|_| self.blob_ids.is_none()),
            blobs,
            pause,
            settle: self.settle.as_deref().copied().unwrap_or(default_settle),
            store,
            limits: self.limits()?,
        })
    }

    /// The options of a run that say the same.
    fn options(&self) -> RunOptions {
        let default_timeout = || "30s".parse().expect("a duration");
        RunOptions {
            publisher_header: self.publisher_header.clone(),
            aggregator_header: self.aggregator_header.clone(),
            bearer: self.bearer.clone(),
            insecure: self.insecure,
            cacert: self.cacert.clone(),
            connect_timeout: self.connect_timeout.clone(),
            upload_timeout: self.upload_timeout.clone(),
            download_timeout: Some(self.download_timeout.clone().unwrap_or_else(default_timeout)),
            ..RunOptions::default()
        }
    }

    fn operators(&self, list: Option<&OperatorList>) -> Result<Vec<Operator>, Error> {
        let listed = list.map(OperatorList::operators).unwrap_or_default();
        let named =
            self.aggregator.iter().filter(|target| !listed.iter().any(|one| one.target.url == target.url));
        let named = named.map(|target| Operator {
            name: target.url.host_str().map(str::to_owned).unwrap_or_default()
                + &target.url.port().map(|port| format!(":{port}")).unwrap_or_default(),
            target: target.clone(),
        });
        let all: Vec<Operator> = listed.iter().cloned().chain(named).collect();
        let operators = Selection { only: &self.only, skip: &self.skip }.of(all)?;
        if operators.is_empty() {
            let reason = "is missing: name a --list of operators, or each aggregator";
            return Err(ConfigError::new("--aggregator", reason).into());
        }
        Ok(operators)
    }

    /// The blobs that are read.
    fn planned_blobs(&self, operators: usize) -> Result<Blobs, Error> {
        if self.blobs == Some(0) {
            return Err(ConfigError::new("--blobs", "must be at least 1").into());
        }
        if let Some(path) = &self.blob_ids {
            let entries = BlobList::open(path, source::Listing::BlobIds)?.entries()?;
            let mut ids: Vec<String> = entries.into_iter().map(|entry| entry.id.to_string()).collect();
            ids.truncate(self.blobs.unwrap_or(usize::MAX));
            return Ok(Blobs::Listed { ids });
        }
        if self.publisher.is_none() {
            let reason = "is missing: the blobs are stored first, or --blob-ids names stored ones";
            return Err(ConfigError::new("--publisher", reason).into());
        }
        // Whole Latin squares: then every operator is the first reader equally often.
        let count = self.blobs.unwrap_or(FEWEST_BLOBS.max(operators)).next_multiple_of(operators.max(1));
        Ok(Blobs::Made { count, size_bytes: SIZE })
    }

    /// The limits of requests.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(super) fn limits(&self) -> Result<Limits, ConfigError> {
        resolve::limits(&self.options())
    }

    /// Where the list comes from.
    pub(super) fn listing(&self) -> Option<Listing<'_>> {
        self.list.as_deref().map(Listing::of)
    }
}
