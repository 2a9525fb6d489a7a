//! Requests `/status` of every target before a run, so that a mistyped address is found in a second and not in a report.

use std::{
    error::Error as StdError,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use http::header::{self, HeaderMap};
use reqwest::Client;
use url::Url;

use super::{headers, redact::Redactor, resolver, response::Response, text::one_line, untimed};
use crate::{
    error::Error,
    plan::{
        Plan,
        target::{Header, Target},
    },
    units,
};

/// The most bytes of a body that are read.
const MAX_BODY: usize = 16 * 1024;

/// The role in which a target is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Publisher,
    Aggregator,
}

/// The pauses between requests for a status that a server does not give yet.
const PAUSES: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(1);

/// Requests the status of all targets concurrently, of a server that is not ready again for up to `wait`. Returns a warning for
/// each that did not answer `OK` but may still work. Where publishers and aggregators have addresses of their own, it is
/// checked that they are not swapped.
///
/// # Errors
/// [`Error::Preflight`] for the first target that cannot be what it should be; otherwise what [`super::Network::new`]
/// refuses.
pub async fn preflight(plan: &Plan, wait: Duration) -> Result<Vec<String>, Error> {
    let limits = &plan.limits;
    let any_https = plan.publishers.iter().chain(&plan.aggregators).any(Target::is_https);
    let client = untimed::client(limits, any_https)?;
    let redactor = Redactor::of(plan);
    let mut requests = Vec::new();
    let targets = targets(plan);
    // One address for both, as of a daemon, cannot be swapped.
    let may_be_swapped =
        [Role::Publisher, Role::Aggregator].iter().all(|role| targets.iter().any(|(one, ..)| one == role));
    for (role, target, extra) in targets {
        let headers = headers::prepare(target, extra, limits)?;
        let check =
            Check { client: &client, redactor: &redactor, role, target, headers, wait, may_be_swapped };
        requests.push(check.run());
    }
    Ok(try_join_all(requests).await?.into_iter().flatten().collect())
}

/// Every address once: a publisher that is also an aggregator is checked as a publisher.
fn targets(plan: &Plan) -> Vec<(Role, &Target, &[Header])> {
    let publishers =
        plan.publishers.iter().map(|target| (Role::Publisher, target, &*plan.limits.publisher_headers));
    let aggregators =
        plan.aggregators.iter().map(|target| (Role::Aggregator, target, &*plan.limits.aggregator_headers));
    let mut targets: Vec<(Role, &Target, &[Header])> = Vec::new();
    for entry in publishers.chain(aggregators) {
        if !targets.iter().any(|(_, target, _)| target.url == entry.1.url) {
            targets.push(entry);
        }
    }
    targets
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Publisher => "publisher",
            Role::Aggregator => "aggregator",
        }
    }
}

/// The check of one target.
struct Check<'a> {
    client: &'a Client,
    redactor: &'a Redactor,
    role: Role,
    target: &'a Target,
    headers: HeaderMap,
    wait: Duration,
    may_be_swapped: bool,
}

impl Check<'_> {
    /// A warning, or `None` when the target answered `OK`.
    async fn run(self) -> Result<Option<String>, Error> {
        let Self { role, target, redactor, .. } = &self;
        let refused = |reason: String| Error::Preflight {
            role: role.name(),
            target: target.to_string(),
            reason: redactor.text(&reason).into_owned(),
        };
        let warning = self.status().await.map_err(refused)?;
        if warning.is_none() && self.may_be_swapped && self.is_swapped().await {
            let text = match role {
                Role::Publisher => {
                    "is an aggregator, which stores no blobs: are --publisher and --aggregator swapped?"
                }
                Role::Aggregator => {
                    "is a publisher, which gives no blobs: are --publisher and --aggregator swapped?"
                }
            };
            return Err(refused(text.to_owned()));
        }
        Ok(warning.map(|warning| format!("{} {target}: {}", role.name(), redactor.text(&warning))))
    }

    /// The answer to the request for the status, assessed; asked for again while the server is not ready and there is time.
    async fn status(&self) -> Result<Option<String>, String> {
        let begun = Instant::now();
        let mut pause = *PAUSES.start();
        loop {
            let (is_ready, assessed) = match self.get("status").await? {
                Ok(response) => (response.status < 500, assess(self.role, &response)),
                Err(error) => (false, Err(no_response(self.target, &error))),
            };
            if is_ready || begun.elapsed() + pause > self.wait {
                let waited = (self.wait > Duration::ZERO && !is_ready)
                    .then(|| format!(" (for {}, --wait)", units::duration(self.wait)));
                return assessed.map_err(|reason| reason + &waited.unwrap_or_default());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(*PAUSES.end());
        }
    }

    /// Whether the target has what only the other role has, and lacks what its own has. A publisher alone takes requests at
    /// `/v1/blobs`, if not GET (405), and an aggregator alone knows that `x` is no blob ID (400); both answer 404 to the rest.
    async fn is_swapped(&self) -> bool {
        let status = async |path: &str| match self.get(path).await {
            Ok(Ok(response)) => Some(response.status),
            _ => None,
        };
        let (stores, reads) = ("v1/blobs", "v1/blobs/x");
        match self.role {
            Role::Publisher => status(stores).await == Some(404) && status(reads).await == Some(400),
            Role::Aggregator => status(stores).await == Some(405) && status(reads).await == Some(404),
        }
    }

    async fn get(&self, path: &str) -> Result<Result<Response, reqwest::Error>, String> {
        let url = self.target.at(path).map_err(|error| format!("is no base address ({error})"))?;
        Ok(get(self.client, url, self.headers.clone()).await)
    }
}

