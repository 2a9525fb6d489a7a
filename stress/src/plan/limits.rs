//! Time limits and manners of each HTTP exchange.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::target::Header;

/// Time limits and manners of each HTTP exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// How long an upload may take, from its start to the last byte of the answer.
    #[serde(rename = "upload_timeout_seconds", with = "seconds")]
    pub upload_timeout: Duration,
    /// How long a download may take, from its start to its last byte.
    #[serde(rename = "download_timeout_seconds", with = "seconds")]
    pub download_timeout: Duration,
    /// How long name resolution, TCP and TLS together may take.
    #[serde(rename = "connect_timeout_seconds", with = "seconds")]
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
}

/// Durations as a number of seconds in documents.
pub mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes a duration as seconds.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(value.as_secs_f64())
    }

    /// Reads a duration from seconds.
    ///
    /// # Errors
    /// When the number is negative, not finite or too large.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}

/// Optional durations as a number of seconds or `null` in documents.
pub mod optional_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes an optional duration as seconds or `null`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    /// Reads an optional duration from seconds or `null`.
    ///
    /// # Errors
    /// When the number is negative, not finite or too large.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        seconds.map(Duration::try_from_secs_f64).transpose().map_err(serde::de::Error::custom)
    }
}
