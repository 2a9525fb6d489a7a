//! Time limits, TLS and headers of each HTTP exchange.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{cache_header::StatusHeader, target::Header};
use crate::units::Seconds;

/// Time limits, TLS and headers of each HTTP exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// How long an upload may take, from its start to the last byte of the answer.
    #[serde(rename = "upload_timeout_seconds", with = "Seconds")]
    pub upload_timeout: Duration,
    /// How long a download may take, from its start to its last byte.
    #[serde(rename = "download_timeout_seconds", with = "Seconds")]
    pub download_timeout: Duration,
    /// How long name resolution, TCP and TLS together may take.
    #[serde(rename = "connect_timeout_seconds", with = "Seconds")]
    pub connect_timeout: Duration,
    /// Whether uploads wait for `100 Continue` before they send their body.
    pub expect_continue: bool,
    /// Whether a server's certificate goes unchecked.
    pub insecure: bool,
    /// A PEM file of root certificates that are trusted besides the platform's.
    pub ca_certificates: Option<PathBuf>,
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// Headers of every request to a publisher, in the order given; values are secret.
    pub publisher_headers: Vec<Header>,
    /// Headers of every request to an aggregator, in the order given; values are secret.
    pub aggregator_headers: Vec<Header>,
    /// Headers of responses in which a cache says hit or miss, besides those that are read anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cache_headers: Vec<StatusHeader>,
}
