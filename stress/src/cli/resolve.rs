//! Makes a plan of options: defaults, phases with their warm-ups, headers, and where blobs come from.

use std::time::Duration;

use super::{
    blob_list::BlobList,
    cost_values::PriceSource,
    options::RunOptions,
    part::OwnPart,
    tokens,
    values::{Parsed, StepOrder},
};
use crate::plan::{
    ConfigError, Phase, Plan, Verify,
    delay::Delays,
    journey::{Journey, Step},
    limits::Limits,
    load::{Load, Stop},
    price::Price,
    retry::Retries,
    schedule::Arrivals,
    sizes::{ContentMix, Sizes},
    source::BlobSource,
    stages::Stages,
    store::{Persistence, StoreOptions},
    target::Header,
};

/// The name of a run's only phase.
pub(super) const MAIN: &str = "main";
/// The most journeys under way at a rate, unless the machine has fewer file descriptors.
pub(super) const DEFAULT_MAX_IN_FLIGHT: u32 = 10_000;

const DEFAULT_BLOBS: u64 = 5;
const DEFAULT_CONCURRENCY: u32 = 8;
const DEFAULT_READS: u8 = 2;
const DEFAULT_GRACE: Duration = Duration::from_secs(30);
const DEFAULT_UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);
const DEFAULT_DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(60);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_USER_AGENT: &str = concat!("walrus-stress/", env!("CARGO_PKG_VERSION"));

/// The plan of a run with these phases. It is not checked yet.
pub(super) fn plan(options: &RunOptions, part: &OwnPart, phases: Vec<Phase>) -> Result<Plan, ConfigError> {
    let uploads = phases.iter().any(|phase| phase.journey.uploads());
    let reads = phases.iter().any(|phase| phase.journey.reads());
    let duplicates = phases.iter().any(|phase| phase.duplicates > 0.0);
    Ok(Plan {
        seed: seed(options, part)?,
        // A target without requests is not asked for its status either.
        publishers: if uploads { all(&options.publisher) } else { Vec::new() },
        aggregators: if reads { all(&options.aggregator) } else { Vec::new() },
        phases,
        store: StoreOptions {
            price: price(options)?,
            tokens: tokens::settings(options)?.filter(|_| uploads),
            ..store(options, duplicates)
        },
        limits: limits(options)?,
        verify: get(&options.verify).unwrap_or(Verify::Full),
        retries: retries(options)?,
        thresholds: all(&options.threshold),
        unsupported_percentiles: get(&options.unsupported_percentiles).unwrap_or_default(),
        shard: part.number.filter(|_| part.vantage.is_none()),
        vantage: part.vantage.clone(),
    })
}

fn price(options: &RunOptions) -> Result<Option<Price>, ConfigError> {
    let price = options.price.as_deref().map(PriceSource::price).transpose();
    price.map_err(|reason| ConfigError::new("--price", reason))
}

/// The value of an option.
fn get<T: Clone>(option: &Option<Parsed<T>>) -> Option<T> {
    option.as_deref().cloned()
}

/// The values of a repeatable option.
fn all<T: Clone>(options: &[Parsed<T>]) -> Vec<T> {
    options.iter().map(|option| T::clone(option)).collect()
}

/// The given seed, or that of the run's name, or a random one.
fn seed(options: &RunOptions, part: &OwnPart) -> Result<u64, ConfigError> {
    match (get(&options.seed), &part.run, part.number) {
        (Some(seed), ..) => Ok(seed),
        (None, Some(run), _) => Ok(run.seed()),
        (None, None, None) => Ok(random_seed()),
        (None, None, Some(_)) => {
            let reason = "needs --run-id or --seed: only with the same one do all parts make one run";
            Err(ConfigError::new("--shard", reason))
        }
    }
}

/// A new seed. It has at most 53 bits, so that every reader of the report's JSON sees the same number.
fn random_seed() -> u64 {
    rand::random::<u64>() >> 11
}

