//! The flags of every mock, and those of a publisher, which a daemon has too.

use crate::admission::Limits;
use crate::auth::JwtFlags;
use crate::blob_id::BlobIdScheme;
use crate::chain::Prices;
use crate::idle::Timeouts;
use crate::profile::Profile;
use crate::profile::args::{ProfileArgs, StoreArgs};
use crate::publisher::Config;
use crate::reuse::{ObjectPool, ResourceShare};
use crate::stats::{BadLog, RequestLog};
use crate::tls::TlsSource;
use crate::units::{Size, duration, ratio};
use axum::BoxError;
use std::path::PathBuf;
use std::time::Duration;

/// The flags that every mock has.
#[derive(Debug, Clone, clap::Args)]
pub struct CommonArgs {
    /// Address to listen on; port 0 takes any free one. The first line of the output has it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: String,
    /// Serves HTTPS, with a self-signed certificate for localhost or with the PEM files of one
    #[arg(long, value_name = "self-signed|CERT,KEY")]
    pub tls: Option<TlsSource>,
    /// Directory of the blobs, made if missing; a publisher and an aggregator with the same one have the same blobs
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Writes a line of JSON for each request to this file, or to standard output for -
    #[arg(long, value_name = "FILE|-")]
    pub log: Option<PathBuf>,
    /// How long a connection is kept between two requests; as long as the client does if absent, as by the real servers, and
    /// 75s with --front nginx
    #[arg(long, value_name = "D", value_parser = duration)]
    pub keepalive_timeout: Option<Duration>,
    /// How long the head of a request may take; as long as it does if absent, as by the real servers, and 60s with --front
    /// nginx
    #[arg(long, value_name = "D", value_parser = duration)]
    pub header_timeout: Option<Duration>,
    /// The fault profile.
    #[command(flatten)]
    pub profile: ProfileArgs,
}

impl CommonArgs {
    /// The timeouts of the flags, or else these.
    #[must_use]
    pub fn timeouts(&self, usual: Timeouts) -> Timeouts {
        Timeouts {
            keepalive: self.keepalive_timeout.or(usual.keepalive),
            header: self.header_timeout.or(usual.header),
        }
    }

    /// The log of requests, if the flags ask for one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn log(&self) -> Result<Option<RequestLog>, BadLog> {
        self.log.as_deref().map(RequestLog::open).transpose()
    }
}

/// The flags that only a server has that stores.
#[derive(Debug, Clone, clap::Args)]
pub struct PublisherArgs {
    /// The largest blob, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 10_240)]
    max_body_size: u64,
    /// The largest multipart body of a quilt, in KiB
    #[arg(long, value_name = "KIB", default_value_t = 102_400)]
    max_quilt_body_size: u64,
    /// Stores processed at once, on each of the two routes
    #[arg(long, value_name = "N", default_value_t = Limits::PUBLISHER.concurrent as u64, value_parser = clap::value_parser!(u64).range(1..))]
    publisher_max_concurrent_requests: u64,
    /// Stores that wait; one more is held in between, and the next gets 429
    #[arg(long, value_name = "N", default_value_t = Limits::PUBLISHER.buffer as u64)]
    publisher_max_buffer_size: u64,
    #[command(flatten)]
    profile: StoreArgs,
    /// The current epoch
    #[arg(long, value_name = "N", default_value_t = 1)]
    epoch: u32,
    /// How long an epoch lasts; without it the current epoch never ends
    #[arg(long, value_name = "D", value_parser = duration)]
    epoch_duration: Option<Duration>,
    /// FROST for a MiB of encoded blob and an epoch; 10^9 FROST are one WAL
    #[arg(long, value_name = "FROST", default_value_t = Prices::default().storage)]
    storage_price: u64,
    /// FROST for a MiB of encoded blob written
    #[arg(long, value_name = "FROST", default_value_t = Prices::default().write)]
    write_price: u64,
    /// The share of stores that are answered with alreadyCertified, as if the same blob had been stored before: 0.1 or 10%
    #[arg(long, value_name = "RATIO", default_value = "0", value_parser = ratio)]
    existing_ratio: f64,
    /// What stores with reuse_resources find in the publisher's wallet, and its share of them: storage=10%,
    /// registration=5%, extend=5%, extend-uncertified=1%; repeatable
    #[arg(long, value_name = "WHAT=RATIO")]
    reuse: Vec<ResourceShare>,
    /// Lets the publisher's own wallet keep new objects, so that reuse_resources finds them; a stock one sends them on
    #[arg(long)]
    keep_objects: bool,
    /// Bytes of blobs that the store may hold; a store beyond that fails with 500
    #[arg(long, value_name = "SIZE")]
    store_limit: Option<Size>,
    /// Which IDs blobs get: cheap (a hash in the right form) or real (those of the network, a second of work and more)
    #[arg(long, value_name = "SCHEME", default_value_t = BlobIdScheme::default())]
    blob_id: BlobIdScheme,
    #[command(flatten)]
    jwt: JwtFlags,
}

impl PublisherArgs {
    /// The configuration that the flags ask for, over this profile.
    ///
    /// # Errors
    /// Flags that contradict each other, or an invalid key.
    pub fn config(&self, flags: &CommonArgs, profile: Profile) -> Result<Config, BoxError> {
        Ok(Config {
            max_body_size: self.max_body_size.saturating_mul(1024),
            max_quilt_body_size: self.max_quilt_body_size.saturating_mul(1024),
            limits: Limits {
                concurrent: usize::try_from(self.publisher_max_concurrent_requests)?,
                buffer: usize::try_from(self.publisher_max_buffer_size)?,
            },
            profile: profile.overlay(&self.profile)?,
            epoch: self.epoch,
            epoch_duration: self.epoch_duration,
            prices: Prices { storage: self.storage_price, write: self.write_price },
            object_pool: ObjectPool::new(self.reuse.clone())?,
            existing_ratio: self.existing_ratio,
            keep_objects: self.keep_objects,
            blob_id: self.blob_id,
            jwt: self.jwt.config()?,
            store_limit: self.store_limit.map(|size| size.0),
            ..Config::new(&flags.store)
        })
    }
}
