//! What an aggregator offers besides blobs: asked once, not timed.

use serde::Serialize;

/// What an aggregator offers; each is `None` where its request had no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Whether a page of another origin may read blobs (`Access-Control-Allow-Origin`).
    pub cors: Option<bool>,
    /// Whether a `Range` of one byte was answered with that byte alone (206).
    pub range: Option<bool>,
    /// The versions of HTTP that it offers: by ALPN, and HTTP/3 by `Alt-Svc`.
    pub protocols: Option<Vec<Protocol>>,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
pub enum Protocol {
    /// HTTP/1.1.
    #[serde(rename = "http/1.1")]
    #[strum(serialize = "1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "h2")]
    #[strum(serialize = "2")]
    Http2,
    /// HTTP/3.
    #[serde(rename = "h3")]
    #[strum(serialize = "3")]
    Http3,
}