async fn get(client: &Client, url: Url, headers: HeaderMap) -> Result<Response, reqwest::Error> {
    let mut response = client.get(url).headers(headers).send().await?;
    let mut body = Vec::new();
    while body.len() < MAX_BODY
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    Ok(Response {
        status: response.status().as_u16(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default().to_owned(),
        location: text(header::LOCATION).unwrap_or_default().to_owned(),
        codings: text(header::CONTENT_ENCODING).unwrap_or_default().to_owned(),
        body,
        ..Response::default()
    })
}

/// Why there was no response, and what to do.
fn no_response(target: &Target, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        let what = if error.is_connect() { "accept a connection" } else { "answer /status" };
        return format!("did not {what} in time; check the address, or raise --connect-timeout");
    }
    let cause = one_line(&root_cause(error));
    let hint = match cause.as_str() {
        _ if cause.contains("lookup address") => {
            let proxy = resolver::proxy_hint(resolver::proxy_variable());
            return format!("{cause}; check the host's name{proxy}");
        }
        _ if cause.contains("refused") => "nothing listens there: is it running, and is the port right?",
        _ if cause.contains("CaUsedAsEndEntity") => {
            "its certificate is that of an authority, as `openssl req -x509` makes it; make one for a server with \
             -addext basicConstraints=critical,CA:FALSE and name it with --cacert"
        }
        _ if cause.contains("certificate") => "--cacert names further roots, --insecure checks nothing",
        _ if target.is_https() => "is it a Walrus service, and does it speak TLS?",
        _ => "is it a Walrus service, and is http:// right?",
    };
    format!("{cause}; {hint}")
}

/// The innermost cause: the messages of reqwest and hyper around it add nothing.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// A warning, or `None` when the response is `OK`.
///
/// # Errors
/// Why this cannot be a Walrus service that a run can use, and what to do.
fn assess(role: Role, response: &Response) -> Result<Option<String>, String> {
    let page = response.is_html();
    let text = if response.is_coded() {
        None
    } else if page {
        response.title()
    } else {
        Some(one_line(&String::from_utf8_lossy(&response.body)))
    };
    let text = text.filter(|text| !text.is_empty()).map(|text| format!(": {text}")).unwrap_or_default();
    let flags = match role {
        Role::Publisher => "--bearer, --header or --publisher-header",
        Role::Aggregator => "--header or --aggregator-header",
    };
    match response.status {
        200 if response.body.trim_ascii() == b"OK" => Ok(None),
        200 if page => Err(format!(
            "answers /status with a web page{text}; name the base address of the Walrus service itself"
        )),
        200 => Err(format!("answers /status with something other than OK{text}; is it a Walrus service?")),
        300..=399 => Err(format!(
            "redirects /status to {}; redirects are not followed, name that address",
            response.redirect_target()
        )),
        403 if page => {
            Err(format!("answers /status with a web page (HTTP 403{text}); is a proxy in the way?"))
        }
        status @ (401 | 403) => Ok(Some(format!(
            "refuses /status (HTTP {status}{text}); if the run is refused too, name a key with {flags}"
        ))),
        404 => {
            Ok(Some("has no /status (HTTP 404); going on, but check the address if the run fails".to_owned()))
        }
        429 => Ok(Some(format!("is too busy to answer /status (HTTP 429{text}); going on"))),
        status => Err(format!("answers /status with HTTP {status}{text}")),
    }
}
