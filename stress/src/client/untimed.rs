//! The reqwest client for requests that are not measured.

use std::io;

use reqwest::{Client, redirect};

use super::tls;
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