/// The phase of this name, and before it its warm-up, if it has one: the same load until another stop. Earlier phases have
/// `taken` this many blobs of the list.
pub(super) fn phases(
    name: &str,
    options: &RunOptions,
    list: Option<&BlobList>,
    taken: u64,
) -> Result<Vec<Phase>, ConfigError> {
    let journey = journey(options)?;
    let main = Phase {
        name: name.to_owned(),
        source: source(options, &journey, list)?,
        journey,
        delays: delays(options)?,
        sizes: sizes(options),
        content: get(&options.content).unwrap_or(ContentMix::Mixed),
        duplicates: options.duplicates.as_deref().map_or(0.0, |share| share.0),
        order_control: options.order_control.as_deref().map_or(0.0, |share| share.0),
        load: load(options)?,
        stop: Stop { blobs: get(&options.blobs), duration: get(&options.duration) },
        grace: get(&options.grace).unwrap_or(DEFAULT_GRACE),
        warm_up: false,
    };
    let warm_up = options.warm_up.as_deref().map(|stop| Phase {
        name: if name == MAIN { "warm-up".to_owned() } else { format!("{name} warm-up") },
        warm_up: true,
        stop: *stop,
        load: main.load.first_level(),
        ..main.clone()
    });
    // Stages and lists that are read once end by themselves.
    let endless = main.stop.duration.is_none() && main.load.length().is_none();
    let blobs = match (&main.source, list) {
        (BlobSource::List { round: false, .. }, Some(list)) => {
            Some(remaining(list, main.stop.blobs, warm_up.as_ref(), taken)?)
        }
        (BlobSource::List { .. } | BlobSource::Phase { round: false, .. }, _) => main.stop.blobs,
        _ => main.stop.blobs.or(endless.then_some(DEFAULT_BLOBS)),
    };
    let main = Phase { stop: Stop { blobs, ..main.stop }, ..main };
    let measured = match get(&options.order).unwrap_or_default() {
        StepOrder::Journey => vec![main],
        StepOrder::Phased => main.step_by_step(),
    };
    Ok(warm_up.into_iter().chain(measured).collect())
}

/// Whether stored blobs are read and none is uploaded.
fn reads_list(options: &RunOptions) -> bool {
    options.blob_ids.is_some() || options.from_export.is_some() || options.from_log.is_some()
}

fn journey(options: &RunOptions) -> Result<Journey, ConfigError> {
    if !options.steps.is_empty() {
        let again = (!options.again.is_empty()).then_some(Step::Again);
        return Ok(Journey { steps: options.steps.iter().map(|typed| typed.step).chain(again).collect() });
    }
    match get(&options.reads) {
        Some(0) => Err(ConfigError::new("--reads", "must be at least 1; --steps upload downloads nothing")),
        reads => Ok(Journey::with_reads(
            !reads_list(options) && options.blobs_of.is_none(),
            reads.unwrap_or(DEFAULT_READS),
        )),
    }
}

/// When blobs are read by the steps after and again.
fn delays(options: &RunOptions) -> Result<Option<Delays>, ConfigError> {
    let after = options.steps.iter().find_map(|typed| typed.delay);
    let refuse = |flag: &str, reason: &str| Err(ConfigError::new(flag, reason));
    match after {
        None if !options.again.is_empty() => {
            refuse("--again", "needs --steps upload,after:DELAY: it reads again what that did not find")
        }
        None => Ok(None),
        Some(_) if get(&options.order) == Some(StepOrder::Phased) => refuse(
            "--order",
            "phased cannot be used with after:DELAY, which counts from each blob's own upload",
        ),
        Some(_) if options.duplicates.as_deref().is_some_and(|share| share.0 > 0.0) => refuse(
            "--duplicates",
            "cannot be used with after:DELAY: a blob that was stored before can be read at once",
        ),
        Some(after) => Ok(Some(Delays { after, again: all(&options.again) })),
    }
}

