//! Everything about the targets that requests need, prepared once before the run and shared by all workers.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, atomic::AtomicUsize};

use http::{header, uri::PathAndQuery};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio_rustls::TlsConnector;
use url::Host;

use super::{
    expect_continue::ExpectContinue, headers, http1::HeadTemplate, redact::Redactor, resolver::Resolver, tls,
};
use crate::{
    error::Error,
    plan::{
        Plan, Verify,
        limits::Limits,
        store::{Persistence, StoreOptions},
        target::{Header, Target},
    },
};

/// All targets of a plan, prepared for requests.
#[derive(Debug)]
pub struct Network {
    pub(super) publishers: Vec<Endpoint>,
    pub(super) aggregators: Vec<Endpoint>,
    pub(super) limits: Limits,
    pub(super) verify: Verify,
    /// Knows the secrets of all requests.
    pub(super) redactor: Redactor,
}

/// A target, prepared for requests.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Its network address.
    pub(super) address: Address,
    /// The TLS settings; `None` for plain HTTP.
    pub(super) tls: Option<Tls>,
    /// How its name becomes addresses.
    pub(super) resolver: Resolver,
    /// How many connections to its name were begun, so that they go round its addresses.
    pub(super) connections: AtomicUsize,
    /// What all its requests have in common.
    pub(super) template: HeadTemplate,
    /// Whether its uploads wait for a `100 Continue`.
    pub(super) expect_continue: ExpectContinue,
}

/// The network address of a target.
#[derive(Debug)]
pub(super) enum Address {
    /// An IP address and a port.
    Literal(SocketAddr),
    /// A host name, which has to be resolved, and a port.
    Name(String, u16),
}

/// The TLS settings of a target.
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({:?})", self.name)
    }
}

impl Network {
    /// Prepares the requests to all targets of `plan`. Root certificates are loaded only for https.
    ///
    /// # Errors
    /// When a header, a token or a certificate file cannot be used; the error names the flag.
    pub fn new(plan: &Plan) -> Result<Network, Error> {
        let limits = &plan.limits;
        let tls = shared_tls(plan)?;
        let endpoints = |targets: &[Target], extra: &[Header]| {
            targets
                .iter()
                .map(|target| Endpoint::new(target, extra, plan, &tls))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Network {
            publishers: endpoints(&plan.publishers, &limits.publisher_headers)?,
            aggregators: endpoints(&plan.aggregators, &limits.aggregator_headers)?,
            limits: limits.clone(),
            verify: plan.verify,
            redactor: Redactor::of(plan),
        })
    }
}

impl Network {
    /// The same targets with names that become addresses in another way.
    pub fn resolving(mut self, resolver: &Resolver) -> Network {
        let endpoints = self.publishers.iter_mut().chain(&mut self.aggregators);
        endpoints.for_each(|endpoint| endpoint.resolver = resolver.clone());
        self
    }
}

/// One TLS configuration for all targets, made only when it is needed.
fn shared_tls(plan: &Plan) -> Result<Option<Arc<ClientConfig>>, Error> {
    let https = plan.publishers.iter().chain(&plan.aggregators).any(Target::is_https);
    // A certificate file that cannot be read is an error even when no target is https.
    let needed = https || plan.limits.ca_certificates.is_some();
    needed.then(|| tls::config(&plan.limits).map(Arc::new)).transpose()
}

impl Endpoint {
    fn new(
        target: &Target,
        extra: &[Header],
        plan: &Plan,
        tls: &Option<Arc<ClientConfig>>,
    ) -> Result<Endpoint, Error> {
        let mut headers = headers::prepare(target, extra, &plan.limits)?;
        headers.insert(header::HOST, headers::host(target)?);
        let tls = tls.as_ref().filter(|_| target.is_https());
        let tls = tls.map(|config| Tls::new(target, config)).transpose()?;
        let base = target.url.path();
        let store = format!("{base}v1/blobs{}", query(&plan.store));
        // Checks that the path is valid.
        PathAndQuery::try_from(store.as_str()).map_err(|_| unusable(target))?;
        Ok(Endpoint {
            address: Address::of(target)?,
            resolver: Resolver::default(),
            connections: AtomicUsize::new(0),
            tls,
            template: HeadTemplate::new(&store, &format!("{base}v1/blobs/"), &headers),
            expect_continue: ExpectContinue::new(plan.limits.expect_continue),
        })
    }
}

impl Address {
    pub(super) fn of(target: &Target) -> Result<Address, Error> {
        let port = target.url.port_or_known_default().ok_or_else(|| unusable(target))?;
        Ok(match target.url.host().ok_or_else(|| unusable(target))? {
            Host::Domain(name) => Address::Name(name.to_owned(), port),
            Host::Ipv4(address) => Address::Literal((IpAddr::V4(address), port).into()),
            Host::Ipv6(address) => Address::Literal((IpAddr::V6(address), port).into()),
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Literal(address) => write!(f, "{address}"),
            Address::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

impl Tls {
    pub(super) fn new(target: &Target, config: &Arc<ClientConfig>) -> Result<Tls, Error> {
        let name = match Address::of(target)? {
            Address::Literal(address) => ServerName::from(address.ip()),
            Address::Name(name, _) => ServerName::try_from(name).map_err(|_| unusable(target))?,
        };
        Ok(Tls { connector: TlsConnector::from(Arc::clone(config)), name })
    }
}

/// The query of an upload; only what the user asked for, because publishers refuse unknown parameters.
fn query(store: &StoreOptions) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(epochs) = store.epochs {
        query.append_pair("epochs", &epochs.to_string());
    }
    match store.persistence {
        Some(Persistence::Permanent) => drop(query.append_pair("permanent", "true")),
        Some(Persistence::Deletable) => drop(query.append_pair("deletable", "true")),
        None => {}
    }
    if store.force {
        query.append_pair("force", "true");
    }
    if let Some(address) = &store.send_object_to {
        query.append_pair("send_object_to", address.as_str());
    }
    if store.reuse_resources {
        query.append_pair("reuse_resources", "true");
    }
    if store.share {
        query.append_pair("share", "true");
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

fn unusable(target: &Target) -> Error {
    Error::Flag {
        flag: format!("--publisher or --aggregator {target}"),
        reason: "cannot be used as a base address".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_has_only_what_was_asked_for() {
        assert_eq!(query(&StoreOptions::default()), "");
        let all = StoreOptions {
            epochs: Some(5),
            persistence: Some(Persistence::Permanent),
            send_object_to: Some(format!("0x{}", "ab".repeat(32)).parse().unwrap()),
            force: true,
            ..StoreOptions::default()
        };
        let expected = format!("?epochs=5&permanent=true&force=true&send_object_to=0x{}", "ab".repeat(32));
        assert_eq!(query(&all), expected);
        let deletable = StoreOptions { persistence: Some(Persistence::Deletable), ..StoreOptions::default() };
        assert_eq!(query(&deletable), "?deletable=true");
        let shared = StoreOptions { reuse_resources: true, share: true, ..StoreOptions::default() };
        assert_eq!(query(&shared), "?reuse_resources=true&share=true");
    }
}
