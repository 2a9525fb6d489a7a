//! From what was typed to what is meant: the flags become a plan.

use crate::{
    error::Error,
    plan::{
        ConfigError, Phase, Plan,
        journey::{Journey, Step},
        limits::Limits,
        load::Stop,
        sizes::Sizes,
        source::BlobSource,
        store::{Persistence, StoreOptions},
        target::Header,
    },
};

use super::{
    args::{ExchangeArgs, LoadArgs, PlaceArgs, RunArgs, StoreArgs},
    journey::Order,
    list::BlobList,
    value::parse_header,
};

/// How many blobs a run has when neither a number nor a time is given.
const DEFAULT_BLOBS: u64 = 5;

/// The plan that the flags of a run, its phases and the list of stored blobs mean; it is checked.
pub(super) fn plan(args: &RunArgs, phases: Vec<Phase>) -> Result<Plan, Error> {
    let uploads = phases.iter().any(|phase| phase.journey.uploads());
    let reads = phases.iter().any(|phase| phase.journey.reads());
    let duplicates = phases.iter().any(|phase| phase.duplicates > 0.0);
    if args.pace.shard.is_some() && args.load.seed.is_none() {
        let reason = "needs --seed: only with the same one do all parts make one run";
        return Err(ConfigError::new("--shard", reason).into());
    }
    let plan = Plan {
        seed: args.load.seed.unwrap_or_else(random_seed),
        // Who is not needed is not asked for its status either.
        publishers: if uploads { args.place.publisher.clone() } else { Vec::new() },
        aggregators: if reads { args.place.aggregator.clone() } else { Vec::new() },
        phases,
        store: store(&args.store, duplicates),
        limits: limits(&args.exchange, &args.place)?,
        verify: args.load.verify,
        retries: args.retry.retries()?,
        thresholds: args.expect.threshold.clone(),
        shard: args.pace.shard,
    };
    plan.check()?;
    Ok(plan)
}

/// A new seed. It has at most 53 bits, so that every reader of the report's JSON sees the same number.
fn random_seed() -> u64 {
    rand::random::<u64>() >> 11
}

/// The name of a run's only phase.
pub(super) const MAIN: &str = "main";

/// A phase of this name, and its warm-up before it, if there is one: the same load, until different stops. Phases
/// before it have `taken` so many blobs of the list.
pub(super) fn phases(
    name: &str,
    args: &RunArgs,
    list: Option<&BlobList>,
    taken: u64,
) -> Result<Vec<Phase>, Error> {
    let RunArgs { load, pace, .. } = args;
    let journey = args.journey.journey()?;
    let pattern = args.pace.load()?;
    let source = source(load, &journey, list)?;
    let main = Phase {
        name: name.to_owned(),
        journey,
        source,
        sizes: sizes(load.size, load.min_size, load.max_size),
        content: load.content,
        duplicates: load.duplicates,
        order_control: args.journey.order_control,
        load: pattern,
        stop: Stop { blobs: load.blobs, duration: load.duration },
        grace: pace.grace,
        warm_up: false,
    };
    // Stages say themselves when the run ends.
    let endless = load.duration.is_none() && main.load.length().is_none();
    let blobs = match (&main.source, list) {
        (BlobSource::List { round: false, .. }, Some(list)) => {
            Some(rest(list, load.blobs, pace.warm_up, taken)?)
        }
        (BlobSource::List { .. }, _) => load.blobs,
        (BlobSource::Made | BlobSource::Earlier, _) => load.blobs.or(endless.then_some(DEFAULT_BLOBS)),
    };
    let warm_up = pace.warm_up.map(|stop| Phase {
        name: if name == MAIN { "warm-up".to_owned() } else { format!("{name} warm-up") },
        warm_up: true,
        stop,
        load: main.load.first_level(),
        ..main.clone()
    });
    let main = Phase { stop: Stop { blobs, ..main.stop }, ..main };
    let measured = match args.journey.order {
        Order::Journey => vec![main],
        Order::Phased => main.step_by_step(),
    };
    Ok(warm_up.into_iter().chain(measured).collect())
}

/// A list starts again at its end where only cached downloads are wanted: those can be had any number of times.
fn source(load: &LoadArgs, journey: &Journey, list: Option<&BlobList>) -> Result<BlobSource, ConfigError> {
    let Some(list) = list else { return Ok(BlobSource::Made) };
    for (flag, given) in [
        ("--size", load.size.is_some()),
        ("--min-size", load.min_size.is_some()),
        ("--max-size", load.max_size.is_some()),
        ("--duplicates", load.duplicates > 0.0),
    ] {
        if given {
            return Err(ConfigError::new(flag, "is about uploads, but the blobs of a list are only read"));
        }
    }
    let round = !journey.steps.contains(&Step::FIRST);
    Ok(BlobSource::List { name: list.name.clone(), round, listing: list.listing() })
}

