//! Asks every target how it is before a run, so that a mistyped address is found in a second and not in a report.

use std::{error::Error as _, io};

use futures_util::future::try_join_all;
use hyper::header::{self, HeaderMap};
use reqwest::{Client, redirect};
use url::Url;

use super::{headers, response::Response, text::one_line, tls};
use crate::{
    error::Error,
    plan::{
        Plan,
        target::{Header, Target},
    },
};

/// The most bytes of an answer that are looked at.
const MAX_BODY: usize = 16 * 1024;

/// What a target is asked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Publisher,
    Aggregator,
}

/// Asks each target for its status, all at once; gives one line for each that did not say `OK` but may still work.
///
/// # Errors
/// [`Error::Preflight`] for the first target that cannot be what it should be; otherwise what [`super::Network::new`]
/// refuses.
pub async fn preflight(plan: &Plan) -> Result<Vec<String>, Error> {
    let limits = &plan.limits;
    let any_https = plan.publishers.iter().chain(&plan.aggregators).any(Target::is_https);
    let tls = if any_https { tls::config(limits)? } else { tls::trusting_nobody() };
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .http1_only()
        .connect_timeout(limits.connect_timeout)
        // As long again to answer as to connect.
        .timeout(limits.connect_timeout.saturating_mul(2))
        .build()
        .map_err(|error| Error::System {
            what: "cannot prepare the check".to_owned(),
            source: io::Error::other(error),
        })?;
    let mut questions = Vec::new();
    for (role, target, extra) in targets(plan) {
        questions.push(ask(&client, role, target, headers::prepare(target, extra, limits)?));
    }
    Ok(try_join_all(questions).await?.into_iter().flatten().collect())
}

/// Every address once: a publisher that is also an aggregator is asked as a publisher.
fn targets(plan: &Plan) -> Vec<(Role, &Target, &[Header])> {
    let publishers =
        plan.publishers.iter().map(|target| (Role::Publisher, target, &*plan.limits.publisher_headers));
    let aggregators =
        plan.aggregators.iter().map(|target| (Role::Aggregator, target, &*plan.limits.aggregator_headers));
    let mut targets: Vec<(Role, &Target, &[Header])> = Vec::new();
    for question in publishers.chain(aggregators) {
        if !targets.iter().any(|(_, target, _)| target.url == question.1.url) {
            targets.push(question);
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

/// A line of warning, or nothing when all is well.
async fn ask(
    client: &Client,
    role: Role,
    target: &Target,
    headers: HeaderMap,
) -> Result<Option<String>, Error> {
    let refused = |reason: String| Error::Preflight { role: role.name(), target: target.to_string(), reason };
    let url = target.at("status").map_err(|error| refused(format!("is no base address ({error})")))?;
    let response = get(client, url, headers).await.map_err(|error| refused(no_response(target, &error)))?;
    match judge(role, &response) {
        Verdict::Pass => Ok(None),
        Verdict::Warn(warning) => Ok(Some(format!("{} {target}: {warning}", role.name()))),
        Verdict::Refuse(reason) => Err(refused(reason)),
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
        body,
    })
}

/// Why there was no response, and what to do.
fn no_response(target: &Target, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        let what = if error.is_connect() { "accept a connection" } else { "answer /status" };
        return format!("did not {what} in time; check the address, or raise --connect-timeout");
    }
    let told = one_line(&root_cause(error));
    let hint = match told.as_str() {
        _ if told.contains("lookup address") => "check the host's name",
        _ if told.contains("refused") => "nothing listens there: is it running, and is the port right?",
        _ if told.contains("certificate") => "--cacert names further roots, --insecure checks nothing",
        _ if target.is_https() => "is it a Walrus service, and does it speak TLS?",
        _ => "is it a Walrus service, and is http:// right?",
    };
    format!("{told}; {hint}")
}

/// The innermost cause: reqwest and hyper wrap it in words that say nothing more.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut told = error.to_string();
    while let Some(error) = cause {
        told = error.to_string();
        cause = error.source();
    }
    told
}

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    Warn(String),
    Refuse(String),
}

fn judge(role: Role, response: &Response) -> Verdict {
    let page = response.is_html();
    let said = if page { response.title() } else { Some(one_line(&String::from_utf8_lossy(&response.body))) };
    let said = said.filter(|said| !said.is_empty()).map(|said| format!(": {said}")).unwrap_or_default();
    let flags = match role {
        Role::Publisher => "--bearer, --header or --publisher-header",
        Role::Aggregator => "--header or --aggregator-header",
    };
    match response.status {
        200 if response.body.trim_ascii() == b"OK" => Verdict::Pass,
        200 if page => Verdict::Refuse(format!(
            "answers /status with a web page{said}; name the base address of the Walrus service itself"
        )),
        200 => Verdict::Refuse(format!(
            "answers /status with something other than OK{said}; is it a Walrus service?"
        )),
        300..=399 => {
            let place = if response.location.is_empty() { "an unnamed place" } else { &response.location };
            Verdict::Refuse(format!(
                "redirects /status to {place}; redirects are not followed, name that address"
            ))
        }
        403 if page => Verdict::Refuse(format!(
            "answers /status with a web page (HTTP 403{said}); is a proxy in the way?"
        )),
        401 | 403 => Verdict::Warn(format!(
            "/status is not open to us (HTTP {}{said}); if the run is refused too, name a key with {flags}",
            response.status
        )),
        404 => Verdict::Warn(
            "has no /status (HTTP 404); going on, but check the address if the run fails".to_owned(),
        ),
        429 => Verdict::Warn(format!("is too busy to answer /status (HTTP 429{said}); going on")),
        status => Verdict::Refuse(format!("answers /status with HTTP {status}{said}")),
    }
}