/// A list is read again and again where only cached downloads are wanted: those can be had any number of times.
fn source(
    options: &RunOptions,
    journey: &Journey,
    list: Option<&BlobList>,
) -> Result<BlobSource, ConfigError> {
    // Cached reads can be had any number of times.
    let round = !journey.steps.contains(&Step::FIRST);
    if let Some(name) = get(&options.blobs_of) {
        return Ok(BlobSource::Phase { name, round });
    }
    let Some(list) = list else { return Ok(BlobSource::Made) };
    for (flag, is_set) in [
        ("--size", options.size.is_some()),
        ("--min-size", options.min_size.is_some()),
        ("--max-size", options.max_size.is_some()),
        ("--duplicates", options.duplicates.as_deref().is_some_and(|share| share.0 > 0.0)),
    ] {
        if is_set {
            return Err(ConfigError::new(flag, "is about uploads, but the blobs of a list are only read"));
        }
    }
    Ok(BlobSource::List { name: list.name.clone(), round, listing: list.listing })
}

/// How many blobs of a list that is read once are left for a phase after its warm-up and the phases before it.
fn remaining(
    list: &BlobList,
    wanted: Option<u64>,
    warm_up: Option<&Phase>,
    before: u64,
) -> Result<u64, ConfigError> {
    let taken = warm_up.and_then(|phase| phase.stop.blobs).unwrap_or(0);
    match list.count.saturating_sub(before).saturating_sub(taken) {
        0 if before > 0 => {
            let reason = format!(
                "leaves none of the {} blobs of {} to this phase: give those before it a number",
                list.count, list.name
            );
            Err(ConfigError::new("--blobs", reason))
        }
        0 => Err(ConfigError::new("--warm-up", format!("takes all {} blobs of {}", list.count, list.name))),
        left => Ok(wanted.map_or(left, |wanted| wanted.min(left))),
    }
}

/// A single limit on the wrong side of the other's default replaces that, too.
fn sizes(options: &RunOptions) -> Sizes {
    let default = Sizes::default();
    let [min, max] =
        [&options.min_size, &options.max_size].map(|limit| limit.as_deref().map(|bytes| bytes.0));
    match (get(&options.size), min, max) {
        (Some(both), ..) => both,
        (None, Some(min), Some(max)) => Sizes { min, max },
        (None, Some(min), None) => Sizes { min, max: default.max.max(min) },
        (None, None, Some(max)) => Sizes { min: default.min.min(max), max },
        (None, None, None) => default,
    }
}

fn load(options: &RunOptions) -> Result<Load, ConfigError> {
    let rate = match options.rate.as_deref() {
        Some(rate) => Some(Stages::constant(rate.0)),
        None => stages(options.stages.iter().map(|stage| stage.0)),
    };
    if let Some(rate) = rate {
        return Ok(Load::Open {
            rate,
            arrivals: get(&options.arrivals).unwrap_or(Arrivals::Uniform),
            max_in_flight: get(&options.max_in_flight).unwrap_or(DEFAULT_MAX_IN_FLIGHT),
        });
    }
    for (flag, is_set) in
        [("--arrivals", options.arrivals.is_some()), ("--max-in-flight", options.max_in_flight.is_some())]
    {
        if is_set {
            return Err(ConfigError::new(flag, "needs --rate or --stages: only a rate has arrivals"));
        }
    }
    let workers = stages(options.concurrency_stages.iter().map(|stage| stage.0));
    let workers = workers.map(|workers| Load::Closed { workers });
    Ok(workers.unwrap_or_else(|| Load::closed(get(&options.concurrency).unwrap_or(DEFAULT_CONCURRENCY))))
}

fn stages(stages: impl Iterator<Item = crate::plan::stages::Stage>) -> Option<Stages> {
    Some(stages.collect::<Vec<_>>()).filter(|stages| !stages.is_empty()).map(Stages)
}

fn retries(options: &RunOptions) -> Result<Retries, ConfigError> {
    let (most, backoff) = (get(&options.retries), get(&options.backoff));
    let useless = [("--backoff", backoff.is_some()), ("--retry-on", !options.retry_on.is_empty())];
    match (most, useless.into_iter().find(|(_, set)| *set)) {
        (None, Some((flag, _))) => {
            Err(ConfigError::new(flag, "needs --retries: without it nothing is retried"))
        }
        // What a plan file says of retries is switched off along with them.
        (None | Some(0), _) => Ok(Retries::default()),
        (Some(most), _) => {
            let retry_on = options.retry_on.iter().map(|class| class.0).collect();
            Ok(Retries { most, backoff: backoff.unwrap_or_default(), retry_on })
        }
    }
}