/// How many blobs of a list that is read once through are left for a phase behind its warm-up and those before it.
fn rest(
    list: &BlobList,
    wanted: Option<u64>,
    warm_up: Option<Stop>,
    before: u64,
) -> Result<u64, ConfigError> {
    let taken = warm_up.and_then(|stop| stop.blobs).unwrap_or(0);
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

/// A lone limit on the wrong side of the other's default takes that along.
fn sizes(both: Option<Sizes>, min: Option<u64>, max: Option<u64>) -> Sizes {
    let default = Sizes::default();
    match (both, min, max) {
        (Some(both), ..) => both,
        (None, Some(min), Some(max)) => Sizes { min, max },
        (None, Some(min), None) => Sizes { min, max: default.max.max(min) },
        (None, None, Some(max)) => Sizes { min: default.min.min(max), max },
        (None, None, None) => default,
    }
}

fn store(args: &StoreArgs, duplicates: bool) -> StoreOptions {
    let persistence = match (args.permanent || (duplicates && !args.deletable), args.deletable) {
        (true, _) => Some(Persistence::Permanent),
        (false, true) => Some(Persistence::Deletable),
        (false, false) => None,
    };
    StoreOptions {
        epochs: args.epochs,
        persistence,
        send_object_to: args.send_object_to.clone(),
        force: args.force,
    }
}

fn limits(args: &ExchangeArgs, place: &PlaceArgs) -> Result<Limits, Error> {
    for (flag, timeout) in [
        ("--upload-timeout", args.upload_timeout),
        ("--download-timeout", args.download_timeout),
        ("--connect-timeout", args.connect_timeout),
    ] {
        if timeout.is_zero() {
            return Err(ConfigError::new(flag, "must be longer than 0 s").into());
        }
    }
    let both = headers("--header", &args.header, "WALRUS_STRESS_HEADER")?;
    let publisher = headers("--publisher-header", &args.publisher_header, "WALRUS_STRESS_PUBLISHER_HEADER")?;
    let aggregator =
        headers("--aggregator-header", &args.aggregator_header, "WALRUS_STRESS_AGGREGATOR_HEADER")?;
    let bearer = args.bearer.as_ref().map(super::value::Bearer::header);
    let publisher_headers: Vec<_> = both.iter().cloned().chain(publisher).chain(bearer.clone()).collect();
    if bearer.is_some() {
        let others =
            publisher_headers.iter().filter(|header| header.name.eq_ignore_ascii_case("authorization"));
        if others.count() > 1 || place.publisher.iter().any(|target| target.credentials.is_some()) {
            let reason = "cannot go with another Authorization header or with user:password in --publisher";
            return Err(ConfigError::new("--bearer", reason).into());
        }
    }
    Ok(Limits {
        upload_timeout: args.upload_timeout,
        download_timeout: args.download_timeout,
        connect_timeout: args.connect_timeout,
        expect_continue: args.expect_continue,
        insecure: args.insecure,
        ca_certificates: args.cacert.clone(),
        user_agent: args.user_agent.clone(),
        publisher_headers,
        aggregator_headers: both.into_iter().chain(aggregator).collect(),
    })
}

/// The headers of a flag, or else of its environment twin. Only the latter is split at commas: a header given as
/// a flag may hold some.
fn headers(flag: &str, given: &[Header], variable: &str) -> Result<Vec<Header>, Error> {
    let twin = std::env::var(variable).unwrap_or_default();
    if !given.is_empty() || twin.is_empty() {
        return Ok(given.to_vec());
    }
    let wrong = |reason| Error::Flag { flag: format!("{flag} (from {variable})"), reason };
    twin.split(',').map(|text| parse_header(text).map_err(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_limit_takes_the_other_default_along() {
        let kib = 1024;
        for (both, min, max, expected) in [
            (None, None, None, (90 * kib, 100 * kib)),
            (None, Some(200 * kib), None, (200 * kib, 200 * kib)),
            (None, Some(95 * kib), None, (95 * kib, 100 * kib)),
            (None, None, Some(10 * kib), (10 * kib, 10 * kib)),
            (None, None, Some(200 * kib), (90 * kib, 200 * kib)),
            (None, Some(3), Some(2), (3, 2)),
            (Some(Sizes { min: 0, max: 0 }), None, None, (0, 0)),
        ] {
            let Sizes { min, max } = sizes(both, min, max);
            assert_eq!((min, max), expected);
        }
    }
}
