//! The reqwest client for requests that are not measured.

use std::io;

use reqwest::{Client, redirect};

use super::{text::one_line, tls};
use crate::{error::Error, plan::limits::Limits};

/// A client with the TLS settings and the connect timeout of `limits`, which uses no proxy of the environment and follows no
/// redirect. Root certificates are loaded only when `needs_tls`: a machine without any can still use http.
///
/// # Errors
/// When the certificates of `limits` cannot be used.
pub(super) fn client(limits: &Limits, needs_tls: bool) -> Result<Client, Error> {
    let tls = if needs_tls { tls::config(limits)? } else { tls::without_roots() };
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .http1_only()
        .connect_timeout(limits.connect_timeout)
        // As long again for the response as for the connection.
        .timeout(limits.connect_timeout.saturating_mul(2))
        .build()
        .map_err(|error| Error::System {
            what: "cannot prepare an HTTP client".to_owned(),
            source: io::Error::other(error),
        })
}

/// The text at `url`, of at most `largest` bytes.
///
/// # Errors
/// When it cannot be fetched, is larger, or is no text.
pub async fn fetch(url: &str, limits: &Limits, largest: u64) -> Result<String, Error> {
    let cannot = |reason: String| Error::Read { path: without_login(url), reason };
    let client = client(limits, url.starts_with("https:"))?;
    let failed = |error: reqwest::Error| cannot(one_line(&error.to_string()));
    let mut response = client.get(url).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(cannot(format!("the answer is {}", response.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > largest {
            return Err(cannot(format!("it is longer than {largest} bytes")));
        }
    }
    String::from_utf8(body).map_err(|_| cannot("it is no text".to_owned()))
}

/// The address without user and password, for messages.
pub fn without_login(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return url.to_owned() };
    // An http(s) URL always has a host, so neither setter can refuse.
    let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
    parsed.into()
}