fn store(options: &RunOptions, duplicates: bool) -> StoreOptions {
    let persistence = match (options.permanent || (duplicates && !options.deletable), options.deletable) {
        (true, _) => Some(Persistence::Permanent),
        (false, true) => Some(Persistence::Deletable),
        (false, false) => None,
    };
    StoreOptions {
        epochs: get(&options.epochs),
        persistence,
        send_object_to: get(&options.send_object_to),
        force: options.force,
        reuse_resources: options.reuse_resources,
        share: options.share,
        max_cost: get(&options.max_cost),
        price: None,
        tokens: None,
    }
}

pub(super) fn limits(options: &RunOptions) -> Result<Limits, ConfigError> {
    let timeout = |flag: &str, option: &Option<Parsed<Duration>>, default| match get(option) {
        Some(Duration::ZERO) => Err(ConfigError::new(flag, "must be longer than 0 s")),
        timeout => Ok(timeout.unwrap_or(default)),
    };
    Ok(Limits {
        upload_timeout: timeout("--upload-timeout", &options.upload_timeout, DEFAULT_UPLOAD_TIMEOUT)?,
        download_timeout: timeout("--download-timeout", &options.download_timeout, DEFAULT_DOWNLOAD_TIMEOUT)?,
        connect_timeout: timeout("--connect-timeout", &options.connect_timeout, DEFAULT_CONNECT_TIMEOUT)?,
        expect_continue: options.expect_continue,
        insecure: options.insecure,
        ca_certificates: get(&options.cacert),
        user_agent: get(&options.user_agent).unwrap_or_else(|| DEFAULT_USER_AGENT.to_owned()),
        publisher_headers: publisher_headers(options)?,
        aggregator_headers: [all(&options.header), all(&options.aggregator_header)].concat(),
        cache_headers: all(&options.cache_header),
    })
}

fn publisher_headers(options: &RunOptions) -> Result<Vec<Header>, ConfigError> {
    let bearer = options.bearer.as_deref().map(|bearer| bearer.header()).transpose();
    let bearer = bearer.map_err(|reason| ConfigError::new("--bearer", reason))?;
    let headers = [all(&options.header), all(&options.publisher_header), Vec::from_iter(bearer)].concat();
    let authorizations = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("authorization"));
    let has_login = || options.publisher.iter().any(|target| target.credentials.is_some());
    let of_tokens = [
        ("--bearer", options.bearer.is_some(), 1),
        ("--jwt-secret", options.jwt_secret.is_some(), 0),
        ("--jwt-key", options.jwt_key.is_some(), 0),
        ("--tokens", options.tokens.is_some(), 0),
    ];
    let own = of_tokens.into_iter().find(|(_, is_set, _)| *is_set);
    if let Some((flag, _, own)) = own
        && (authorizations.count() > own || has_login())
    {
        let reason = "cannot be used with another Authorization header or with user:password in --publisher";
        return Err(ConfigError::new(flag, reason));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_size_limit_replaces_a_default_on_its_wrong_side() {
        for (size, min, max, expected) in [
            (None, None, None, (92_160, 102_400)),
            (None, Some("200KiB"), None, (204_800, 204_800)),
            (None, Some("95KiB"), None, (97_280, 102_400)),
            (None, None, Some("10KiB"), (10_240, 10_240)),
            (None, None, Some("200KiB"), (92_160, 204_800)),
            (None, Some("3B"), Some("2B"), (3, 2)),
            (Some("0"), None, None, (0, 0)),
        ] {
            let [min, max] = [min, max].map(|text| text.map(|text: &str| text.parse().unwrap()));
            let size = size.map(|text: &str| text.parse().unwrap());
            let Sizes { min, max } =
                sizes(&RunOptions { size, min_size: min, max_size: max, ..RunOptions::default() });
            assert_eq!((min, max), expected);
        }
    }
}
